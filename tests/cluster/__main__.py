"""``python -m tests.cluster up|down``: start the cluster, or stop it without a trace."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import signal
import sys
from typing import TYPE_CHECKING

from tests.cluster.down import down
from tests.cluster.layout import CACHE, LOGS
from tests.cluster.up import up

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("do", choices=("up", "down"))
    do = parser.parse_args().do
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _alone():
            return _up() if do == "up" else _down()
    except BlockingIOError:
        _complain("another command is starting or stopping the cluster")
        return 1


def _up() -> int:
    try:
        up()
    except KeyboardInterrupt:
        for ask in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ask, signal.SIG_IGN)  # twice is said in impatience, and this takes seconds
        _complain("interrupted: stopping what was started …")
        down()
        return 130
    except (RuntimeError, OSError) as error:
        _complain(f"the cluster did not start: {error}")
        if LOGS.exists():
            _complain(f"its logs are in {LOGS}; `make cluster-down` stops what was started, and removes them")
        return 1
    return 0


def _down() -> int:
    try:
        down()
    except (RuntimeError, OSError) as error:
        _complain(f"not all of the cluster is stopped: {error}")
        return 1
    return 0


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep other commands from the cluster meanwhile.

    Raises:
        BlockingIOError: another one is at it already.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _complain(what: str) -> None:
    print(what, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
