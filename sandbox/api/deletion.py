"""Deletion: preconditions, finalizers, and what propagation asks the garbage collector to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.api.errors import conflict, not_found
from sandbox.api.objects import Object, clone, timestamp, uid_of, version_of
from sandbox.api.resources import CRDS, NAMESPACES
from sandbox.api.store import Entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.api.catalog import Catalog
    from sandbox.api.options import DeleteOptions
    from sandbox.api.resources import Resource
    from sandbox.api.store import Store
    from sandbox.api.writing import Writer

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
CRD_CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


class Deleter:
    """Deletes objects, or marks them while something still holds them."""

    def __init__(self, store: Store, catalog: Catalog, writer: Writer, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._catalog = catalog
        self._writer = writer
        self._clock = clock

    def delete(self, resource: Resource, name: str, namespace: str, options: DeleteOptions) -> tuple[Entry, bool]:
        """Delete an object; returns its last state, and whether it is gone."""
        namespace = namespace if resource.namespaced else ""
        entry = self._store.get(resource.bucket, namespace, name)
        if entry is None:
            raise not_found(resource, name)
        _check_preconditions(resource, name, entry.obj, options)
        obj = clone(entry.obj)
        finalizers = self._finalizers(resource, obj, options)
        if not finalizers:
            if options.dry_run:
                return entry, True
            return self._store.remove(resource.bucket, namespace, name), True
        if not obj["metadata"].get("deletionTimestamp"):
            self._mark(resource, obj)
        elif obj["metadata"] == entry.obj["metadata"]:
            return entry, False
        if options.dry_run:
            return Entry(obj, entry.revision), False
        return self._store.put(resource.bucket, obj), False

    def _mark(self, resource: Resource, obj: Object) -> None:
        metadata = obj["metadata"]
        metadata["deletionTimestamp"] = timestamp(self._clock())
        if resource != NAMESPACES:
            metadata["deletionGracePeriodSeconds"] = 0
        if "generation" in metadata:
            metadata["generation"] += 1
        if resource == NAMESPACES:
            obj.setdefault("status", {})["phase"] = "Terminating"

    @staticmethod
    def _finalizers(resource: Resource, obj: Object, options: DeleteOptions) -> list[str]:
        """What holds the object, after the propagation policy has had its say."""
        metadata = obj["metadata"]
        finalizers = list(metadata.get("finalizers") or ())
        if options.propagation in ("Foreground", "Orphan"):
            wanted = FOREGROUND if options.propagation == "Foreground" else ORPHAN
            finalizers = [item for item in finalizers if item not in (FOREGROUND, ORPHAN)] + [wanted]
        elif options.propagation == "Background":
            finalizers = [item for item in finalizers if item not in (FOREGROUND, ORPHAN)]
        if resource == CRDS and CRD_CLEANUP not in finalizers and not metadata.get("deletionTimestamp"):
            finalizers.append(CRD_CLEANUP)
        if finalizers:
            metadata["finalizers"] = finalizers
        else:
            metadata.pop("finalizers", None)
        return (
            finalizers + list((obj.get("spec") or {}).get("finalizers") or ()) if resource == NAMESPACES else finalizers
        )


def _check_preconditions(resource: Resource, name: str, obj: Object, options: DeleteOptions) -> None:
    by_kind = replace(resource, plural=resource.kind)  # which these messages name
    if options.uid and options.uid != uid_of(obj):
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({uid_of(obj)}). "
            "The object might have been deleted and then recreated"
        )
        raise conflict(by_kind, name, why)
    if options.resource_version and options.resource_version != version_of(obj):
        why = (
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the ResourceVersion "
            f"in record ({version_of(obj)}). The object might have been modified"
        )
        raise conflict(by_kind, name, why)
