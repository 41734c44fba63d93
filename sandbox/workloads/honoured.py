"""What a process of this machine can honour of a pod's specification.

A list of what is known to hold, so that a field it does not have (of a newer Kubernetes, or one that nobody thought
of) is refused, not ignored: the commands of a pod whose mounts are missing run against the machine's own files.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from sandbox.workloads.environment import is_known_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sandbox.api import Object

    Rule = Callable[[Any], bool] | Mapping[str, "Rule"]


def not_honoured(pod: Object) -> list[str]:
    """The fields of the pod that its processes could not honour, by their paths."""
    return list(_refused(pod["spec"], _POD, "spec"))


def _refused(value: Any, rule: Rule | None, path: str) -> Iterator[str]:
    if rule is None:
        yield path
    elif callable(rule):
        if not rule(value):
            yield path
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _refused(item, rule, f"{path}[{item.get('name', index)}]")
    else:
        for key, item in value.items():
            if not _asks_nothing(key, item):
                yield from _refused(item, rule.get(key), f"{path}.{key}")


def _asks_nothing(key: str, value: Any) -> bool:
    return value is None or (value is False and key != "allowPrivilegeEscalation") or value in ("", [], {})


def _always(_value: Any) -> bool:
    return True


def _only(*values: Any) -> Callable[[Any], bool]:
    return lambda value: value in values


_USER: Mapping[str, Rule] = {
    "runAsUser": lambda value: value == os.getuid(),
    "runAsGroup": lambda value: value == os.getgid(),
    "runAsNonRoot": lambda _: os.getuid() != 0,
}
_AMOUNTS: Mapping[str, Rule] = {"cpu": _always, "memory": _always, "ephemeral-storage": _always}
_FIELD: Mapping[str, Rule] = {"apiVersion": _always, "fieldPath": is_known_field}
_CONTAINER: Mapping[str, Rule] = {
    "name": _always,
    "image": _always,  # nothing of it is used: a container without a command cannot start
    "imagePullPolicy": _always,
    "command": _always,
    "args": _always,
    "env": {"name": _always, "value": _always, "valueFrom": {"fieldRef": _FIELD}},
    "ports": {"name": _always, "containerPort": _always, "protocol": _always},  # they only tell
    "resources": {"limits": _AMOUNTS, "requests": _AMOUNTS},  # a process is not limited
    "securityContext": {**_USER, "allowPrivilegeEscalation": bool},
    "terminationMessagePath": _only("/dev/termination-log"),
    "terminationMessagePolicy": _only("File"),
}
_POD: Mapping[str, Rule] = {
    "containers": _CONTAINER,
    "initContainers": _CONTAINER,
    "volumes": {"name": _always, "emptyDir": _always},  # mounting one is refused where it is mounted
    "securityContext": _USER,
    "restartPolicy": _only("Never"),
    "activeDeadlineSeconds": _always,
    # Where it goes.
    "nodeName": _always,
    "nodeSelector": _always,
    "tolerations": _always,
    "affinity": {"nodeAffinity": _always},
    "schedulerName": _only("default-scheduler"),
    # Of no consequence here: no image is pulled, nothing is preempted, rights are not enforced, and a process that
    # has to end is killed.
    "imagePullSecrets": _always,
    "priority": _always,
    "priorityClassName": _always,
    "preemptionPolicy": _always,
    "serviceAccountName": _always,
    "serviceAccount": _always,
    "automountServiceAccountToken": _always,
    "enableServiceLinks": _always,
    "terminationGracePeriodSeconds": _always,
    "dnsPolicy": _only("ClusterFirst", "Default"),
}
