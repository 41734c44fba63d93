"""The clusters that the eventing half of the suite runs against, each with a recorder to deliver to.

The recorder is a process beside the sandbox, and a pod on a real cluster, in the image of a deployed function: that has
Python, and every node can pull it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.testing import sandbox
from tests.conformance.cluster import Cluster, config_map
from tests.conformance.eventing.knative import Broker, Knative, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REAL = os.environ.get("AEGIS_CONFORMANCE_KUBECONFIG")
_RECORDER = Path(__file__).parents[2] / "e2e" / "recorder.py"
_FUNCTION = "/apis/serving.knative.dev/v1/namespaces/monitoring/services/rule-matcher"
_PORT = 8080


@pytest.fixture(scope="session", params=["sandbox", *(["real"] if _REAL else [])])
def knative(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knative]:
    """A cluster with eventing, and a namespace for this run."""
    namespace = f"c-{uuid.uuid4().hex[:8]}"
    made = _real(namespace) if request.param == "real" else _sandbox(namespace, tmp_path_factory.mktemp("manifests"))
    with made as found:
        yield found


@contextmanager
def _sandbox(namespace: str, empty: Path) -> Iterator[Knative]:
    with (
        sandbox(manifests=[empty]) as running,
        Cluster(running.kubeconfig, real=False) as cluster,
        _namespace(cluster, namespace),
        _process() as address,
    ):
        yield Knative(cluster, namespace, Recorder(cluster.http, address, address), "dev.local/rule-matcher")


@contextmanager
def _process() -> Iterator[str]:
    """The recorder beside the sandbox, and its address."""
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": "0"}
    command = [sys.executable, str(_RECORDER)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        rest = threading.Thread(target=process.stdout.read)
        rest.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            rest.join()


@contextmanager
def _real(namespace: str) -> Iterator[Knative]:
    with Cluster(Path(str(_REAL)), real=True) as cluster:
        function = cluster.get(_FUNCTION)
        if function.status_code == 404:
            pytest.skip("no function is deployed, and the recorder runs in the image of one")
        image = function.json()["spec"]["template"]["spec"]["containers"][0]["image"]
        with _namespace(cluster, namespace):
            _pod(cluster, namespace, image)
            proxy = f"/api/v1/namespaces/{namespace}/services/http:recorder:80/proxy"
            address = f"http://recorder.{namespace}.svc.cluster.local"
            yield Knative(cluster, namespace, Recorder(cluster.http, proxy, address), image)


def _pod(cluster: Cluster, namespace: str, image: str) -> None:
    """The recorder on a real cluster."""
    base = f"/api/v1/namespaces/{namespace}"
    container = {
        "name": "recorder",
        "image": image,
        "command": ["python", "/recorder/recorder.py"],
        "env": [{"name": "PORT", "value": str(_PORT)}],
        "readinessProbe": {"httpGet": {"path": "/", "port": _PORT}, "periodSeconds": 1},
        "volumeMounts": [{"name": "recorder", "mountPath": "/recorder"}],
    }
    volume = {"name": "recorder", "configMap": {"name": "recorder"}}
    labels = {"app": "recorder"}
    pod: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "recorder", "labels": labels}}
    pod["spec"] = {"containers": [container], "volumes": [volume], "terminationGracePeriodSeconds": 0}
    ports = [{"port": 80, "targetPort": _PORT}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "recorder"}}
    program = config_map("recorder", {_RECORDER.name: _RECORDER.read_text()})
    assert cluster.post(f"{base}/configmaps", program).is_success
    assert cluster.post(f"{base}/services", {**service, "spec": {"selector": labels, "ports": ports}}).is_success
    # The controller that gives a new namespace its default ServiceAccount may not have come by yet.
    cluster.until(lambda: cluster.post(f"{base}/pods", pod).status_code in (201, 409))
    cluster.until(lambda: cluster.get(f"{base}/services/http:recorder:80/proxy/").is_success)


@contextmanager
def _namespace(cluster: Cluster, name: str) -> Iterator[None]:
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    assert cluster.post("/api/v1/namespaces", manifest).is_success
    try:
        yield
    finally:
        cluster.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="module")
def make_broker(knative: Knative, request: pytest.FixtureRequest) -> Callable[..., Broker]:
    """Makes a Broker for this module, named after it."""
    name = request.module.__name__.rpartition(".")[2].removeprefix("test_").replace("_", "-")

    def make(delivery: dict[str, Any] | None = None) -> Broker:
        return knative.broker(name, delivery)

    return make
