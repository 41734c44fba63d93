"""What the models of the built-in kinds do not tell: how their lists merge, which maps are atomic, and defaults.

From the `x-kubernetes-*` extensions and the defaulting functions of Kubernetes, for the kinds served here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ListType:
    """How a list behaves under server-side apply and strategic merge patch."""

    type: str = "atomic"
    keys: tuple[str, ...] = ()
    merge_key: str = ""
    strategy: str = "merge"


def _map(*keys: str, merge_key: str = "", strategy: str = "merge") -> ListType:
    return ListType("map", keys, merge_key or keys[0], strategy)


_SET = ListType("set")
_CONDITIONS = _map("type")
_CONTAINERS = _map("name")

LISTS: dict[tuple[str, str], ListType] = {
    ("ObjectMeta", "ownerReferences"): _map("uid"),
    ("ObjectMeta", "finalizers"): _SET,
    ("PodSpec", "containers"): _CONTAINERS,
    ("PodSpec", "initContainers"): _CONTAINERS,
    ("PodSpec", "ephemeralContainers"): _CONTAINERS,
    ("PodSpec", "volumes"): _map("name", strategy="merge,retainKeys"),
    ("PodSpec", "imagePullSecrets"): _map("name"),
    ("PodSpec", "hostAliases"): _map("ip"),
    ("PodSpec", "topologySpreadConstraints"): _map("topologyKey", "whenUnsatisfiable"),
    ("PodSpec", "schedulingGates"): _map("name"),
    ("PodSpec", "resourceClaims"): _map("name", strategy="merge,retainKeys"),
    ("PodStatus", "conditions"): _CONDITIONS,
    ("PodStatus", "podIPs"): _map("ip"),
    ("PodStatus", "hostIPs"): ListType("atomic", (), "ip"),
    ("Container", "env"): _map("name"),
    ("Container", "ports"): _map("containerPort", "protocol"),
    ("Container", "volumeMounts"): _map("mountPath"),
    ("Container", "volumeDevices"): _map("devicePath"),
    ("NodeSpec", "podCIDRs"): _SET,
    ("NodeSpec", "taints"): ListType(),
    ("NodeStatus", "addresses"): _map("type"),
    ("NodeStatus", "conditions"): _CONDITIONS,
    ("NamespaceStatus", "conditions"): _CONDITIONS,
    ("ServiceSpec", "ports"): _map("port", "protocol"),
    ("ServiceStatus", "conditions"): _CONDITIONS,
    ("ServiceAccount", "secrets"): _map("name"),
    ("DeploymentStatus", "conditions"): _CONDITIONS,
    ("ReplicaSetStatus", "conditions"): _CONDITIONS,
    ("StatefulSetStatus", "conditions"): _CONDITIONS,
    ("DaemonSetStatus", "conditions"): _CONDITIONS,
    ("JobStatus", "conditions"): ListType("atomic", (), "type"),
    ("CustomResourceDefinitionStatus", "conditions"): ListType("map", ("type",)),
    ("ValidatingAdmissionPolicySpec", "matchConditions"): _map("name"),
    ("ValidatingAdmissionPolicySpec", "variables"): _map("name"),
}

ATOMIC_MAPS = frozenset({
    "LabelSelector", "ObjectReference", "LocalObjectReference", "SecretKeySelector", "ConfigMapKeySelector",
    "ObjectFieldSelector", "ResourceFieldSelector", "TypedLocalObjectReference", "NodeSelector", "NodeSelectorTerm",
    "RoleRef", "OwnerReference", "ContainerStateRunning",
})  # fmt: skip

QUANTITY = "resource.Quantity"  # the Go type of a number with a unit
QUANTITIES = frozenset({"limits", "requests", "capacity", "allocatable", "hard", "used", "overhead", "sizeLimit"})

_CONTAINER: dict[str, Any] = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_WORKLOAD: dict[str, Any] = {"revisionHistoryLimit": 10, "replicas": 1}

DEFAULTS: dict[str, dict[str, Any]] = {
    "PodSpec": {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    },
    "Container": _CONTAINER,
    "ContainerPort": {"protocol": "TCP"},
    "ServicePort": {"protocol": "TCP"},
    "ServiceSpec": {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"},
    "Secret": {"type": "Opaque"},
    "SecretVolumeSource": {"defaultMode": 420},
    "ConfigMapVolumeSource": {"defaultMode": 420},
    "ProjectedVolumeSource": {"defaultMode": 420},
    "DeploymentSpec": {
        **_WORKLOAD,
        "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
    },
    "ReplicaSetSpec": {"replicas": 1},
    "StatefulSetSpec": {**_WORKLOAD, "podManagementPolicy": "OrderedReady"},
    "JobSpec": {
        "backoffLimit": 6,
        "completions": 1,
        "parallelism": 1,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    },
    "ValidatingAdmissionPolicySpec": {"failurePolicy": "Fail"},
}
