"""Whether an applied configuration fits its kind's schema: what server-side apply asks before it merges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.api.decoding import go_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.api.objects import Object
    from sandbox.api.structural import Node

_WANTED = {"integer": "numeric (int or float)", "number": "numeric (int or float)", "object": "map", "array": "list"}
_FITS = {"integer": "number", "number": "number", "boolean": "bool"}


def mismatch(node: Node, config: Object, metadata: Node | None) -> str | None:
    """The first thing that does not fit, with its path."""
    for key, value in config.items():
        if key in ("apiVersion", "kind"):
            continue
        child = metadata if key == "metadata" else node.child(key)
        if child is None:
            if not node.open:
                return f".{key}: field not declared in schema"
            continue
        found = next(_mismatches(child, value, f".{key}"), None)
        if found:
            return found
    return None


def _mismatches(node: Node, value: Any, path: str) -> Iterator[str]:
    if value is None or node.int_or_string or node.embedded:
        return
    actual = go_name(value)
    if node.type and actual != _FITS.get(node.type, node.type):
        yield f"{path}: expected {_WANTED.get(node.type, node.type)}, got {_shown(actual)}"
    elif isinstance(value, dict):
        for key, item in value.items():
            child = node.child(key)
            if child is not None:
                yield from _mismatches(child, item, f"{path}.{key}")
            elif not node.open:
                yield f"{path}.{key}: field not declared in schema"
    elif isinstance(value, list) and node.items:
        if node.list_type == "map":
            yield from _bad_keys(node, value, path)
        for item in value:
            yield from _mismatches(node.items, item, f"{path}[]")


def _shown(actual: str) -> str:
    return {"object": "map", "array": "list", "bool": "boolean"}.get(actual, actual)


def _bad_keys(node: Node, value: list[Any], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(value):
        keys = {key: _key(node, item, key) for key in node.list_keys}
        if all(found is None for found in keys.values()):
            listed = " ".join(json.dumps(key) for key in node.list_keys)
            yield (
                f"{path}: element {index}: associative list with keys has an element that omits all key fields "
                f"[{listed}] (and doesn't have default values for any key fields)"
            )
        mark = ",".join(f"{key}={json.dumps(found)}" for key, found in sorted(keys.items()))
        if mark in seen:
            yield f"{path}: duplicate entries for key [{mark}]"
        seen.add(mark)


def _key(node: Node, item: Any, key: str) -> Any:
    found = item.get(key) if isinstance(item, dict) else None
    child = node.items.child(key) if node.items else None
    return child.default if found is None and child and child.has_default else found
