"""Asking the cluster with kubectl, and waiting for what it is to become."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.cluster.layout import KUBECONFIG
from tests.cluster.processes import last_words, run, running

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
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
    """Wait until every Deployment of a namespace is available.

    Raises:
        RuntimeError: one is not in time; the message tells how its pods are, and what was last said about them.
    """
    try:
        kubectl("wait", "-n", namespace, "--for=condition=Available", "deployment", "--all", "--timeout=240s")
    except RuntimeError as error:
        pods = kubectl("get", "-n", namespace, "pods", "--output=wide")
        events = kubectl("get", "-n", namespace, "events", "--field-selector=type=Warning", "--sort-by=.lastTimestamp")
        raise RuntimeError(f"{error}\n{pods}\n{events[-2000:]}") from error


def until(
    what: str, holds: Callable[[], bool], seconds: float = 120, every: float = 0.3, by: Sequence[str] = ()
) -> None:
    """Wait until ``holds()``, asked ``every`` so many seconds; that it raises RuntimeError counts as not yet.

    Args:
        what: What is waited for, as a sentence.
        holds: Whether it is so.
        seconds: For how long to wait.
        every: Seconds between two questions.
        by: The names of the processes that are to bring it about: without them it is not waited for.

    Raises:
        RuntimeError: one of those processes has ended; the message holds the end of its log.
        TimeoutError: it did not come to hold in time; the message says ``what``, the last error and the logs' ends.
    """
    deadline = time.monotonic() + seconds
    last = ""
    while time.monotonic() < deadline:
        ended = [name for name in by if running(name) is None]
        try:
            if holds():
                return
        except RuntimeError as error:
            last = str(error)
        if ended:
            raise RuntimeError(f"{what}: not so, since {_told(ended, 'ended')}")
        time.sleep(every)
    raise TimeoutError(f"{what}: not after {seconds:.0f} s. {last} {_told(by, 'said')}".rstrip())


def _told(names: Sequence[str], verb: str) -> str:
    return "; ".join(f"{name} {verb}: {last_words(name)}" for name in names)
