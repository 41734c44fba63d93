"""Managed fields: who set which field last, in the form that `metadata.managedFields` keeps.

A field set is a set of paths; a path is a tuple of elements as `FieldsV1` spells them: `f:name` for a field,
`k:{...}` for an item of a map list, `v:...` for an item of a set.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.api.objects import Object, timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.api.kinds import Kind
    from sandbox.api.structural import Node

Path = tuple[str, ...]
FieldSet = set[Path]

_SERVERS = (
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
    "resourceVersion",
)  # fmt: skip
_STRIPPED: FieldSet = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(("f:metadata", f"f:{key}") for key in _SERVERS),
}
_DELETION = (("f:metadata", "f:deletionTimestamp"), ("f:metadata", "f:deletionGracePeriodSeconds"))

_NEVER_LEFT_OUT = frozenset({"f:spec", "f:status", "f:containers", "f:template", "f:strategy", "f:updateStrategy"})


def element_of(node: Node | None, item: Any) -> str:
    """How a path names an item of a map list or set."""
    if node and node.list_type == "map":
        keys = {key: _key(node, item, key) for key in sorted(node.list_keys)}
        return "k:" + json.dumps({k: v for k, v in keys.items() if v is not None}, separators=(",", ":"))
    return "v:" + json.dumps(item, separators=(",", ":"), sort_keys=True)


def _key(node: Node, item: Any, key: str) -> Any:
    found = item.get(key) if isinstance(item, dict) else None
    child = node.items.child(key) if node.items else None
    return child.default if found is None and child and child.has_default else found


def is_granular_map(node: Node | None, value: Any) -> bool:
    """Whether each key of the value has an owner of its own."""
    return isinstance(value, dict) and (node is None or node.map_type != "atomic")


def is_granular_list(node: Node | None, value: Any) -> bool:
    """Whether each item of the value has an owner of its own."""
    return isinstance(value, list) and node is not None and node.list_type in ("map", "set")


def fields_of(node: Node | None, obj: Object) -> FieldSet:
    """The fields that an applied configuration claims."""
    found: FieldSet = set()
    _claim(node, obj, (), found)
    return strip(found)


def _claim(node: Node | None, value: Any, path: Path, found: FieldSet) -> None:
    if is_granular_map(node, value):
        if not value and path:
            found.add(path)
        for key, item in value.items():
            _claim(_child(node, key, path), item, (*path, f"f:{key}"), found)
    elif is_granular_list(node, value):
        if not value:
            found.add(path)
        for item in value:
            place = (*path, element_of(node, item))
            found.add(place)
            if node and node.list_type == "map":
                _claim(node.items, item, place, found)
    else:
        found.add(path)


def _child(node: Node | None, key: str, path: Path) -> Node | None:
    if node is None:
        return None
    if key == "metadata" and not path and "finalizers" not in (node.properties.get("metadata") or node).properties:
        from sandbox.api.models import node as model  # noqa: PLC0415 -- brings the client library

        return model("ObjectMeta")
    return node.child(key)


def compare(node: Node | None, old: Any, new: Any) -> tuple[FieldSet, FieldSet]:
    """The fields that were set or changed, and those that are gone."""
    comparison = _Comparison()
    comparison.compare(node, old, new, ())
    return strip(comparison.changed), strip(comparison.removed)


def _always_there(node: Node | None, path: Path) -> bool:
    """Whether Go's encoder writes a field of a built-in kind even when it is empty, so that nobody added it."""
    return node is not None and bool(node.go_type) and path[-1] in _NEVER_LEFT_OUT


class _Comparison:
    """Walks an old and a new value together."""

    def __init__(self) -> None:
        self.changed: FieldSet = set()
        self.removed: FieldSet = set()

    def compare(self, node: Node | None, old: Any, new: Any, path: Path) -> None:
        if old == new and type(old) is type(new):
            return
        if is_granular_map(node, new) and (old is None or isinstance(old, dict)):
            self._compare_maps(node, old, new, path)
        elif node and is_granular_list(node, new) and (old is None or isinstance(old, list)):
            self._compare_lists(node, old, new, path)
        else:
            self.changed.add(path)
            if is_granular_map(node, old) or is_granular_list(node, old):
                gone: FieldSet = set()
                _all(node, old, path, gone)
                self.removed |= gone - {path}

    def _compare_maps(self, node: Node | None, old: Object | None, new: Object, path: Path) -> None:
        if old is None and path and not _always_there(node, path):
            self.changed.add(path)
        before = old or {}
        for key in before.keys() | new.keys():
            child, place = _child(node, key, path), (*path, f"f:{key}")
            if key not in new:
                _all(child, before[key], place, self.removed)
            else:
                self.compare(child, before.get(key), new[key], place)

    def _compare_lists(self, node: Node, old: list[Any] | None, new: list[Any], path: Path) -> None:
        if old is None and not _always_there(node, path):
            self.changed.add(path)
        before = {element_of(node, item): item for item in old or []}
        after = {element_of(node, item): item for item in new}
        for element in before.keys() - after.keys():
            _all(node.items if node.list_type == "map" else None, before[element], (*path, element), self.removed)
        for element, item in after.items():
            place = (*path, element)
            if element not in before:
                self.changed.add(place)
            if node.list_type == "map":
                self.compare(node.items, before.get(element, {}), item, place)


def _all(node: Node | None, value: Any, path: Path, found: FieldSet) -> None:
    """Every path at and below a value."""
    found.add(path)
    if is_granular_map(node, value):
        for key, item in value.items():
            _all(_child(node, key, path), item, (*path, f"f:{key}"), found)
    elif is_granular_list(node, value):
        for item in value:
            place = (*path, element_of(node, item))
            if node and node.list_type == "map":
                _all(node.items, item, place, found)
            else:
                found.add(place)


