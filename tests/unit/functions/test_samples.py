"""Whatever a function handles has a sample event, and each sample is answered as docs/operations.md says."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from functions_framework.aio import create_asgi_app

from aegis import events
from aegis.connection import kube
from aegis.models.base import Object
from aegis.models.workflow import Workflow
from functions.alert_normalizer.settings import settings
from sandbox.api import Api
from sandbox.api.serve import Server, serve
from tests.samples import FUNCTIONS, ROOT, SAMPLES, STRUCTURED, Sample, documented, shape
from tools.crds import KINDS

TYPES = sorted(
    value
    for name, value in vars(events).items()
    if name.isupper() and isinstance(value, str) and value != events.BATCH_CONTENT_TYPE
)
RESOURCE_EVENTS = {events.RESOURCE_ADDED, events.RESOURCE_UPDATED, events.RESOURCE_DELETED}
WATCHED: tuple[type[Object], ...] = (*KINDS, Workflow)
NO_API_SERVER = {
    "current-context": "c",
    "contexts": [{"name": "c", "context": {"cluster": "c"}}],
    "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
}
each_function = pytest.mark.parametrize("function", FUNCTIONS)


@pytest.fixture
async def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """The kubeconfig of a function that was just started; it leads nowhere yet."""
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(NO_API_SERVER))
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.delenv("K_SINK", raising=False)
    monkeypatch.setenv("AEGIS_OPEN_SOURCES", "*")
    kube.cache_clear()
    settings.cache_clear()
    yield path
    await kube()._server._pool.aclose()
    kube.cache_clear()
    settings.cache_clear()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """An API server with the kinds that functions read, and no objects."""
    api = Api()
    for file in [*sorted(ROOT.glob("crds/aegis*.yaml")), ROOT / "sandbox" / "crds" / "argo.yaml"]:
        for crd in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            await api.create(api.resource("customresourcedefinitions", "apiextensions.k8s.io"), crd)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}}
    await api.create(api.resource("namespaces"), namespace)
    async with serve(api) as running:
        yield running


@pytest.fixture
def cluster(server: Server, kubeconfig: Path) -> None:
    """That API server is where the kubeconfig leads."""
    kubeconfig.write_text(server.kubeconfig(namespace="monitoring"))


def served(function: str) -> httpx.AsyncClient:
    """A function as functions-framework serves it, by its folder's own settings."""
    folder = ROOT / "functions" / function
    settings = yaml.safe_load((folder / "func.yaml").read_text(encoding="utf-8"))
    environment = {each["name"]: each["value"] for each in settings["run"]["envs"]}
    app = create_asgi_app(environment["FUNCTION_TARGET"], folder / "main.py", "http")  # type: ignore[no-untyped-call]
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://f")


async def handled(function: str) -> set[str]:
    """What a function handles of all that there is: whatever it does not refuse for its type and kind."""
    found = set()
    async with served(function) as client:
        for attributes in possible():
            event = {"specversion": "1.0", "id": "1", "source": "/t", "data": {}, **attributes}
            answer = await client.post("/", json=event, headers={"Content-Type": STRUCTURED})
            if "is not handled here" not in answer.text:
                found.add(shape(event))
    return found


def possible() -> Iterator[dict[str, str]]:
    """An event of each type; those of an ApiServerSource of each kind; and one of no type of ours that nobody took."""
    for typ in TYPES:
        if typ in RESOURCE_EVENTS:
            yield from ({"type": typ, "kind": kind.resource.kind} for kind in WATCHED)
        else:
            yield {"type": typ}
    yield {"type": "org.example.unknown", "knativeerrordest": "http://nowhere/"}


@each_function
@pytest.mark.usefixtures("kubeconfig")
async def test_whatever_a_function_handles_has_a_sample(function: str) -> None:
    samples = [sample.shape for sample in SAMPLES if sample.function == function]
    assert await handled(function) == set(samples)


def test_every_sample_is_documented() -> None:
    assert set(documented()) == {(sample.function, sample.path.stem) for sample in SAMPLES}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.function}-{sample.path.stem}")
@pytest.mark.usefixtures("cluster")
async def test_a_sample_is_answered_as_documented(sample: Sample) -> None:
    async with served(sample.function) as client:
        answer = await client.post("/", content=sample.body, headers={"Content-Type": STRUCTURED})
    told = answer.json()["type"] if answer.content else str(answer.status_code)
    assert told == documented()[sample.function, sample.path.stem]
