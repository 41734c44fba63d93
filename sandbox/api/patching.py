"""Patches: JSON patch, merge patch and strategic merge patch, and which of them a kind takes."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import jsonpatch
import jsonpointer
import yaml

from sandbox.api.errors import bad_request, status_error, unsupported_media_type
from sandbox.api.objects import Object, clone
from sandbox.api.options import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH
from sandbox.api.strategic import strategic_merge

if TYPE_CHECKING:
    from sandbox.api.kinds import Kind

_LONGEST_PATCH = 10_000


class _Replace(jsonpatch.ReplaceOperation):
    """As in the real server, what replaces nothing adds."""

    def apply(self, obj: Any) -> Any:
        """Carry out the operation."""
        parent, key = self.pointer.to_last(obj)
        if isinstance(parent, dict) and key is not None:
            parent[key] = self.operation["value"]
            return obj
        return super().apply(obj)


class _JsonPatch(jsonpatch.JsonPatch):
    operations = MappingProxyType({**jsonpatch.JsonPatch.operations, "replace": _Replace})


def check_accepted(kind: Kind, content_type: str) -> None:
    """Refuse a patch form that the kind does not take."""
    accepted = [JSON_PATCH, MERGE_PATCH, *([STRATEGIC_MERGE_PATCH] if kind.strategic_merge else []), APPLY_PATCH]
    if content_type not in accepted:
        raise unsupported_media_type(accepted)


def patched(kind: Kind, old: Object, patch: Any, content_type: str) -> Object:
    """The object as the patch wants it."""
    new = clone(old)
    if content_type == JSON_PATCH:
        return _json_patched(new, patch)
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: the body must be a JSON object")
    if content_type == MERGE_PATCH:
        return _object(merge(new, patch))
    return _object(strategic_merge(kind.schema, new, clone(patch)))


def _object(value: Any) -> Object:
    if not isinstance(value, dict):
        raise bad_request("the patched document is not an object")
    return value


def parsed_configuration(body: Any) -> Object:
    """The body of an apply request: YAML, of which JSON is a part."""
    if isinstance(body, (bytes, str)):
        try:
            body = yaml.load(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- both are safe
        except yaml.YAMLError as error:
            raise bad_request(f"error decoding YAML: {error}") from error
    if not isinstance(body, dict):
        raise bad_request("error decoding patch: the body must be an object")
    return clone(body)


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396: null deletes, objects merge, all else replaces. Changes the target."""
    if not isinstance(patch, dict):
        return clone(patch)
    if not isinstance(target, dict):
        target = {}
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            target[key] = merge(target.get(key), value)
        else:
            target[key] = clone(value)
    return target


def _json_patched(target: Object, patch: Any) -> Object:
    if not isinstance(patch, list):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    if len(patch) > _LONGEST_PATCH:
        message = f"The allowed maximum operations in a JSON patch is {_LONGEST_PATCH}, got {len(patch)}"
        raise status_error(413, "RequestEntityTooLarge", message)
    try:
        result = _JsonPatch(patch).apply(target, in_place=True)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
        raise status_error(
            422, "Invalid", "the server rejected our request due to an error in our request", details={}
        ) from error
    return _object(result)
