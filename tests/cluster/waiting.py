"""Asking the cluster with kubectl, and waiting for what it is to become."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.cluster.layout import KUBECONFIG
from tests.cluster.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def kubectl(*words: str, stdin: str | None = None) -> str:
    """Run kubectl against the cluster as its administrator.

    Raises:
        RuntimeError: kubectl failed.
    """
    return run("kubectl", f"--kubeconfig={KUBECONFIG}", *words, stdin=stdin)


def apply(*objects: Mapping[str, Any]) -> None:
    """Apply objects as the cluster's administrator."""
    everything = {"apiVersion": "v1", "kind": "List", "items": objects}
    kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=json.dumps(everything))


def apply_files(*manifests: Path) -> None:
    """Apply manifests as the cluster's administrator, one after the other."""
    for manifest in manifests:
        kubectl("apply", "--server-side", "--force-conflicts", f"--filename={manifest}")


def established() -> None:
    """Wait until all kinds that are defined are served."""
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")


def available(namespace: str) -> None:
    """Wait until every Deployment of a namespace is available."""
    kubectl("wait", "-n", namespace, "--for=condition=Available", "deployment", "--all", "--timeout=240s")


def until(what: str, holds: Callable[[], bool], seconds: float = 120, every: float = 0.3) -> None:
    """Wait until ``holds()``, asked ``every`` so many seconds; that it raises RuntimeError counts as not yet.

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
        time.sleep(every)
    raise TimeoutError(f"{what}: not after {seconds:.0f} s. {last}")
