"""Asking the cluster with kubectl, and waiting for what it is to become."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.cluster.layout import KUBECONFIG
from tests.cluster.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable

_INTERVAL_SECONDS = 0.3


def kubectl(*words: str, stdin: str | None = None) -> str:
    """Run kubectl against the cluster as its administrator.

    Raises:
        RuntimeError: kubectl failed.
    """
    return run("kubectl", f"--kubeconfig={KUBECONFIG}", *words, stdin=stdin)


def until(what: str, holds: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until ``holds()``; that it raises RuntimeError counts as not yet.

    Raises:
        TimeoutError: it did not come to hold in time; the message says ``what``, and the last error.
    """
    deadline = time.monotonic() + seconds
    last = ""
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except RuntimeError as error:
            last = str(error)
        time.sleep(_INTERVAL_SECONDS)
    raise TimeoutError(f"{what}: not after {seconds:.0f} s. {last}")
