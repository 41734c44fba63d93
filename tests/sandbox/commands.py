"""The commands of a document's blocks marked ``sh``, one by one, with what they printed."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```(?P<kind>sh|text)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
_SEPARATOR = "\x1e"
_QUIET = ("export ", "cd ")
_TIMEOUT_SECONDS = 100


class Block(NamedTuple):
    """One block of commands, and the lines of the blocks marked ``text`` after it, which they print."""

    commands: Sequence[str]
    shown: list[str]


class Ran(NamedTuple):
    """One command that was run, and what it printed to each of its outputs."""

    command: str
    output: str
    errors: str

    @property
    def problem(self) -> str:
        """Why the command did not do what a reader expects of it; empty if it did."""
        if "No resources found" in self.errors or "Error from server" in self.errors:
            return f"{self.command}\n{self.errors}"
        if not self.output.strip() and not self.command.startswith(_QUIET):
            return f"{self.command}\nprinted nothing\n{self.errors}"
        return ""


def blocks(document: Path) -> list[Block]:
    """The blocks of a document, in order."""
    found: list[Block] = []
    for block in _BLOCK.finditer(document.read_text(encoding="utf-8")):
        if block["kind"] == "sh":
            found.append(Block(list(_commands(block["content"])), []))
        else:
            found[-1].shown.extend(block["content"].splitlines())
    return found


def _commands(script: str) -> Iterator[str]:
    """The commands of a script, each as many lines as bash needs to see its end."""
    lines: list[str] = []
    for line in script.splitlines():
        lines.append(line)
        command = "\n".join(lines)
        if not line.endswith("\\") and _is_whole(command):
            lines.clear()
            if command.strip() and not command.startswith("#"):
                yield command
    assert not lines, f"a command without an end: {lines}"


def _is_whole(command: str) -> bool:
    """Whether bash takes it as it stands; of a here-document without an end it only warns."""
    parsed = subprocess.run(["bash", "-n", "-c", command], check=False, capture_output=True)
    return parsed.returncode == 0 and not parsed.stderr


def run(commands: Sequence[str], *, folder: Path, kubeconfig: Path) -> list[Ran]:
    """Run commands in one shell, in a folder; fails with what was printed when one of them does."""
    mark = f"printf '{_SEPARATOR}'; printf '{_SEPARATOR}' >&2"
    script = "\n".join(["set -euo pipefail", *(f"{mark}\n{command}" for command in commands)])
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        cwd=folder,
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outputs, errors = (text.split(_SEPARATOR)[1:] for text in (done.stdout, done.stderr))
    return [Ran(*parts) for parts in zip(commands, outputs, errors, strict=True)]


def is_shown(line: str, output: str) -> bool:
    """Whether some line of an output is this line of a document, where ``…`` is any text and a blank any blanks."""
    pattern = r"[ \t]+".join(".*".join(map(re.escape, word.split("…"))) for word in line.split())
    return re.search(rf"^[ \t]*{pattern}[ \t]*$", output, re.MULTILINE) is not None
