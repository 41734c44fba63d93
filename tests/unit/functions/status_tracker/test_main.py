"""The function as Knative calls it: over HTTP, with a kubeconfig."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from aegis.connection import kube
from aegis.events import ALERT_COMPLETED, ALERT_FIRING, RESOURCE_ADDED, Event
from aegis.models.alert import AegisAlert
from aegis.models.states import OpsPhase
from functions.status_tracker import main
from sandbox.api.serve import serve
from tests.unit.functions.status_tracker.cluster import ROOT, Cluster

SAMPLES = ROOT / "functions" / "status_tracker" / "events"
STRUCTURED = {"Content-Type": "application/cloudevents+json"}


@pytest.fixture
async def function(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """The function's target in a process that was just started."""
    config = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(config))
    for made_once in (kube, main.tracker, main.sweeper):
        made_once.cache_clear()
    app = Starlette(routes=[Route("/{path:path}", main.track_status, methods=["GET", "POST"])])
    transport = httpx.ASGITransport(app)
    async with serve(cluster.api) as server, httpx.AsyncClient(transport=transport, base_url="http://f") as client:
        config.write_text(server.kubeconfig(namespace="monitoring"))
        yield client
        await kube()._server._pool.aclose()


def event(typ: str, data: Any, **extensions: str) -> bytes:
    return json.dumps(
        {"specversion": "1.0", "id": "1", "source": "/t", "type": typ, "data": data, **extensions}
    ).encode()


@pytest.mark.parametrize("path", ["/health/readiness", "/health/liveness"])
async def test_it_says_that_it_is_well(function: httpx.AsyncClient, path: str) -> None:
    assert (await function.get(path)).status_code == 204


async def test_an_outcome_is_answered_with_its_event(function: httpx.AsyncClient, cluster: Cluster) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Succeeded")
    told = event(RESOURCE_ADDED, workflow.manifest(), kind="Workflow")
    answer = await function.post("/", content=told, headers=STRUCTURED)
    assert (answer.status_code, answer.json()["type"]) == (200, ALERT_COMPLETED)
    again = await function.post("/", content=told, headers=STRUCTURED)
    assert (again.status_code, again.content) == (204, b"")


async def test_the_tick_sweeps(function: httpx.AsyncClient, cluster: Cluster, sent: list[Event]) -> None:
    await cluster.workflow(await cluster.alert(ttlStrategy={"secondsAfterCompletion": 10**9}), "Succeeded")
    answer = await function.post("/", content=(SAMPLES / "tick.json").read_bytes(), headers=STRUCTURED)
    assert answer.status_code == 204
    assert (await cluster.get(AegisAlert, "alert")).status.firing.outcome is OpsPhase.SUCCEEDED
    assert [told.type for told in sent] == [ALERT_COMPLETED]


async def test_a_dead_letter_of_any_type_is_taken(function: httpx.AsyncClient, cluster: Cluster) -> None:
    alert = await cluster.alert({})
    letter = event(ALERT_FIRING, alert.manifest(), knativeerrordest="http://rule-matcher/")
    assert (await function.post("/", content=letter, headers=STRUCTURED)).status_code == 204
    assert [c.type for c in (await cluster.get(AegisAlert, "alert")).status.conditions] == ["Stalled"]


async def test_a_dead_letter_that_knative_could_not_mark_is_one_too(
    function: httpx.AsyncClient, cluster: Cluster
) -> None:
    """Where the Broker's own filter is what did not answer, nothing says so; but no Trigger sends such events here."""
    letter = event(ALERT_FIRING, (await cluster.alert({})).manifest())
    assert (await function.post("/", content=letter, headers=STRUCTURED)).status_code == 204
    (stalled,) = (await cluster.get(AegisAlert, "alert")).status.conditions
    assert (stalled.type, stalled.message) == ("Stalled", f"{ALERT_FIRING} was not delivered: no answer")


@pytest.mark.parametrize(
    ("typ", "data", "extensions"),
    [
        pytest.param(ALERT_FIRING, {}, {}, id="another type"),
        pytest.param(RESOURCE_ADDED, {}, {"kind": "AegisAlert"}, id="another kind"),
        pytest.param(RESOURCE_ADDED, {"metadata": 3}, {"kind": "Workflow"}, id="no workflow"),
        pytest.param(RESOURCE_ADDED, None, {"kind": "Workflow"}, id="no data"),
    ],
)
async def test_what_it_does_not_handle_is_refused(
    function: httpx.AsyncClient, typ: str, data: Any, extensions: dict[str, str]
) -> None:
    answer = await function.post("/", content=event(typ, data, **extensions), headers=STRUCTURED)
    assert answer.status_code == 400
