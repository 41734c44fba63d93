"""Stopping the cluster, also what a start that was cut off has left."""

from __future__ import annotations

import shutil

from tests.cluster import network, node
from tests.cluster.layout import BIN, NODES, READY, STATE
from tests.cluster.processes import end, names, stop, using


def down() -> None:
    """Stop every process, and remove the namespaces, control groups and state; programs and images stay."""
    READY.unlink(missing_ok=True)
    for each in NODES:
        node.down(each)
    # The API server before etcd: one that has lost its etcd takes long to end.
    for name in sorted(names(), key=lambda name: name == "etcd"):
        stop(name)
    for pid in using(STATE) + using(BIN):
        end(pid)
    network.down()
    shutil.rmtree(STATE, ignore_errors=True)
