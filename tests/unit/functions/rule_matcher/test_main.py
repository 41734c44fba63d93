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
from aegis.events import ALERT_FIRING, RESOURCE_ADDED, RULE_MATCHED, TICK
from aegis.scope import SETTING, scope
from functions.rule_matcher import main
from sandbox.api import Api
from sandbox.api.serve import Server
from tests.unit.functions.rule_matcher.cluster import ROOT, Cluster

SAMPLES = ROOT / "functions" / "rule_matcher" / "events"
STRUCTURED = {"Content-Type": "application/cloudevents+json"}


@pytest.fixture
async def function(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The function's target in a process that was just started."""
    config = tmp_path / "kubeconfig"
    config.write_text(server.kubeconfig(namespace="monitoring"))
    monkeypatch.setenv("KUBECONFIG", str(config))
    for made_once in (kube, main.rules, scope):
        made_once.cache_clear()
    app = Starlette(routes=[Route("/{path:path}", main.match_rules, methods=["GET", "POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://rule-matcher") as client:
        yield client
    await main.rules().close()
    await kube()._server._pool.aclose()
    scope.cache_clear()


def event(typ: str, data: Any, **extensions: str) -> bytes:
    return json.dumps(
        {"specversion": "1.0", "id": "1", "source": "/t", "type": typ, "data": data, **extensions}
    ).encode()


@pytest.mark.parametrize("path", ["/health/readiness", "/health/liveness"])
async def test_it_says_that_it_is_well(function: httpx.AsyncClient, path: str) -> None:
    assert (await function.get(path)).status_code == 204


async def test_an_alert_is_answered_with_its_match(function: httpx.AsyncClient, api: Api) -> None:
    cluster = Cluster(api)
    await cluster.rule()
    alert = await cluster.alert()
    answer = await function.post("/", content=event(ALERT_FIRING, alert.manifest()), headers=STRUCTURED)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/cloudevents+json")
    assert (answer.json()["type"], answer.json()["data"]["phase"]) == (RULE_MATCHED, "firing")
    again = await function.post("/", content=event(ALERT_FIRING, alert.manifest()), headers=STRUCTURED)
    assert again.json()["id"] == answer.json()["id"]


@pytest.mark.parametrize(("setting", "code"), [("", 204), ("platform, gpu-team", 200), ("*", 200)])
async def test_rules_of_another_namespace_count_where_the_operator_says_so(
    function: httpx.AsyncClient, api: Api, monkeypatch: pytest.MonkeyPatch, setting: str, code: int
) -> None:
    monkeypatch.setenv(SETTING, setting)
    cluster = Cluster(api)
    await cluster.rule(namespace="gpu-team")
    alert = await cluster.alert()
    answer = await function.post("/", content=event(ALERT_FIRING, alert.manifest()), headers=STRUCTURED)
    assert answer.status_code == code


@pytest.mark.parametrize(
    ("typ", "kind"),
    [
        pytest.param(TICK, "", id="another type"),
        pytest.param(RESOURCE_ADDED, "Workflow", id="another kind"),
        pytest.param(RESOURCE_ADDED, "", id="no kind"),
    ],
)
async def test_what_it_does_not_handle_is_refused(function: httpx.AsyncClient, typ: str, kind: str) -> None:
    extensions = {"kind": kind} if kind else {}
    answer = await function.post("/", content=event(typ, {}, **extensions), headers=STRUCTURED)
    assert answer.status_code == 400
    assert typ in answer.json()["detail"]


async def test_an_api_server_that_is_away_is_a_reason_to_come_again(
    function: httpx.AsyncClient, tmp_path: Path
) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(config.read_text().replace("127.0.0.1:", "127.0.0.1:1/"))
    answer = await function.post("/", content=(SAMPLES / "alert-firing.json").read_bytes(), headers=STRUCTURED)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
