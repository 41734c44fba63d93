"""Strategic merge patch: lists of the built-in kinds merge by key instead of being replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.api.objects import Object
    from sandbox.api.structural import Node


def strategic_merge(node: Node | None, target: Any, patch: Any) -> Any:
    """The target as the patch wants it; changes the target."""
    if not isinstance(patch, dict):
        return patch
    directive = patch.pop("$patch", None)
    if directive == "replace" or not isinstance(target, dict):
        target = {}
    if directive == "delete":
        return {}
    _retain_keys(target, patch)
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            target[name] = [item for item in target.get(name) or [] if item not in value]
        elif not key.startswith("$"):
            _merge_field(node.child(key) if node else None, target, key, value)
    for key, value in patch.items():
        if key.startswith("$setElementOrder/"):
            name = key.partition("/")[2]
            child = node.child(name) if node else None
            if isinstance(target.get(name), list):
                target[name] = _ordered(target[name], value, child.merge_key if child else "")
    return target


def _retain_keys(target: Object, patch: Object) -> None:
    kept = patch.get("$retainKeys")
    if kept is not None:
        for key in [key for key in target if key not in kept]:
            del target[key]


def _merge_field(node: Node | None, target: Object, key: str, value: Any) -> None:
    if value is None:
        target.pop(key, None)
    elif isinstance(value, dict):
        target[key] = strategic_merge(node, target.get(key), value)
    elif isinstance(value, list) and node and node.merge:
        target[key] = _merge_list(node, target.get(key) or [], value)
    else:
        target[key] = value


def _merge_list(node: Node, target: list[Any], patch: list[Any]) -> list[Any]:
    key = node.merge_key
    if not key:
        return target + [item for item in patch if item not in target]
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        target = []
    result = list(target)
    for item in patch:
        directive = item.get("$patch")
        if directive == "replace":
            continue
        place = next((i for i, old in enumerate(result) if old.get(key) == item.get(key)), None)
        if directive == "delete":
            result = [old for old in result if old.get(key) != item.get(key)]
        elif place is None:
            result.append(strategic_merge(node.items, {}, item))
        else:
            result[place] = strategic_merge(node.items, result[place], item)
    return result


def _ordered(items: list[Any], order: list[Any], key: str) -> list[Any]:
    """The items that the order names, as it has them; the others keep their places relative to their predecessors."""
    wanted = [element.get(key) if isinstance(element, dict) else element for element in order]
    position = {value: index for index, value in enumerate(wanted)}
    rank: list[tuple[int, int, Any]] = []
    last = -1
    for index, item in enumerate(items):
        own = position.get(item.get(key) if isinstance(item, dict) else item)
        last = last if own is None else own
        rank.append((last if own is None else own, index, item))
    return [item for _, _, item in sorted(rank, key=lambda entry: entry[:2])]
