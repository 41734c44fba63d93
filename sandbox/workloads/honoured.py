"""What a process of this machine can honour of a pod's specification.

A list of what is known to hold, so that a field it does not have (of a newer Kubernetes, or one that nobody thought
of) is refused, not ignored: the commands of a pod whose mounts are missing run against the machine's own files.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sandbox.workloads.allowing import anything, only, outside
from sandbox.workloads.environment import is_known_field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.api import Object
    from sandbox.workloads.allowing import Rule


def not_honoured(pod: Object) -> list[str]:
    """The fields of the pod that its processes could not honour, by their paths."""
    return list(outside(_POD, pod["spec"], "spec"))


_USER: Mapping[str, Rule] = {
    "runAsUser": lambda value: value == os.getuid(),
    "runAsGroup": lambda value: value == os.getgid(),
    "runAsNonRoot": lambda _: os.getuid() != 0,
}
_AMOUNTS: Mapping[str, Rule] = {"cpu": anything, "memory": anything, "ephemeral-storage": anything}
_FIELD: Mapping[str, Rule] = {"apiVersion": anything, "fieldPath": is_known_field}
_CONTAINER: Mapping[str, Rule] = {
    "name": anything,
    "image": anything,  # nothing of it is used: a container without a command cannot start
    "imagePullPolicy": anything,
    "command": anything,
    "args": anything,
    "env": {"name": anything, "value": anything, "valueFrom": {"fieldRef": _FIELD}},
    "ports": {"name": anything, "containerPort": anything, "protocol": anything},  # they only tell
    "resources": {"limits": _AMOUNTS, "requests": _AMOUNTS},  # a process is not limited
    "securityContext": {**_USER, "allowPrivilegeEscalation": bool},
    "terminationMessagePath": only("/dev/termination-log"),
    "terminationMessagePolicy": only("File"),
}
_POD: Mapping[str, Rule] = {
    "containers": _CONTAINER,
    "initContainers": _CONTAINER,
    "volumes": {"name": anything, "emptyDir": anything},  # mounting one is refused where it is mounted
    "securityContext": _USER,
    "hostUsers": bool,
    "restartPolicy": only("Never"),
    "activeDeadlineSeconds": anything,
    # Where it goes.
    "nodeName": anything,
    "nodeSelector": anything,
    "tolerations": anything,
    "affinity": {"nodeAffinity": anything},
    "schedulerName": only("default-scheduler"),
    # Of no consequence here: no image is pulled, nothing is preempted, rights are not enforced, and a process that
    # has to end is killed.
    "imagePullSecrets": anything,
    "priority": anything,
    "priorityClassName": anything,
    "preemptionPolicy": anything,
    "serviceAccountName": anything,
    "serviceAccount": anything,
    "automountServiceAccountToken": anything,
    "enableServiceLinks": anything,
    "terminationGracePeriodSeconds": anything,
    "dnsPolicy": only("ClusterFirst", "Default"),
}
