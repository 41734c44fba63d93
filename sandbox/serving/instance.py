"""One process of one function: started on a free port, ready once its readiness path answers 2xx, stopped by SIGTERM.

It is what a pod with the function's container is in a cluster: `functions-framework` in its ASGI mode, as the
image's command has it. What it prints goes to its Service's log file.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp

from sandbox.http import Request, forward

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.http import Response
    from sandbox.processes import Process, ProcessTable

_PROBE_INTERVAL = 0.005
_START_DEADLINE = 60.0
_COMMAND = ("-m", "functions_framework", "--asgi", "--signature-type", "http", "--host", "127.0.0.1")


class StartError(Exception):
    """The process did not become ready; the message says why."""


class NoAnswerError(Exception):
    """The process went away or hung up before it had answered."""


class NotReachedError(NoAnswerError):
    """The process did not even take the connection, so the request can go to another one."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything that a process is started with."""

    cwd: Path
    env: Mapping[str, str]
    log: Path
    readiness_path: str | None
    concurrency: int


@dataclass(slots=True)
class Instance:
    """A running function."""

    process: Process
    port: int
    launch: Launch
    session: aiohttp.ClientSession
    started: float = field(default_factory=time.time)
    ready: bool = False
    active: int = 0
    served: int = 0

    @classmethod
    async def start(cls, launch: Launch, processes: ProcessTable) -> Instance:
        """Start the process and wait until it is ready.

        Raises:
            StartError: when it ends or does not become ready in time.
        """
        port = _free_port()
        env = {**launch.env, "PORT": str(port)}
        try:
            process = await processes.start(
                [sys.executable, *_COMMAND], env=env, cwd=launch.cwd, output=launch.log, append=True
            )
        except OSError as error:
            raise StartError(f"cannot start: {error}") from error
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=launch.concurrency, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            skip_auto_headers=("user-agent", "content-type", "accept", "accept-encoding"),
        )
        instance = cls(process, port, launch, session)
        try:
            async with asyncio.timeout(_START_DEADLINE):
                await instance._until_ready()
        except BaseException as error:
            process.kill()
            await session.close()
            if isinstance(error, TimeoutError):
                raise StartError(f"not ready after {_START_DEADLINE:.0f} s, see {launch.log}") from error
            raise
        return instance

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.running

    async def handle(self, request: Request) -> Response:
        """Have the function answer a request.

        Raises:
            NotReachedError: when nothing listens any more.
            NoAnswerError: when the process dies or hangs up in it.
        """
        self.active += 1
        try:
            return await forward(self.session, self._origin, request)
        except aiohttp.ClientConnectorError as error:
            raise NotReachedError(str(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswerError(str(error) or type(error).__name__) from error
        finally:
            self.active -= 1
            self.served += 1

    async def stop(self, grace: float) -> None:
        """Let it finish what it is doing, within a grace period."""
        await self.process.stop(grace)
        await self.session.close()

    @property
    def _origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _until_ready(self) -> None:
        probe = Request("GET", self.launch.readiness_path or "/")
        while self.alive:
            try:
                answer = await forward(self.session, self._origin, probe)
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(_PROBE_INTERVAL)
                continue
            if answer.ok or self.launch.readiness_path is None:
                self.ready = True
                return
            await asyncio.sleep(_PROBE_INTERVAL)
        raise StartError(f"the process ended with code {await self.process.wait()}, see {self.launch.log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
