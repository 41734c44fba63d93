"""``python -m tests.cluster up|down``."""

from __future__ import annotations

import argparse
import sys

from tests.cluster.down import down
from tests.cluster.up import up


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("do", choices=("up", "down"))
    try:
        {"up": up, "down": down}[parser.parse_args().do]()
    except KeyboardInterrupt:
        print("interrupted: stopping what was started …", file=sys.stderr)  # noqa: T201
        down()
        return 130
    except (RuntimeError, TimeoutError) as error:
        print(f"the cluster did not start: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
