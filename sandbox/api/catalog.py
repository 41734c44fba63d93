"""The kinds that are served now: the built-in ones, and those of the CustomResourceDefinitions in the store.

Follows the CRDs as they come, change and go, so that a kind is served from the commit of its definition on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.api import events
from sandbox.api.builtin import builtin_kind
from sandbox.api.custom import CustomKind, served_versions
from sandbox.api.objects import Object, clone, name_of
from sandbox.api.resources import CRDS, Registry, Resource
from sandbox.api.store import Change, Entry, Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.api.kinds import Kind


class Catalog:
    """Finds a resource's behaviour, and an object in the version asked for."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self.registry = Registry()
        self._store = store
        self._clock = clock
        self._kinds: dict[Resource, Kind] = {}
        self._of_crd: dict[str, list[Resource]] = {}
        for entry in list(store.items(CRDS.bucket)):
            self._serve(entry.obj)
        store.subscribe(self._follow)

    def kind(self, resource: Resource) -> Kind:
        """How objects of the resource behave."""
        kind = self._kinds.get(resource)
        if kind is None:
            kind = self._kinds[resource] = builtin_kind(resource, self._clock)
        return kind

    def present(self, resource: Resource, entry: Entry) -> Entry:
        """The entry in the resource's own version."""
        if entry.obj["apiVersion"] == resource.api_version:
            return entry
        if resource.plural == "events" and resource.bucket == "events":
            return Entry(events.from_core(entry.obj), entry.revision)
        obj = clone(entry.obj)
        obj["apiVersion"] = resource.api_version
        return Entry(obj, entry.revision)

    def _follow(self, change: Change) -> None:
        if change.bucket != CRDS.bucket:
            return
        obj = change.entry.obj
        if change.kind == "DELETED":
            self._withdraw(name_of(obj))
        elif change.previous is None or change.previous.obj["spec"] != obj["spec"]:
            self._serve(obj)

    def _withdraw(self, crd: str) -> None:
        for resource in self._of_crd.pop(crd, []):
            self.registry.remove(resource)
            self._kinds.pop(resource, None)

    def _serve(self, crd: Object) -> None:
        self._withdraw(name_of(crd))
        served: list[Resource] = []
        for resource, version in served_versions(crd):
            self.registry.add(resource)
            kind = CustomKind(resource, version, crd)
            self._kinds[resource] = kind
            served.append(resource)
            if version.get("storage"):
                self._store.reread(resource.bucket, kind.reread)
        self._of_crd[name_of(crd)] = served
