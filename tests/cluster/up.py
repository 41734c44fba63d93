"""Starting the cluster."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING

from tests.cluster import (
    argo,
    containers,
    controlplane,
    dns,
    gateway,
    knative,
    kwok,
    manifests,
    network,
    node,
    packages,
    processes,
    programs,
    registry,
)
from tests.cluster.certificates import Authority
from tests.cluster.down import down
from tests.cluster.layout import KUBECONFIG, NODES, READY, STATE
from tests.cluster.waiting import available

if TYPE_CHECKING:
    from collections.abc import Callable


def narrator() -> Callable[[str], None]:
    """Return what prints lines, each with the seconds since now."""
    began = time.monotonic()
    return lambda what: print(f"{time.monotonic() - began:4.0f} s  {what}", flush=True)  # noqa: T201


def build() -> None:
    """Build every program, and start nothing.

    Raises:
        RuntimeError: one does not build.
    """
    say = narrator()
    packages.ensure(say)
    programs.ensure(say)


def up() -> None:
    """Start the cluster, and wait until everything in it is ready; one that is ready already is left as it is.

    Raises:
        RuntimeError, TimeoutError: a part did not start; the message says which.
    """
    say = narrator()
    if READY.exists():
        ended = [name for name in processes.names() if processes.running(name) is None]
        if not ended:
            say(f"the cluster is up already: export KUBECONFIG={shlex.quote(str(KUBECONFIG))}")
            return
        say(f"the cluster is up no longer ({', '.join(ended)} ended): starting it anew")
    node.ensure_visible()
    packages.ensure(say)
    down()  # what a start that was cut off has left
    programs.ensure(say, programs.CLUSTER)
    STATE.mkdir(parents=True)
    registry.up()
    containers.ensure(say)
    network.up()
    say("the nodes' network is laid")
    authority = Authority()
    controlplane.up(authority)
    say("the control plane is ready")
    for each in NODES:
        node.up(each, authority)
    dns.up(authority)
    kwok.prepare(authority)
    controlplane.nodes_ready()
    say(f"{len(NODES)} nodes are ready")
    made = manifests.ensure()
    knative.define(made)
    gateway.up(authority)
    knative.up(made)
    say("Knative is applied")
    argo.up(made)
    say("Argo is applied")
    for namespace in (*knative.NAMESPACES, argo.NAMESPACE):
        available(namespace)
    say("Knative and Argo are ready")
    READY.touch()
    programs.ensure(say)
    say(f"export KUBECONFIG={shlex.quote(str(KUBECONFIG))}")
