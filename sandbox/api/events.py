"""Events have two faces, core/v1 and events.k8s.io/v1, over one stored object; this turns one into the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.api.objects import clone

if TYPE_CHECKING:
    from sandbox.api.objects import Object

_RENAMED = {  # core/v1: events.k8s.io/v1
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}


def _renamed(obj: Object, names: dict[str, str], api_version: str) -> Object:
    result: dict[str, Any] = {names.get(key, key): value for key, value in clone(obj).items()}
    result["apiVersion"] = api_version
    return result


def from_core(obj: Object) -> Object:
    """A stored event as events.k8s.io/v1 shows it."""
    return _renamed(obj, _RENAMED, "events.k8s.io/v1")


def to_core(obj: Object) -> Object:
    """An events.k8s.io/v1 event as it is stored."""
    return _renamed(obj, {new: old for old, new in _RENAMED.items()}, "v1")
