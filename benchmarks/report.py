"""How every figure is shown and kept: a table for people, a JSON file to compare later runs with."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their columns, the first to the left, figures to the right."""
    cells = [list(map(str, row)) for row in (columns, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for first, *others in cells:
        print("  " + "  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]))


def save(name: str, figures: Mapping[str, Any]) -> None:
    """Write the figures to ``results/<name>.json``, with what they depend on."""
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    document = {"measured": datetime.now(UTC).isoformat(timespec="seconds"), **machine, **figures}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
