"""Locks between processes, each on a file: they end with whoever holds them, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def locked(file: Path, how: int = fcntl.LOCK_EX) -> Iterator[int]:
    """Hold a lock while the block runs; the value is its descriptor.

    Args:
        file: The file that stands for what is locked; it is made where it is not there.
        how: Constants of flock(2).

    Raises:
        BlockingIOError: another process has it, and ``how`` says not to wait.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, how)
        yield lock
    finally:
        os.close(lock)
