"""The sandbox's API in the test's own process, with Aegis' kinds, and a way to cut the tracker off from it."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar

import celpy
import httpx
import yaml

from aegis.kube import Kube
from aegis.models.alert import AegisAlert
from aegis.models.base import Object
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import Phase
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import Workflow
from sandbox.api import Api
from sandbox.api.http import HttpApi
from tests.unit.functions.status_tracker.objects import MATCHED, NAMESPACE, PENDING, argo_status, workflow_manifest
from tests.unit.transports import kube_over

BEGAN = datetime(2026, 1, 1, 11, 45, tzinfo=UTC)
T = TypeVar("T", bound=Object)
ROOT = Path(__file__).resolve().parents[4]


_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}

celpy.Environment()  # raises the recursion limit, which hypothesis wants to stay as it is within a test


class Link(httpx.AsyncBaseTransport):
    """A connection to the API: notes requests, takes its time, and after ``left`` writes breaks, as in a crash.

    With ``loses_answer`` the write at which it breaks is done, and only its answer is lost.
    """

    def __init__(self, app: HttpApi) -> None:
        self._transport = httpx.ASGITransport(app)
        self.requests: Counter[str] = Counter()
        self.left: int | None = None
        self.loses_answer = False
        self.pauses: Iterator[int] = repeat(1)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        broken = self.left == 0
        if self.left and request.method != "GET":
            self.left -= 1
            if self.left == 0 and self.loses_answer:
                await self._transport.handle_async_request(request)
                broken = True
        if broken:
            raise httpx.ConnectError("cut off")
        resource = request.url.path.partition("/namespaces/")[2].split("/")[1:2] or [request.url.path.split("/")[-1]]
        self.requests[f"{request.method} {resource[0]}"] += 1
        await self._pause()
        response = await self._transport.handle_async_request(request)
        await self._pause()
        return response

    async def _pause(self) -> None:
        for _ in range(next(self.pauses)):
            await asyncio.sleep(0)


@cache
def _crds() -> list[dict[str, Any]]:
    files = [*sorted((ROOT / "crds").glob("aegis*.yaml")), ROOT / "sandbox" / "crds" / "argo.yaml"]
    return [doc for file in files for doc in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


class Cluster:
    """Objects that the other functions and Argo would make."""

    def __init__(self) -> None:
        self.clock = BEGAN
        self.api = Api(clock=lambda: self.clock)
        self._app = HttpApi(self.api)
        self.kube, self.link = self.connect()

    def connect(self) -> tuple[Kube, Link]:
        """A connection of its own, as each process has one."""
        link = Link(self._app)
        return kube_over(link), link

    async def start(self) -> "Cluster":
        """Serve the kinds, and have one rule and one template."""
        for crd in _crds():
            await self.api.create(self.api.resource("customresourcedefinitions", "apiextensions.k8s.io"), crd)
        await self.api.create(self.api.resource("namespaces"), _NAMESPACE)
        for model in (AegisAlertOpsRule, AegisOpsTemplate):
            await self.create(model, {"metadata": {"name": "cordon"}, "spec": {}}, {"observedGeneration": 1})
        return self

    async def create(self, model: type[Object], manifest: Mapping[str, Any], status: Mapping[str, Any]) -> None:
        """Store an object with its status."""
        named = {"apiVersion": model.resource.api_version, "kind": model.resource.kind, **manifest}
        await self.api.create(self._resource(model), named, NAMESPACE)
        if status:
            await self.write(model, manifest["metadata"]["name"], {"status": status})

    async def write(self, model: type[Object], name: str, patch: Mapping[str, Any]) -> None:
        """Change an object; its status in its own subresource, where the kind has one."""
        sub = "status" if "status" in patch and model is not Workflow else ""
        await self.api.patch(self._resource(model), name, patch, NAMESPACE, subresource=sub)

    async def delete(self, model: type[Object], name: str) -> None:
        """Delete an object, and what it owns."""
        await self.api.delete(self._resource(model), name, NAMESPACE)
        await self.api.settled()

    async def alert(self, status: Mapping[str, Any] | None = None, *, name: str = "alert", **spec: Any) -> AegisAlert:
        """An alert whose rule was matched, or with another status."""
        await self.create(
            AegisAlert,
            {"metadata": {"name": name}, "spec": {"type": "Disk", **spec}},
            PENDING if status is None else status,
        )
        return await self.get(AegisAlert, name)

    async def resolve(self, name: str = "alert", *, matched: bool = False) -> None:
        """The alert resolves, and perhaps has a rule for that."""
        status: dict[str, Any] = {"status": "Resolved", "resolvedTime": "2026-01-01T11:54:00Z"}
        if matched:
            status |= {"resolved": MATCHED, "opsStatus": {"triggerStatus": "Triggered", "alertOpsStatus": "Pending"}}
        await self.write(AegisAlert, name, {"status": status})

    async def workflow(self, alert: AegisAlert, argo: str = "", *, phase: Phase = Phase.FIRING) -> Workflow:
        """The alert's workflow, just created or in a phase."""
        manifest = workflow_manifest(alert, phase)
        await self.api.create(self._resource(Workflow), manifest, NAMESPACE)
        return await self.argo(await self.get(Workflow, manifest["metadata"]["name"]), argo)

    async def argo(self, workflow: Workflow, phase: str, *, message: str = "") -> Workflow:
        """Argo moves a workflow on."""
        labels = {"workflows.argoproj.io/phase": phase or None}
        patch = {"metadata": {"labels": labels}, "status": argo_status(phase, message=message)}
        await self.write(Workflow, workflow.metadata.name, patch)
        return await self.get(Workflow, workflow.metadata.name)

    async def get(self, model: type[T], name: str) -> T:
        """An object as it is now."""
        return model.read(await self.api.get(self._resource(model), name, NAMESPACE))

    async def names(self, model: type[Object]) -> set[str]:
        """The names of what there is."""
        return {item["metadata"]["name"] for item in await self.api.list(self._resource(model), NAMESPACE)}

    async def said(self) -> list[tuple[str, str, str]]:
        """The Kubernetes Events: type, reason and whom they are about."""
        events = await self.api.list(self.api.resource("events"), NAMESPACE)
        return sorted((event["type"], event["reason"], event["involvedObject"]["name"]) for event in events)

    async def counts(self) -> tuple[int, int, int, int]:
        """Succeeded and failed on the template, then on the rule."""
        template = (await self.get(AegisOpsTemplate, "cordon")).status.execute_status
        rule = (await self.get(AegisAlertOpsRule, "cordon")).status.trigger_status
        return template.succeeded, template.failed, rule.succeeded, rule.failed

    async def listed(self) -> tuple[list[str], list[str]]:
        """The workflows listed as counted on the template, then on the rule."""
        template = (await self.get(AegisOpsTemplate, "cordon")).status.counted
        rule = (await self.get(AegisAlertOpsRule, "cordon")).status.counted
        return [counted.uid for counted in template], [counted.uid for counted in rule]

    def _resource(self, model: type[Object]) -> Any:
        return self.api.resource(model.resource.plural, model.resource.group)
