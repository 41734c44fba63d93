"""The table of what alerts from Prometheus are about: the first row that fits says it.

A row sees labels after those of the measurer are renamed (``measurer``), so ``pod`` is a pod that was measured. Nothing
fits is an answer too: a wrong subject is worse than none. Operators put rows of their own before these.
"""

from collections.abc import Mapping
from typing import NamedTuple

PRESENT = ".+"
_ABSENT = ""
NODE_NAME = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
"""What a node can be called: others than Kubernetes have nodes too."""


class Row(NamedTuple):
    """What it takes, and which labels name the object then."""

    name: str
    when: Mapping[str, str]
    """By label the regular expression that its whole value fits; a label that is not there is the empty text."""
    kind: str
    """The kind, or in braces the label that says it."""
    object: str
    """The label with the name."""
    namespace: str = "namespace"
    """The label with the namespace; none for what has none."""
    node: str = ""
    """The label with the node it is on."""
    node_address: str = ""
    """In place of ``object``, for a Node: the label with an address or a name of the node, and maybe a port."""


def _namespaced(kind: str, label: str, **when: str) -> Row:
    return Row(label, {label: PRESENT, "namespace": PRESENT, **when}, kind, label)


ROWS: tuple[Row, ...] = (
    _namespaced("PersistentVolumeClaim", "persistentvolumeclaim"),
    _namespaced("HorizontalPodAutoscaler", "horizontalpodautoscaler"),
    _namespaced("PodDisruptionBudget", "poddisruptionbudget"),
    _namespaced("ResourceQuota", "resourcequota"),
    _namespaced("Ingress", "ingress"),
    Row("pod", {"pod": PRESENT, "namespace": PRESENT}, "Pod", "pod", node="node"),
    Row(
        "k8s_pod_name",
        {"k8s_pod_name": PRESENT, "k8s_namespace_name": PRESENT},
        "Pod",
        "k8s_pod_name",
        "k8s_namespace_name",
        "k8s_node_name",
    ),
    Row(
        "container_label",
        {"container_label_io_kubernetes_pod_name": PRESENT, "container_label_io_kubernetes_pod_namespace": PRESENT},
        "Pod",
        "container_label_io_kubernetes_pod_name",
        "container_label_io_kubernetes_pod_namespace",
    ),
    _namespaced("Job", "job_name", job_id=_ABSENT),
    _namespaced("CronJob", "cronjob"),
    _namespaced("Deployment", "deployment"),
    _namespaced("StatefulSet", "statefulset"),
    _namespaced("DaemonSet", "daemonset"),
    _namespaced("ReplicaSet", "replicaset"),
    *(
        Row(
            f"k8s_{kind.lower()}_name",
            {f"k8s_{kind.lower()}_name": PRESENT, "k8s_namespace_name": PRESENT},
            kind,
            f"k8s_{kind.lower()}_name",
            "k8s_namespace_name",
        )
        for kind in ("Job", "CronJob", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
    ),
    *(
        Row(
            f"workload of type {kind.lower()}",
            {"workload": PRESENT, "workload_type": f"(?i){kind}", "namespace": PRESENT},
            kind,
            "workload",
        )
        for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
    ),
    Row(
        "customresource_kind",
        {"customresource_kind": "[A-Z][A-Za-z0-9]*", "name": PRESENT},
        "{customresource_kind}",
        "name",
    ),
    Row(
        "cert-manager",
        {"job": "(.*/)?cert-manager.*", "name": PRESENT, "namespace": PRESENT},
        "Certificate",
        "name",
    ),
    Row("Argo CD", {"job": "(.*/)?.*argo-?cd.*", "name": PRESENT, "namespace": PRESENT}, "Application", "name"),
    Row("persistentvolume", {"persistentvolume": PRESENT}, "PersistentVolume", "persistentvolume", ""),
    Row(
        "Longhorn's claim", {"pvc": PRESENT, "pvc_namespace": PRESENT}, "PersistentVolumeClaim", "pvc", "pvc_namespace"
    ),
    Row("Longhorn's volume", {"job": ".*longhorn.*", "volume": PRESENT}, "PersistentVolume", "volume", ""),
    Row("nodename", {"nodename": NODE_NAME}, "Node", "nodename", ""),
    Row("node", {"node": NODE_NAME}, "Node", "node", ""),
    Row("k8s_node_name", {"k8s_node_name": NODE_NAME}, "Node", "k8s_node_name", ""),
    Row("kubernetes_node", {"kubernetes_node": NODE_NAME}, "Node", "kubernetes_node", ""),
    *(
        Row(
            f"node-exporter's instance, by {label}",
            {label: ".*node[-_]exporter.*", "instance": PRESENT},
            "Node",
            object="",
            node_address="instance",
        )
        for label in ("job", "service", "exporter_container", "container")
    ),
    Row("namespace", {"alertname": "(?i).*namespace.*", "namespace": PRESENT}, "Namespace", "namespace", ""),
)
