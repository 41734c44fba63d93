"""What an alert from Prometheus is about, from its labels: never the exporter that measured it.

A series carries labels of two kinds. Those of what was measured are the subject's. Those that Prometheus attaches to
what it scraped (pod, namespace, container, service, job, instance, endpoint) are the exporter's, unless the exporter
itself says ``pod`` or ``namespace`` and is believed (honor_labels); where it is not believed, its own words come back
as ``exported_pod``. Acting on an exporter's pod repairs nothing and takes the monitoring away.
"""

import re
from collections.abc import Mapping

from functions.alert_normalizer.incoming import Subject

_WORKLOADS = {
    "HorizontalPodAutoscaler": "horizontalpodautoscaler",
    "PersistentVolumeClaim": "persistentvolumeclaim",
    "PodDisruptionBudget": "poddisruptionbudget",
    "ResourceQuota": "resourcequota",
    "Ingress": "ingress",
    "Job": "job_name",
    "CronJob": "cronjob",
    "Deployment": "deployment",
    "StatefulSet": "statefulset",
    "DaemonSet": "daemonset",
    "ReplicaSet": "replicaset",
}
_CLUSTER_WIDE = {"PersistentVolume": "persistentvolume", "Node": "node", "Namespace": "namespace"}
_LABEL_OF = {**_WORKLOADS, "Pod": "pod", **_CLUSTER_WIDE}
_KIND_OF = {kind.casefold(): kind for kind in _LABEL_OF}

_TARGET = ("container", "service", "job", "instance", "endpoint")
_EXPORTER = re.compile(r"exporter|kube-state-metrics|metrics-server|node-problem-detector|prometheus-adapter")
_NODE_EXPORTER = re.compile(r"node[-_]exporter")
_WITH_PORT = re.compile(r"\[(?P<bracketed>[^\]]+)\](?::\d+)?|(?P<plain>[^:]+):\d+")


def subject_of(labels: Mapping[str, str]) -> Subject:
    """The object that an alert's labels speak of; empty where they speak of none."""
    said = {label: value for label in _LABEL_OF.values() if (value := labels.get(f"exported_{label}"))}
    own = {**labels, **said}
    if labels.get("involved_object_name"):
        return _named(labels)
    if kind := labels.get("involved_object_kind") or labels.get("kind"):
        return _of_kind(_KIND_OF.get(kind.casefold(), kind), own)
    return _inferred(own, said=frozenset(said))


def _object(kind: str, name: str, labels: Mapping[str, str]) -> Subject:
    if kind == "Node":
        return Subject(kind=kind, name=name, namespace="", node=name)
    namespace = "" if kind in _CLUSTER_WIDE else labels.get("namespace", "")
    if kind == "Pod" and not namespace:
        name = ""  # there is no pod without its namespace
    node = labels.get("node", "") if kind == "Pod" else ""
    return Subject(kind=kind, name=name, namespace=namespace, node=node)


def _named(labels: Mapping[str, str]) -> Subject:
    """The object that the labels name outright."""
    kind = labels.get("involved_object_kind") or labels.get("kind", "")
    kind, name = _KIND_OF.get(kind.casefold(), kind), labels["involved_object_name"]
    namespace = labels.get("involved_object_namespace") or labels.get("namespace", "")
    node = labels.get("involved_object_node") or (name if kind == "Node" else labels.get("node", ""))
    if not kind or (kind == "Pod" and not namespace):
        name = ""
    return Subject(kind=kind, name=name, namespace="" if kind in _CLUSTER_WIDE else namespace, node=node)


def _of_kind(kind: str, labels: Mapping[str, str]) -> Subject:
    """The object of a kind that the labels say; a kind unknown here is called by its instance or its job."""
    if label := _LABEL_OF.get(kind):
        name = labels.get(label, "")
        if kind == "Node" and not name:
            name = _host(labels.get("instance", ""))
        return _object(kind, name, labels)
    if name := labels.get(kind.lower(), ""):
        return _object(kind, name, labels)
    name = "" if _is_exporter(labels) else labels.get("instance") or labels.get("job", "")
    return Subject(kind=kind, name=name, namespace="", node="")


def _inferred(labels: Mapping[str, str], *, said: frozenset[str]) -> Subject:
    for kind, label in _WORKLOADS.items():
        if name := labels.get(label):
            return _object(kind, name, labels)
    others = [kind for kind in ("PersistentVolume", "Node") if labels.get(_CLUSTER_WIDE[kind])]
    if labels.get("pod") and labels.get("namespace") and _is_own_pod(labels, said=said, alone=not others):
        return _object("Pod", labels["pod"], labels)
    for kind in others:
        return _object(kind, labels[_CLUSTER_WIDE[kind]], labels)
    if labels.get("instance") and _matches(_NODE_EXPORTER, labels, "job", "service", "container"):
        return _object("Node", _host(labels["instance"]), labels)
    own_namespace = "namespace" in said or not any(labels.get(label) for label in ("pod", *_TARGET))
    if labels.get("namespace") and own_namespace:
        return _object("Namespace", labels["namespace"], labels)
    return Subject()


def _is_own_pod(labels: Mapping[str, str], *, said: frozenset[str], alone: bool) -> bool:
    """Whether the pod is what was measured; ``alone`` says that no node or volume is there to be it instead."""
    if said:
        return "pod" in said
    return not (_is_target_pod(labels) and (_is_exporter(labels) or not alone))


def _matches(pattern: re.Pattern[str], labels: Mapping[str, str], *names: str) -> bool:
    return any(pattern.search(labels.get(name, "")) for name in names)


def _is_exporter(labels: Mapping[str, str]) -> bool:
    """Whether what was scraped measures others."""
    return _matches(_EXPORTER, labels, "job", "service", "container")


def _is_target_pod(labels: Mapping[str, str]) -> bool:
    """Whether the pod is the one that was scraped: pods are called by their service or job."""
    owners = (labels.get("service", ""), labels.get("job", "").rpartition("/")[2])
    return any(owner and f"-{owner}-" in f"-{labels['pod']}" for owner in owners)


def _host(instance: str) -> str:
    """An instance without its port."""
    found = _WITH_PORT.fullmatch(instance)
    return (found["bracketed"] or found["plain"]) if found else instance
