"""Functions start on their first request and stop when they are idle. These are real processes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sandbox.api import Api
from sandbox.http import Request
from sandbox.processes import ProcessTable
from sandbox.serving.activator import Activator
from sandbox.serving.environment import LaunchPlanner
from sandbox.serving.manifest import ServiceSpec, parse_service

HERE = Path(__file__).parent
ROOT = HERE.parents[3]


def spec(function: str, *, timeout: int = 20, target: str = "answer", **annotations: str) -> ServiceSpec:
    container: dict[str, Any] = {
        "image": f"test/{function}:1",
        "env": [{"name": "FUNCTION_TARGET", "value": target}],
        "readinessProbe": {"httpGet": {"path": "/health/readiness"}},
    }
    marked = {f"autoscaling.knative.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    pod = {"containers": [container], "timeoutSeconds": timeout}
    meta = {"name": function, "namespace": "ns", "uid": "u", "generation": 1}
    return parse_service({"metadata": meta, "spec": {"template": {"metadata": {"annotations": marked}, "spec": pod}}})


@asynccontextmanager
async def activator(wanted: ServiceSpec, state: Path, idle: float | None = None) -> AsyncIterator[Activator]:
    planner = LaunchPlanner(Api(), root=ROOT, functions=HERE.parent / "functions", state=state)
    async with ProcessTable() as processes:
        made = Activator(wanted, planner.plan, processes, idle=idle)
        try:
            yield made
        finally:
            await made.close()


def get(path: str) -> Request:
    return Request("GET", path)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while alive(pid):  # noqa: ASYNC110 -- nothing tells of a foreign process's end
            await asyncio.sleep(0.01)


async def test_requests_are_held_until_the_one_process_is_ready(tmp_path: Path) -> None:
    async with activator(spec("empty"), tmp_path) as function:
        assert not (tmp_path / "logs").exists()
        answers = await asyncio.gather(*(function.handle(get("/")) for _ in range(5)))
        assert [answer.status for answer in answers] == [200] * 5
        assert function.instance is not None
        assert function.instance.served == 5


async def test_an_idle_function_stops_and_the_next_request_starts_it_again(tmp_path: Path) -> None:
    async with activator(spec("crash"), tmp_path, idle=0.05) as function:
        first = int((await function.handle(get("/pid"))).body)
        await gone(first)
        assert function.instance is None
        assert int((await function.handle(get("/pid"))).body) != first


async def test_a_busy_function_is_not_idle(tmp_path: Path) -> None:
    async with activator(spec("slow"), tmp_path, idle=0.05) as function:
        assert (await function.handle(get("/0.5"))).body == b"done"


async def test_a_process_that_dies_in_a_request_is_502_and_the_next_request_starts_another(tmp_path: Path) -> None:
    async with activator(spec("crash"), tmp_path) as function:
        assert (await function.handle(get("/"))).status == 502
        assert (await function.handle(get("/pid"))).status == 200


async def test_killing_the_pid_that_is_shown_leaves_nothing_of_the_function(tmp_path: Path) -> None:
    async with activator(spec("crash"), tmp_path) as function:
        worker = int((await function.handle(get("/pid"))).body)
        assert function.instance is not None
        os.kill(function.instance.process.pid, signal.SIGKILL)
        await gone(worker)
        assert int((await function.handle(get("/pid"))).body) != worker


async def test_a_function_that_cannot_start_is_502_with_the_reason(tmp_path: Path) -> None:
    async with activator(spec("empty", target="nobody"), tmp_path) as function:
        answer = await function.handle(get("/"))
    assert answer.status == 502
    assert b"ended with code" in answer.body
    assert "nobody" in (tmp_path / "logs" / "empty.log").read_text()


async def test_a_function_that_takes_too_long_is_504(tmp_path: Path) -> None:
    async with activator(spec("slow", timeout=1), tmp_path) as function:
        assert (await function.handle(get("/30"))).status == 504
        if function.instance is not None:  # the time counts from the request on, so it may be over while it starts
            function.instance.process.kill()


async def test_a_changed_template_replaces_the_process_and_the_old_one_finishes(tmp_path: Path) -> None:
    async with activator(spec("slow"), tmp_path) as function:
        await function.handle(get("/0"))
        old = function.instance
        assert old is not None
        slow = asyncio.create_task(function.handle(get("/0.3")))
        async with asyncio.timeout(5):
            while old.active < 1:  # noqa: ASYNC110 -- the request's way to the process tells nobody
                await asyncio.sleep(0)
        function.replace(spec("slow", timeout=21))
        assert (await function.handle(get("/0"))).status == 200
        assert function.instance is not None
        assert function.instance.process.pid != old.process.pid
        assert (await slow).body == b"done"


async def test_a_service_that_has_ended_starts_for_nobody_any_more(tmp_path: Path) -> None:
    async with activator(spec("empty"), tmp_path) as function:
        assert (await function.handle(get("/"))).status == 200
        await function.close()
        late = await function.handle(get("/"))
        assert (late.status, late.body) == (502, b"empty: the Service has ended\n")
        assert function.instance is None


async def test_a_minimum_scale_keeps_a_function_that_nobody_asks(tmp_path: Path) -> None:
    async with activator(spec("crash", min_scale="1"), tmp_path, idle=0.0) as function:
        await function.warm()
        assert function.instance is not None
        pid = function.instance.process.pid
        await function.handle(get("/pid"))
        await asyncio.sleep(0)
        assert function.instance is not None
        assert function.instance.process.pid == pid
