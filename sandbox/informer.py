"""A live copy of one kind's objects, as a controller's cache has it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from sandbox.api import ApiError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, ValuesView
    from contextlib import AbstractAsyncContextManager

    from sandbox.api import Api, Object, Resource, WatchEvent

logger = logging.getLogger(__name__)


def watching(
    api: Api, resource: Resource, *, resource_version: str = "", label_selector: str = ""
) -> AbstractAsyncContextManager[AsyncGenerator[WatchEvent]]:
    """A watch that is closed at the end of its block, however that is left."""
    events = api.watch(resource, resource_version=resource_version, label_selector=label_selector)
    return aclosing(cast("AsyncGenerator[WatchEvent]", events))


class Informer:
    """Objects of one resource by namespace and name; `changed` is called after each change, with the object."""

    def __init__(self, api: Api, resource: Resource, changed: Callable[[str, Object], None]) -> None:
        self.resource = resource
        self._api = api
        self._changed = changed
        self._objects: dict[tuple[str, str], Object] = {}
        self.synced = asyncio.Event()

    @property
    def objects(self) -> ValuesView[Object]:
        """All objects as last seen; not to be changed."""
        return self._objects.values()

    def get(self, namespace: str, name: str) -> Object | None:
        """One object as last seen; not to be changed."""
        return self._objects.get((namespace, name))

    async def run(self) -> None:
        """Follow the kind until cancelled; begin anew when a watch ends."""
        while True:
            known, self._objects = self._objects, {}
            since = str(self._api.store.revision)
            for obj in await self._api.list(self.resource):
                self._take("ADDED", obj)
            for key in known.keys() - self._objects.keys():
                self._changed("DELETED", known[key])
            self.synced.set()
            try:
                async with watching(self._api, self.resource, resource_version=since) as events:
                    async for event in events:
                        self._take(event.type, event.object)
            except ApiError as error:
                logger.warning("watch of %s ended: %s", self.resource.qualified, error)

    def _take(self, kind: str, obj: Object) -> None:
        meta = obj["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        if kind == "DELETED":
            self._objects.pop(key, None)
        else:
            self._objects[key] = obj
        self._changed(kind, obj)