def strip(fields: FieldSet) -> FieldSet:
    """Without the fields that nobody manages."""
    return fields - _STRIPPED


def limited(fields: FieldSet, kind: Kind, subresource: str) -> FieldSet:
    """Only the fields that this kind of update may write."""
    if subresource == "status":
        if kind.strategic_merge:
            return {path for path in fields if path[0] != "f:spec"}
        return {path for path in fields if path[0] == "f:status"}
    if kind.has_status:
        return {path for path in fields if path[0] != "f:status"}
    return fields


def to_json(fields: FieldSet) -> Object:
    """A field set as `fieldsV1`."""
    result: Object = {}
    for path in sorted(fields):
        place = result
        for element in path:
            place = place.setdefault(element, {})
        place["."] = {}
    return _without_leaf_marks(result)


def _without_leaf_marks(tree: Object) -> Object:
    return {} if list(tree) == ["."] else {key: _without_leaf_marks(value) for key, value in tree.items()}


def from_json(tree: Object) -> FieldSet:
    """`fieldsV1` as a field set."""
    found: FieldSet = set()
    _read(tree, (), found)
    return found


def _read(tree: Object, path: Path, found: FieldSet) -> None:
    if not tree and path:
        found.add(path)
    for key, value in tree.items():
        if key == ".":
            found.add(path)
        else:
            _read(value, (*path, key), found)


Manager = tuple[str, str, str]  # name, operation, subresource


class Managers:
    """The managers of one object and what each of them set."""

    def __init__(self, entries: Any) -> None:
        self._entries: dict[Manager, Object] = {}
        self._fields: dict[Manager, FieldSet] = {}
        for entry in entries if isinstance(entries, list) else ():
            manager = (entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", ""))
            self._entries[manager] = entry

    def __iter__(self) -> Any:
        return iter(list(self._entries))

    def fields(self, manager: Manager) -> FieldSet:
        """What a manager set."""
        if manager not in self._fields:
            entry = self._entries.get(manager)
            self._fields[manager] = from_json(entry.get("fieldsV1") or {}) if entry else set()
        return self._fields[manager]

    def set(self, manager: Manager, fields: FieldSet, api_version: str, now: datetime) -> None:
        """Note what a manager set; nothing, and it is forgotten."""
        if not fields:
            self._entries.pop(manager, None)
            self._fields.pop(manager, None)
            return
        known = self._entries.get(manager)
        if known and self.fields(manager) == fields and known.get("apiVersion") == api_version:
            return
        name, operation, subresource = manager
        entry: Object = {
            "manager": name,
            "operation": operation,
            "apiVersion": api_version,
            "time": timestamp(now),
            "fieldsType": "FieldsV1",
            "fieldsV1": to_json(fields),
        }
        if subresource:
            entry["subresource"] = subresource
        self._entries[manager] = entry
        self._fields[manager] = fields

    def described(self, manager: Manager) -> str:
        """A manager as messages name it."""
        name, operation, subresource = manager
        if operation == "Apply":
            return f'"{name}"' + (f' with subresource "{subresource}"' if subresource else "")
        entry = self._entries[manager]
        sub = f' with subresource "{subresource}"' if subresource else ""
        return f'"{name}"{sub} using {entry.get("apiVersion")}'

    def take_away(self, fields: FieldSet, keeper: Manager) -> None:
        """Take fields from all managers but one."""
        if not fields:
            return
        for manager in self:
            if manager == keeper:
                continue
            before = self.fields(manager)
            left = before - fields
            if left != before:
                entry = self._entries[manager]
                if left:
                    self._entries[manager] = {**entry, "fieldsV1": to_json(left)}
                    self._fields[manager] = left
                else:
                    del self._entries[manager]
                    self._fields.pop(manager, None)

    def to_list(self) -> list[Object]:
        """The managers as `metadata.managedFields`: those who apply first, then by time."""
        return sorted(
            self._entries.values(),
            key=lambda entry: (entry.get("operation") != "Apply", entry.get("time") or "", entry["manager"]),
        )


def note_update(
    kind: Kind,
    old: Object | None,
    new: Object,
    *,
    manager: Manager,
    now: datetime,
    claims: Any = None,
) -> None:
    """Give the changed fields to who changed them. An empty list of claims by the client resets what is known."""
    known = old["metadata"].get("managedFields") if old else None
    managers = Managers([] if claims in ([], [{}]) else known)
    changed, removed = compare(kind.schema, old or {}, new)
    changed, removed = limited(changed, kind, manager[2]), limited(removed, kind, manager[2])
    changed.difference_update(_DELETION)
    if changed or removed:
        managers.take_away(changed | removed, manager)
        managers.set(manager, (managers.fields(manager) | changed) - removed, kind.resource.api_version, now)
    entries = managers.to_list()
    if entries:
        new["metadata"]["managedFields"] = entries
    else:
        new["metadata"].pop("managedFields", None)


def same(new: Object, old: Object) -> bool:
    """Whether nothing but the times of managers differs, so that nothing needs to be written."""
    if new == old:
        return True
    if new.keys() != old.keys() or any(new[key] != old[key] for key in new if key != "metadata"):
        return False
    before, after = dict(old["metadata"]), dict(new["metadata"])
    return (
        _timeless(before.pop("managedFields", None)) == _timeless(after.pop("managedFields", None)) and before == after
    )


def _timeless(entries: Any) -> list[Object]:
    return [{key: value for key, value in entry.items() if key != "time"} for entry in entries or ()]
