"""What the built-in kinds do with their objects: defaults, initial states and the checks that people run into.

Only what the sandbox's users meet; a real API server checks a great deal more.
"""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sandbox.api.decoding import apply_defaults, go_name, undecodable
from sandbox.api.definitions import check_definition, complete_definition, refresh_definition
from sandbox.api.errors import Cause
from sandbox.api.kinds import Kind
from sandbox.api.listtypes import QUANTITY
from sandbox.api.objects import Object, clone, name_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.api.resources import Resource
    from sandbox.api.structural import Node

_COUNTED = frozenset({
    "Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "CustomResourceDefinition",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
})  # fmt: skip
_INITIAL_STATUS: dict[str, Object] = {
    "Namespace": {"phase": "Active"},
    "Service": {"loadBalancer": {}},
    "Deployment": {},
    "ReplicaSet": {"replicas": 0},
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "Job": {},
    "CronJob": {},
    "ValidatingAdmissionPolicy": {},
    "PersistentVolumeClaim": {"phase": "Pending"},
    "ReplicationController": {"replicas": 0},
}
_IMMUTABLE_POD_KEYS = frozenset({"nodeName", "restartPolicy", "serviceAccountName", "hostNetwork", "volumes"})

_PATIENCE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def builtin_kind(resource: Resource, clock: Callable[[], datetime]) -> Kind:
    """The behaviour of a built-in kind."""
    special = {"Pod": PodKind, "Secret": SecretKind, "Namespace": NamespaceKind, "Event": EventKind}
    if resource.kind == "CustomResourceDefinition":
        return DefinitionKind(resource, clock)
    return special.get(resource.kind, BuiltInKind)(resource)


class BuiltInKind(Kind):
    """A kind whose schema comes from the client library."""

    @cached_property
    def _node(self) -> Node | None:
        from sandbox.api import models  # noqa: PLC0415 -- brings the client library

        return models.node(models.model_name(self.resource))

    @property
    def schema(self) -> Node | None:
        """What the fields are."""
        return self._node

    def default(self, obj: Object) -> None:
        """Fill in defaults; refuse values that do not fit their field, as decoding does in the real server."""
        if self.schema is None:
            return
        _check_types(self, self.schema, obj, self.resource.kind, "")
        apply_defaults(self.schema, obj)
        for container in _all_containers(obj):
            _default_container(container)

    def prepare_create(self, obj: Object) -> None:
        """Put a new object into its initial state."""
        status = _INITIAL_STATUS.get(self.resource.kind)
        if status is not None:
            obj["status"] = clone(status)

    def validate(self, new: Object, old: Object | None, subresource: str = "") -> list[Cause]:
        """What the kind has against the object."""
        del subresource
        kind = self.resource.kind
        if kind in ("RoleBinding", "ClusterRoleBinding"):
            if old is not None and old.get("roleRef") != new.get("roleRef"):
                return [Cause("roleRef", "Invalid value: {}: cannot change roleRef")]
        elif kind == "Service" and not (new.get("spec") or {}).get("ports"):
            spec = new.get("spec") or {}
            if spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
                return [Cause("spec.ports", "Required value", "FieldValueRequired")]
        elif kind in ("ConfigMap", "Secret") and old is not None and old.get("immutable"):
            same = all(new.get(key) == old.get(key) for key in ("data", "binaryData"))
            message = "Forbidden: field is immutable when `immutable` is set"
            return [] if same else [Cause("data", message, "FieldValueForbidden")]
        return []

    def counts_generation(self) -> bool:
        """Whether metadata.generation says how often the specification changed."""
        return self.resource.kind in _COUNTED


class PodKind(BuiltInKind):
    """Pods."""

    def prepare_create(self, obj: Object) -> None:
        """A new pod is pending."""
        limits = [(c.get("resources") or {}) for c in _all_containers(obj)]
        best_effort = not any(limit.get("limits") or limit.get("requests") for limit in limits)
        obj["status"] = {"phase": "Pending", "qosClass": "BestEffort" if best_effort else "Burstable"}
        obj.setdefault("spec", {}).setdefault("enableServiceLinks", True)

    def admit(self, obj: Object) -> None:
        """Give a pod its account, its priority and the patience with unready nodes."""
        spec = obj["spec"]
        spec["serviceAccountName"] = spec["serviceAccount"] = account_of(obj)
        spec.setdefault("priority", 0)
        spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
        tolerations = spec.setdefault("tolerations", [])
        for key in _PATIENCE:
            if not any(toleration.get("key") in (key, None) for toleration in tolerations):
                tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})

    def validate(self, new: Object, old: Object | None, subresource: str = "") -> list[Cause]:
        """What a pod lacks, or may not change."""
        spec = new.get("spec") or {}
        if old is not None:
            return [] if subresource else _check_pod_update(spec, old["spec"])
        if not spec.get("containers"):
            return [Cause("spec.containers", "Required value", "FieldValueRequired")]
        causes: list[Cause] = []
        names: set[str] = set()
        for index, container in enumerate(spec["containers"]):
            field = f"spec.containers[{index}]"
            if not container.get("name"):
                causes.append(Cause(f"{field}.name", "Required value", "FieldValueRequired"))
            elif container["name"] in names:
                causes.append(Cause(f"{field}.name", f'Duplicate value: "{container["name"]}"', "FieldValueDuplicate"))
            names.add(container.get("name", ""))
            if not container.get("image"):
                causes.append(Cause(f"{field}.image", "Required value", "FieldValueRequired"))
        return causes


