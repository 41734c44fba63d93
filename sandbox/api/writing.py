"""The write path: every create, replace, patch and apply passes through here, in the order of the real server.

Decode (prune, default), take back what may not change, validate, note who set which field, commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.api import apply, events, managed, metadata, patching
from sandbox.api.builtin import account_of
from sandbox.api.decoding import decode
from sandbox.api.errors import (
    Cause,
    already_exists,
    bad_request,
    forbidden,
    immutable_uid,
    invalid,
    no_such_resource,
    not_found,
    unversioned,
)
from sandbox.api.objects import Object, clone, name_of, namespace_of, uid_of, version_of
from sandbox.api.options import APPLY_PATCH, WriteOptions
from sandbox.api.resources import NAMESPACES, QUOTAS
from sandbox.api.store import Entry, Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.api.catalog import Catalog
    from sandbox.api.kinds import Kind
    from sandbox.api.resources import Resource

_NAME_ATTEMPTS = 8


class Writer:
    """Writes objects to the store."""

    def __init__(self, store: Store, catalog: Catalog, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock

    def ensure_namespace(self, name: str) -> None:
        """Create a namespace that every cluster has, unless it is there."""
        if self._store.get(NAMESPACES.bucket, "", name):
            return
        obj = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }
        metadata.begin(obj, self._clock())
        self._store.put(NAMESPACES.bucket, obj)
        self._furnish(name)

    def _furnish(self, namespace: str) -> None:
        """Every namespace has an account for pods that name none."""
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": namespace},
        }
        metadata.begin(account, self._clock())
        self._store.put("serviceaccounts", account)

    def create(
        self, resource: Resource, body: Object, namespace: str, options: WriteOptions, *, applied: bool = False
    ) -> Entry:
        """Store a new object."""
        kind = self._catalog.kind(resource)
        obj = clone(body)
        if not isinstance(obj.get("metadata", {}), dict):
            obj["metadata"] = {}
        decode(kind, obj, options)
        metadata.address(resource, obj, namespace)
        if version_of(obj):
            raise bad_request("resourceVersion should not be set on objects to be created")
        claims = obj["metadata"].get("managedFields")
        self._check_account(resource, obj)
        self._name(resource, obj)
        self._check_home(resource, obj)
        metadata.begin(obj, self._clock())
        kind.prepare_create(obj)
        if kind.counts_generation():
            obj["metadata"]["generation"] = 1
        causes = metadata.check_name(resource, name_of(obj)) + metadata.check_metadata(obj)
        self._refuse_if(kind, obj, causes + kind.validate(obj, None))
        kind.default(obj)
        self._check_quota(resource, obj)
        if self._store.get(resource.bucket, namespace_of(obj), name_of(obj)):
            raise already_exists(resource, name_of(obj))
        if applied:
            obj["metadata"]["managedFields"] = claims
        else:
            managed.note_update(kind, None, obj, manager=(options.field_manager, "Update", ""), now=self._clock())
        kind.admit(obj)
        metadata.tidy(obj)
        return self._commit_new(resource, obj, options)

    def replace(
        self, resource: Resource, body: Object, *, namespace: str, name: str, subresource: str, options: WriteOptions
    ) -> Entry:
        """Put an object in the place of the stored one."""
        _check_served(resource, subresource)
        new = clone(body)
        name = name or name_of(new)
        if name_of(new) and name_of(new) != name:
            raise bad_request(f"the name of the object ({name_of(new)}) does not match the name on the URL ({name})")
        old = self._present(resource, name, namespace)
        kind = self._catalog.kind(resource)
        decode(kind, new, options)
        metadata.address(resource, new, namespace_of(old.obj))
        new["metadata"]["name"] = name
        if not kind.strategic_merge and not version_of(new):
            raise unversioned(resource, name)
        return self._update(resource, old, new, subresource, options)

    def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        *,
        namespace: str,
        content_type: str,
        subresource: str,
        options: WriteOptions,
    ) -> tuple[Entry, bool]:
        """Change part of an object; returns it, and whether applying created it."""
        _check_served(resource, subresource)
        kind = self._catalog.kind(resource)
        patching.check_accepted(kind, content_type)
        if content_type == APPLY_PATCH:
            return self._apply(resource, name, patch, namespace=namespace, subresource=subresource, options=options)
        old = self._present(resource, name, namespace)
        new = patching.patched(kind, old.obj, patch, content_type)
        if name_of(new) != name or (resource.namespaced and namespace_of(new) != namespace_of(old.obj)):
            raise bad_request(f"the name of the object ({name_of(new)}) does not match the name on the URL ({name})")
        if uid_of(new) not in ("", uid_of(old.obj)):
            raise immutable_uid(resource, name, uid_of(new))
        decode(kind, new, options)
        metadata.address(resource, new, namespace_of(old.obj))
        return self._update(resource, old, new, subresource, options), False

    def commit(self, bucket: str, obj: Object) -> None:
        """Store a changed object as it is; one that waited for its last finalizer goes."""
        if obj["metadata"].get("deletionTimestamp") and not _held(obj):
            self._store.remove(bucket, namespace_of(obj), name_of(obj))
        else:
            self._store.put(bucket, obj)

    def _apply(
        self, resource: Resource, name: str, config: Any, *, namespace: str, subresource: str, options: WriteOptions
    ) -> tuple[Entry, bool]:
        kind = self._catalog.kind(resource)
        config = patching.parsed_configuration(config)
        apply.check(kind, config, name, namespace if resource.namespaced else "", options)
        entry = self._store.get(resource.bucket, namespace if resource.namespaced else "", name)
        if entry is None:
            if subresource:
                raise not_found(resource, name)
            obj = apply.created(kind, config, options, self._clock())
            return self.create(resource, obj, namespace, options, applied=True), True
        old = self._catalog.present(resource, entry)
        new = apply.merged(kind, old.obj, config, subresource, options, now=self._clock())
        quiet = WriteOptions(field_manager=options.field_manager, field_validation="Ignore", dry_run=options.dry_run)
        decode(kind, new, quiet)
        metadata.address(resource, new, namespace_of(old.obj))
        return self._update(resource, old, new, subresource, quiet, applied=True), False

    def _update(
        self,
        resource: Resource,
        old: Entry,
        new: Object,
        subresource: str,
        options: WriteOptions,
        *,
        applied: bool = False,
    ) -> Entry:
        kind = self._catalog.kind(resource)
        metadata.continue_from(resource, new, old.obj)
        claims = new["metadata"].get("managedFields")
        if subresource == "status":
            new = _only_status(kind, new, old.obj)
        elif kind.has_status:
            _keep_status(new, old.obj)
        kind.prepare_update(new, old.obj, subresource)
        kind.default(new)
        if kind.counts_generation() and _changed_specification(kind, new, old.obj):
            new["metadata"]["generation"] = old.obj["metadata"].get("generation", 0) + 1
        causes = metadata.check_metadata(new) + metadata.check_finalizers_only_shrink(new, old.obj)
        self._refuse_if(kind, new, causes + kind.validate(new, old.obj, subresource))
        if applied:
            new["metadata"]["managedFields"] = claims
        else:
            me = (options.field_manager, "Update", subresource)
            managed.note_update(kind, old.obj, new, manager=me, now=self._clock(), claims=claims)
        metadata.tidy(new)
        if managed.same(new, old.obj):
            return old
        return self._commit_changed(resource, new, old, options)

    def _commit_new(self, resource: Resource, obj: Object, options: WriteOptions) -> Entry:
        if options.dry_run:
            return Entry(obj, self._store.revision)
        entry = self._store.put(resource.bucket, _stored(resource, obj))
        if resource == NAMESPACES:
            self._furnish(name_of(obj))
        return self._catalog.present(resource, entry)

    def _commit_changed(self, resource: Resource, new: Object, old: Entry, options: WriteOptions) -> Entry:
        if options.dry_run:
            return Entry(new, old.revision)
        stored = _stored(resource, new)
        if stored["metadata"].get("deletionTimestamp") and not _held(stored):
            self._store.remove(resource.bucket, namespace_of(new), name_of(new))
            return self._catalog.present(resource, Entry(stored, old.revision))
        return self._catalog.present(resource, self._store.put(resource.bucket, stored))

    def _present(self, resource: Resource, name: str, namespace: str) -> Entry:
        entry = self._store.get(resource.bucket, namespace if resource.namespaced else "", name)
        if entry is None:
            raise not_found(resource, name)
        return self._catalog.present(resource, entry)

    def _name(self, resource: Resource, obj: Object) -> None:
        base = obj["metadata"].get("generateName")
        if obj["metadata"].get("name") or not base:
            return
        for _ in range(_NAME_ATTEMPTS):
            obj["metadata"]["name"] = metadata.generate_name(base)
            if not self._store.get(resource.bucket, namespace_of(obj), name_of(obj)):
                return

    def _check_home(self, resource: Resource, obj: Object) -> None:
        """A new object needs a namespace that exists and stays."""
        if not resource.namespaced:
            return
        namespace = namespace_of(obj)
        home = self._store.get(NAMESPACES.bucket, "", namespace)
        if home is None:
            raise not_found(NAMESPACES, namespace)
        if home.obj["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise forbidden(resource, name_of(obj), why)

    def _check_account(self, resource: Resource, obj: Object) -> None:
        """A new pod needs an account that exists; asked before it has a name, as admission is."""
        namespace = namespace_of(obj)
        if resource.bucket != "pods" or not self._store.get(NAMESPACES.bucket, "", namespace):
            return
        account = account_of(obj)
        if not self._store.get("serviceaccounts", namespace, account):
            name = name_of(obj) or obj["metadata"].get("generateName", "")
            missing = f'serviceaccount "{account}" not found'
            raise forbidden(resource, name, f"error looking up service account {namespace}/{account}: {missing}")

    def _check_quota(self, resource: Resource, obj: Object) -> None:
        """A new object needs room in each quota that counts its kind; asked before its name is found to be taken."""
        counted, namespace = f"count/{resource.qualified}", namespace_of(obj)
        for quota in self._store.items(QUOTAS.bucket, namespace) if resource.namespaced else ():
            hard = str(quota.obj.get("spec", {}).get("hard", {}).get(counted, ""))
            if not hard.isdigit() or self._store.count(resource.bucket) < int(hard):
                continue
            used = sum(1 for _ in self._store.items(resource.bucket, namespace))
            if used >= int(hard):
                why = f"requested: {counted}=1, used: {counted}={used}, limited: {counted}={hard}"
                raise forbidden(resource, name_of(obj), f"exceeded quota: {name_of(quota.obj)}, {why}")

    @staticmethod
    def _refuse_if(kind: Kind, obj: Object, causes: list[Cause]) -> None:
        if causes:
            raise invalid(kind.resource, name_of(obj), causes)


def _check_served(resource: Resource, subresource: str) -> None:
    if subresource and subresource not in resource.subresources:
        raise no_such_resource()


def _stored(resource: Resource, obj: Object) -> Object:
    if resource.bucket == "events" and resource.group:
        return events.to_core(obj)
    return obj


def _held(obj: Object) -> bool:
    if obj["metadata"].get("finalizers"):
        return True
    return obj["kind"] == "Namespace" and bool((obj.get("spec") or {}).get("finalizers"))


def _only_status(kind: Kind, new: Object, old: Object) -> Object:
    """The old object with the new status; built-in kinds let metadata change along."""
    result = clone(old)
    if "status" in new:
        result["status"] = new["status"]
    else:
        result.pop("status", None)
    managed_fields = new["metadata"].get("managedFields")
    if kind.strategic_merge:
        owners = old["metadata"].get("ownerReferences")
        result["metadata"] = new["metadata"]
        if owners:
            result["metadata"]["ownerReferences"] = clone(owners)
    elif managed_fields is not None:
        result["metadata"]["managedFields"] = managed_fields
    return result


def _keep_status(new: Object, old: Object) -> None:
    if "status" in old:
        new["status"] = clone(old["status"])
    else:
        new.pop("status", None)


def _changed_specification(kind: Kind, new: Object, old: Object) -> bool:
    ignored = {"metadata", "status", "apiVersion", "kind"} if kind.has_status else {"metadata", "apiVersion", "kind"}
    keys = (new.keys() | old.keys()) - ignored
    return any(new.get(key) != old.get(key) for key in keys)
