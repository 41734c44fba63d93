"""Ask for known vulnerabilities of the pinned packages: ``python -m tools.audit``.

pip-audit asks OSV (https://osv.dev), which knows PyPI's advisories too, and not PyPI itself: a mirror that has no
advisories answers 404, and pip-audit then passes over every package and finds nothing. Where the service cannot be
reached the audit is skipped, and says so; whatever else goes wrong fails it.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

_REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"
"""Every function's own pins are among these, which a test holds."""
_PATIENCE_SECONDS = 15


def main() -> int:
    """Audit; return the exit code, 0 also where it was skipped."""
    parser = argparse.ArgumentParser(prog="python -m tools.audit", description=__doc__)
    parser.add_argument("--service", default="https://api.osv.dev/v1/query", help="OSV's API (default: %(default)s)")
    parser.add_argument("--requirements", type=Path, default=_REQUIREMENTS, help="the pins (default: %(default)s)")
    asked = parser.parse_args()
    unreachable = _unreachable(asked.service)
    if unreachable:
        print(f"skipped, and nothing audited: {asked.service} cannot be reached from here ({unreachable})")  # noqa: T201
        return 0
    words = (
        "--strict",
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner=off",
        f"--timeout={_PATIENCE_SECONDS}",
    )
    service = ("--vulnerability-service=osv", f"--osv-url={asked.service}")
    audit = (sys.executable, "-m", "pip_audit", *words, *service, "--requirement", str(asked.requirements))
    return subprocess.run(audit, check=False).returncode  # noqa: S603


def _unreachable(service: str) -> str:
    """Why no connection can be made to a service; empty if one can."""
    address = urlsplit(service)
    try:
        with socket.create_connection((address.hostname, address.port or 443), timeout=_PATIENCE_SECONDS):
            return ""
    except OSError as error:
        return error.strerror or str(error)


if __name__ == "__main__":
    sys.exit(main())
