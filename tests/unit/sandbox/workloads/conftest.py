"""A cluster of nothing but pods and workflows, whose containers pretend or are processes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.api import Api
from sandbox.api.foreign import install_foreign_kinds
from sandbox.processes import ProcessTable
from sandbox.workloads.containers import Executor, Pretender, Runner
from sandbox.workloads.controller import WorkflowController
from sandbox.workloads.kubelet import Kubelet
from sandbox.workloads.logs import LogBook
from sandbox.workloads.nodes import ensure_nodes

Seen = Callable[[dict[str, Any]], object]


@dataclass
class Workloads:
    """The API and a way to wait for what its objects become."""

    api: Api
    logs: LogBook

    async def submit(self, spec: dict[str, Any], name: str = "w", **meta: Any) -> dict[str, Any]:
        """Create a workflow."""
        workflow = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": name, **meta},
            "spec": spec,
        }
        return await self.api.create(self.api.resource("workflows", "argoproj.io"), workflow, "default")

    async def run(self, spec: dict[str, Any], name: str = "w") -> dict[str, Any]:
        """Create a workflow and wait for its end."""
        await self.submit(spec, name)
        return await self.workflow(lambda found: found.get("status", {}).get("finishedAt"), name)

    async def workflow(self, seen: Seen, name: str = "w") -> dict[str, Any]:
        """Wait until a workflow looks so."""
        return await self._until("workflows", "argoproj.io", name, seen)

    async def pod(self, seen: Seen, name: str) -> dict[str, Any]:
        """Wait until a pod looks so."""
        return await self._until("pods", "", name, seen)

    async def pods(self) -> list[dict[str, Any]]:
        """All pods."""
        return await self.api.list(self.api.resource("pods"), "default")

    async def event(self, about: str) -> dict[str, Any]:
        """Wait for an Event about an object of that name."""
        async with asyncio.timeout(10):
            async for event in self.api.watch(self.api.resource("events"), "default"):
                if event.object["involvedObject"]["name"] == about:
                    return event.object
        raise AssertionError

    async def log(self, pod: dict[str, Any], **query: str) -> str:
        """A pod's log."""
        return b"".join([chunk async for chunk in self.logs.read(pod, query)]).decode()

    async def gone(self, plural: str, group: str, name: str) -> None:
        """Wait until an object is not there any more."""
        async with asyncio.timeout(10):
            async for event in self.api.watch(self.api.resource(plural, group), "default"):
                if event.type == "DELETED" and event.object["metadata"]["name"] == name:
                    return

    async def _until(self, plural: str, group: str, name: str, seen: Seen) -> dict[str, Any]:
        async with asyncio.timeout(10):
            async for event in self.api.watch(self.api.resource(plural, group), "default"):
                if event.object["metadata"]["name"] == name and seen(event.object):
                    return event.object
        raise AssertionError


async def _workloads(state: Path, runner: Runner) -> AsyncIterator[Workloads]:
    api, logs = Api(), LogBook(state)
    await install_foreign_kinds(api)
    await ensure_nodes(api)
    work: list[Awaitable[None]] = [Kubelet(api, runner, logs).run(), WorkflowController(api, logs).run()]
    tasks = [asyncio.ensure_future(part) for part in work]
    yield Workloads(api, logs)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended


@pytest.fixture
async def workloads(tmp_path: Path) -> AsyncIterator[Workloads]:
    async for made in _workloads(tmp_path, Pretender(0.0)):
        yield made


@pytest.fixture
async def executing(tmp_path: Path) -> AsyncIterator[Workloads]:
    """The same with containers that are processes of this machine."""
    async with ProcessTable() as processes:
        async for made in _workloads(tmp_path, Executor(processes, tmp_path / "kubeconfig")):
            yield made
