"""Whose an alert's labels are: what was measured, or what measured it.

Prometheus attaches to a series what it scraped it from (pod, namespace, node, container, …). A function that takes that
for the subject restarts the exporter and drains its node. Where a label is the measurer's it is renamed here, so that
neither the table of subjects nor a template takes it for the subject's.
"""

import re
from collections.abc import Mapping

PREFIX = "exporter_"
_SCRAPED = ("job", "service", "instance", "endpoint")
_EXPORTED = "exported_"

_MEASURERS = re.compile(
    r"exporter|kube-state-metrics|\bksm\b|metrics-server|node-problem-detector|prometheus-adapter|pushgateway"
    r"|longhorn|rook|ceph|cert-manager|argo-?cd|argo-rollouts|\bflux|otel|opentelemetry|telegraf|grafana-agent|\balloy\b"
    r"|cadvisor|dcgm|blackbox|snmp|opencost|kubecost|kepler|kyverno|gatekeeper|trivy|velero|karpenter|crossplane|flink|spark"
    r"|external-(secrets|dns)|operator|controller|collector|autoscaler|ingress|traefik|istio"
)
"""What measures others, by a word in its job, service, container, or the label that names its application."""
_APPLICATION = ("job", "service", "container", "app", "app_kubernetes_io_name")

_OF_PODS = re.compile(
    r"kube-state-metrics|\bksm\b|cadvisor|dcgm|opencost|kubecost|kepler|otel|opentelemetry|telegraf|trivy"
)
"""Which of them say ``pod`` and ``namespace`` themselves, where they are believed (honor_labels)."""
_OF_NODES = re.compile(
    r"node[-_]exporter|node-problem-detector|\bnpd\b|dcgm|smartctl|ipmi|kube-state-metrics|\bksm\b|longhorn"
)
"""Which of them speak of nodes: their ``node`` is what was measured."""

_KUBELET = re.compile(r"kubelet|kubernetes-(nodes-)?cadvisor|kubernetes-nodes(-.*)?")
_KUBELET_PATH = re.compile(r"/metrics/(cadvisor|resource|probes)")
_CHART = re.compile(r"kubernetes-(service-endpoints|pods)(-.*)?")
"""Jobs of Prometheus' chart, which puts the node of what was scraped on every series."""
_OF_NODE_STATES = ("condition", "effect")
"""What kube-state-metrics says of nodes themselves."""

_OF_ANOTHER = (
    *("name", "volume", "ceph_daemon", "workload", "customresource_kind", "dest_namespace", "k8s_pod_name"),
    *("container_label_io_kubernetes_pod_name", "destination_workload"),
)
"""Labels by which an application speaks of something else than itself."""


def told_apart(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels with those of the measurer renamed, to ``exporter_pod`` and its like.

    What an exporter said and Prometheus did not believe (``exported_pod``) takes the place that it was meant for.
    """
    exported = {key.removeprefix(_EXPORTED): value for key, value in labels.items() if key.startswith(_EXPORTED)}
    theirs = _of_the_measurer(labels, frozenset(key for key, value in exported.items() if value))
    said = {key: value for key, value in exported.items() if value and key in theirs}
    renamed = {PREFIX + key: labels[key] for key in theirs if labels.get(key)}
    return {key: value for key, value in labels.items() if key not in theirs} | renamed | said


def is_measurer(labels: Mapping[str, str]) -> bool:
    """Whether what was scraped is known to measure others."""
    return _says(_MEASURERS, labels, *_APPLICATION)


def _says(word: re.Pattern[str], labels: Mapping[str, str], *names: str) -> bool:
    return any(word.search(labels.get(name, "")) for name in names)


def _of_the_measurer(labels: Mapping[str, str], exported: frozenset[str]) -> set[str]:
    """Which of the places that labels name are the measurer's."""
    if exported:
        return {"pod", "namespace", "container"} | (exported & {"node"}) | _attached_node(labels)
    if not any(labels.get(label) for label in _SCRAPED) or _is_kubelet(labels):
        return set()
    known = is_measurer(labels)
    if known and labels.get("pod") and _says(_OF_PODS, labels, *_APPLICATION) and not _is_scraped_pod(labels):
        return _attached_node(labels)
    if known or any(labels.get(label) for label in _OF_ANOTHER):
        return {"pod", "container"} | _attached_node(labels)
    return set() if labels.get("pod") else _attached_node(labels)


def _attached_node(labels: Mapping[str, str]) -> set[str]:
    """The node, unless it is known to be what was measured."""
    chart = _CHART.fullmatch(labels.get("job", ""))
    if _says(_OF_NODES, labels, *_APPLICATION):
        states = any(labels.get(label) for label in _OF_NODE_STATES)
        return {"node"} if chart and _says(_OF_PODS, labels, *_APPLICATION) and not states else set()
    return {"node"} if chart or labels.get("service") or labels.get("endpoint") else set()


def _is_kubelet(labels: Mapping[str, str]) -> bool:
    """Whether a node's kubelet said it, which measures the pods of its node."""
    return bool(_KUBELET.fullmatch(labels.get("job", "")) or _KUBELET_PATH.fullmatch(labels.get("metrics_path", "")))


def _is_scraped_pod(labels: Mapping[str, str]) -> bool:
    """Whether the pod is what was scraped: pods are called by their service or job."""
    owners = (labels.get("service", ""), labels.get("job", "").rpartition("/")[2])
    return any(owner and f"-{owner}-" in f"-{labels['pod']}-" for owner in owners)
