"""Which resources the API serves: a table of built-in ones, and those that CustomResourceDefinitions add.

A `Resource` is an address (group, version, plural) together with what discovery says about it. What a kind does with
its objects is said in `kinds` and `custom`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Resource:
    """One served version of one kind."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()
    singular: str = ""
    list_kind: str = ""
    bucket: str = field(default="", compare=False)  # where objects are kept; shared by the versions of a kind

    def __post_init__(self) -> None:
        if not self.singular:
            object.__setattr__(self, "singular", self.kind.lower())
        if not self.list_kind:
            object.__setattr__(self, "list_kind", self.kind + "List")
        if not self.bucket:
            object.__setattr__(self, "bucket", self.qualified)

    @property
    def api_version(self) -> str:
        """`group/version`, or the bare version of the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`plural.group`, as messages name a resource."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _core(
    plural: str,
    kind: str,
    *short: str,
    namespaced: bool = True,
    sub: str = "",
    categories: str = "",
) -> Resource:
    return _builtin("", "v1", plural, kind, *short, namespaced=namespaced, sub=sub, categories=categories)


def _builtin(
    group: str,
    version: str,
    plural: str,
    kind: str,
    *short: str,
    namespaced: bool = True,
    sub: str = "",
    categories: str = "",
) -> Resource:
    return Resource(
        group=group,
        version=version,
        plural=plural,
        kind=kind,
        namespaced=namespaced,
        short_names=short,
        categories=tuple(categories.split()),
        subresources=frozenset(sub.split()),
        bucket="events" if plural == "events" else "",
    )


_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"

NAMESPACES = _core("namespaces", "Namespace", "ns", namespaced=False, sub="status finalize")
PODS = _core("pods", "Pod", "po", sub="status log binding eviction", categories="all")
NODES = _core("nodes", "Node", "no", namespaced=False, sub="status")
EVENTS = _core("events", "Event", "ev")
QUOTAS = _core("resourcequotas", "ResourceQuota", "quota", sub="status")
CRDS = _builtin(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    "crd",
    "crds",
    namespaced=False,
    sub="status",
    categories="api-extensions",
)

BUILT_IN: tuple[Resource, ...] = (
    NAMESPACES,
    PODS,
    NODES,
    EVENTS,
    QUOTAS,
    CRDS,
    _core("configmaps", "ConfigMap", "cm"),
    _core("secrets", "Secret"),
    _core("serviceaccounts", "ServiceAccount", "sa", sub="token"),
    _core("services", "Service", "svc", sub="status", categories="all"),
    _core("endpoints", "Endpoints", "ep"),
    _core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc", sub="status"),
    _core("replicationcontrollers", "ReplicationController", "rc", sub="status", categories="all"),
    _builtin("events.k8s.io", "v1", "events", "Event", "ev"),
    _builtin("apps", "v1", "deployments", "Deployment", "deploy", sub="status", categories="all"),
    _builtin("apps", "v1", "replicasets", "ReplicaSet", "rs", sub="status", categories="all"),
    _builtin("apps", "v1", "statefulsets", "StatefulSet", "sts", sub="status", categories="all"),
    _builtin("apps", "v1", "daemonsets", "DaemonSet", "ds", sub="status", categories="all"),
    _builtin("batch", "v1", "jobs", "Job", sub="status", categories="all"),
    _builtin("batch", "v1", "cronjobs", "CronJob", "cj", sub="status", categories="all"),
    _builtin("coordination.k8s.io", "v1", "leases", "Lease"),
    _builtin(_RBAC, "v1", "roles", "Role"),
    _builtin(_RBAC, "v1", "rolebindings", "RoleBinding"),
    _builtin(_RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False),
    _builtin(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    _builtin(
        _ADMISSION,
        "v1",
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        namespaced=False,
        sub="status",
        categories="api-extensions",
    ),
    _builtin(
        _ADMISSION,
        "v1",
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        namespaced=False,
        categories="api-extensions",
    ),
)


class Registry:
    """The resources served now."""

    def __init__(self) -> None:
        self._by_address: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self.generation = 0  # grows with every change, so that what is derived knows when it is out of date
        for resource in BUILT_IN:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Serve a resource, in place of one with the same address."""
        self._by_address[resource.group, resource.version, resource.plural] = resource
        self._by_kind[resource.api_version, resource.kind] = resource
        self.generation += 1

    def remove(self, resource: Resource) -> None:
        """Serve a resource no longer."""
        self._by_address.pop((resource.group, resource.version, resource.plural), None)
        self._by_kind.pop((resource.api_version, resource.kind), None)
        self.generation += 1

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource at an address."""
        return self._by_address.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource that a manifest's apiVersion and kind name."""
        return self._by_kind.get((api_version, kind))

    def of_bucket(self, bucket: str) -> Resource | None:
        """A served version of the kind kept under that name."""
        return next((resource for resource in self if resource.bucket == bucket), None)

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._by_address.values()))
