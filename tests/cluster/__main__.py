"""``python -m tests.cluster up|down|kwok N``: start the cluster, stop it without a trace, play N nodes more in it.

``build`` makes the programs and starts nothing, also while another command runs.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import signal
import sys

from tests.cluster.down import down
from tests.cluster.kwok import play
from tests.cluster.layout import CACHE, LOGS
from tests.cluster.locking import locked
from tests.cluster.up import build, up

_ASKED_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.set_defaults(alone=True)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("build").set_defaults(do=lambda _: build(), alone=False)
    commands.add_parser("up").set_defaults(do=lambda _: _up())
    commands.add_parser("down").set_defaults(do=lambda _: down())
    more = commands.add_parser("kwok")
    more.add_argument("count", type=int)
    more.set_defaults(do=lambda arguments: play(arguments.count))
    arguments = parser.parse_args()
    for ask in _ASKED_TO_END:
        signal.signal(ask, signal.default_int_handler)
    try:
        with locked(CACHE / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB) if arguments.alone else contextlib.nullcontext():
            arguments.do(arguments)
    except KeyboardInterrupt:
        return 130
    except BlockingIOError:
        _complain("another command is starting or stopping the cluster")
        return 1
    except (RuntimeError, OSError) as error:
        _complain(error)
        return 1
    return 0


def _up() -> None:
    try:
        up()
    except KeyboardInterrupt:
        for ask in _ASKED_TO_END:
            signal.signal(ask, signal.SIG_IGN)  # twice is said in impatience, and this takes seconds
        _complain("interrupted: stopping what was started …")
        down()
        raise
    except (RuntimeError, OSError):
        if LOGS.exists():
            _complain(f"the logs are in {LOGS}; `make cluster-down` stops what was started, and removes them")
        raise


def _complain(what: object) -> None:
    print(what, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
