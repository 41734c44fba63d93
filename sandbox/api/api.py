"""The API in-process: typed asynchronous verbs over the store.

Every verb finishes its reading and writing without giving way to other tasks, so each is atomic. Objects that come
out are the caller's own copies.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.api.catalog import Catalog
from sandbox.api.collector import Collector
from sandbox.api.deletion import Deleter
from sandbox.api.errors import not_found, status_error
from sandbox.api.listing import ListOptions, Page, read_page
from sandbox.api.objects import Object, clone
from sandbox.api.options import MERGE_PATCH, DeleteOptions, WatchEvent, WriteOptions
from sandbox.api.store import Entry, Persistence, Store
from sandbox.api.watching import Watch, WatchOptions
from sandbox.api.writing import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from sandbox.api.resources import Resource

    PodLogs = Callable[[Object, "Mapping[str, str]"], AsyncIterator[bytes]]

__all__ = ["Api", "WatchEvent", "WriteOptions"]

_DEFAULT_WRITE = WriteOptions()


class Api:
    """A Kubernetes API server without the server.

    Attributes:
        store: where objects live.
        catalog: the kinds that are served, CRDs' among them.
        pod_logs: set by whoever plays the kubelet; gives a pod's log from the pod and the query of the request.
    """

    def __init__(
        self,
        *,
        persistence: Persistence | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        history: int = 10_000,
    ) -> None:
        self.store = Store(persistence, history=history)
        self.clock = clock
        self.catalog = Catalog(self.store, clock)
        self.pod_logs: PodLogs | None = None
        self.token_key = secrets.token_bytes(32)
        self._writer = Writer(self.store, self.catalog, clock)
        self._deleter = Deleter(self.store, self.catalog, self._writer, clock)
        self._collector = Collector(self.store, self.catalog, self._deleter, self._writer)
        for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
            self._writer.ensure_namespace(name)

    def resource(self, plural: str, group: str = "", version: str = "") -> Resource:
        """The served resource of that name, in the first version served when none is given."""
        for resource in self.catalog.registry:
            if resource.plural == plural and resource.group == group and version in ("", resource.version):
                return resource
        raise _unknown(f"{plural}.{group}" if group else plural)

    def resource_of(self, obj: Mapping[str, Any]) -> Resource:
        """The served resource that an object's apiVersion and kind name."""
        api_version, kind = str(obj.get("apiVersion")), str(obj.get("kind"))
        found = self.catalog.registry.of_kind(api_version, kind)
        if found is None:
            raise _unknown(f'kind "{kind}" in version "{api_version}"')
        return found

    async def get(self, resource: Resource, name: str, namespace: str = "") -> Object:
        """The object as it is now; 404 when there is none."""
        return clone(self.entry(resource, name, namespace).obj)

    def entry(self, resource: Resource, name: str, namespace: str = "") -> Entry:
        """The stored object itself, to be read only."""
        entry = self.store.get(resource.bucket, namespace if resource.namespaced else "", name)
        if entry is None:
            raise not_found(resource, name)
        return self.catalog.present(resource, entry)

    async def list(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> list[Object]:
        """All matching objects; of every namespace when none is given."""
        options = ListOptions(label_selector=label_selector, field_selector=field_selector)
        return [clone(entry.obj) for entry in self.page(resource, namespace, options).entries]

    def page(self, resource: Resource, namespace: str, options: ListOptions) -> Page:
        """The stored objects themselves, to be read only, with the list's resourceVersion and continuation."""
        return read_page(self.store, self.catalog, resource, namespace, options)

    async def create(
        self,
        resource: Resource,
        obj: Object,
        namespace: str = "",
        *,
        options: WriteOptions = _DEFAULT_WRITE,
    ) -> Object:
        """Store a new object; 409 when one of the name exists."""
        return clone(self._writer.create(resource, obj, namespace, options).obj)

    async def replace(
        self,
        resource: Resource,
        obj: Object,
        namespace: str = "",
        *,
        name: str = "",
        subresource: str = "",
        options: WriteOptions = _DEFAULT_WRITE,
    ) -> Object:
        """Put this in the place of the stored object; a resourceVersion in it must be the newest."""
        return clone(
            self._writer.replace(
                resource, obj, namespace=namespace, name=name, subresource=subresource, options=options
            ).obj
        )

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        namespace: str = "",
        *,
        content_type: str = MERGE_PATCH,
        subresource: str = "",
        options: WriteOptions = _DEFAULT_WRITE,
    ) -> Object:
        """Change part of an object: a JSON, merge or strategic merge patch, or a server-side apply configuration."""
        entry = self._writer.patch(
            resource,
            name,
            patch,
            namespace=namespace,
            content_type=content_type,
            subresource=subresource,
            options=options,
        )[0]
        return clone(entry.obj)

    async def delete(
        self, resource: Resource, name: str, namespace: str = "", *, options: DeleteOptions | None = None
    ) -> Object:
        """Delete, or mark for deletion while finalizers hold the object; returns its last state."""
        return clone(self._deleter.delete(resource, name, namespace, options or DeleteOptions())[0].obj)

    async def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        resource_version: str = "",
        label_selector: str = "",
        field_selector: str = "",
        timeout_seconds: float | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """Changes as they happen, from a resourceVersion; without one, first an ADDED for each object that is there."""
        options = WatchOptions(
            resource_version=resource_version,
            label_selector=label_selector,
            field_selector=field_selector,
            timeout_seconds=timeout_seconds,
        )
        with Watch(self.store, self.catalog, resource, namespace, options) as watch:
            async for kind, entry in watch:
                yield WatchEvent(kind, clone(entry.obj))

    @property
    def writer(self) -> Writer:
        """The write path itself, for those who want to know whether an object was created."""
        return self._writer

    @property
    def deleter(self) -> Deleter:
        """The deletion path itself, for those who want to know whether the object is gone."""
        return self._deleter

    async def settled(self) -> None:
        """Wait until garbage collection has done what the latest changes call for."""
        await self._collector.settled()

    def close(self) -> None:
        """Release the persistence."""
        self.store.close()


def _unknown(what: str) -> Exception:
    return status_error(404, "NotFound", f"the server could not find the requested resource ({what})")