def account_of(pod: Object) -> str:
    """The ServiceAccount that a pod runs as; `serviceAccount` is the field's older name."""
    spec = pod.get("spec") or {}
    return str(spec.get("serviceAccountName") or spec.get("serviceAccount") or "default")


def _check_pod_update(new: Object, old: Object) -> list[Cause]:
    same = all(new.get(key) == old.get(key) for key in _IMMUTABLE_POD_KEYS)
    fixed = [{k: v for k, v in c.items() if k != "image"} for c in new.get("containers") or ()]
    if same and fixed == [{k: v for k, v in c.items() if k != "image"} for c in old.get("containers") or ()]:
        return []
    message = (
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
        "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    )
    return [Cause("spec", message, "FieldValueForbidden")]


class SecretKind(BuiltInKind):
    """Secrets: what comes as text is kept as base64."""

    def default(self, obj: Object) -> None:
        """Turn `stringData` into `data`."""
        super().default(obj)
        text = obj.pop("stringData", None)
        if text:
            data = obj["data"] = obj.get("data") or {}
            data |= {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}


class NamespaceKind(BuiltInKind):
    """Namespaces: a finalizer holds them until they are empty."""

    def prepare_create(self, obj: Object) -> None:
        """Give a new namespace its finalizer and its label."""
        super().prepare_create(obj)
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name_of(obj)

    def prepare_update(self, new: Object, old: Object, subresource: str) -> None:
        """Keep what only the namespace's own subresources change."""
        if subresource != "finalize":
            new["spec"] = clone(old.get("spec") or {})
        new["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name_of(old)


class EventKind(BuiltInKind):
    """Events: they lie in the namespace of what they are about."""

    def validate(self, new: Object, old: Object | None, subresource: str = "") -> list[Cause]:
        """An event of a namespaced object cannot lie elsewhere."""
        del old, subresource
        key = "involvedObject" if "involvedObject" in new else "regarding"
        about = (new.get(key) or {}).get("namespace") or ""
        own = new["metadata"].get("namespace")
        if about == own or (not about and own in ("default", "kube-system")):
            return []
        if not about:
            return [Cause("involvedObject.namespace", 'Invalid value: "": does not match event.namespace')]
        return [Cause("involvedObject.namespace", f'Invalid value: "{about}": does not match event.namespace')]


class DefinitionKind(BuiltInKind):
    """CustomResourceDefinitions: established as soon as they are stored."""

    def __init__(self, resource: Resource, clock: Callable[[], datetime]) -> None:
        super().__init__(resource)
        self._clock = clock

    def default(self, obj: Object) -> None:
        """Fill in the names that follow from others."""
        super().default(obj)
        complete_definition(obj)

    def prepare_create(self, obj: Object) -> None:
        """Accept and establish the definition."""
        refresh_definition(obj, self._clock())

    def prepare_update(self, new: Object, old: Object, subresource: str) -> None:
        """Accept the changed names."""
        if not subresource:
            new["status"] = clone(old.get("status") or {})
            refresh_definition(new, self._clock())

    def validate(self, new: Object, old: Object | None, subresource: str = "") -> list[Cause]:
        """What is wrong with the definition."""
        del subresource
        return check_definition(new, old)


def _pod_specs(obj: Object) -> list[Object]:
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return []
    if obj.get("kind") == "Pod":
        return [spec]
    template = spec.get("template") or ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}
    return [template["spec"]] if isinstance(template, dict) and isinstance(template.get("spec"), dict) else []


def _all_containers(obj: Object) -> list[Object]:
    parts = ("initContainers", "containers")
    return [container for spec in _pod_specs(obj) for part in parts for container in spec.get(part) or ()]


def _default_container(container: Object) -> None:
    if "imagePullPolicy" not in container:
        image = str(container.get("image") or "")
        tag = image.rpartition("/")[2].partition(":")[2]
        latest = "@" not in image and tag in ("", "latest")
        container["imagePullPolicy"] = "Always" if latest else "IfNotPresent"


def _check_types(kind: Kind, node: Node, value: Any, holder: str, path: str) -> None:
    """Refuse a value of another type than its field's, in the words of Go's decoder; write quantities as text."""
    if value is None or node.open:
        return
    if not _fits(node, value):
        why = f"json: cannot unmarshal {go_name(value)} into Go struct field {holder}.{path} of type {node.go_type}"
        raise undecodable(kind, why)
    if isinstance(value, dict):
        own = node.go_type.rpartition(".")[2] if node.properties else holder
        for key, item in value.items():
            child = node.child(key)
            if child and child.go_type == QUANTITY and isinstance(item, (int, float)):
                value[key] = str(item)
            elif child:
                _check_types(kind, child, item, own, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and node.items:
        for item in value:
            _check_types(kind, node.items, item, holder, path)


def _fits(node: Node, value: Any) -> bool:
    actual = go_name(value)
    if node.int_or_string:
        return actual in ("number", "string")
    wanted = {"integer": "number", "boolean": "bool"}.get(node.type, node.type)
    return not wanted or actual == wanted
