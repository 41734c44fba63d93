"""How long a template takes to become a workflow: the first time in a process, with what that loads, and after.

`python -m benchmarks.rendering` renders once what stdin holds and prints the seconds: each first time has a process.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from aegis.models.alert import AegisAlert

_ROOT = Path(__file__).resolve().parent.parent
_EXAMPLES = ("nodehasemergencyevent", "jinja", "resolved")
_FIRST, _WARM = 7, 200


def run() -> None:
    """Measure, print and save."""
    from benchmarks.report import save, table  # noqa: PLC0415  (what a first time loads must not be loaded)

    found = {name: {"first": median(_first(name) for _ in range(_FIRST)), "warm": _warm(name)} for name in _EXAMPLES}
    rows = [(name, f"{times['first'] * 1e3:.1f}", f"{times['warm'] * 1e3:.2f}") for name, times in found.items()]
    table("Rendering", ("example", "first ms", "warm ms"), rows)
    save("rendering", {"unit": "seconds", "examples": found})


def _first(example: str) -> float:
    argv, work = [sys.executable, "-m", "benchmarks.rendering"], json.dumps(_load(example))
    return float(subprocess.run(argv, cwd=_ROOT, check=True, input=work, stdout=subprocess.PIPE, text=True).stdout)


def _warm(example: str) -> float:
    from functions.workflow_renderer.rendering import render  # noqa: PLC0415  (measured by _once)

    manifest, stored = _load(example)
    alert = AegisAlert.read(stored)
    times = []
    for _ in range(_WARM):
        begin = perf_counter()
        render(manifest, alert)
        times.append(perf_counter() - begin)
    return median(times)


def _once(manifest: str, stored: dict[str, Any]) -> float:
    alert = AegisAlert.read(stored)
    begin = perf_counter()
    from functions.workflow_renderer.rendering import render  # noqa: PLC0415  (loading it is measured)

    render(manifest, alert)
    return perf_counter() - begin


def _load(example: str) -> tuple[str, dict[str, Any]]:
    import yaml  # noqa: PLC0415  (rendering loads it, so a first time must not find it loaded)

    folder = _ROOT / "examples" / example
    posted = json.loads(next((folder / "alerts").iterdir()).read_text())
    template = yaml.safe_load((folder / "template.yaml").read_text())
    alert = {
        "metadata": {"name": "a", "namespace": "monitoring"},
        "spec": {name: posted[name] for name in ("type", "involvedObject", "details")},
    }
    return template["spec"]["manifest"], alert


if __name__ == "__main__":
    print(_once(*json.load(sys.stdin)))
