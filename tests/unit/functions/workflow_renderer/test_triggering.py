"""Which template of a match is read, against an API server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from aegis.errors import Unavailable
from aegis.events import RULE_MATCHED, Event
from aegis.kube import Kube
from aegis.lifecycle.match import CREATED_WITHIN
from aegis.models.alert import AegisAlert, AlertState
from aegis.models.base import Object
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import Workflow
from aegis.scope import SETTING, scope
from functions.workflow_renderer import triggering
from functions.workflow_renderer.triggering import trigger
from sandbox.api import Api
from sandbox.api.http import HttpApi
from tests.unit.transports import kube_over

ROOT = Path(__file__).resolve().parents[4]
MANIFEST = (
    "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, spec: {entrypoint: a, templates: [{name: a, suspend: {}}]}}"
)


@pytest.fixture
async def api() -> Api:
    """An API server with Aegis' kinds and two namespaces."""
    api = Api()
    for path in (*sorted((ROOT / "crds").glob("aegis*.yaml")), ROOT / "sandbox" / "crds" / "argo.yaml"):
        for crd in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            await api.create(api.resource("customresourcedefinitions", "apiextensions.k8s.io"), crd)
    for name in ("monitoring", "gpu-team"):
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await api.create(api.resource("namespaces"), manifest)
    return api


@pytest.fixture
def set_anew() -> Iterator[None]:
    """The setting is read in this test, and again in the next one."""
    scope.cache_clear()
    yield
    scope.cache_clear()


async def store(api: Api, model: type[Object], name: str, spec: dict[str, Any], *, namespace: str) -> Any:
    resource = api.resource(model.resource.plural, model.resource.group)
    named = {"apiVersion": model.resource.api_version, "kind": model.resource.kind, "metadata": {"name": name}}
    return await api.create(resource, {**named, "spec": spec}, namespace)


async def matched(api: Api, *, template_namespace: str) -> tuple[Kube, AegisAlert, Event]:
    """An alert whose rule names a template, and the event of the match."""
    kube = kube_over(httpx.ASGITransport(HttpApi(api)))
    await store(api, AegisOpsTemplate, "t", {"manifest": MANIFEST}, namespace=template_namespace)
    rule = await store(api, AegisAlertOpsRule, "r", {}, namespace="monitoring")
    stored = await store(api, AegisAlert, "a", {"type": "NodeDown"}, namespace="monitoring")
    reference = {"namespace": "monitoring", "name": "r", "uid": rule["metadata"]["uid"], "generation": 1}
    template = {"namespace": template_namespace, "name": "t"}
    firing = {"triggerStatus": "Triggered", "rule": reference, "template": template}
    alert = await kube.patch_status(AegisAlert.read(stored), AlertState.model_validate({"firing": firing}))
    return kube, alert, Event(RULE_MATCHED, "/test", "1", {"phase": "firing", "alert": alert.manifest()})


async def test_a_template_that_does_not_count_is_not_read_though_it_was_matched(api: Api) -> None:
    kube, alert, event = await matched(api, template_namespace="gpu-team")
    assert await trigger(kube, event) is None
    status = (await kube.get(AegisAlert, namespace="monitoring", name=alert.metadata.name)).status
    assert status.ops_status.trigger_status == "TemplateNotFound"
    assert SETTING in status.conditions[0].message
    assert (await kube.list(Workflow)).items == []


@pytest.mark.parametrize(("namespace", "setting"), [("monitoring", ""), ("gpu-team", "gpu-team"), ("gpu-team", "*")])
@pytest.mark.usefixtures("set_anew")
async def test_a_template_that_counts_is_rendered(
    api: Api, monkeypatch: pytest.MonkeyPatch, namespace: str, setting: str
) -> None:
    monkeypatch.setenv(SETTING, setting)
    kube, _, event = await matched(api, template_namespace=namespace)
    assert await trigger(kube, event) is not None
    assert len((await kube.list(Workflow)).items) == 1


async def test_a_template_that_is_not_there_is_told_with_the_one_that_was_meant(api: Api) -> None:
    kube, alert, event = await matched(api, template_namespace="monitoring")
    (template,) = (await kube.list(AegisOpsTemplate)).items
    meta = template.metadata
    await api.delete(api.resource("aegisopstemplates", "aegis.io"), meta.name, meta.namespace)
    body = {"apiVersion": "aegis.io/v1alpha1", "kind": "AegisOpsTemplate", "metadata": {"name": f"{meta.name}1"}}
    await api.create(api.resource("aegisopstemplates", "aegis.io"), body, meta.namespace)
    assert await trigger(kube, event) is None
    (condition,) = (await kube.get(AegisAlert, namespace="monitoring", name=alert.metadata.name)).status.conditions
    assert condition.reason == "TemplateNotFound"
    assert condition.message.endswith(f"{meta.name}; did you mean {meta.name}1?")
    assert condition.message.startswith("rule monitoring/")


async def test_what_was_read_too_long_ago_is_not_created_but_read_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert may have been resolved since, and its undo begun."""
    kube, _, event = await matched(api, template_namespace="monitoring")
    times = iter([0.0, CREATED_WITHIN.total_seconds() + 1])
    monkeypatch.setattr(triggering, "monotonic", lambda: next(times))
    with pytest.raises(Unavailable, match="too long ago"):
        await trigger(kube, event)
    assert (await kube.list(Workflow)).items == []
