"""Check the licences of the installed packages against an allow-list: ``python -m tools.licences``.

cyclonedx-py reads what each package states in its metadata. What requirements.txt pins for other platforms alone is not
installed, and so not checked here.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from tools.programs import ToolError, run

ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Python-2.0"),
    # asks for the source of its own files alone, and none of them is changed here
    "MPL-2.0",
}
"""SPDX identifiers: https://spdx.org/licenses/."""
_CLASSIFIERS = {
    "License :: DFSG approved": "MIT",  # pytest-timeout, beside MIT
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_BY_THEIR_FILE = {"cel-python": "Apache-2.0"}
"""What the LICENSE says of packages whose metadata says nothing."""


def main() -> int:
    """Check; return the exit code."""
    try:
        bom = json.loads(run(sys.executable, "-m", "cyclonedx_py", "environment", "--no-validate"))
    except ToolError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    found = problems(bom)
    for problem in found:
        print(problem, file=sys.stderr)  # noqa: T201
    if not found:
        print(f"{len(bom['components'])} packages, each under a licence that is allowed")  # noqa: T201
    return 1 if found else 0


def problems(bom: dict[str, Any]) -> list[str]:
    """What is wrong with the licences of a CycloneDX bill of materials, one line for each package."""
    return [
        f"{component['name']} {component['version']}: {' and '.join(stated) or 'no licence'} is not allowed; "
        "tools/licences.py lists what is"
        for component in bom["components"]
        if not (stated := _stated(component)) or not all(map(_allowed, stated))
    ]


def _stated(component: dict[str, Any]) -> list[str]:
    """The licences that a package states: SPDX expressions, or classifiers of PyPI."""
    licences = component.get("licenses") or [{"expression": _BY_THEIR_FILE.get(component["name"])}]
    stated = [
        each.get("expression") or each.get("license", {}).get("id") or each.get("license", {}).get("name")
        for each in licences
    ]
    return [each for each in stated if each]


def _allowed(stated: str) -> bool:
    """True if every licence that an expression names is allowed, also where it offers a choice."""
    return {*re.findall(r"[\w.+-]+", _CLASSIFIERS.get(stated, stated))} - {"AND", "OR"} <= ALLOWED


if __name__ == "__main__":
    sys.exit(main())
