"""Work in a child process ends, whatever it is like, and the function goes on meanwhile."""

import asyncio
import contextlib
import ctypes
import faulthandler
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

from aegis.errors import Unavailable
from functions.workflow_renderer import confined as confinement
from functions.workflow_renderer.confined import Stopped, confined


def endless() -> NoReturn:
    while True:
        pass


def endless_in_c() -> int:
    return int("7" * 4_000) ** 10_000_000


def huge() -> int:
    return len("x" * 10**9)


def growing() -> NoReturn:
    held: list[str] = []
    while True:
        held.append("x" * 1_000_000)


def crash() -> int:
    faulthandler.disable()  # pytest's, which would print where
    return ctypes.string_at(0)[0]


def deep() -> int:
    return deep() + 1


def failing() -> NoReturn:
    raise ValueError("no \ud800")


def leaving() -> NoReturn:
    raise SystemExit(0)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the children that were started."""
    started: list[int] = []
    fork = os.fork

    def noted() -> int:
        child = fork()
        started.append(child)
        return child

    monkeypatch.setattr(os, "fork", noted)
    return started


def left(forked: list[int]) -> list[int]:
    """Those that run or were not waited for."""
    there = []
    for child in forked:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, os.WNOHANG)
            there.append(child)
    return there


async def test_the_result_comes_back() -> None:
    assert await confined(lambda: {"a": [1, None, "é" * 500_000]}) == {"a": [1, None, "é" * 500_000]}


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (endless, "s of computing"),
        (endless_in_c, "s of computing"),
        (huge, "MiB of memory"),
        (growing, "MiB of memory"),
        (crash, "ended with -11"),
        (deep, "RecursionError"),
        (failing, "ValueError: no ?"),
        (leaving, "SystemExit"),
        (object, "TypeError"),
    ],
    ids=lambda part: getattr(part, "__name__", None),
)
async def test_what_comes_to_no_end_is_stopped(forked: list[int], work: Callable[[], Any], message: str) -> None:
    before = open_files()
    with pytest.raises(Stopped, match=message.replace("?", r"\?")):
        await confined(work)
    assert open_files() == before
    assert forked
    assert not left(forked)
    assert await confined(lambda: 1) == 1


async def test_the_function_answers_while_a_child_works() -> None:
    working = asyncio.ensure_future(confined(endless))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not working.done()
    with pytest.raises(Stopped):
        await working


async def test_a_child_that_gets_no_processor_may_be_tried_again(
    forked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confinement, "WALL_SECONDS", 0.01)
    with pytest.raises(Unavailable):
        await confined(endless)
    assert forked
    assert not left(forked)


async def test_nobody_waits_for_it_and_it_ends(forked: list[int]) -> None:
    working = asyncio.ensure_future(confined(endless))
    await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert forked
    assert not left(forked)


async def test_as_many_as_come_take_turns() -> None:
    assert await asyncio.gather(*(confined(partial(int, number)) for number in range(8))) == list(range(8))


async def test_where_no_child_can_be_started_it_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refused)
    before = open_files()
    with pytest.raises(Unavailable, match="no process can be started: Resource temporarily unavailable"):
        await confined(lambda: 1)
    assert open_files() == before
