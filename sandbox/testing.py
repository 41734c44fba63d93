"""Starts a sandbox as a process of its own, for tests and benchmarks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


class SandboxDiedError(Exception):
    """The sandbox did not come up; holds what it printed."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: base URLs without a trailing slash, its files and its process."""

    api: str
    gateway: str
    broker: str
    """Brokers at `/<namespace>/<name>`, and `/debug/…`."""
    kubeconfig: Path
    state: Path
    process: subprocess.Popen[bytes]

    def log(self, service: str) -> str:
        """What a function's processes have printed so far."""
        file = self.state / "logs" / f"{service}.log"
        return file.read_text() if file.exists() else ""

    @property
    def output(self) -> str:
        """What the sandbox itself has printed so far."""
        return (self.state / "output").read_text()


@contextmanager
def sandbox(
    *options: str, manifests: Sequence[Path] = (), functions: Path | None = None, command: str = "serve"
) -> Iterator[Sandbox]:
    """Run `python -m sandbox serve` on free ports with a folder of its own until the block ends.

    Args:
        options: further command-line options, such as `--idle=1`.
        manifests: applied in place of the project's own.
        functions: folder of the functions in place of the project's own.
        command: `serve`, or another command that goes on serving.

    Raises:
        SandboxDiedError: when it does not come up.
    """
    # Unix sockets that functions keep under their home do not like long paths, so not pytest's folder.
    state = Path(tempfile.mkdtemp(prefix="aegis-"))
    argv = [sys.executable, "-m", "sandbox", command, "--port=0", f"--state-dir={state}", *options]
    argv += [f"--manifests={path}" for path in manifests]
    argv += [f"--functions={functions}"] if functions else []
    with (state / "output").open("wb") as output:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        yield _started(process, state)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if not os.environ.get("AEGIS_KEEP_STATE"):
            shutil.rmtree(state, ignore_errors=True)


def _started(process: subprocess.Popen[bytes], state: Path) -> Sandbox:
    deadline = time.monotonic() + _START_SECONDS
    addresses = state / "sandbox.json"
    while not addresses.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SandboxDiedError((state / "output").read_text())
        time.sleep(0.01)
    found = json.loads(addresses.read_text())
    return Sandbox(
        api=found["api"],
        gateway=found["gateway"],
        broker=found["broker"],
        kubeconfig=Path(found["kubeconfig"]),
        state=state,
        process=process,
    )
