"""Local processes that stand for containers: each in a group of its own, none outliving the sandbox.

A container dies with its first process; here that is the group's leader, so what it leaves behind is killed with it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

_REAPER = Path(__file__).with_name("reaper.py")


class Process:
    """A running process and everything it started."""

    def __init__(self, child: asyncio.subprocess.Process, table: ProcessTable) -> None:
        self.pid = child.pid
        self._child = child
        self._exit = asyncio.create_task(self._reap(table), name=f"process {child.pid}")

    @property
    def running(self) -> bool:
        """Whether the leader is still there."""
        return not self._exit.done()

    async def wait(self) -> int:
        """Wait for the end; negative is the signal that ended it."""
        return await asyncio.shield(self._exit)

    def kill(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Signal the whole group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, sig)

    def terminate(self) -> None:
        """Ask the leader alone to end, as a kubelet does."""
        if self.running:  # not the child's own terminate: that looks whether it ended, and takes the exit code away
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    async def stop(self, grace: float) -> int:
        """SIGTERM, and SIGKILL to the group after the grace period."""
        self.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._exit), grace)
        self.kill()
        return await self.wait()

    async def _reap(self, table: ProcessTable) -> int:
        code = await self._child.wait()
        self.kill()
        table.forget(self.pid)
        return code


class ProcessTable:
    """Starts processes and, with its reaper, sees to it that they end with the sandbox."""

    def __init__(self) -> None:
        self._running: dict[int, Process] = {}
        self._reaper = subprocess.Popen(  # noqa: S603
            [sys.executable, "-S", "-E", str(_REAPER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, output: Path, append: bool = True
    ) -> Process:
        """Start a process whose output goes to a file.

        Raises:
            OSError: when the program cannot be started.
        """
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab" if append else "wb") as log:
            child = await asyncio.create_subprocess_exec(
                *argv,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tell("+", child.pid)
        process = Process(child, self)
        self._running[child.pid] = process
        return process

    def forget(self, pid: int) -> None:
        """A process has ended."""
        self._running.pop(pid, None)
        self._tell("-", pid)

    async def close(self) -> None:
        """Kill what still runs; the owners had their chance to stop it."""
        left = list(self._running.values())
        for process in left:
            process.kill()
        for process in left:
            await process.wait()
        if self._reaper.stdin is not None:
            self._reaper.stdin.close()
        await asyncio.to_thread(self._reaper.wait)

    def _tell(self, sign: str, pid: int) -> None:
        if self._reaper.stdin is not None and not self._reaper.stdin.closed:
            self._reaper.stdin.write(f"{sign}{pid}\n".encode())
            self._reaper.stdin.flush()
