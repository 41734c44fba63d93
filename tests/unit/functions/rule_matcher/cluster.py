"""The sandbox's API with Aegis' kinds, and what the other functions do to it."""

import asyncio
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from aegis.events import Event
from aegis.models.alert import AegisAlert
from aegis.models.base import Object
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.workflow import Workflow
from functions.rule_matcher.answering import answer_alert
from functions.rule_matcher.rules import RuleCache
from sandbox.api import Api
from sandbox.api.http import HttpApi
from tests.unit.functions.rule_matcher.objects import rule_manifest
from tests.unit.transports import kube_over

T = TypeVar("T", bound=Object)
ROOT = Path(__file__).resolve().parents[4]
NAMESPACE = "monitoring"


@cache
def _crds() -> list[dict[str, Any]]:
    names = ("aegisalerts", "aegisalertopsrules", "aegisopstemplates")
    files = [*(ROOT / "crds" / f"{name}.aegis.io.yaml" for name in names), ROOT / "sandbox" / "crds" / "argo.yaml"]
    return [doc for file in files for doc in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


class _Noted(httpx.AsyncBaseTransport):
    """A way to the API server that notes what is asked; of its watches none ever tells anything."""

    def __init__(self, transport: httpx.AsyncBaseTransport, requests: list[str]) -> None:
        self._transport = transport
        self._requests = requests

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        watched = "watch " if "watch" in request.url.params else ""
        self._requests.append(f"{watched}{request.method} {request.url.path.removeprefix('/apis/aegis.io/v1alpha1')}")
        if watched:
            await asyncio.get_running_loop().create_future()
        return await self._transport.handle_async_request(request)


class Cluster:
    """An API server, and one process of the matcher's that speaks to it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.requests: list[str] = []
        self.kube = kube_over(_Noted(httpx.ASGITransport(HttpApi(api)), self.requests))
        self.rules = RuleCache(self.kube)

    def asked(self, since: int = 0) -> list[str]:
        """The requests that the matcher made, apart from its watches and the Events it recorded."""
        return [asked for asked in self.requests[since:] if "watch" not in asked and not asked.endswith("/events")]

    async def handle(self, event: Event) -> Event | None:
        """What the matcher makes of an event of an alert."""
        return await answer_alert(self.kube, self.rules, event)

    async def rule(self, name: str = "r", *types: str, **changes: Any) -> AegisAlertOpsRule:
        """A rule is applied."""
        return await self.create(AegisAlertOpsRule, rule_manifest(name, *types, **changes))

    async def alert(self, typ: str = "NodeDown", *, name: str = "a", **spec: Any) -> AegisAlert:
        """An alert is stored."""
        return await self.create(AegisAlert, {"metadata": {"name": name}, "spec": {"type": typ, **spec}})

    async def create(self, model: type[T], manifest: Mapping[str, Any]) -> T:
        """Store an object."""
        metadata = {key: value for key, value in manifest["metadata"].items() if key not in ("uid", "generation")}
        named = {"apiVersion": model.resource.api_version, "kind": model.resource.kind, **manifest}
        stored = await self.api.create(
            self._resource(model), {**named, "metadata": metadata}, metadata.get("namespace", NAMESPACE)
        )
        return model.read(stored)

    async def write(self, item: T, patch: Mapping[str, Any], *, subresource: str = "") -> T:
        """Somebody changes an object."""
        meta = item.metadata
        stored = await self.api.patch(
            self._resource(type(item)), meta.name, patch, meta.namespace, subresource=subresource
        )
        return type(item).read(stored)

    async def delete(self, item: Object) -> None:
        """Somebody deletes an object."""
        await self.api.delete(self._resource(type(item)), item.metadata.name, item.metadata.namespace)

    async def now(self, item: T) -> T:
        """The object as it is now."""
        return await self.kube.get(type(item), namespace=item.metadata.namespace, name=item.metadata.name)

    async def workflow(self, name: str) -> Workflow:
        """The renderer creates a workflow."""
        return await self.create(Workflow, {"metadata": {"name": name}, "spec": {"entrypoint": "start"}})

    async def said(self) -> list[tuple[str, str, str]]:
        """The Kubernetes Events: type, reason and whom they are about."""
        events = await self.api.list(self.api.resource("events"), NAMESPACE)
        return sorted((event["type"], event["reason"], event["involvedObject"]["name"]) for event in events)

    def _resource(self, model: type[Object]) -> Any:
        return self.api.resource(model.resource.plural, model.resource.group)


async def start() -> Api:
    """An API server with Aegis' kinds and two namespaces."""
    api = Api()
    for crd in _crds():
        await api.create(api.resource("customresourcedefinitions", "apiextensions.k8s.io"), crd)
    for name in (NAMESPACE, "gpu-team"):
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await api.create(api.resource("namespaces"), manifest)
    return api
