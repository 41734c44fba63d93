"""The embedded cluster as one thing: the API, serving, eventing and workloads in one process, started in order."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox import manifests
from sandbox.api import Api
from sandbox.api.database import SqliteFile
from sandbox.api.foreign import install_foreign_kinds
from sandbox.api.serve import serve as serve_api
from sandbox.debug import brokers_and_debug
from sandbox.eventing.controller import EventingController, EventingOptions
from sandbox.eventing.ingress import Ingress
from sandbox.eventing.sinks import Sinks
from sandbox.processes import ProcessTable
from sandbox.servers import served
from sandbox.serving.controller import ServingController
from sandbox.serving.environment import LaunchPlanner
from sandbox.serving.gateway import Gateway
from sandbox.state import held
from sandbox.workloads.containers import Executor, Pretender
from sandbox.workloads.controller import WorkflowController
from sandbox.workloads.kubelet import Kubelet
from sandbox.workloads.logs import LogBook
from sandbox.workloads.nodes import ensure_nodes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence
    from pathlib import Path
    from typing import Any

    from sandbox.workloads.containers import Runner

NAMESPACE = "monitoring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run the cluster."""

    root: Path
    """The project's folder: what functions import from, and where manifests are."""
    functions: Path
    state: Path
    """Where kubeconfig, addresses and logs go; no other sandbox may have it."""
    manifests: Sequence[Path] = ()
    port: int = 8080
    api_port: int = 0
    data: Path | None = None
    execute: bool = False
    idle: float | None = None
    pretend_seconds: float = 0.3
    """How long a container takes that does not really run."""
    eventing: EventingOptions = field(default_factory=EventingOptions)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a running cluster is reached."""

    api: str
    gateway: str
    broker: str
    kubeconfig: Path


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster."""

    api: Api
    endpoints: Endpoints
    failed: asyncio.Future[None]
    """Done when one of its controllers has broken down."""


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Cluster]:
    """Run the cluster until the block ends.

    Raises:
        StateError: when the state folder cannot be used, or another sandbox has it.
        UnusableFileError: when the file that is to keep the objects cannot.
        PortTakenError: when a port is not free.
        UnreadableManifestError: when a manifest cannot be applied.
    """
    async with AsyncExitStack() as stack:
        state = stack.enter_context(held(settings.state))
        api = Api(persistence=SqliteFile(settings.data) if settings.data else None)
        stack.callback(api.close)
        await install_foreign_kinds(api)
        processes = await stack.enter_async_context(ProcessTable())
        ingress = Ingress()
        urls: dict[str, str] = {}
        planner = LaunchPlanner(
            api,
            root=settings.root,
            functions=settings.functions,
            state=settings.state,
        )
        serving = ServingController(api, processes, planner.plan, gateway=lambda: urls["gateway"], idle=settings.idle)
        sinks = Sinks(serving, ingress, lambda: urls["broker"])
        stack.push_async_callback(sinks.close)
        urls["gateway"] = await stack.enter_async_context(served(Gateway(serving), settings.port))
        urls["broker"] = await stack.enter_async_context(served(brokers_and_debug(ingress, serving)))
        server = await stack.enter_async_context(serve_api(api, settings.api_port))
        eventing = EventingController(api, ingress, sinks, server=server.url, options=settings.eventing)
        planner.bound = eventing.environment_of
        kubeconfig = state.publish("kubeconfig", server.kubeconfig(namespace=NAMESPACE))
        objects = [obj for path in settings.manifests for obj in manifests.load(path)]
        await manifests.apply(api, objects, namespace=NAMESPACE)
        logs = LogBook(settings.state / "pods")
        api.pod_logs = logs.read
        runner: Runner = Executor(processes, kubeconfig) if settings.execute else Pretender(settings.pretend_seconds)
        await ensure_nodes(api)
        failed = await stack.enter_async_context(
            _tasks(serving.run(), eventing.run(), Kubelet(api, runner, logs).run(), WorkflowController(api, logs).run())
        )
        await serving.settled()
        await eventing.settled()
        endpoints = Endpoints(server.url, urls["gateway"], urls["broker"], kubeconfig)
        state.publish("sandbox.json", _addresses(endpoints))
        yield Cluster(api, endpoints, failed)


@asynccontextmanager
async def _tasks(*work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Future[None]]:
    """Run controllers beside the block; what breaks in one of them is the block's to see."""
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ended(task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not failed.done():
            failed.set_exception(error)

    tasks = [asyncio.create_task(coroutine) for coroutine in work]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield failed
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        failed.cancel()


def _addresses(endpoints: Endpoints) -> str:
    """Where other programs find the cluster, as JSON."""
    document = {
        "api": endpoints.api,
        "gateway": endpoints.gateway,
        "broker": endpoints.broker,
        "kubeconfig": str(endpoints.kubeconfig),
        "pid": os.getpid(),
    }
    return json.dumps(document, indent=2) + "\n"
