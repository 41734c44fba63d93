"""Running other programs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class ToolError(Exception):
    """A program is missing or failed; the message is for the user."""


def run(*command: str | Path, reads: str | None = None) -> str:
    """Run a program to its end and return what it printed; ``reads`` is its standard input.

    Raises:
        ToolError: it failed; the message ends with what it complained of.
    """
    words = [str(word) for word in command]
    done = subprocess.run(words, input=reads, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-3000:]
        raise ToolError(f"{' '.join(words)}: exit {done.returncode}\n{said}")
    return done.stdout
