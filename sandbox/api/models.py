"""Schemas of the built-in kinds, read from the client library's generated models instead of being written down again.

The models tell names, types and descriptions. What they leave out, how lists merge and what defaults are, stands in
`listtypes`. Importing the library takes half a second, so this module is imported when a schema is first needed.
"""

from __future__ import annotations

import re
import types
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

import kubernetes.client.models as library
from pydantic import BaseModel

from sandbox.api.listtypes import ATOMIC_MAPS, DEFAULTS, LISTS, QUANTITIES, QUANTITY, ListType
from sandbox.api.structural import Node

if TYPE_CHECKING:
    from sandbox.api.objects import Object
    from sandbox.api.resources import Resource

_REFERENCE = "#/components/schemas/"
_OPEN = frozenset({"JSONSchemaProps", "FieldsV1"})  # recursive or free in form


def model_name(resource: Resource) -> str:
    """What the library calls a resource's kind, without the version."""
    return f"{resource.group}/{resource.kind}" if resource.plural == "events" and resource.group else resource.kind


@cache
def _model(name: str) -> type[BaseModel] | None:
    candidates = {"Event": "CoreV1Event", "events.k8s.io/Event": "EventsV1Event", "EventSeries": "CoreV1EventSeries"}
    found = getattr(library, candidates.get(name, f"V1{name}"), None)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _short(model: type[BaseModel]) -> str:
    return re.sub(r"^(?:Core|Events|Discovery)?V\d+(?:(?:alpha|beta)\d+)?", "", model.__name__)


@cache
def node(name: str) -> Node | None:
    """The schema of a kind; None where the library has no model of it."""
    model = _model(name)
    return _node_of_model(model) if model else None


@cache
def _node_of_model(model: type[BaseModel]) -> Node:
    name = _short(model)
    if name in _OPEN:
        return Node(type="object", open=True, go_type=name)
    if name == "ObjectMeta":
        return _object_meta(model)
    defaults = DEFAULTS.get(name, {})
    result = Node(type="object", go_type=f"v1.{name}")
    for key, field in _fields(model):
        child = _node_of_annotation(field.annotation, key)
        if (name, key) in LISTS:
            child = _with_list_type(child, LISTS[name, key])
        if key in defaults:
            child = _copy(child)
            child.default = defaults[key]
            child.seal()
        result.properties[key] = child
    if name in ATOMIC_MAPS:
        result.map_type = "atomic"
    return result.seal()


def _object_meta(model: type[BaseModel]) -> Node:
    properties = {key: _node_of_annotation(field.annotation, key) for key, field in _fields(model)}
    for key in ("ownerReferences", "finalizers"):
        properties[key] = _with_list_type(properties[key], LISTS["ObjectMeta", key])
    return Node(type="object", properties=properties, go_type="v1.ObjectMeta").seal()


def _fields(model: type[BaseModel]) -> list[tuple[str, Any]]:
    return [(field.serialization_alias or name, field) for name, field in model.model_fields.items()]


def _copy(original: Node) -> Node:
    return Node(**{name: getattr(original, name) for name in Node.__slots__})


def _with_list_type(original: Node, kind: ListType) -> Node:
    result = _copy(original)
    result.list_type, result.list_keys = kind.type, kind.keys
    result.merge_key, result.merge = kind.merge_key, bool(kind.merge_key) or kind.type == "set"
    return result


def _node_of_annotation(annotation: Any, key: str) -> Node:  # noqa: PLR0911 -- one for each form
    kind, argument = _parse(annotation)
    if key in QUANTITIES and kind == "string":
        return Node(type="string", int_or_string=True, go_type=QUANTITY)
    match kind:
        case "model":
            return _node_of_model(argument)
        case "array":
            items = _node_of_annotation(argument, key)
            return Node(type="array", items=items, go_type=f"[]{items.go_type}").seal()
        case "map":
            values = _node_of_annotation(argument, key)
            return Node(type="object", additional=values, go_type=f"map[string]{values.go_type}").seal()
        case "int-or-string":
            return Node(int_or_string=True, go_type="intstr.IntOrString")
        case "any":
            return Node(open=True)
    return Node(type=kind, go_type={"integer": "int32", "number": "float64", "boolean": "bool"}.get(kind, kind))


def _parse(annotation: Any) -> tuple[str, Any]:  # noqa: PLR0911 -- one for each form
    """What an annotation of a model's field means: a JSON type, or a model, array or map of something."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _parse(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        parsed = [_parse(member) for member in members]
        if len(parsed) == 1:
            return parsed[0]
        kinds = {kind for kind, _ in parsed}
        if kinds == {"integer", "string"}:
            return "int-or-string", None
        return ("number", None) if kinds == {"integer", "number"} else ("string", None)
    if origin is list:
        return "array", get_args(annotation)[0]
    if origin is dict:
        return "map", get_args(annotation)[1]
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            return "model", annotation
        simple = {str: "string", int: "integer", float: "number", bool: "boolean", datetime: "string", bytes: "string"}
        return simple.get(annotation, "any"), None
    return "any", None


def describe(name: str, schemas: dict[str, Object]) -> str:
    """Add a kind's OpenAPI schema and those it refers to; returns its name there."""
    model = _model(name)
    if model is None:
        schemas[name] = {"type": "object"}
        return name
    return _describe(model, schemas)


def type_meta() -> Object:
    """The schemas of `apiVersion` and `kind`, which every kind has."""
    fields = dict(_fields(library.V1Pod))
    return {key: {"type": "string", "description": fields[key].description} for key in ("apiVersion", "kind")}


def _describe(model: type[BaseModel], schemas: dict[str, Object]) -> str:
    name = f"io.k8s.v1.{_short(model)}"
    if name in schemas:
        return name
    result: Object = {"type": "object", "properties": {}}
    schemas[name] = result
    for key, field in _fields(model):
        described = _schema(field.annotation, key, schemas)
        if field.description:
            described = {"allOf": [described]} if "$ref" in described else described
            described["description"] = field.description
        described |= _merge_extensions(LISTS.get((_short(model), key)))
        result["properties"][key] = described
    required = [field.serialization_alias or n for n, field in model.model_fields.items() if field.is_required()]
    if required:
        result["required"] = required
    return name


def _merge_extensions(kind: ListType | None) -> Object:
    if kind is None:
        return {}
    result: Object = {"x-kubernetes-list-type": kind.type}
    if kind.keys:
        result["x-kubernetes-list-map-keys"] = list(kind.keys)
    if kind.merge_key or kind.type == "set":
        result["x-kubernetes-patch-strategy"] = kind.strategy
        if kind.merge_key:
            result["x-kubernetes-patch-merge-key"] = kind.merge_key
    return result


def _schema(annotation: Any, key: str, schemas: dict[str, Object]) -> Object:
    kind, argument = _parse(annotation)
    match kind:
        case "model":
            return {"$ref": _REFERENCE + _describe(argument, schemas)}
        case "array":
            return {"type": "array", "items": _schema(argument, key, schemas)}
        case "map":
            return {"type": "object", "additionalProperties": _schema(argument, key, schemas)}
        case "int-or-string":
            return {"type": "string", "format": "int-or-string"}
        case "any":
            return {"type": "object"}
    return {"type": kind}
