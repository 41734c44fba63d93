"""A function as a process of its own, started as a container starts it, and timed by its first answer."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ARGV = (sys.executable, "-m", "functions_framework", "--asgi", "--signature-type", "http", "--host", "127.0.0.1")
_POLL_SECONDS = 0.001
_DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request to a function."""

    body: bytes
    content_type: str = "application/cloudevents+json"
    path: str = "/"


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What came of the first request to a new process."""

    seconds: float
    """From the process's start to the answer."""
    pss: int
    """Bytes of memory that it and its children hold afterwards, shared pages in part."""
    body: bytes


def first_answer(call: Call, *, env: Mapping[str, str], cwd: Path, log: Path) -> FirstAnswer:
    """Start a function, have it answer one request, and stop it.

    Raises:
        RuntimeError: when the answer is no success.
    """
    port = _free_port()
    begin = time.perf_counter()
    with _running({**env, "PORT": str(port)}, cwd, log) as process:
        _wait_for(port, process, log)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_DEADLINE_SECONDS)
        connection.request("POST", call.path, call.body, {"Content-Type": call.content_type})
        answer = connection.getresponse()
        body = answer.read()
        seconds = time.perf_counter() - begin
        connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{call.path} answered {answer.status}: {body!r}; its log: {log.read_text()}")
        return FirstAnswer(seconds, _pss(process.pid), body)


@contextmanager
def _running(env: Mapping[str, str], cwd: Path, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            _ARGV, env=dict(env), cwd=cwd, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the function did not start; its log: {log.read_text()}") from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _pss(leader: int) -> int:
    """The proportional set size of a process and everything that descends from it."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdecimal()}
    tree = {leader}
    while grown := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= grown
    return sum(_pss_of(pid) for pid in tree)


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it ended meanwhile
        return 0


def _pss_of(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
