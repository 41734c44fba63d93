"""However a start is cut off, nothing of it stays, and the next one works. Runs where no cluster is up."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.layout import STATE
from tests.cluster.traces import difference, traces

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="it takes root"),
    pytest.mark.skipif(STATE.exists(), reason="a cluster is up: make cluster-down"),
    pytest.mark.timeout(400),
    pytest.mark.long,
]

_INTERRUPTED = 130
_POINTS = (
    "images of Knative and Argo are in the registry",
    "network is laid",
    "control plane is ready",
    "nodes are ready",
    "Knative is applied",
    "Argo is applied",
)


@pytest.mark.parametrize("point", _POINTS)
def test_ctrl_c_leaves_nothing(point: str) -> None:
    before = traces()
    with _starting() as starting:
        _read_until(starting, point)

        os.killpg(starting.pid, signal.SIGINT)  # as a terminal does it: to all that belongs to the command

        assert starting.wait(timeout=60) == _INTERRUPTED
    assert difference(before, traces()) == {}
    assert not STATE.exists()


@pytest.mark.parametrize("ask", [signal.SIGTERM, signal.SIGHUP], ids=["TERM", "HUP"])
def test_asked_to_end_while_nodes_start_it_leaves_nothing(ask: signal.Signals) -> None:
    before = traces()
    with _starting() as starting:
        _read_until(starting, "control plane is ready")
        _wait_until_there(STATE / "dev1/kubelet.yaml")

        starting.send_signal(ask)

        assert starting.wait(timeout=60) == _INTERRUPTED
    assert difference(before, traces()) == {}


def test_ctrl_c_while_programs_are_built_leaves_no_compiler(tmp_path: Path) -> None:
    before = traces()
    with _starting(AEGIS_CLUSTER_HOME=str(tmp_path)) as starting:
        _read_until(starting, "building etcd")
        _wait_until_there(tmp_path / "go-build/00")

        starting.send_signal(signal.SIGINT)

        assert starting.wait(timeout=60) == _INTERRUPTED
    assert difference(before, traces()) == {}
    assert not list(_mentioning(tmp_path))
    assert not (tmp_path / "bin/etcd/.done").exists()


def test_stopping_the_cluster_lets_a_build_beside_it_go_on(tmp_path: Path) -> None:
    environment = {"AEGIS_CLUSTER_HOME": str(tmp_path)}
    with _starting("build", **environment) as building:
        _read_until(building, "building etcd")
        _wait_until_there(tmp_path / "go-build/00")
        compiling = set(_mentioning(tmp_path))

        subprocess.run(_command("down"), env={**os.environ, **environment}, check=True)

        assert {words for words in compiling if " install " in words} <= set(_mentioning(tmp_path))
        building.send_signal(signal.SIGINT)
        assert building.wait(timeout=60) == _INTERRUPTED
    assert not list(_mentioning(tmp_path))


def test_after_a_start_that_was_killed_the_next_one_works_and_can_be_stopped() -> None:
    before = traces()
    with _starting() as starting:
        _read_until(starting, "Knative is applied")
        starting.kill()
        starting.wait()

    _run("up")
    again = _run("up")
    assert "up already" in again
    _run("down")

    assert difference(before, traces()) == {}
    assert not STATE.exists()
    assert _run("down") == ""


def test_one_command_at_a_time() -> None:
    with _starting() as starting:
        _read_until(starting, "network is laid")

        other = subprocess.run(_command("down"), capture_output=True, text=True, check=False)

        starting.send_signal(signal.SIGINT)
        assert starting.wait(timeout=60) == _INTERRUPTED
    assert other.returncode == 1
    assert "another command" in other.stderr


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    subprocess.run(_command("down"), check=True)


def _command(do: str) -> list[str]:
    return [sys.executable, "-m", "tests.cluster", do]


@contextlib.contextmanager
def _starting(do: str = "up", **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Start the cluster, in a process group of its own; whatever comes of it, the command ends."""
    with subprocess.Popen(
        _command(do),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
        start_new_session=True,
    ) as starting:
        try:
            yield starting
        finally:
            starting.kill()


def _run(do: str) -> str:
    done = subprocess.run(_command(do), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _read_until(starting: subprocess.Popen[str], what: str) -> None:
    assert starting.stdout is not None
    said = ""
    for line in starting.stdout:
        said += line
        if what in line:
            return
    pytest.fail(f"it ended without saying {what!r}: {said}")


def _wait_until_there(path: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"there is no {path}"
        time.sleep(0.05)


def _mentioning(folder: Path) -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in path.read_bytes():
                yield (path.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
