"""The intake as a process of its own stays within its pod's memory, whatever a hundred senders send at once."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.alert_normalizer.incoming import MOST_ALERTS
from functions.alert_normalizer.routes import LARGEST_BODY
from tests.unit.manifests.reading import ROOT, SERVING, of_kind, read

SENDERS = 100
START_SECONDS = 60
SHORT = {"type": "T", "status": "Firing"}
ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "DiskFull", "node": "dev1", "severity": "critical", "mountpoint": "/var/lib"},
    "annotations": {"description": "The disk is nearly full. " * 8},
    "startsAt": "2026-01-01T08:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
}

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(sys.platform != "linux", reason="what a process has held is in /proc"),
]


def filled(item: str, within: str = "[%s]") -> bytes:
    """As large a body as is read, of one thing over and over."""
    count = (LARGEST_BODY - len(within)) // (len(item) + 1)
    return (within % ",".join([item] * count)).encode()


def real(count: int) -> Iterator[str]:
    """Alerts of Alertmanager's, no two the same."""
    for number in range(count):
        yield json.dumps({**ALERT, "labels": {**ALERT["labels"], "pod": f"p{number}"}, "fingerprint": f"{number:016x}"})


def webhook() -> bytes:
    """A group of Alertmanager's, nearly as large as is taken."""
    size = len(next(real(1))) + 16
    return ('{"version": "4", "alerts": [' + ",".join(real(LARGEST_BODY // size)) + "]}").encode()


BODIES = {
    "numbers": ("/alert", filled("0")),
    "lists": ("/alert", filled("[]")),
    "objects": ("/alert", filled("{}")),
    "words": ("/alert", filled('"\u00e9\u4e00"')),
    "keys": ("/alert", filled('"k":[]', within="{%s}")),
    "nothing but depth": ("/alert", b"[" * LARGEST_BODY),
    "a long number": ("/alert", b"[" + b"9" * (LARGEST_BODY - 2) + b"]"),
    "a string": ("/alert", b'"' + b"x" * (LARGEST_BODY - 2) + b'"'),
    "a wide string": ("/alert", ('"' + "x" * (LARGEST_BODY - 8) + '\U0001f525"').encode()),
    "short alerts": (
        "/alert",
        json.dumps([{"type": f"T{n}", "status": "Firing"} for n in range(MOST_ALERTS)]).encode(),
    ),
    "a large group": ("/alertmanager/alert", webhook()),
    "halves of pairs": ("/alert", filled('"\\ud800"')),
}


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """The address and pid of an intake that is open to all, and whose API server is away."""
    service = of_kind(read("knative"), "Service", SERVING)["aegis"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kubeconfig = tmp_path / "kubeconfig"
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "c", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "current-context": "c",
    }
    kubeconfig.write_text(json.dumps(config))
    given = {"AEGIS_OPEN_SOURCES": "*", "KUBECONFIG": str(kubeconfig), "PORT": str(port)}
    env = {"PYTHONPATH": f"{ROOT}:{ROOT}/shared", "PATH": os.environ["PATH"], **service.env, **given}
    command = [sys.executable, "-m", "functions_framework", "--asgi", "--signature-type", "http", "--host=127.0.0.1"]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            ready(process, f"{address}/health/readiness")
            yield address, worker(process.pid)
        finally:
            process.terminate()


def ready(process: subprocess.Popen[bytes], address: str) -> None:
    """Wait for the first answer."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(address)
        except httpx.TransportError:
            continue
        return
    pytest.fail("the intake does not start")


def worker(pid: int) -> int:
    """The process that answers: gunicorn's, if it made one."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid


def held(pid: int) -> int:
    """The most memory that a process has held, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(peak) * 1024


def limit() -> int:
    """What the intake's pod may hold, in bytes."""
    memory = of_kind(read("knative"), "Service", SERVING)["aegis"].container["resources"]["limits"]["memory"]
    assert memory.endswith("Mi")
    return int(memory.removesuffix("Mi")) * 1024 * 1024


def test_a_hundred_of_the_largest_bodies_at_once_stay_within_the_pods_memory(intake: tuple[str, int]) -> None:
    address, pid = intake

    def post(sent: tuple[str, bytes]) -> int:
        path, body = sent
        return httpx.post(f"{address}{path}", content=body, timeout=None).status_code

    with ThreadPoolExecutor(SENDERS) as senders:
        answers = set(senders.map(post, islice(cycle(BODIES.values()), SENDERS)))
    assert answers <= {400, 413, 422, 503}
    assert held(pid) < limit()
