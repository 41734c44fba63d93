"""The function as functions-framework serves it."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from functions_framework.aio import create_asgi_app

from aegis.connection import kube as connection
from functions.alert_normalizer import main as function
from functions.alert_normalizer.routes import Reception
from functions.alert_normalizer.settings import settings as read_settings
from tests.unit.functions.alert_normalizer.conftest import Way, client_of

SAMPLES = sorted((Path(function.__file__).parent / "events").glob("*.json"))
OF_ALERTS = [path for path in SAMPLES if path.stem != "alert-refired"]
KUBECONFIG = {
    "current-context": "c",
    "contexts": [{"name": "c", "context": {"cluster": "c"}}],
    "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
}


@pytest.fixture
def no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A kubeconfig that leads nowhere."""
    (tmp_path / "kubeconfig").write_text(json.dumps(KUBECONFIG))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    caches = (connection, read_settings)
    for each in caches:
        each.cache_clear()
    yield
    for each in caches:
        each.cache_clear()


def served() -> httpx.AsyncClient:
    app = create_asgi_app("normalize", function.__file__, "http")  # type: ignore[no-untyped-call]
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://aegis")


@pytest.mark.parametrize("path", ["/health/readiness", "/health/liveness"])
async def test_health_needs_neither_token_nor_api_server(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("AEGIS_TOKENS_DIR", "/nowhere")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    async with served() as client:
        assert (await client.get(path)).status_code == 204


@pytest.mark.usefixtures("no_cluster")
@pytest.mark.parametrize("setting", [{}, {"AEGIS_TOKENS_DIR": ""}, {"AEGIS_TOKENS_DIR": "/nowhere"}], ids=str)
@pytest.mark.parametrize("path", ["/alertmanager/alert", "/alert", "/default/alert", "/ai/alert", "/"])
async def test_unless_told_otherwise_nobody_comes_in_without_a_token(
    monkeypatch: pytest.MonkeyPatch, setting: dict[str, str], path: str
) -> None:
    monkeypatch.delenv("AEGIS_TOKENS_DIR", raising=False)
    monkeypatch.delenv("AEGIS_OPEN_SOURCES", raising=False)
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    async with served() as client:
        answer = await client.post(path, json={})
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert "aegis-intake-tokens" in answer.json()["detail"]


@pytest.mark.usefixtures("no_cluster")
async def test_where_all_sources_are_open_everybody_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_OPEN_SOURCES", "*")
    async with served() as client:
        assert (await client.post("/alert", json={})).status_code == 422
        assert (await client.post("/alert", json={"type": "A", "status": "Firing"})).status_code == 503


@pytest.mark.parametrize("sample", [path.read_bytes() for path in OF_ALERTS], ids=[path.stem for path in OF_ALERTS])
async def test_every_sample_of_alerts_is_stored(reception: Reception, way: Way, sample: bytes) -> None:
    async with client_of(reception) as client:
        headers = {"Content-Type": "application/cloudevents+json"}
        assert (await client.post("/", content=sample, headers=headers)).status_code == 204
    assert way.requests[0] == "POST"
