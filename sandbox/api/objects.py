"""Kubernetes objects as plain JSON values, and the few things every module does with them.

Stored objects are shared between readers and must never be changed; whoever wants to change one takes a `clone`.
"""

from __future__ import annotations

import json
import marshal
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

Object = dict[str, Any]
T = TypeVar("T")


def clone(value: T) -> T:
    """A deep copy of a JSON value; several times as fast as `copy.deepcopy`."""
    try:
        # Version 2 has no back references, so a value that stands twice in the input is two values in the copy.
        copied: T = marshal.loads(marshal.dumps(cast("Any", value), 2))  # noqa: S302 -- our own bytes, a line above
    except ValueError:  # subclasses of str and dict, which JSON knows how to flatten
        copied = json.loads(json.dumps(value))
    return copied


def encode(value: Any) -> bytes:
    """The value as compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def meta(obj: Object) -> Object:
    """The object's metadata, empty when it has none."""
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def name_of(obj: Object) -> str:
    """The object's name."""
    return str(meta(obj).get("name") or "")


def namespace_of(obj: Object) -> str:
    """The object's namespace, empty for cluster-scoped kinds."""
    return str(meta(obj).get("namespace") or "")


def uid_of(obj: Object) -> str:
    """The object's uid."""
    return str(meta(obj).get("uid") or "")


def version_of(obj: Object) -> str:
    """The object's resourceVersion."""
    return str(meta(obj).get("resourceVersion") or "")


def timestamp(moment: datetime) -> str:
    """A time the way Kubernetes writes it: RFC 3339 in whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def dig(obj: Any, *path: str) -> Any:
    """The value at a path of keys, or None where the path ends early."""
    for key in path:
        if not isinstance(obj, dict):
            return None
        obj = obj.get(key)
    return obj
