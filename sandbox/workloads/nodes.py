"""The cluster's two nodes, and which of them a pod may go to: the scheduler's predicates that templates rely on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sandbox.api import ApiError
from sandbox.conditions import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.api import Api, Object

_ADDRESSES = {"dev1": "127.0.0.1", "dev2": "127.0.0.2"}
NODE_NAMES = tuple(_ADDRESSES)
_CAPACITY = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"}
_ALREADY_EXISTS = 409
_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
_HARD_EFFECTS = ("NoSchedule", "NoExecute")
_NO_NODES = "no nodes available to schedule pods"


async def ensure_nodes(api: Api) -> None:
    """Create the nodes that are not there, Ready and with room."""
    nodes = api.resource("nodes")
    for name in NODE_NAMES:
        try:
            await api.create(nodes, _node(name))
        except ApiError as error:
            if error.code != _ALREADY_EXISTS:
                raise
        else:
            await api.patch(nodes, name, {"status": _status(name)}, subresource="status")


def refusal(pod: Object, node: Object) -> str | None:
    """Why the scheduler would not put the pod on the node; None if it would."""
    spec, there = pod["spec"], node.get("spec") or {}
    labels = node["metadata"].get("labels") or {}
    tolerations = spec.get("tolerations") or []
    if there.get("unschedulable") and not _tolerated(_UNSCHEDULABLE, tolerations):
        return "node(s) were unschedulable"
    hard = [taint for taint in there.get("taints") or [] if taint.get("effect") in _HARD_EFFECTS]
    if not is_ready(node):
        hard.append(_NOT_READY)
    if not all(_tolerated(taint, tolerations) for taint in hard):
        return "node(s) had untolerated taint(s)"
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return "node(s) didn't match Pod's node affinity/selector"
    if not _affine(spec, labels, node["metadata"]["name"]):
        return "node(s) didn't match Pod's node affinity/selector"
    return None


def choose(pod: Object, nodes: Iterable[Object]) -> tuple[str | None, str]:
    """A node for the pod, or the scheduler's words about why there is none."""
    reasons: Counter[str] = Counter()
    for node in sorted(nodes, key=lambda node: str(node["metadata"]["name"])):
        reason = refusal(pod, node)
        if reason is None:
            return node["metadata"]["name"], ""
        reasons[reason] += 1
    if not reasons:
        return None, _NO_NODES
    said = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    total = reasons.total()
    none = f"0/{total} nodes are available:"
    # No pod has to go for another here: what its two plugins for that say of nodes that nothing could make fit.
    return None, (
        f"{none} {said}. no new claims to deallocate, "
        f"preemption: {none} {total} Preemption is not helpful for scheduling."
    )


def is_ready(node: Object) -> bool:
    """Whether the node says so itself."""
    conditions = node.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _tolerated(taint: Mapping[str, Any], tolerations: Iterable[Mapping[str, Any]]) -> bool:
    return any(_tolerates(toleration, taint) for toleration in tolerations)


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return (toleration.get("key"), toleration.get("value", "")) == (taint["key"], taint.get("value", ""))


def _affine(spec: Mapping[str, Any], labels: Mapping[str, str], name: str) -> bool:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(
        all(_expression(term, labels) for term in selector.get("matchExpressions") or [])
        and all(_expression(term, {"metadata.name": name}) for term in selector.get("matchFields") or [])
        for selector in required.get("nodeSelectorTerms") or []
    )


def _expression(term: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(term["key"]), term.get("values") or []
    match term["operator"]:
        case "In" | "NotIn" as operator:
            return (value in values) is (operator == "In")
        case "Exists" | "DoesNotExist" as operator:
            return (value is not None) is (operator == "Exists")
        case "Gt" | "Lt" as operator if value is not None:
            distance = int(value) - int(values[0])
            return distance > 0 if operator == "Gt" else distance < 0
    return False


def _node(name: str) -> Object:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}}


def _status(name: str) -> dict[str, Any]:
    moment = now()
    healthy = (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "the sandbox plays this node"),
    )
    return {
        "capacity": _CAPACITY,
        "allocatable": _CAPACITY,
        "addresses": [{"type": "InternalIP", "address": _ADDRESSES[name]}, {"type": "Hostname", "address": name}],
        "nodeInfo": {
            "kubeletVersion": "v1.36.0-sandbox",
            "osImage": "sandbox",
            "operatingSystem": "linux",
            "architecture": "amd64",
            "kernelVersion": "",
            "containerRuntimeVersion": "sandbox://1",
            "kubeProxyVersion": "",
            "bootID": "",
            "machineID": "",
            "systemUUID": "",
        },
        "conditions": [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": moment,
                "lastTransitionTime": moment,
            }
            for kind, status, reason, message in healthy
        ],
    }
