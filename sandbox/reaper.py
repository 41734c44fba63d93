"""Ends what the sandbox started when the sandbox is gone, however it went.

The sandbox holds the write end of this program's stdin and tells it each process group that starts (`+pid`) and ends
(`-pid`). When the pipe breaks, because the sandbox ended or was killed, what is left is killed. A parent-death signal
would reach only the direct child; a function is an arbiter and its worker.

Started by path with `python -S -E`, so it imports nothing but the standard library.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Keep the books until stdin ends, then kill what is left."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


if __name__ == "__main__":
    main()
