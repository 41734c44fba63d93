"""A pod's status in each of its phases, as a kubelet writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.api import Object
    from sandbox.workloads.containers import Exit

NOT_HONOURED = "NotHonoured"
"""The reason of a pod that is refused, since a process cannot be what it asks for."""


def unschedulable(message: str, moment: str) -> dict[str, Any]:
    """No node takes the pod."""
    condition = _condition("PodScheduled", holds=False, moment=moment)
    return {"phase": "Pending", "conditions": [condition | {"reason": "Unschedulable", "message": message}]}


def running(pod: Object, started: str) -> dict[str, Any]:
    """All containers run."""
    statuses = [
        _container(container, ready=True, state={"running": {"startedAt": started}}) for container in _main(pod)
    ]
    return _status(pod, "Running", started, started, ready=True) | {"containerStatuses": statuses}


def finished(pod: Object, exits: Sequence[Exit], started: str, ended: str) -> dict[str, Any]:
    """All containers have ended; one failure fails the pod."""
    statuses = [
        _container(
            container,
            ready=False,
            state={
                "terminated": {
                    "exitCode": end.code,
                    "reason": end.reason,
                    "startedAt": started,
                    "finishedAt": ended,
                    **({"message": end.message} if end.message else {}),
                }
            },
        )
        for container, end in zip(_main(pod), exits, strict=True)
    ]
    phase = "Failed" if any(end.code for end in exits) else "Succeeded"
    return _status(pod, phase, started, ended, ready=False) | {"containerStatuses": statuses}


def ended_as_a_whole(reason: str, message: str) -> dict[str, Any]:
    """The pod was refused or ended by its kubelet, whatever its containers did."""
    return {"phase": "Failed", "reason": reason, "message": message}


def _main(pod: Object) -> Sequence[Mapping[str, Any]]:
    containers: Sequence[Mapping[str, Any]] = pod["spec"]["containers"]
    return containers


def _status(pod: Object, phase: str, started: str, moment: str, *, ready: bool) -> dict[str, Any]:
    done = {} if ready else {"reason": "PodCompleted"}
    return {
        "phase": phase,
        "hostIP": "127.0.0.1",
        "podIP": "127.0.0.1",
        "podIPs": [{"ip": "127.0.0.1"}],
        "startTime": started,
        "qosClass": pod.get("status", {}).get("qosClass", "BestEffort"),
        "conditions": [
            _condition("PodScheduled", holds=True, moment=started),
            _condition("Initialized", holds=True, moment=started),
            _condition("Ready", holds=ready, moment=moment) | done,
            _condition("ContainersReady", holds=ready, moment=moment) | done,
        ],
    }


def _condition(kind: str, *, holds: bool, moment: str) -> dict[str, Any]:
    return {"type": kind, "status": "True" if holds else "False", "lastTransitionTime": moment}


def _container(container: Mapping[str, Any], *, ready: bool, state: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"sandbox://{container['image']}",
        "ready": ready,
        "started": ready,
        "restartCount": 0,
        "state": state,
    }
