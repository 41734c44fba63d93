"""Prometheus and Alertmanager as processes of this machine."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

_LISTENING = re.compile(r'msg="Listening on" address=(\S+)')


@contextmanager
def listening(program: str, *options: str) -> Iterator[str]:
    """Run one of them on loopback until the block ends; the address that it says it listens on.

    What it writes from then on is printed, for a test that fails.
    """
    argv = [program, "--web.listen-address=127.0.0.1:0", *options]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        printer = Thread(target=sys.stdout.writelines, args=(process.stderr,))
        try:
            while not (found := _LISTENING.search(line := process.stderr.readline())):
                assert line, f"{program} did not start"
            printer.start()
            yield found[1]
        finally:
            process.terminate()
            if printer.is_alive():
                printer.join()
