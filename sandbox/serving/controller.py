"""Knative Serving in small: keeps one activator per Service manifest and says in its status whether it is ready."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from sandbox.conditions import Condition, write_status
from sandbox.informer import Informer
from sandbox.serving.activator import Activator
from sandbox.serving.instance import StartError
from sandbox.serving.manifest import ManifestError, ServiceSpec, parse_service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.api import Api, Object
    from sandbox.processes import ProcessTable
    from sandbox.serving.instance import Launch

logger = logging.getLogger(__name__)


class ServingController:
    """The Services of the cluster and their processes."""

    def __init__(
        self,
        api: Api,
        processes: ProcessTable,
        launch: Callable[[ServiceSpec], Awaitable[Launch]],
        *,
        gateway: Callable[[], str],
        idle: float | None = None,
    ) -> None:
        self._api = api
        self._processes = processes
        self._launch = launch
        self._gateway = gateway
        self._idle = idle
        self._resource = api.resource("services", "serving.knative.dev")
        self._informer = Informer(api, self._resource, self._changed)
        self._activators: dict[tuple[str, str], Activator] = {}
        self._by_host: dict[str, Activator] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Follow the Services until cancelled, then stop what runs."""
        try:
            await self._informer.run()
        finally:
            await asyncio.gather(*(activator.close() for activator in self._activators.values()))
            if self._background:
                await asyncio.wait(self._background)

    async def settled(self) -> None:
        """Wait until the Services that exist are known."""
        await self._informer.synced.wait()

    def find(self, namespace: str, name: str) -> Activator | None:
        """The activator of one Service."""
        return self._activators.get((namespace, name))

    def route(self, host: str) -> Activator | None:
        """The Service that a Host header names."""
        return self._by_host.get(host.split(":", 1)[0].removesuffix(".localhost"))

    @property
    def public(self) -> Activator | None:
        """The Service that is reachable from outside, the first by name if there are several."""
        return next((found for _, found in sorted(self._activators.items()) if found.spec.public), None)

    def processes(self) -> list[dict[str, Any]]:
        """What runs now, for the debug endpoint."""
        return [
            {
                "namespace": spec.namespace,
                "service": spec.name,
                "pid": instance.process.pid,
                "port": instance.port,
                "active": instance.active,
                "served": instance.served,
                "started": instance.started,
            }
            for activator in self._activators.values()
            if (instance := activator.instance) is not None
            for spec in (activator.spec,)
        ]

    def _changed(self, kind: str, obj: Object) -> None:
        key = (obj["metadata"]["namespace"], obj["metadata"]["name"])
        if kind == "DELETED":
            self._remove(key)
            return
        try:
            spec = parse_service(obj)
        except (ManifestError, ValueError, KeyError) as error:
            self._remove(key)
            self._spawn(self._report(obj, Condition("ConfigurationsReady", "InvalidManifest", str(error)), None))
            return
        activator = self._activators.get(key)
        if activator is None:
            activator = Activator(spec, self._launch, self._processes, idle=self._idle)
            self._activators[key] = activator
            self._by_host |= dict.fromkeys(spec.hosts, activator)
        else:
            activator.replace(spec)
        self._spawn(self._report(obj, Condition("ConfigurationsReady"), spec))
        if spec.min_scale > 0:
            self._spawn(self._warm(activator))

    def _remove(self, key: tuple[str, str]) -> None:
        activator = self._activators.pop(key, None)
        if activator is not None:
            for host in activator.spec.hosts:
                self._by_host.pop(host, None)
            self._spawn(activator.close())

    async def _warm(self, activator: Activator) -> None:
        try:
            await activator.warm()
        except StartError as error:
            logger.warning("service/%s/%s: %s", activator.spec.namespace, activator.spec.name, error)

    async def _report(self, obj: Object, configured: Condition, spec: ServiceSpec | None) -> None:
        fields: dict[str, Any] = {}
        if spec is not None:
            internal = f"http://{spec.hosts[-1]}"
            revision = f"{spec.name}-{spec.generation:05d}"
            fields = {
                "address": {"url": internal},
                "url": f"{self._gateway_for(spec)}" if spec.public else internal,
                "latestCreatedRevisionName": revision,
                "latestReadyRevisionName": revision,
            }
        await write_status(self._api, self._resource, obj, [configured, Condition("RoutesReady")], **fields)

    def _gateway_for(self, spec: ServiceSpec) -> str:
        port = self._gateway().rsplit(":", 1)[1]
        return f"http://{spec.hosts[0]}.localhost:{port}"

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
