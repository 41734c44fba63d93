"""The sources that run: started when their manifest and their sink are there, ended when either changes."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sandbox.api import ApiError
from sandbox.conditions import Condition
from sandbox.eventing.apiserversource import ApiServerSource
from sandbox.eventing.filters import UnsupportedFilterError, trigger_filter
from sandbox.eventing.pingsource import InvalidScheduleError, PingSource
from sandbox.eventing.sinks import UnresolvedSinkError
from sandbox.eventing.sources import Adapter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sandbox.api import Api, Object
    from sandbox.eventing.sinks import Sinks

logger = logging.getLogger(__name__)


class _Source(Protocol):
    async def run(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Run:
    made_from: tuple[int, str]
    task: asyncio.Task[None]


def resolve_sink(sinks: Sinks, obj: Object) -> tuple[str | None, Condition]:
    """The address of a source's sink, and the condition that says whether there is one."""
    try:
        return sinks.resolve(obj["spec"].get("sink"), obj["metadata"]["namespace"]), Condition("SinkProvided")
    except UnresolvedSinkError as error:
        return None, Condition("SinkProvided", "NotFound", str(error))


class RunningSources:
    """The tasks behind the sources' manifests, by uid."""

    def __init__(self, api: Api, sinks: Sinks, *, server: str, every: float | None) -> None:
        self._api = api
        self._sinks = sinks
        self._server = server
        self._every = every
        self._runs: dict[str, _Run] = {}

    def ensure(self, obj: Object) -> tuple[str | None, Sequence[Condition]]:
        """Have the source run as its manifest says; returns its sink and its conditions."""
        uid = obj["metadata"]["uid"]
        sink, provided = resolve_sink(self._sinks, obj)
        if sink is None:
            self._end(uid)
            return None, [provided, Condition("Deployed")]
        made_from = (obj["metadata"].get("generation", 1), sink)
        run = self._runs.get(uid)
        if run is not None and run.made_from == made_from and not run.task.done():
            return sink, [provided, Condition("Deployed")]
        self._end(uid)
        try:
            source = self._source(obj, sink)
        except (ApiError, InvalidScheduleError, UnsupportedFilterError, ValueError, KeyError) as error:
            return sink, [provided, Condition("Deployed", "InvalidSource", str(error))]
        task = asyncio.create_task(source.run(), name=f"source {obj['kind']} {obj['metadata']['name']}")
        self._runs[uid] = _Run(made_from, task)
        return sink, [provided, Condition("Deployed")]

    def retain(self, uids: Iterable[str]) -> None:
        """End the sources whose manifests are gone."""
        for uid in self._runs.keys() - set(uids):
            self._end(uid)

    async def close(self) -> None:
        """End all sources and wait for it."""
        tasks = [run.task for run in self._runs.values()]
        self.retain(())
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, uid: str) -> None:
        if run := self._runs.pop(uid, None):
            run.task.cancel()

    def _source(self, obj: Object, sink: str) -> _Source:
        adapter = Adapter(self._sinks, sink, obj["spec"].get("ceOverrides"))
        if obj["kind"] == "PingSource":
            return PingSource(obj, adapter, every=self._every)
        wants = trigger_filter({"filters": obj["spec"].get("filters")})
        return ApiServerSource(
            self._api, obj, adapter, server=self._server, wants=wants, in_namespace=self._namespaces(obj)
        )

    def _namespaces(self, obj: Object) -> Callable[[str], bool]:
        """Which namespaces a source watches: its own, or those that its namespaceSelector selects."""
        selector = obj["spec"].get("namespaceSelector")
        if selector is None:
            own = obj["metadata"]["namespace"]
            return lambda namespace: namespace in ("", own)
        if selector:
            raise ValueError("spec.namespaceSelector: the sandbox knows only the empty one, for all namespaces")
        return lambda _: True
