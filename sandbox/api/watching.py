"""Watches: what changed since a resourceVersion, then what changes, as the selectors of one client see it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sandbox.api.errors import bad_request, expired
from sandbox.api.listing import selector_of
from sandbox.api.objects import clone, namespace_of
from sandbox.api.store import Change, Entry, Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sandbox.api.catalog import Catalog
    from sandbox.api.resources import Resource

_TOO_FAR_BEHIND = 20_000  # changes a client may leave unread before its watch ends


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """What to watch, from where, for how long."""

    resource_version: str = ""
    label_selector: str = ""
    field_selector: str = ""
    timeout_seconds: float | None = None
    bookmarks: bool = False
    bookmark_seconds: float = 60.0
    send_initial_events: bool | None = None


class Watch:
    """One client's watch; a context manager, so that nobody is told after it ends."""

    def __init__(
        self, store: Store, catalog: Catalog, resource: Resource, namespace: str, options: WatchOptions
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._resource = resource
        self._namespace = namespace
        self._options = options
        self._selector = selector_of(catalog, resource, options.label_selector, options.field_selector)
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._backlog: list[tuple[str, Entry]] = []
        self._check()

    def __enter__(self) -> Self:
        # In one step: what changes between the two would be in neither.
        self._backlog = self._first()
        self._store.subscribe(self._hear)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._store.unsubscribe(self._hear)

    def end(self) -> None:
        """End the watch after what is already on its way."""
        self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[tuple[str, Entry]]:
        for first in self._backlog:
            yield first
        loop = asyncio.get_running_loop()
        options = self._options
        end = loop.time() + options.timeout_seconds if options.timeout_seconds else None
        bookmark = loop.time() + options.bookmark_seconds if options.bookmarks else None
        while True:
            due = min((moment for moment in (end, bookmark) if moment is not None), default=None)
            try:
                async with asyncio.timeout_at(due):
                    change = await self._queue.get()
            except TimeoutError:
                if bookmark is not None:
                    yield self._bookmark()
                    bookmark = loop.time() + options.bookmark_seconds
                if end is not None and loop.time() >= end:
                    return
                continue
            if change is None:
                return
            event = self._event(change)
            if event:
                yield event

    def _hear(self, change: Change) -> None:
        if change.bucket != self._resource.bucket:
            return
        if self._queue.qsize() < _TOO_FAR_BEHIND:
            self._queue.put_nowait(change)
        elif self._queue.qsize() == _TOO_FAR_BEHIND:
            self._queue.put_nowait(None)

    def _check(self) -> None:
        """Refuse a version that no watch can start from, before anything is answered."""
        version = self._options.resource_version
        if version in ("", "0"):
            return
        if not version.isdigit():
            raise bad_request(f'Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax')
        if int(version) < self._store.oldest:
            raise expired(f"too old resource version: {version} ({self._store.oldest})")

    def _first(self) -> list[tuple[str, Entry]]:
        version = self._options.resource_version
        if self._options.send_initial_events or (version in ("", "0") and self._options.send_initial_events is None):
            return list(self._initial())
        if version in ("", "0"):
            return []
        events = (self._event(change) for change in self._store.since(int(version)))
        return [event for event in events if event]

    def _initial(self) -> Iterator[tuple[str, Entry]]:
        for entry in self._store.items(self._resource.bucket, self._namespace):
            if self._selector.matches(entry.obj):
                yield "ADDED", self._catalog.present(self._resource, entry)
        if self._options.send_initial_events:
            yield self._bookmark({"k8s.io/initial-events-end": "true"})

    def _bookmark(self, annotations: dict[str, str] | None = None) -> tuple[str, Entry]:
        metadata: dict[str, Any] = {"resourceVersion": str(self._store.revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        obj = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": metadata}
        return "BOOKMARK", Entry(obj, self._store.revision)

    def _event(self, change: Change) -> tuple[str, Entry] | None:
        """What the change is to one who sees only what matches."""
        obj = change.entry.obj
        if change.bucket != self._resource.bucket or (self._namespace and namespace_of(obj) != self._namespace):
            return None
        before = change.previous is not None and self._selector.matches(change.previous.obj)
        after = change.kind != "DELETED" and self._selector.matches(obj)
        if not before and not after:
            return None
        kind = "MODIFIED" if before and after else "ADDED" if after else "DELETED"
        entry = change.entry if after or change.previous is None else _as_it_was(change.previous, change.entry.revision)
        return kind, self._catalog.present(self._resource, entry)


def _as_it_was(entry: Entry, revision: int) -> Entry:
    """The last state that a selector matched, under the revision at which it ceased to: a watch deletes that."""
    obj = clone(entry.obj)
    obj["metadata"]["resourceVersion"] = str(revision)
    return Entry(obj, revision)
