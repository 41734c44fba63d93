"""What a local process cannot honour of a pod is named, and whatever is not known to be honoured counts as such."""

import os
from typing import Any

import pytest

from sandbox.workloads.honoured import not_honoured

MAIN = {"name": "main", "image": "x", "command": ["true"]}
NAME = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
OTHER_USER = os.getuid() + 1


def pod(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"spec": {"restartPolicy": "Never", "containers": [{**MAIN, **(container or {})}], **spec}}


def secured(**context: Any) -> dict[str, Any]:
    return pod({"securityContext": context})


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (pod({"volumeMounts": [{"name": "v", "mountPath": "/srv"}]}), "spec.containers[main].volumeMounts"),
        (pod({"volumeDevices": [{"name": "v", "devicePath": "/dev/x"}]}), "spec.containers[main].volumeDevices"),
        (pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]), "spec.volumes[v].hostPath"),
        (pod(volumes=[{"name": "v", "image": {"reference": "x"}}]), "spec.volumes[v].image"),
        (secured(privileged=True), "spec.containers[main].securityContext.privileged"),
        (secured(capabilities={"add": ["NET_ADMIN"]}), "spec.containers[main].securityContext.capabilities"),
        (secured(procMount="Unmasked"), "spec.containers[main].securityContext.procMount"),
        (secured(runAsUser=OTHER_USER), "spec.containers[main].securityContext.runAsUser"),
        (secured(runAsGroup=os.getgid() + 1), "spec.containers[main].securityContext.runAsGroup"),
        (secured(readOnlyRootFilesystem=True), "spec.containers[main].securityContext.readOnlyRootFilesystem"),
        (secured(allowPrivilegeEscalation=False), "spec.containers[main].securityContext.allowPrivilegeEscalation"),
        (pod(securityContext={"runAsUser": OTHER_USER}), "spec.securityContext.runAsUser"),
        (pod(securityContext={"fsGroup": 0}), "spec.securityContext.fsGroup"),
        (pod(hostNetwork=True), "spec.hostNetwork"),
        (pod(hostPID=True), "spec.hostPID"),
        (pod(hostIPC=True), "spec.hostIPC"),
        (pod(hostUsers=False), "spec.hostUsers"),
        (pod(shareProcessNamespace=True), "spec.shareProcessNamespace"),
        (pod({"resources": {"limits": {"gpu.example/card": "1"}}}), "resources.limits.gpu.example/card"),
        (pod({"resources": {"claims": [{"name": "card"}]}}), "spec.containers[main].resources.claims"),
        (pod({"workingDir": "/srv"}), "spec.containers[main].workingDir"),
        (pod({"envFrom": [{"configMapRef": {"name": "c"}}]}), "spec.containers[main].envFrom"),
        (
            pod({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}),
            "spec.containers[main].env[A].valueFrom.secretKeyRef",
        ),
        (
            pod({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.startTime"}}}]}),
            "spec.containers[main].env[A].valueFrom.fieldRef.fieldPath",
        ),
        (pod({"livenessProbe": {"exec": {"command": ["true"]}}}), "spec.containers[main].livenessProbe"),
        (pod({"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}), "spec.containers[main].lifecycle"),
        (pod({"ports": [{"containerPort": 80, "hostPort": 80}]}), "spec.containers[main].ports[0].hostPort"),
        (
            pod(initContainers=[{**MAIN, "name": "side", "restartPolicy": "Always"}]),
            "spec.initContainers[side].restartPolicy",
        ),
        (pod(affinity={"podAntiAffinity": {"x": [1]}}), "spec.affinity.podAntiAffinity"),
        (pod(restartPolicy="OnFailure"), "spec.restartPolicy"),
        (pod(invented={"by": "a newer Kubernetes"}), "spec.invented"),
        (pod({"invented": 0}), "spec.containers[main].invented"),
    ],
    ids=lambda value: value.split(".")[-1] if isinstance(value, str) else "",
)
def test_what_a_process_cannot_honour_is_named(asked: dict[str, Any], field: str) -> None:
    (found,) = not_honoured(asked)
    assert found.endswith(field)


@pytest.mark.parametrize(
    "asked",
    [
        pod(),
        secured(privileged=False, capabilities={}, runAsUser=os.getuid(), runAsGroup=os.getgid()),
        secured(runAsNonRoot=os.getuid() != 0, allowPrivilegeEscalation=True),
        pod(hostNetwork=False, hostPID=None, hostUsers=True),
        pod(volumes=[{"name": "unused", "emptyDir": {"medium": "Memory"}}]),
        pod({"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}, "tty": False, "ports": [{"containerPort": 80}]}),
        pod({"env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": NAME}]}),
        pod(tolerations=[{"operator": "Exists"}], nodeSelector={"a": "b"}, serviceAccountName="x", priority=0),
    ],
    ids=["plain", "falsy", "as-it-is", "not-asked", "not-mounted", "unlimited", "environment", "scheduling"],
)  # fmt: skip
def test_what_holds_for_a_process_anyway_may_be_asked_for(asked: dict[str, Any]) -> None:
    assert not_honoured(asked) == []


def test_all_that_cannot_be_honoured_is_named_at_once() -> None:
    asked = pod({"securityContext": {"privileged": True}}, hostPID=True)
    assert not_honoured(asked) == ["spec.containers[main].securityContext.privileged", "spec.hostPID"]
