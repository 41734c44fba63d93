"""Knative Eventing in small: makes manifests of Brokers, Triggers, sources and bindings run, and says what is ready.

There are few such objects, so any change of one rebuilds the whole picture; running sources are kept as long as
neither they nor their sink changed.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.conditions import write_status
from sandbox.eventing import running
from sandbox.eventing.broker import Broker
from sandbox.eventing.sinkbinding import binds, environment
from sandbox.eventing.sinks import UnresolvedSinkError
from sandbox.eventing.subscriptions import read_broker, read_trigger
from sandbox.informer import Informer

if TYPE_CHECKING:
    from sandbox.api import Api, Object
    from sandbox.eventing.ingress import Ingress
    from sandbox.eventing.sinks import Sinks
    from sandbox.eventing.subscriptions import TriggerReading
    from sandbox.serving.manifest import ServiceSpec

logger = logging.getLogger(__name__)

_EVENTING, _SOURCES = "eventing.knative.dev", "sources.knative.dev"


@dataclass(frozen=True, slots=True)
class EventingOptions:
    """What tests and trials change about eventing."""

    duplicate: bool = False
    """Deliver every event twice."""
    tick: float | None = None
    """Seconds between the events of every PingSource, in place of its schedule."""


class EventingController:
    """The eventing objects of the cluster and what they stand for."""

    def __init__(self, api: Api, ingress: Ingress, sinks: Sinks, *, server: str, options: EventingOptions) -> None:
        self._api = api
        self._ingress = ingress
        self._sinks = sinks
        self._options = options
        self._dirty = asyncio.Event()
        self._settled = asyncio.Event()
        self._brokers = self._informer("brokers", _EVENTING)
        self._triggers = self._informer("triggers", _EVENTING)
        self._bindings = self._informer("sinkbindings", _SOURCES)
        self._sources = [self._informer(plural, _SOURCES) for plural in ("apiserversources", "pingsources")]
        self._others = [
            self._informer("services", "serving.knative.dev"),
            self._informer("customresourcedefinitions", "apiextensions.k8s.io"),
        ]
        self._running = running.RunningSources(api, sinks, server=server, every=options.tick)

    async def run(self) -> None:
        """Keep up with the manifests until cancelled."""
        informers = [self._brokers, self._triggers, self._bindings, *self._sources, *self._others]
        try:
            async with asyncio.TaskGroup() as group:
                for informer in informers:
                    group.create_task(informer.run())
                for informer in informers:
                    await informer.synced.wait()
                while True:
                    self._dirty.clear()
                    await self._reconcile()
                    self._settled.set()
                    await self._dirty.wait()
        finally:
            await self._running.close()

    async def settled(self) -> None:
        """Wait until what exists has been put to work."""
        await self._settled.wait()

    def environment_of(self, spec: ServiceSpec) -> dict[str, str]:
        """What SinkBindings put into the environment of a Service."""
        env: dict[str, str] = {}
        for binding in self._bindings.objects:
            if not _bound(binding, spec):
                continue
            try:
                sink = self._sinks.resolve(binding["spec"].get("sink"), binding["metadata"]["namespace"])
            except UnresolvedSinkError as error:
                logger.warning("sinkbinding/%s: %s", binding["metadata"]["name"], error)
                continue
            env |= environment(binding, sink)
        return env

    def _informer(self, plural: str, group: str) -> Informer:
        return Informer(self._api, self._api.resource(plural, group), lambda _kind, _obj: self._dirty.set())

    async def _reconcile(self) -> None:
        await self._reconcile_brokers()
        await self._reconcile_triggers()
        await self._reconcile_bindings()
        for informer in self._sources:
            for obj in informer.objects:
                sink, conditions = self._running.ensure(obj)
                await write_status(self._api, informer.resource, obj, conditions, sinkUri=sink)
        self._running.retain(obj["metadata"]["uid"] for informer in self._sources for obj in informer.objects)

    async def _reconcile_brokers(self) -> None:
        existing = {_key(obj) for obj in self._brokers.objects}
        for gone in self._ingress.brokers.keys() - existing:
            del self._ingress.brokers[gone]
        for namespace, name in existing - self._ingress.brokers.keys():
            url = self._sinks.broker_url(namespace, name)
            self._ingress.brokers[namespace, name] = Broker(url, self._sinks, duplicate=self._options.duplicate)
        for obj in self._brokers.objects:
            reading = read_broker(obj, self._sinks)
            await write_status(
                self._api, self._brokers.resource, obj, reading.conditions,
                address={"name": "http", "url": self._ingress.brokers[_key(obj)].url},
                deadLetterSinkUri=reading.dead_letter,
            )  # fmt: skip

    async def _reconcile_triggers(self) -> None:
        readings = [(obj, self._read_trigger(obj)) for obj in self._triggers.objects]
        for (namespace, name), broker in self._ingress.brokers.items():
            broker.subscriptions = tuple(
                reading.subscription
                for obj, reading in readings
                if reading.subscription is not None and _broker_of(obj) == (namespace, name)
            )
        for obj, reading in readings:
            await write_status(
                self._api, self._triggers.resource, obj, reading.conditions,
                subscriberUri=reading.subscriber, deadLetterSinkUri=reading.dead_letter,
            )  # fmt: skip

    def _read_trigger(self, obj: Object) -> TriggerReading:
        return read_trigger(obj, self._brokers.get(*_broker_of(obj)), self._sinks)

    async def _reconcile_bindings(self) -> None:
        for obj in self._bindings.objects:
            sink, condition = running.resolve_sink(self._sinks, obj)
            await write_status(self._api, self._bindings.resource, obj, [condition], sinkUri=sink)


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def _broker_of(obj: Object) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["spec"].get("broker") or "default"


def _bound(binding: Object, spec: ServiceSpec) -> bool:
    return binds(
        binding,
        api_version="serving.knative.dev/v1",
        kind="Service",
        namespace=spec.namespace,
        name=spec.name,
        labels=dict(spec.labels),
    )
