"""The API in-process: copies, persistence, definitions that come, change and go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sandbox.api import Api, ApiError, Resource
from sandbox.api.database import SqliteFile
from sandbox.api.foreign import install_foreign_kinds
from sandbox.api.options import DeleteOptions
from sandbox.api.resources import CRDS, EVENTS, NAMESPACES, NODES, PODS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_WIDGETS = Path(__file__).parents[3] / "conformance" / "widgets.yaml"


def _definition() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_WIDGETS.read_text())
    return found


async def _with_widgets(api: Api) -> Resource:
    await api.create(CRDS, _definition())
    return api.resource("widgets", "conformance.aegis.io")


def _widget(name: str, **spec: Any) -> dict[str, Any]:
    manifest = {"apiVersion": "conformance.aegis.io/v1", "kind": "Widget", "metadata": {"name": name}}
    return {**manifest, "spec": {"size": 1, **spec}}


async def test_what_comes_out_is_the_callers_own() -> None:
    api = Api()
    widgets = await _with_widgets(api)
    given = _widget("a", labels={"x": "1"})
    made = await api.create(widgets, given, "default")
    given["spec"]["labels"]["x"] = made["spec"]["labels"]["x"] = "2"
    (await api.get(widgets, "a", "default"))["spec"]["labels"]["x"] = "3"
    (await api.list(widgets))[0]["spec"]["labels"]["x"] = "4"
    assert (await api.get(widgets, "a", "default"))["spec"]["labels"] == {"x": "1"}


async def test_state_survives_a_restart(tmp_path: Path) -> None:
    api = Api(persistence=SqliteFile(tmp_path / "state"))
    widgets = await _with_widgets(api)
    kept = await api.create(widgets, _widget("kept"), "default")
    await api.create(widgets, _widget("gone"), "default")
    await api.delete(widgets, "gone", "default")
    revision = api.store.revision
    api.close()
    api = Api(persistence=SqliteFile(tmp_path / "state"))
    widgets = api.resource("widgets", "conformance.aegis.io")
    assert await api.list(widgets) == [kept]
    assert api.store.revision == revision
    changed = await api.patch(widgets, "kept", {"spec": {"size": 2}}, "default")
    assert int(changed["metadata"]["resourceVersion"]) == revision + 1
    with pytest.raises(ApiError, match="too old resource version"):
        _ = [event async for event in api.watch(widgets, resource_version="3")]
    api.close()


async def test_a_deletion_that_a_restart_interrupts_goes_on(tmp_path: Path) -> None:
    api = Api(persistence=SqliteFile(tmp_path / "state"))
    await api.create(NAMESPACES, {"metadata": {"name": "left"}})
    await api.delete(NAMESPACES, "left")
    api.close()
    api = Api(persistence=SqliteFile(tmp_path / "state"))
    await api.settled()
    with pytest.raises(ApiError, match='namespaces "left" not found'):
        await api.get(NAMESPACES, "left")
    api.close()


async def test_a_definition_takes_its_objects_with_it() -> None:
    api = Api()
    widgets = await _with_widgets(api)
    await api.create(widgets, _widget("a"), "default")
    await api.delete(CRDS, "widgets.conformance.aegis.io")
    await api.settled()
    assert api.store.count(widgets.bucket) == 0
    with pytest.raises(ApiError, match="could not find the requested resource"):
        api.resource("widgets", "conformance.aegis.io")


async def test_a_changed_definition_holds_for_stored_objects() -> None:
    api = Api()
    widgets = await _with_widgets(api)
    made = await api.create(widgets, _widget("a"), "default")
    path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties"
    patch = [{"op": "add", "path": f"{path}/mode", "value": {"type": "string", "default": "slow"}}]
    await api.patch(CRDS, "widgets.conformance.aegis.io", patch, content_type="application/json-patch+json")
    found = await api.get(widgets, "a", "default")
    assert found["spec"]["mode"] == "slow"
    assert found["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_versions_of_a_kind_share_their_objects() -> None:
    api = Api()
    definition = _definition()
    (first,) = definition["spec"]["versions"]
    definition["spec"]["versions"].append({**first, "name": "v1beta1", "storage": False})
    await api.create(CRDS, definition)
    new = api.resource("widgets", "conformance.aegis.io", "v1")
    old = api.resource("widgets", "conformance.aegis.io", "v1beta1")
    await api.create(new, _widget("a"), "default")
    assert (await api.get(old, "a", "default"))["apiVersion"] == "conformance.aegis.io/v1beta1"
    changed = await api.patch(old, "a", {"spec": {"size": 2}}, "default")
    assert changed["apiVersion"] == "conformance.aegis.io/v1beta1"
    assert (await api.get(new, "a", "default"))["spec"]["size"] == 2


async def test_the_foreign_kinds_are_there_and_stay() -> None:
    api = Api()
    await install_foreign_kinds(api)
    await install_foreign_kinds(api)
    workflow = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "w-"}}
    manifest = {
        **workflow,
        "spec": {"entrypoint": "main", "templates": [{"name": "main"}]},
        "status": {"phase": "Running"},
    }
    made = await api.create(api.resource_of(workflow), manifest, "default")
    assert made["status"] == {"phase": "Running"}
    for plural, group in (
        ("services", "serving.knative.dev"),
        ("brokers", "eventing.knative.dev"),
        ("triggers", "eventing.knative.dev"),
        ("apiserversources", "sources.knative.dev"),
        ("pingsources", "sources.knative.dev"),
        ("sinkbindings", "sources.knative.dev"),
        ("workflowtemplates", "argoproj.io"),
        ("workflowtaskresults", "argoproj.io"),
        ("prometheusrules", "monitoring.coreos.com"),
    ):
        assert api.resource(plural, group).namespaced


async def test_deleting_takes_what_the_object_owns() -> None:
    api = Api()
    widgets = await _with_widgets(api)
    owner = await api.create(widgets, _widget("owner"), "default")
    child = _widget("child")
    child["metadata"]["ownerReferences"] = [
        {"apiVersion": owner["apiVersion"], "kind": "Widget", "name": "owner", "uid": owner["metadata"]["uid"]}
    ]
    await api.create(widgets, child, "default")
    await api.delete(widgets, "owner", "default", options=DeleteOptions(uid=owner["metadata"]["uid"]))
    await api.settled()
    assert await api.list(widgets) == []


async def test_an_owner_that_is_forgotten_holds_nothing() -> None:
    api = Api()
    await api.create(NODES, {"metadata": {"name": "n", "finalizers": ["a.io/x"]}})
    await api.delete(NODES, "n")
    assert (await api.get(NODES, "n"))["metadata"]["deletionTimestamp"]
    await api.patch(NODES, "n", {"metadata": {"finalizers": None}})
    with pytest.raises(ApiError, match='nodes "n" not found'):
        await api.get(NODES, "n")


async def test_events_can_be_written_by_either_face() -> None:
    api = Api()
    newer = api.resource("events", "events.k8s.io")
    event = {
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"},
        "note": "said",
        "reason": "R",
        "type": "Normal",
        "action": "A",
        "reportingController": "c",
        "reportingInstance": "i",
        "eventTime": "2026-01-01T00:00:00.000000Z",
    }
    await api.create(newer, event, "default")
    stored = await api.get(EVENTS, "e", "default")
    assert (stored["message"], stored["involvedObject"]["name"], stored["reportingComponent"]) == ("said", "p", "c")


async def test_quantities_are_text() -> None:
    api = Api()
    containers = [{"name": "c", "image": "i", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}]
    pod = await api.create(PODS, {"metadata": {"name": "p"}, "spec": {"containers": containers}}, "default")
    assert pod["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}


async def _log(pod: Mapping[str, Any], query: Mapping[str, str]) -> AsyncIterator[bytes]:
    yield f"{pod['metadata']['name']} {query.get('container', '')}".encode()


async def test_logs_come_from_whoever_plays_the_kubelet() -> None:
    import httpx  # noqa: PLC0415

    from sandbox.api.http import HttpApi  # noqa: PLC0415

    api = Api()
    api.pod_logs = _log
    containers = [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]
    await api.create(PODS, {"metadata": {"name": "p"}, "spec": {"containers": containers}}, "default")
    transport = httpx.ASGITransport(HttpApi(api))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        path = "/api/v1/namespaces/default/pods/p/log"
        assert (await client.get(path, params={"container": "b"})).text == "p b"
        refused = await client.get(path)
        assert refused.json()["message"] == "a container name must be specified for pod p, choose one of: [a b]"
        assert (await client.get(path, params={"container": "z"})).status_code == 400


async def test_requests_are_counted_by_agent() -> None:
    import httpx  # noqa: PLC0415

    from sandbox.api.http import HttpApi  # noqa: PLC0415

    transport = httpx.ASGITransport(HttpApi(Api()))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sandbox", headers={"User-Agent": "me/1 x"}
    ) as client:
        await client.get("/api/v1/nodes")
        await client.get("/api/v1/nodes")
        await client.get("/api/v1/nodes/none")
        await client.patch("/api/v1/nodes/none/status", json={})
        counts = {"get nodes": 1, "list nodes": 2, "patch nodes/status": 1}
        assert (await client.get("/debug/requests")).json() == {"me/1": counts}
        assert (await client.delete("/debug/requests")).json() == {"me/1": counts}
        assert (await client.get("/debug/requests")).json() == {}


def _quota(hard: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": dict(hard)}}


async def test_a_quota_counts_the_objects_of_its_namespace_and_of_the_kinds_that_it_names() -> None:
    api = Api()
    widgets, configs, quotas = await _with_widgets(api), api.resource("configmaps"), api.resource("resourcequotas")
    await api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    hard = {"count/widgets.conformance.aegis.io": "1", "count/configmaps": "0", "pods": "0"}
    await api.create(quotas, _quota(hard), "default")
    for name in ("a", "b"):
        await api.create(widgets, _widget(name), "other")
    await api.create(widgets, _widget("a"), "default")
    with pytest.raises(
        ApiError, match=r"exceeded quota: q, requested: count/widgets\.conformance\.aegis\.io=1,"
    ) as refusal:
        await api.create(widgets, _widget("b"), "default")
    assert refusal.value.code == 403
    with pytest.raises(ApiError, match="exceeded quota"):
        await api.create(configs, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}, "default")
    await api.patch(widgets, "a", {"spec": {"size": 2}}, "default")
    await api.delete(widgets, "a", "default")
    await api.create(widgets, _widget("b"), "default")
