"""Starting, finding and stopping the cluster's own processes, by pid."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.layout import LOGS, STATE

if TYPE_CHECKING:
    from collections.abc import Mapping

_RECORDS = STATE / "processes"
_PATIENCE_SECONDS = 15


def run(*command: str | Path, namespace: str | None = None, stdin: str | None = None) -> str:
    """Run a command to its end, in a network namespace where one is named.

    Returns:
        What it wrote to its standard output.

    Raises:
        RuntimeError: it failed; the message holds the command and what it wrote to its standard error.
    """
    words = [*_entering(namespace), *map(str, command)]
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def start(
    name: str, *command: str | Path, namespace: str | None = None, environment: Mapping[str, str] | None = None
) -> None:
    """Start a program that goes on by itself, and record its pid under ``name``; its log is ``LOGS/name.log``."""
    LOGS.mkdir(parents=True, exist_ok=True)
    _RECORDS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [*_entering(namespace), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=STATE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # Ctrl-C is for the command that starts the cluster, not for the cluster
        )
    record = {"pid": process.pid, "started": _started(process.pid)}
    (_RECORDS / f"{name}.json").write_text(json.dumps(record))


def running(name: str) -> int | None:
    """Return the pid of the process that was started as ``name``, or None when it no longer runs."""
    try:
        record = json.loads((_RECORDS / f"{name}.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    # A pid alone may by now be somebody else's.
    return int(record["pid"]) if record["started"] == _started(record["pid"]) is not None else None


def names() -> list[str]:
    """Return the names of all processes that were started and not yet stopped."""
    return sorted(path.stem for path in _RECORDS.glob("*.json"))


def stop(name: str, *signals: signal.Signals) -> None:
    """End the process that was started as ``name``."""
    pid = running(name)
    if pid is not None:
        end(pid, *signals)
    (_RECORDS / f"{name}.json").unlink(missing_ok=True)


def end(pid: int, *signals: signal.Signals) -> None:
    """End a process, and wait until it has: with these signals, one after the other, or TERM and then KILL."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        for ask in signals or (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(handle, ask)
            if select.select([handle], [], [], _PATIENCE_SECONDS)[0]:
                return
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def using(folder: Path) -> list[int]:
    """Return the pids of processes whose command line names something in ``folder``: what a cut-off start left."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if f"{folder}/".encode() in words and int(path.parent.name) != os.getpid():
            found.append(int(path.parent.name))
    return found


def _entering(namespace: str | None) -> list[str]:
    # `ip netns exec` would mount a fresh /sys, in which a kubelet finds no cgroups.
    return ["nsenter", f"--net=/run/netns/{namespace}"] if namespace else []


def _started(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot: proc(5), /proc/pid/stat, field 22."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, started = after_name[0], after_name[19]
    return None if state == "Z" else int(started)
