"""What `kubectl get` shows of the built-in kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.api.ages import age
from sandbox.api.objects import dig

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.api.objects import Object


@dataclass(frozen=True, slots=True)
class Column:
    """One column after NAME."""

    name: str
    value: Callable[[Object, datetime], Any]
    wide: bool = False
    type: str = "string"


def _age(*path: str) -> Callable[[Object, datetime], Any]:
    return lambda obj, now: age(dig(obj, *path), now)


def _at(*path: str, default: Any = "") -> Callable[[Object, datetime], Any]:
    def value(obj: Object, _: datetime) -> Any:
        found = dig(obj, *path)
        return default if found is None else found

    return value


def _of(function: Callable[[Object], Any]) -> Callable[[Object, datetime], Any]:
    return lambda obj, _: function(obj)


def _containers(obj: Object) -> list[Object]:
    return dig(obj, "status", "containerStatuses") or []


def _ready(obj: Object) -> str:
    ready = sum(1 for status in _containers(obj) if status.get("ready"))
    return f"{ready}/{len(dig(obj, 'spec', 'containers') or [])}"


def _pod_status(obj: Object) -> str:
    if dig(obj, "metadata", "deletionTimestamp"):
        return "Terminating"
    reason = dig(obj, "status", "reason") or dig(obj, "status", "phase") or "Pending"
    for status in _containers(obj):
        for state in ("waiting", "terminated"):
            found = dig(status, "state", state, "reason")
            if found:
                reason = found
    return str(reason)


def _restarts(obj: Object) -> str:
    return str(sum(int(status.get("restartCount") or 0) for status in _containers(obj)))


def _node_status(obj: Object) -> str:
    conditions = dig(obj, "status", "conditions") or []
    ready = next((c for c in conditions if c.get("type") == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"]
    if dig(obj, "spec", "unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(obj: Object) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = dig(obj, "metadata", "labels") or {}
    return ",".join(sorted(key[len(prefix) :] for key in labels if key.startswith(prefix))) or "<none>"


def _address(kind: str) -> Callable[[Object, datetime], Any]:
    def value(obj: Object, _: datetime) -> str:
        addresses = dig(obj, "status", "addresses") or []
        return next((a["address"] for a in addresses if a.get("type") == kind), "<none>")

    return value


def _ports(obj: Object) -> str:
    ports = dig(obj, "spec", "ports") or []
    return ",".join(f"{p.get('port')}/{p.get('protocol', 'TCP')}" for p in ports) or "<none>"


def _involved(obj: Object) -> str:
    involved = obj.get("involvedObject") or obj.get("regarding") or {}
    kind = str(involved.get("kind") or "").lower()
    return f"{kind}/{involved.get('name')}" if involved.get("name") else kind


def _event_time(first: str, last: str) -> Callable[[Object, datetime], Any]:
    def value(obj: Object, now: datetime) -> str:
        moment = obj.get(last) or obj.get(first) or obj.get("eventTime")
        series = dig(obj, "series", "lastObservedTime")
        return age(series or moment, now)

    return value


def _message(obj: Object) -> str:
    return str(obj.get("message") or obj.get("note") or "").strip()


def _source(obj: Object) -> str:
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    component = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    return ", ".join(filter(None, (component, source.get("host") or obj.get("reportingInstance"))))


def _completions(obj: Object) -> str:
    wanted = dig(obj, "spec", "completions")
    return f"{dig(obj, 'status', 'succeeded') or 0}/{1 if wanted is None else wanted}"


def _role(obj: Object) -> str:
    return f"{dig(obj, 'roleRef', 'kind')}/{dig(obj, 'roleRef', 'name')}"


def _job_status(obj: Object) -> str:
    conditions = dig(obj, "status", "conditions") or []
    done = (c["type"] for c in conditions if c.get("status") == "True" and c["type"] in ("Complete", "Failed"))
    return next(done, "Running")


def _replicas(field: str) -> Callable[[Object, datetime], Any]:
    return _at("status", field, default=0)


AGE = Column("Age", _age("metadata", "creationTimestamp"))
_CREATED = Column("Created At", _at("metadata", "creationTimestamp"))
_WORKLOAD = (
    Column("Ready", _of(lambda obj: f"{dig(obj, 'status', 'readyReplicas') or 0}/{dig(obj, 'spec', 'replicas') or 0}")),
    AGE,
)

NAMELESS = frozenset({"Event"})  # their tables do not begin with the name

COLUMNS: dict[str, tuple[Column, ...]] = {
    "": (AGE,),
    "Namespace": (Column("Status", _at("status", "phase")), AGE),
    "Pod": (
        Column("Ready", _of(_ready)),
        Column("Status", _of(_pod_status)),
        Column("Restarts", _of(_restarts)),
        AGE,
        Column("IP", _at("status", "podIP", default="<none>"), wide=True),
        Column("Node", _at("spec", "nodeName", default="<none>"), wide=True),
        Column("Nominated Node", _at("status", "nominatedNodeName", default="<none>"), wide=True),
        Column("Readiness Gates", _of(lambda _: "<none>"), wide=True),
    ),
    "Node": (
        Column("Status", _of(_node_status)),
        Column("Roles", _of(_roles)),
        AGE,
        Column("Version", _at("status", "nodeInfo", "kubeletVersion")),
        Column("Internal-IP", _address("InternalIP"), wide=True),
        Column("External-IP", _address("ExternalIP"), wide=True),
        Column("OS-Image", _at("status", "nodeInfo", "osImage", default="<unknown>"), wide=True),
        Column("Kernel-Version", _at("status", "nodeInfo", "kernelVersion", default="<unknown>"), wide=True),
        Column(
            "Container-Runtime", _at("status", "nodeInfo", "containerRuntimeVersion", default="<unknown>"), wide=True
        ),
    ),
    "Event": (
        Column("Last Seen", _event_time("firstTimestamp", "lastTimestamp")),
        Column("Type", _at("type")),
        Column("Reason", _at("reason")),
        Column("Object", _of(_involved)),
        Column("Subobject", _at("involvedObject", "fieldPath"), wide=True),
        Column("Source", _of(_source), wide=True),
        Column("Message", _of(_message)),
        Column("First Seen", _event_time("", "firstTimestamp"), wide=True),
        Column("Count", _at("count", default=1), wide=True, type="integer"),
        Column("Name", _at("metadata", "name"), wide=True),
    ),
    "ConfigMap": (
        Column("Data", _of(lambda obj: len(obj.get("data") or {}) + len(obj.get("binaryData") or {})), type="integer"),
        AGE,
    ),
    "Secret": (
        Column("Type", _at("type")),
        Column("Data", _of(lambda obj: len(obj.get("data") or {})), type="integer"),
        AGE,
    ),
    "ServiceAccount": (AGE,),
    "Service": (
        Column("Type", _at("spec", "type")),
        Column("Cluster-IP", _at("spec", "clusterIP", default="<none>")),
        Column("External-IP", _of(lambda obj: dig(obj, "spec", "externalName") or "<none>")),
        Column("Port(s)", _of(_ports)),
        AGE,
    ),
    "Deployment": (
        _WORKLOAD[0],
        Column("Up-to-date", _replicas("updatedReplicas"), type="integer"),
        Column("Available", _replicas("availableReplicas"), type="integer"),
        AGE,
    ),
    "StatefulSet": _WORKLOAD,
    "ReplicaSet": (
        Column("Desired", _at("spec", "replicas", default=0), type="integer"),
        Column("Current", _replicas("replicas"), type="integer"),
        Column("Ready", _replicas("readyReplicas"), type="integer"),
        AGE,
    ),
    "Job": (
        Column("Status", _of(_job_status)),
        Column("Completions", _of(_completions)),
        Column("Duration", _of(lambda _: "")),
        AGE,
    ),
    "Lease": (Column("Holder", _at("spec", "holderIdentity")), AGE),
    "Role": (_CREATED,),
    "ClusterRole": (_CREATED,),
    "RoleBinding": (Column("Role", _of(_role)), AGE),
    "ClusterRoleBinding": (Column("Role", _of(_role)), AGE),
    "CustomResourceDefinition": (_CREATED,),
    "ValidatingAdmissionPolicy": (
        Column("Validations", _of(lambda obj: len(dig(obj, "spec", "validations") or [])), type="integer"),
        Column("ParamKind", _of(lambda obj: dig(obj, "spec", "paramKind", "kind") or "<unset>")),
        AGE,
    ),
    "ValidatingAdmissionPolicyBinding": (
        Column("PolicyName", _at("spec", "policyName")),
        Column("ParamRef", _of(lambda obj: dig(obj, "spec", "paramRef", "name") or "<unset>")),
        AGE,
    ),
}
