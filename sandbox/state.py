"""The state folder: one running sandbox has it to itself, for as long as it runs.

A lock says whose it is. It ends with its process however that ends, so a kill leaves nothing to clear away. Other
programs keep files in the same folder; only what this one wrote is taken away again, and only while it is still that.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK = "sandbox.lock"


class StateError(Exception):
    """The folder cannot be used; the message says why and what to do."""


class State:
    """A folder that is held by this process."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack

    def publish(self, name: str, text: str) -> Path:
        """Write a file that only its owner may read, all at once; it goes when the folder is released."""
        path, scratch = self.folder / name, self.folder / f"{name}.{os.getpid()}"
        scratch.unlink(missing_ok=True)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            written = os.fstat(file.fileno())
        scratch.replace(path)
        self._stack.callback(_unlink, path, written)
        return path


@contextmanager
def held(folder: Path) -> Iterator[State]:
    """Hold the folder until the block ends, making it where there is none.

    Raises:
        StateError: when another process holds it, or it cannot be written.
    """
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW  # what a link names is not ours to empty
            lock = stack.enter_context(os.fdopen(os.open(folder / _LOCK, flags, 0o644), "r+"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise StateError(
                f"a sandbox runs already with the state folder {folder}, as pid {lock.read().strip()}: "
                "stop it, or start this one with STATE=other PORT=9090"
            ) from error
        except OSError as error:
            raise StateError(f"{folder} cannot be the state folder: {error.strerror} (STATE=… moves it)") from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield State(folder, stack)


def _unlink(path: Path, written: os.stat_result) -> None:
    """Take a file away unless another has come in its place."""
    if path.exists() and os.path.samestat(path.stat(), written):
        path.unlink()
