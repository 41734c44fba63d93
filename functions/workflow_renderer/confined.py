"""Runs work in a forked child process, within limits of time and memory.

A template's author may be anyone, and no list of what takes long is ever complete. What a child uses up, and what it
ends with, is its own: the function goes on answering meanwhile. A fork has all modules loaded already and takes some
milliseconds, where a new interpreter would take longer than a cold start.

What comes back is JSON and not a pickle: whatever ran in the child, here it is only data.
"""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from aegis.errors import Unavailable

CPU_SECONDS = 1
"""Of computing; an ordinary template takes some milliseconds, one of the largest half a second."""
MEMORY = 96 * 2**20
"""Bytes beyond what the function itself has; its pod has room for one child's."""
WALL_SECONDS = 20.0
"""Until a child is given up that got too little of a processor to use up its time."""
_MESSAGE_LENGTH = 1000
_NO_MEMORY, _FAILED = 3, 4


class Stopped(Exception):
    """The work came to no end: it is over a limit, or failed; the message says which."""


async def confined(work: Callable[[], Any]) -> Any:
    """The result of ``work``, JSON-ready data, computed in a child process; one at a time.

    Raises:
        Stopped: when the work is over a limit, or raises what it should not.
        Unavailable: when no child can be started, or the machine is too busy for it.
    """
    async with _turn(asyncio.get_running_loop()):
        reading, writing = os.pipe()
        try:
            child = os.fork()
        except OSError as error:
            os.close(reading)
            os.close(writing)
            raise Unavailable(f"no process can be started: {error.strerror}") from error
        if child == 0:
            _run(work, writing)
        os.close(writing)
        return _result(*await _ended(child, reading))


@lru_cache(maxsize=1)
def _turn(_: asyncio.AbstractEventLoop) -> asyncio.Lock:
    return asyncio.Lock()


async def _ended(child: int, reading: int) -> tuple[bytes, int]:
    """What a child wrote until it ended, and how it ended; it is killed when nobody waits for it any more."""
    try:
        written = await asyncio.wait_for(_read(reading), WALL_SECONDS)
    except BaseException as error:
        os.kill(child, signal.SIGKILL)
        _wait_for(child)
        if isinstance(error, TimeoutError):
            raise Unavailable(f"a template's turn took over {WALL_SECONDS:.0f} seconds") from error
        raise
    return written, _wait_for(child)


def _wait_for(child: int) -> int:
    """The wait status of a child that has closed its pipe or was killed: it is about to end."""
    return os.waitpid(child, 0)[1]


async def _read(reading: int) -> bytes:
    stream = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb", buffering=0)
    )
    try:
        return await stream.read()
    finally:
        transport.close()


def _result(written: bytes, status: int) -> Any:
    code = os.waitstatus_to_exitcode(status)
    if code == _FAILED:
        raise Stopped(f"it failed: {written.decode()}")
    if code == -signal.SIGXCPU:
        raise Stopped(f"it takes over {CPU_SECONDS} s of computing")
    if code:
        raise Stopped(
            f"it takes over {MEMORY // 2**20} MiB of memory" if code == _NO_MEMORY else f"it ended with {code}"
        )
    return json.loads(written)


def _run(work: Callable[[], Any], writing: int) -> NoReturn:
    """The child's life; nothing of it may go on in what was the function's."""
    code = _FAILED
    try:
        signal.set_wakeup_fd(-1)
        _limit()
        code, told = _tried(work)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(told)
    finally:
        os._exit(code)


def _tried(work: Callable[[], Any]) -> tuple[int, bytes]:
    try:
        return 0, json.dumps(work()).encode()
    except MemoryError:
        return _NO_MEMORY, b""
    except BaseException as error:  # noqa: BLE001  (whatever it is, it ends as a status on the object)
        return _FAILED, f"{type(error).__name__}: {error}"[:_MESSAGE_LENGTH].encode(errors="replace")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
