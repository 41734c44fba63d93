"""Nodes that are played by KWOK, as many as a test asks for: their pods run at once, and do nothing.

They are tainted: only pods that tolerate it get there (``tolerations: [{key: kwok.x-k8s.io/node, operator: Exists}]``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.cluster import processes
from tests.cluster.layout import BIN, FIRST, READY, STATE
from tests.cluster.rights import grant
from tests.cluster.waiting import apply, kubectl, until

if TYPE_CHECKING:
    from tests.cluster.certificates import Authority

_USER = "aegis-kwok"
_KUBECONFIG = STATE / "kwok.kubeconfig"
_PLAYED = "kwok.x-k8s.io/node"
_SELECTOR = f"{_PLAYED}=fake"
_READY = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'


def prepare(authority: Authority) -> None:
    """Give KWOK the rights that its own installation gives it, for when it is asked for."""
    read, write = ["get", "list", "watch"], ["create", "delete", "get", "list", "patch", "update", "watch"]
    grant(
        _USER,
        {"apiGroups": [""], "resources": ["nodes"], "verbs": read},
        {"apiGroups": [""], "resources": ["nodes/status", "pods/status"], "verbs": ["patch", "update"]},
        {"apiGroups": [""], "resources": ["pods", "events"], "verbs": write},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": write},
    )
    authority.kubeconfig(_KUBECONFIG, _USER)


def play(count: int) -> None:
    """Have so many more nodes than the real ones, and wait until they are ready; 0 removes them all.

    Raises:
        RuntimeError: the cluster is not up.
    """
    if not READY.exists():
        raise RuntimeError("the cluster is not up: make cluster")
    wanted = [f"kwok-{number}" for number in range(1, count + 1)]
    there = kubectl("get", "node", f"--selector={_SELECTOR}", "--output=name").split()
    if surplus := sorted({name.removeprefix("node/") for name in there} - set(wanted)):
        kubectl("delete", "node", *surplus)
    if not wanted:
        processes.stop("kwok")
        return
    if processes.running("kwok") is None:
        command = (BIN / "kwok/kwok", f"--kubeconfig={_KUBECONFIG}", f"--manage-nodes-with-label-selector={_SELECTOR}")
        processes.start("kwok", *command, namespace=FIRST.namespace)
    apply(*map(_node, wanted))
    until(f"{count} played nodes are ready", lambda: _ready() == count, seconds=60 + count / 5)


def _ready() -> int:
    return kubectl("get", "node", f"--selector={_SELECTOR}", f"--output=jsonpath={_READY}").split().count("True")


def _node(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {_PLAYED: "fake", "kubernetes.io/hostname": name}},
        "spec": {"taints": [{"key": _PLAYED, "value": "fake", "effect": "NoSchedule"}]},
    }
