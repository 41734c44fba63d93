"""Stopping the cluster, also what a start that was cut off has left."""

from __future__ import annotations

import shutil
from signal import SIGKILL

from tests.cluster import network, node
from tests.cluster.layout import NODES, READY, STATE
from tests.cluster.processes import end, left, names, stop


def down() -> None:
    """Stop every process, and remove the namespaces, control groups and state; programs and images stay.

    Nothing is asked to end by itself: what it would save goes with the state.
    """
    READY.unlink(missing_ok=True)
    end(left(), SIGKILL)  # also a compiler that goes on: programs are built before there is any state
    if not STATE.exists():
        return
    for each in NODES:
        node.stop(each)
    for name in names():
        stop(name, SIGKILL)
    end(network.inhabitants(), SIGKILL)
    for each in NODES:
        node.remove_cgroups(each)
    network.down()
    shutil.rmtree(STATE)
