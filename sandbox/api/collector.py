"""Garbage collection: dependents follow their owners, contents follow their namespace and definition.

Works through the changes after their commits, as the controllers of a real cluster do, so a caller sees its own
answer first and the consequences a moment later.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from sandbox.api.deletion import CRD_CLEANUP, FOREGROUND, ORPHAN
from sandbox.api.objects import Object, clone, name_of, namespace_of, uid_of
from sandbox.api.options import DeleteOptions
from sandbox.api.resources import CRDS, NAMESPACES

if TYPE_CHECKING:
    from sandbox.api.catalog import Catalog
    from sandbox.api.deletion import Deleter
    from sandbox.api.store import Change, Entry, Store
    from sandbox.api.writing import Writer

_BATCH = 50  # changes worked through before others get their turn


class Collector:
    """Follows the store and deletes what nothing needs any more."""

    def __init__(self, store: Store, catalog: Catalog, deleter: Deleter, writer: Writer) -> None:
        self._store = store
        self._registry = catalog.registry
        self._deleter = deleter
        self._writer = writer
        self._queue: deque[tuple[str, Object, bool]] = deque()
        self._scheduled = False
        for bucket in store.buckets():  # what a restart interrupted
            self._queue.extend((bucket, e.obj, False) for e in store.items(bucket) if _is_deleted(e.obj))
        store.subscribe(self._hear)

    async def settled(self) -> None:
        """Wait until everything that follows from the latest changes is done."""
        while self._queue:
            self._schedule()
            await asyncio.sleep(0)

    def _hear(self, change: Change) -> None:
        obj, gone = change.entry.obj, change.kind == "DELETED"
        references = obj["metadata"].get("ownerReferences")
        if gone or _is_deleted(obj) or (references and _changed_owners(change)):
            self._queue.append((change.bucket, obj, gone))
            self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            try:
                asyncio.get_running_loop().call_soon(self._work)
            except RuntimeError:  # built outside a loop: the first change inside one starts the work
                return
            self._scheduled = True

    def _work(self) -> None:
        self._scheduled = False
        for _ in range(min(_BATCH, len(self._queue))):
            bucket, obj, gone = self._queue.popleft()
            if gone:
                self._after_removal(bucket, obj)
            elif _is_deleted(obj):
                self._continue_deletion(bucket, uid_of(obj))
            else:
                self._check_owners(bucket, uid_of(obj))
        if self._queue:
            self._schedule()

    def _after_removal(self, bucket: str, obj: Object) -> None:
        for dependent_bucket, dependent in self._store.dependents(uid_of(obj)):
            self._check_owners(dependent_bucket, uid_of(dependent.obj))
        for reference in obj["metadata"].get("ownerReferences") or ():
            owner = self._store.by_uid(reference["uid"])
            if owner and _is_deleted(owner[1].obj):
                self._continue_deletion(owner[0], reference["uid"])
        home = self._store.get(NAMESPACES.bucket, "", namespace_of(obj))
        if home and _is_deleted(home.obj):
            self._continue_deletion(NAMESPACES.bucket, uid_of(home.obj))
        definition = self._store.get(CRDS.bucket, "", bucket)
        if definition and _is_deleted(definition.obj):
            self._continue_deletion(CRDS.bucket, uid_of(definition.obj))

    def _check_owners(self, bucket: str, uid: str) -> None:
        """Delete an object none of whose owners exists; with some left, forget the others."""
        found = self._store.by_uid(uid)
        if not found or _is_deleted(found[1].obj):
            return
        references: list[Object] = found[1].obj["metadata"].get("ownerReferences") or []
        present = [reference for reference in references if self._owner_exists(reference, found[1].obj)]
        if len(present) == len(references):
            return
        if not present:
            self._delete(bucket, found[1], DeleteOptions(propagation="Background", uid=uid))
        else:
            self._set_metadata(bucket, found[1], "ownerReferences", present)

    def _owner_exists(self, reference: Object, dependent: Object) -> bool:
        owner = self._store.by_uid(str(reference.get("uid")))
        if owner is None:
            return False
        obj = owner[1].obj
        same = obj["kind"] == reference.get("kind") and name_of(obj) == reference.get("name")
        return same and namespace_of(obj) in ("", namespace_of(dependent))

    def _continue_deletion(self, bucket: str, uid: str) -> None:
        """Do what an object that is marked for deletion waits for."""
        found = self._store.by_uid(uid)
        if not found:
            return
        entry = found[1]
        finalizers = entry.obj["metadata"].get("finalizers") or []
        if bucket == NAMESPACES.bucket:
            self._empty_namespace(entry)
        elif CRD_CLEANUP in finalizers:
            self._empty_definition(entry)
        elif ORPHAN in finalizers:
            self._orphan(entry)
            self._drop_finalizer(bucket, uid, ORPHAN)
        elif FOREGROUND in finalizers and not self._blocked(uid):
            self._drop_finalizer(bucket, uid, FOREGROUND)

    def _blocked(self, uid: str) -> bool:
        """Whether dependents that block the owner are left, after asking each to go."""
        for bucket, dependent in self._store.dependents(uid):
            if not _is_deleted(dependent.obj):
                options = DeleteOptions(
                    propagation="Foreground" if self._store.dependents(uid_of(dependent.obj)) else ""
                )
                self._delete(bucket, dependent, options)
        return any(
            reference.get("blockOwnerDeletion")
            for _, dependent in self._store.dependents(uid)
            for reference in dependent.obj["metadata"]["ownerReferences"]
            if reference["uid"] == uid
        )

    def _orphan(self, owner: Entry) -> None:
        uid = uid_of(owner.obj)
        for bucket, dependent in self._store.dependents(uid):
            kept = [ref for ref in dependent.obj["metadata"]["ownerReferences"] if ref["uid"] != uid]
            self._set_metadata(bucket, dependent, "ownerReferences", kept)

    def _empty_namespace(self, entry: Entry) -> None:
        name = name_of(entry.obj)
        left = 0
        for bucket in self._store.buckets():
            for inhabitant in list(self._store.items(bucket, name)):
                self._delete(bucket, inhabitant, DeleteOptions())
            left += sum(1 for _ in self._store.items(bucket, name))
        if left:
            return
        obj = clone(entry.obj)
        if (obj.get("spec") or {}).pop("finalizers", None):
            entry = self._store.put(NAMESPACES.bucket, obj)
        if not entry.obj["metadata"].get("finalizers"):
            self._store.remove(NAMESPACES.bucket, "", name)

    def _empty_definition(self, entry: Entry) -> None:
        bucket = name_of(entry.obj)
        for instance in list(self._store.items(bucket)):
            self._delete(bucket, instance, DeleteOptions())
        if not self._store.count(bucket):
            self._drop_finalizer(CRDS.bucket, uid_of(entry.obj), CRD_CLEANUP)

    def _delete(self, bucket: str, entry: Entry, options: DeleteOptions) -> None:
        resource = self._registry.of_bucket(bucket)
        if resource and self._store.get(bucket, namespace_of(entry.obj), name_of(entry.obj)):
            self._deleter.delete(resource, name_of(entry.obj), namespace_of(entry.obj), options)

    def _drop_finalizer(self, bucket: str, uid: str, finalizer: str) -> None:
        found = self._store.by_uid(uid)
        if found:
            left = [item for item in found[1].obj["metadata"].get("finalizers") or () if item != finalizer]
            self._set_metadata(bucket, found[1], "finalizers", left)

    def _set_metadata(self, bucket: str, entry: Entry, key: str, value: list[Any]) -> None:
        obj = clone(entry.obj)
        if value:
            obj["metadata"][key] = value
        else:
            obj["metadata"].pop(key, None)
        self._writer.commit(bucket, obj)


def _is_deleted(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def _changed_owners(change: Change) -> bool:
    before = change.previous.obj["metadata"].get("ownerReferences") if change.previous else None
    return bool(before != change.entry.obj["metadata"].get("ownerReferences"))
