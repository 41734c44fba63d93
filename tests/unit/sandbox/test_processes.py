"""Nothing that the sandbox starts outlives it."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

from sandbox.processes import ProcessTable

PARENT = """
import asyncio, sys
from pathlib import Path
from sandbox.processes import ProcessTable

async def main():
    table = ProcessTable()
    shell = "sleep 60 & echo $! > {child}; wait"
    await table.start(["sh", "-c", shell], env={{"PATH": "/usr/bin:/bin"}}, cwd=Path("."), output=Path("{log}"))
    while not (Path("{child}").exists() and Path("{child}").read_text()):
        await asyncio.sleep(0.01)
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
ENV = {"PATH": "/usr/bin:/bin"}


def wait_for_end(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def test_a_killed_sandbox_leaves_no_grandchild(tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = PARENT.format(child=child, log=tmp_path / "log")
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"started\n"
    parent.kill()
    parent.communicate()
    assert wait_for_end(int(child.read_text()))


async def test_a_process_takes_what_it_started_with_it(tmp_path: Path) -> None:
    async with ProcessTable() as table:
        process = await table.start(["sh", "-c", "sleep 60 & echo $!"], env=ENV, cwd=tmp_path, output=tmp_path / "log")
        assert await process.wait() == 0
    assert wait_for_end(int((tmp_path / "log").read_text()))


async def test_a_process_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    async with ProcessTable() as table:
        process = await table.start(
            ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"],
            env=ENV, cwd=tmp_path, output=tmp_path / "log",
        )  # fmt: skip
        while not (tmp_path / "log").read_text():  # noqa: ASYNC110 -- what another process writes
            await asyncio.sleep(0.01)
        assert await process.stop(0.1) == -signal.SIGKILL


async def test_closing_the_table_ends_what_runs(tmp_path: Path) -> None:
    async with ProcessTable() as table:
        process = await table.start(["sleep", "60"], env=ENV, cwd=tmp_path, output=tmp_path / "log")
    assert not process.running
