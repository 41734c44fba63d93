"""The servers that the conformance suite runs against: the sandbox always, a real API server where one is named.

AEGIS_CONFORMANCE_KUBECONFIG names the kubeconfig of a real one; it needs the garbage collector and the namespace
controller beside it. Each test has a namespace of its own, so the suite leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import os
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sandbox.api import Api
from sandbox.api.serve import serve
from tests.conformance.cluster import WIDGETS, Cluster, Names

if TYPE_CHECKING:
    from collections.abc import Iterator

_REAL = os.environ.get("AEGIS_CONFORMANCE_KUBECONFIG")
_DEFINITION = Path(__file__).parent / "widgets.yaml"


class _Sandbox:
    """The sandbox in a thread of its own."""

    def __init__(self) -> None:
        self.kubeconfig = ""
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> str:
        self._thread.start()
        self._started.wait()
        return self.kubeconfig

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        async with serve(Api(history=50)) as server:
            self.kubeconfig = server.kubeconfig()
            self._started.set()
            await self._stop.wait()


@pytest.fixture(scope="session", params=["sandbox", *(["real"] if _REAL else [])])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server with the widgets' definition."""
    if request.param == "real":
        with Cluster(Path(str(_REAL)), real=True) as real:
            yield from _with_widgets(real)
        return
    with _Sandbox() as kubeconfig:
        path = tmp_path_factory.mktemp("sandbox") / "kubeconfig"
        path.write_text(kubeconfig)
        with Cluster(path, real=False) as sandbox:
            yield from _with_widgets(sandbox)


def _with_widgets(cluster: Cluster) -> Iterator[Cluster]:
    definition: dict[str, Any] = yaml.safe_load(_DEFINITION.read_text())
    name = definition["metadata"]["name"]
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    cluster.post(crds, definition)
    cluster.until(lambda: cluster.established(name))
    cluster.until(lambda: cluster.get("/apis/conformance.aegis.io/v1").status_code == 200)
    yield cluster
    cluster.delete(f"{crds}/{name}")
    cluster.until(lambda: cluster.get(f"{crds}/{name}").status_code == 404)


@pytest.fixture
def names(cluster: Cluster) -> Iterator[Names]:
    """A namespace for one test, and the paths in it."""
    namespace = f"c-{uuid.uuid4().hex[:8]}"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    cluster.until(lambda: cluster.post("/api/v1/namespaces", manifest).status_code in (201, 409))
    yield Names(namespace, f"{WIDGETS}/namespaces/{namespace}/widgets", f"/api/v1/namespaces/{namespace}")
    cluster.delete(f"/api/v1/namespaces/{namespace}")
