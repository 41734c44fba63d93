"""A function starts as its manifest confines it: a read-only root, nothing to write to but its home, no capability."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.unit.manifests.reading import ROOT, SERVING, Manifest, of_kind, read

SERVICES = of_kind(read("knative"), "Service", SERVING)
HOME = "/mnt"
"""A folder of every machine, in the place of /tmp, which is home in the manifests: this checkout may lie below that."""
SCRIPT = f"""
mount -t tmpfs -o size=16m tmpfs {HOME} && mount -o remount,bind,ro / || exit 1
if touch /written 2>/dev/null; then echo the root can be written to; exit 1; fi
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
"""
START_SECONDS = 60

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("setpriv")),
        reason="a mount namespace takes Linux, root, unshare and setpriv",
    ),
]


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_a_function_needs_no_more_than_its_manifest_leaves_it(service: Manifest, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    image = {"PYTHONPATH": f"{ROOT}:{ROOT}/shared", "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
    env = {**image, **service.env, "HOME": HOME, "TMPDIR": HOME, "PORT": str(port)}
    command = [sys.executable, "-m", "functions_framework", "--asgi", "--signature-type", "http", "--host=127.0.0.1"]
    argv = ["unshare", "--mount", "--propagation=private", "sh", "-c", SCRIPT, "sh", *command]
    with (
        (tmp_path / "log").open("w+") as log,
        subprocess.Popen(argv, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            answer = ready(process, f"http://127.0.0.1:{port}/health/readiness")
        finally:
            process.terminate()
        log.seek(0)
        assert answer is not None, log.read()
        assert answer.is_success
        assert "rror" not in log.read()


def ready(process: subprocess.Popen[bytes], address: str) -> httpx.Response | None:
    """The first answer of a function, or none if it ends before it gives one."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return httpx.get(address)
        except httpx.TransportError:
            continue
    return None
