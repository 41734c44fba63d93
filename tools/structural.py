"""From the JSON schema that pydantic writes to the structural OpenAPI v3 schema that a CRD must carry.

The API server takes only part of JSON schema: no references, no unions, a type at every node. Whatever is not known to
survive the way there is an error here, so that a constraint on a model is never lost in silence.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

PRESERVE = "x-kubernetes-preserve-unknown-fields"

_ORDER = (
    "description",
    "type",
    "format",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    "properties",
    "additionalProperties",
    "items",
)
_HERE_ONLY = frozenset({"$defs", "$ref", "title", "anyOf", "const"})
_DEFAULT_FORMAT = {"integer": "int64", "number": "double"}


class NotStructural(ValueError):
    """A model says something that a CRD's schema cannot."""


def structural(schema: Mapping[str, Any]) -> Schema:
    """The structural form of a whole JSON schema, with its ``$defs`` put in place.

    Raises:
        NotStructural: when a part has no structural form; the message names where it is.
    """
    return _Converter(schema.get("$defs", {})).convert(schema, ("",))


class _Converter:
    """Converts the nodes of one schema, whose definitions it knows."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def convert(self, node: Mapping[str, Any], path: tuple[str, ...], within: frozenset[str] = frozenset()) -> Schema:
        """The structural form of one node; ``within`` holds the definitions around it."""
        flat, within = self._flatten(node, path, within)
        if "type" not in flat:
            raise NotStructural(f"{_dotted(path)}: has no single type")
        for keyword in flat:
            if keyword not in _ORDER and keyword not in _HERE_ONLY and not keyword.startswith("x-kubernetes-"):
                raise NotStructural(f"{_dotted(path)}: {keyword} has no structural form")
        out = {key: flat[key] for key in _ORDER if key in flat}
        out |= {key: flat[key] for key in sorted(flat) if key.startswith("x-kubernetes-")}
        if "const" in flat:
            out["enum"] = [flat["const"]]
        if flat["type"] in _DEFAULT_FORMAT:
            out.setdefault("format", _DEFAULT_FORMAT[flat["type"]])
        if "default" in out and out["default"] in (None, "", 0, False, []):
            del out["default"]
        if "items" in flat:
            out["items"] = self.convert(flat["items"], (*path, "[]"), within)
        if "properties" in flat:
            out["properties"] = {
                name: self.convert(child, (*path, name), within) for name, child in flat["properties"].items()
            }
        return _ordered(self._with_additional(out, path, within))

    def _with_additional(self, out: Schema, path: tuple[str, ...], within: frozenset[str]) -> Schema:
        """The node with what pydantic says of keys that are not named, as Kubernetes says it."""
        rest = out.pop("additionalProperties", None)
        if rest is True:
            return {**out, PRESERVE: True}
        if isinstance(rest, Mapping):
            return {**out, "additionalProperties": self.convert(rest, (*path, "{}"), within)}
        return out

    def _flatten(
        self, node: Mapping[str, Any], path: tuple[str, ...], within: frozenset[str]
    ) -> tuple[Mapping[str, Any], frozenset[str]]:
        """The node with its reference and its ``… | None`` resolved; what is said beside them goes before."""
        while "$ref" in node or "anyOf" in node:
            if "$ref" in node:
                name = node["$ref"].rpartition("/")[2]
                if name in within:
                    raise NotStructural(f"{_dotted(path)}: {name} contains itself")
                within |= {name}
                target = self._definitions[name]
            else:
                target = _the_one_type(node["anyOf"], path)
            node = {**target, **{key: value for key, value in node.items() if key not in ("$ref", "anyOf")}}
        return node, within


def _the_one_type(choices: list[Mapping[str, Any]], path: tuple[str, ...]) -> Mapping[str, Any]:
    """What is left of a union without null: in Kubernetes an optional field is absent, not null."""
    match [choice for choice in choices if choice.get("type") != "null"]:
        case [only]:
            return only
        case _:
            raise NotStructural(f"{_dotted(path)}: a union of types has no structural form")


def _ordered(node: Schema) -> Schema:
    """The node with its keywords in the order that reads best."""
    return {key: node[key] for key in (*_ORDER, *(key for key in node if key not in _ORDER)) if key in node}


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path) or "."
