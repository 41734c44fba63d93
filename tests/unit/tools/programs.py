"""Programs that stand in for those that build images: shell scripts in a folder that is the whole PATH."""

from pathlib import Path

import pytest


class Programs:
    """A folder of programs, and what they were called with."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._log = folder / "calls"
        monkeypatch.setenv("PATH", str(folder))

    def install(self, name: str, script: str = "") -> None:
        """Add one; its script sees the words it is called with."""
        program = self._folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {self._log}\n{script}\n')
        program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """Each call so far, with its words."""
        return self._log.read_text().splitlines() if self._log.exists() else []
