"""Starting, finding and stopping the cluster's own processes, by pid."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.layout import LOGS, STATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_RECORDS = STATE / "processes"
MARK = "AEGIS_CLUSTER_STATE"
"""The variable by which a process that was started here is found again."""
_PATIENCE_SECONDS = 15
_LAST_LINES, _LAST_CHARACTERS = 10, 2000


@dataclass(frozen=True)
class Record:
    """A process that was started, and how to start it again."""

    pid: int
    started: int | None
    command: Sequence[str]
    environment: Mapping[str, str]


def run(
    *command: str | Path,
    namespace: str | None = None,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command to its end, in a network namespace where one is named.

    Returns:
        What it wrote to its standard output.

    Raises:
        RuntimeError: it failed; the message holds the command and what it wrote to its standard error.
    """
    words = [*_entering(namespace), *map(str, command)]
    done = subprocess.run(
        words, input=stdin, capture_output=True, text=True, check=False, env=_environment(environment or {})
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def start(
    name: str, *command: str | Path, namespace: str | None = None, environment: Mapping[str, str] | None = None
) -> None:
    """Start a program that goes on by itself, and record it under ``name``; its log is ``LOGS/name.log``."""
    _start(name, [*_entering(namespace), *map(str, command)], environment or {})


def restart(name: str, *signals: signal.Signals) -> None:
    """End the process that was started as ``name``, if it still runs, and start it again as it was.

    Raises:
        KeyError: none was.
    """
    record = _recorded(name)
    if record is None:
        raise KeyError(name)
    stop(name, *signals)
    _start(name, record.command, record.environment)


def running(name: str) -> int | None:
    """Return the pid of the process that was started as ``name``, or None when it no longer runs."""
    record = _recorded(name)
    # A pid alone may by now be somebody else's.
    return record.pid if record is not None and record.started == _started(record.pid) is not None else None


def names() -> list[str]:
    """Return the names of all processes that were started and not yet stopped."""
    return sorted(path.stem for path in _RECORDS.glob("*.json"))


def last_words(name: str) -> str:
    """Return the end of the log of what was started as ``name``: what a person would look at first."""
    try:
        said = (LOGS / f"{name}.log").read_text(errors="replace").strip()
    except FileNotFoundError:
        said = ""
    return "\n".join(said[-_LAST_CHARACTERS:].splitlines()[-_LAST_LINES:]) or "nothing"


def stop(name: str, *signals: signal.Signals) -> None:
    """End what was started as ``name``, with what it has started itself and not set apart."""
    record = _recorded(name)
    if record is not None and _started(record.pid) in (record.started, None):
        end(_group(record.pid), *signals)
    (_RECORDS / f"{name}.json").unlink(missing_ok=True)


def end(pids: Iterable[int], *signals: signal.Signals) -> None:
    """End processes, and wait until they have: with these signals, one after the other, or TERM and then KILL."""
    handles = [handle for pid in pids if (handle := _handle(pid)) is not None]
    try:
        for ask in signals or (signal.SIGTERM, signal.SIGKILL):
            for handle in handles:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, ask)
            deadline = time.monotonic() + _PATIENCE_SECONDS
            if all(select.select([handle], [], [], max(0, deadline - time.monotonic()))[0] for handle in handles):
                return
    finally:
        for handle in handles:
            os.close(handle)


def left(marked: str = str(STATE)) -> list[int]:
    """Return the pids of the processes that any run of this cluster has started, recorded or not.

    Args:
        marked: The value of ``MARK`` in their environment; what does not belong to the cluster has one of its own.
    """
    mark = f"{MARK}={marked}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = path.read_bytes().split(b"\0")
        except OSError:  # it has ended since
            continue
        if mark in variables and int(path.parent.name) != os.getpid():
            found.append(int(path.parent.name))
    return found


def _group(leader: int) -> list[int]:
    """Return the living members of a process group: a program in a pid namespace is not the one that was started."""
    members = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        pid = int(path.parent.name)
        fields = _stat(pid)
        if fields is not None and int(fields[2]) == leader:
            members.append(pid)
    return members


def _handle(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _start(name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    _RECORDS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=STATE,
            env=_environment(environment),
            start_new_session=True,  # Ctrl-C is for the command that starts the cluster, not for the cluster
        )
    process.returncode = 0  # it goes on by itself: else Python warns of that when the last reference is gone
    record = Record(process.pid, _started(process.pid), command, environment)
    (_RECORDS / f"{name}.json").write_text(json.dumps(asdict(record)))


def _recorded(name: str) -> Record | None:
    try:
        return Record(**json.loads((_RECORDS / f"{name}.json").read_text()))
    except (FileNotFoundError, json.JSONDecodeError):  # cut off while it was written
        return None


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, MARK: str(STATE), **more}


def _entering(namespace: str | None) -> list[str]:
    # `ip netns exec` would mount a fresh /sys, in which a kubelet finds no cgroups.
    return ["nsenter", f"--net=/run/netns/{namespace}"] if namespace else []


def _started(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot, or None where none runs."""
    fields = _stat(pid)
    return int(fields[19]) if fields is not None else None


def _stat(pid: int) -> list[str] | None:
    """Return what proc(5) says of a process in /proc/pid/stat, from the third field on; None when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields
