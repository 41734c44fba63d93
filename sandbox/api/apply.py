"""Server-side apply: merge a configuration into an object, and refuse what other managers hold otherwise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.api.errors import Cause, bad_request, conflict, immutable_uid, invalid, stale, status_error
from sandbox.api.managed import (
    FieldSet,
    Managers,
    Path,
    compare,
    element_of,
    fields_of,
    is_granular_list,
    is_granular_map,
    limited,
)
from sandbox.api.objects import Object, clone, meta, name_of, namespace_of
from sandbox.api.resources import Resource
from sandbox.api.typed import mismatch

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.api.kinds import Kind
    from sandbox.api.managed import Manager
    from sandbox.api.options import WriteOptions
    from sandbox.api.structural import Node


def check(kind: Kind, config: Object, name: str, namespace: str, options: WriteOptions) -> None:
    """Refuse a configuration that is not for this object, and complete its address."""
    resource = kind.resource
    if not options.field_manager:
        cause = Cause("fieldManager", "Required value: is required for apply patch", "FieldValueRequired")
        raise invalid(Resource("meta.k8s.io", "v1", "patchoptions", "PatchOptions"), "", [cause])
    if config.get("kind") != resource.kind or config.get("apiVersion") != resource.api_version:
        version = str(config.get("apiVersion"))
        raise bad_request(
            f"invalid object type: {version if '/' in version else '/' + version}, Kind={config.get('kind')}"
        )
    where = f"{namespace_of(config)}/{name_of(config) or name}"
    metadata = config.setdefault("metadata", {})
    if metadata.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    if metadata.setdefault("name", name) != name:
        raise bad_request(f"the name of the object ({name_of(config)}) does not match the name on the URL ({name})")
    if namespace and metadata.setdefault("namespace", namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    problem = mismatch(kind.schema, config, _child(kind.schema, "metadata")) if kind.schema else None
    if problem:
        kinds = f"{resource.group}/{resource.version}" if not resource.group else resource.api_version
        message = f"failed to create typed patch object ({where}; {kinds}, Kind={resource.kind}): {problem}"
        raise status_error(500, "", message)


def created(kind: Kind, config: Object, options: WriteOptions, now: datetime) -> Object:
    """The first version of an object that is applied before it exists."""
    uid = meta(config).get("uid")
    if uid:
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise conflict(kind.resource, name_of(config), why)
    obj = clone(config)
    managers = Managers([])
    managers.set((options.field_manager, "Apply", ""), fields_of(kind.schema, config), kind.resource.api_version, now)
    obj["metadata"]["managedFields"] = managers.to_list()
    return obj


def merged(
    kind: Kind, old: Object, config: Object, subresource: str, options: WriteOptions, *, now: datetime
) -> Object:
    """The object with the configuration merged into it; 409 when another manager holds a field that changes."""
    schema = kind.schema
    managers = Managers(old["metadata"].get("managedFields"))
    me: Manager = (options.field_manager, "Apply", subresource)
    _check_version(kind, old, config)
    claimed = limited(fields_of(schema, config), kind, subresource)
    had = managers.fields(me)
    new: Object = _merge(schema, clone(old), config)
    kept: FieldSet = set(claimed)
    for manager in managers:
        if manager != me:
            kept |= managers.fields(manager)
    for path in sorted(had - claimed, key=len):
        if not _covered(path, kept):
            _remove(schema, new, path, kept)
    changed, removed = compare(schema, old, new)
    changed, removed = limited(changed, kind, subresource), limited(removed, kind, subresource)
    _check_conflicts(managers, me, changed, force=options.force)
    managers.take_away(changed | removed, me)
    managers.set(me, claimed, kind.resource.api_version, now)
    new["metadata"]["managedFields"] = managers.to_list()
    return new


def _check_version(kind: Kind, old: Object, config: Object) -> None:
    version = meta(config).get("resourceVersion")
    if version and version != old["metadata"]["resourceVersion"]:
        raise stale(kind.resource, name_of(old))
    uid = meta(config).get("uid")
    if uid and uid != old["metadata"]["uid"]:
        raise immutable_uid(kind.resource, name_of(old), uid)


def _covered(path: Path, kept: FieldSet) -> bool:
    return path in kept or any(other[: len(path)] == path for other in kept)


def _merge(node: Node | None, target: Any, config: Any) -> Any:
    if is_granular_map(node, config) and isinstance(target, dict):
        for key, value in config.items():
            target[key] = _merge(_child(node, key), target[key], value) if key in target else clone(value)
        return target
    if is_granular_list(node, config) and isinstance(target, list):
        return _merge_list(node, target, config)
    return clone(config)


def _child(node: Node | None, key: str) -> Node | None:
    if node is None:
        return None
    child = node.child(key)
    if key == "metadata" and (child is None or not child.properties):
        from sandbox.api.models import node as model  # noqa: PLC0415 -- brings the client library

        return model("ObjectMeta")
    return child


def _merge_list(node: Any, target: list[Any], config: list[Any]) -> list[Any]:
    """The applied items in their order, what others added in between where it stood."""
    wanted = {element_of(node, item): item for item in config}
    existing = {element_of(node, item): item for item in target}
    result: list[Any] = []
    order = list(wanted)
    position = 0
    for element, item in existing.items():
        if element not in wanted:
            result.append(item)
            continue
        while position < len(order) and (order[position] not in existing or order[position] == element):
            current = order[position]
            result.append(_merge(node.items, item, wanted[current]) if current == element else clone(wanted[current]))
            position += 1
            if current == element:
                break
        else:
            if not any(element_of(node, done) == element for done in result):
                result.append(_merge(node.items, item, wanted[element]))
    present = {element_of(node, item) for item in result}
    result += [clone(wanted[element]) for element in order if element not in present]
    return result


def _remove(schema: Node | None, root: Object, path: Path, kept: FieldSet) -> None:
    """Take the value at a path out of an object, and the lists and maps that it leaves empty."""
    _take_out(schema, root, path)
    for depth in range(len(path) - 1, 0, -1):
        parent = path[:depth]
        if parent in kept or _find(schema, root, parent) not in ({}, []):
            return
        _take_out(schema, root, parent)


def _find(node: Node | None, obj: Any, path: Path) -> Any:
    for element in path:
        if element.startswith("f:"):
            key = element[2:]
            if not isinstance(obj, dict) or key not in obj:
                return None
            node, obj = _child(node, key), obj[key]
        else:
            found = [item for item in obj if element_of(node, item) == element] if isinstance(obj, list) else []
            if not found:
                return None
            node, obj = node.items if node else None, found[0]
    return obj


def _take_out(schema: Node | None, root: Object, path: Path) -> None:
    parent, element = _find(schema, root, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent.pop(element[2:], None)
    elif isinstance(parent, list):
        node = _node_at(schema, path[:-1])
        parent[:] = [item for item in parent if element_of(node, item) != element]


def _node_at(node: Node | None, path: Path) -> Node | None:
    for element in path:
        node = _child(node, element[2:]) if element.startswith("f:") else node.items if node else None
    return node


def _check_conflicts(managers: Managers, me: Manager, changed: FieldSet, *, force: bool) -> None:
    if force:
        return
    found = [
        (manager, path) for manager in managers if manager != me for path in sorted(changed & managers.fields(manager))
    ]
    if found:
        raise _conflict(managers, found)


def _conflict(managers: Managers, found: list[tuple[Manager, Path]]) -> Exception:
    by_manager: dict[Manager, list[str]] = {}
    for manager, path in found:
        by_manager.setdefault(manager, []).append(_shown(path))
    lines: list[str] = []
    causes: list[Object] = []
    for manager, paths in by_manager.items():
        who = managers.described(manager)
        lines.append(
            f"conflicts with {who}:\n- " + "\n- ".join(paths) if len(paths) > 1 else f"conflict with {who}: {paths[0]}"
        )
        causes += [
            {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": path} for path in paths
        ]
    count = len(found)
    head = f"Apply failed with {count} conflict{'s' if count > 1 else ''}: "
    return status_error(409, "Conflict", head + "\n".join(lines), details={"causes": causes})


def _shown(path: Path) -> str:
    """A path as messages write it: `.spec.items[name="x"].value`."""
    text = ""
    for element in path:
        kind, _, rest = element.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            keys = ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(rest).items())
            text += f"[{keys}]"
        else:
            text += f"[={rest}]"
    return text
