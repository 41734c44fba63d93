"""The sandbox's API with Aegis' kinds and Argo's, and one match in it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from aegis.events import RESOURCE_ADDED, RULE_MATCHED, Event
from aegis.models.alert import AegisAlert, AlertState
from aegis.models.base import Object
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from functions.workflow_renderer.recording import record_template
from functions.workflow_renderer.triggering import trigger
from sandbox.api import Api
from sandbox.api.http import HttpApi
from tests.unit.transports import kube_over

T = TypeVar("T", bound=Object)
ROOT = Path(__file__).resolve().parents[4]
NAMESPACE = "monitoring"


@cache
def _crds() -> list[dict[str, Any]]:
    files = [*sorted((ROOT / "crds").glob("aegis*.yaml")), ROOT / "sandbox" / "crds" / "argo.yaml"]
    return [doc for file in files for doc in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


class Cluster:
    """An API server, and one process of the renderer's that speaks to it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.kube = kube_over(httpx.ASGITransport(HttpApi(api)))

    async def create(self, model: type[T], name: str, spec: Mapping[str, Any], **metadata: Any) -> T:
        """Store an object."""
        named = {
            "apiVersion": model.resource.api_version,
            "kind": model.resource.kind,
            "metadata": {"name": name, **metadata},
            "spec": spec,
        }
        resource = self.api.resource(model.resource.plural, model.resource.group)
        return model.read(await self.api.create(resource, named, NAMESPACE))

    async def now(self, item: T) -> T:
        """The object as it is now."""
        return await self.kube.get(type(item), namespace=item.metadata.namespace, name=item.metadata.name)

    async def recorded(self, template: AegisOpsTemplate) -> AegisOpsTemplate:
        """The template once the renderer was told of it."""
        event = Event(RESOURCE_ADDED, "/test", "1", template.manifest())
        await record_template(self.kube, event)
        return await self.now(template)

    async def rendered(self, alert: AegisAlert) -> AegisAlert:
        """The alert once the renderer was told that a rule of the template ``t`` was matched."""
        rule = await self.create(AegisAlertOpsRule, "r", {})
        reference = {"namespace": NAMESPACE, "name": "r", "uid": rule.metadata.uid, "generation": 1}
        template = {"namespace": NAMESPACE, "name": "t"}
        matched = {"triggerStatus": "Triggered", "rule": reference, "template": template}
        alert = await self.kube.patch_status(alert, AlertState.model_validate({"status": "Firing", "firing": matched}))
        event = Event(RULE_MATCHED, "/test", "1", {"phase": "firing", "alert": alert.manifest()})
        await trigger(self.kube, event)
        return await self.now(alert)


async def start() -> Cluster:
    """An API server with Aegis' kinds and one namespace."""
    api = Api()
    for crd in _crds():
        await api.create(api.resource("customresourcedefinitions", "apiextensions.k8s.io"), crd)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    await api.create(api.resource("namespaces"), namespace)
    return Cluster(api)
