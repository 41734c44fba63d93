"""From what a client sent to what is stored: unknown fields found and dropped, defaults filled in.

As in the real server this happens before validation, so what is pruned is never complained about and what is
defaulted is checked like the rest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.api.errors import Cause, bad_request, invalid
from sandbox.api.objects import Object, clone, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.api.kinds import Kind
    from sandbox.api.options import WriteOptions
    from sandbox.api.structural import Node

_TYPE_META = frozenset({"apiVersion", "kind", "metadata"})
_OBJECT_META = frozenset({
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
})  # fmt: skip
_OWNER_REFERENCE = frozenset({"apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"})


def decode(kind: Kind, obj: Object, options: WriteOptions) -> None:
    """Drop what the kind does not know, refusing or warning as the options say, and fill in defaults."""
    _check_kind(kind, obj)
    _check_metadata_types(kind, obj)
    unknown: list[str] = []
    _prune_metadata(obj, unknown)
    if kind.schema:
        prune(kind.schema, obj, unknown, root=True)
    if unknown and options.field_validation == "Strict":
        problems = ", ".join(f'unknown field "{path}"' for path in unknown)
        raise undecodable(kind, f"strict decoding error: {problems}")
    if options.field_validation == "Warn":
        for path in unknown:
            options.warn(f'unknown field "{path}"')
    kind.default(obj)


def _check_kind(kind: Kind, obj: Object) -> None:
    resource = kind.resource
    given = obj.setdefault("kind", resource.kind)
    if given == resource.kind:
        return
    if kind.strategic_merge:
        expected = f"({resource.group or 'core'}.{resource.kind})"
        why = f"converting ({resource.version}.{given}) to {expected}: unknown conversion"
        raise bad_request(f'{given} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}')
    cause = Cause("kind", f'Invalid value: "{given}": must be {resource.kind}')
    raise invalid(replace(resource, kind=str(given)), name_of(obj), [cause])


def undecodable(kind: Kind, why: str) -> Exception:
    """The body is not an object of the kind."""
    resource = kind.resource
    return bad_request(f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}')


def prune(node: Node, value: Any, unknown: list[str], path: str = "", *, root: bool = False) -> None:
    """Drop fields that the schema does not know, and name them."""
    if isinstance(value, dict):
        _prune_map(node, value, unknown, path, embedded=root or node.embedded)
    elif isinstance(value, list) and node.items:
        for index, item in enumerate(value):
            prune(node.items, item, unknown, f"{path}[{index}]")


def _prune_map(node: Node, value: Object, unknown: list[str], path: str, *, embedded: bool) -> None:
    for key in list(value):
        if embedded and key in _TYPE_META:
            continue
        child = node.properties.get(key) or node.additional
        if child is None:
            if not node.open:
                del value[key]
                unknown.append(f"{path}.{key}" if path else key)
        elif isinstance(value[key], (dict, list)):
            prune(child, value[key], unknown, f"{path}.{key}" if path else key)


def apply_defaults(node: Node, value: Any) -> None:
    """Fill in the schema's defaults, and drop nulls that stand where a default belongs."""
    if isinstance(value, dict):
        for key, child in node.properties.items():
            if not child.has_defaults:
                continue
            if child.has_default and (key not in value or (value[key] is None and not child.nullable)):
                value[key] = clone(child.default)
            if isinstance(value.get(key), (dict, list)):
                apply_defaults(child, value[key])
        if node.additional and node.additional.has_defaults:
            _default_items(node.additional, value, [key for key in value if key not in node.properties])
    elif isinstance(value, list) and node.items and node.items.has_defaults:
        _default_items(node.items, value, range(len(value)))


def _default_items(node: Node, holder: Any, keys: Iterable[Any]) -> None:
    for key in keys:
        if holder[key] is None and not node.nullable and node.has_default:
            holder[key] = clone(node.default)
        apply_defaults(node, holder[key])


def _check_metadata_types(kind: Kind, obj: Object) -> None:
    metadata = obj.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        raise _mismatch(kind, metadata, "", "v1.ObjectMeta")
    for key, go_type in (("labels", "map[string]string"), ("annotations", "map[string]string")):
        value = metadata.get(key)
        if value is None:
            metadata.pop(key, None)
        elif not isinstance(value, dict):
            raise _mismatch(kind, value, key, go_type)
        else:
            for item in value.values():
                if not isinstance(item, str):
                    raise _mismatch(kind, item, key, "string")
    for key in ("name", "namespace", "generateName", "resourceVersion", "uid"):
        if not isinstance(metadata.get(key, ""), str):
            raise _mismatch(kind, metadata[key], key, "string")


def _mismatch(kind: Kind, value: Any, key: str, go_type: str) -> Exception:
    path = f"metadata.{key}" if kind.strategic_merge else key  # custom resources' metadata is decoded by itself
    why = f"json: cannot unmarshal {go_name(value)} into Go struct field ObjectMeta.{path} of type {go_type}"
    return undecodable(kind, why)


def go_name(value: Any) -> str:
    """What Go's JSON decoder calls a value."""
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object" if isinstance(value, dict) else "null"


def _prune_metadata(obj: Object, unknown: list[str]) -> None:
    metadata = obj["metadata"]
    if not _OBJECT_META.issuperset(metadata):
        for key in [key for key in metadata if key not in _OBJECT_META]:
            del metadata[key]
            unknown.append(f"metadata.{key}")
    for index, reference in enumerate(metadata.get("ownerReferences") or ()):
        for key in [key for key in reference if key not in _OWNER_REFERENCE]:
            del reference[key]
            unknown.append(f"metadata.ownerReferences[{index}].{key}")
