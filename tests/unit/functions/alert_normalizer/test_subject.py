"""What an alert is about: label sets as kube-prometheus' alerts carry them."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.states import AlertStatus
from aegis.names import Fingerprint
from functions.alert_normalizer.incoming import Incoming, Subject
from functions.alert_normalizer.measurer import told_apart
from functions.alert_normalizer.node_addresses import placed
from functions.alert_normalizer.subject import subject_of
from functions.alert_normalizer.subjects import ROWS
from tests.payloads import PAYLOADS
from tests.samples import ROOT

KSM = {
    "job": "kube-state-metrics",
    "service": "kube-state-metrics",
    "instance": "10.244.0.3:8443",
    "endpoint": "https-main",
    "container": "kube-rbac-proxy-main",
    "pod": "kube-state-metrics-6b7f6d9c4d-x2x5k",
    "namespace": "monitoring",
}
HELM_KSM = {**KSM, "service": "kps-kube-state-metrics", "pod": "kps-kube-state-metrics-6b7f6d9c4d-x2x5k"}
NODE_EXPORTER = {
    "job": "node-exporter",
    "service": "kps-prometheus-node-exporter",
    "instance": "10.0.0.7:9100",
    "endpoint": "http-metrics",
    "container": "node-exporter",
    "pod": "kps-prometheus-node-exporter-9xk2l",
    "namespace": "monitoring",
}
NOTHING = ("", "", "", "")
# alert name: labels, and kind, name, namespace and node of the object
KUBE_PROMETHEUS = {
    "KubePodCrashLooping": (
        {**KSM, "pod": "payment-747ccfb9db-pd6wz", "namespace": "shop", "container": "payment", "uid": "b9cc2b01"},
        ("Pod", "payment-747ccfb9db-pd6wz", "shop", ""),
    ),
    "KubePodCrashLooping of an exporter": (
        {**KSM, "pod": "node-exporter-9xk2l", "container": "node-exporter"},
        ("Pod", "node-exporter-9xk2l", "monitoring", ""),
    ),
    "KubePodNotReady": ({"namespace": "shop", "pod": "web-0"}, ("Pod", "web-0", "shop", "")),
    "KubeContainerWaiting": (
        {"namespace": "shop", "pod": "web-0", "container": "web", "reason": "ImagePullBackOff"},
        ("Pod", "web-0", "shop", ""),
    ),
    "CPUThrottlingHigh": (
        {"namespace": "monitoring", "pod": "node-exporter-9xk2l", "container": "node-exporter"},
        ("Pod", "node-exporter-9xk2l", "monitoring", ""),
    ),
    "KubeDeploymentReplicasMismatch": (
        {**KSM, "deployment": "payment", "namespace": "shop"},
        ("Deployment", "payment", "shop", ""),
    ),
    "KubeDeploymentRolloutStuck": (
        {**HELM_KSM, "deployment": "payment", "namespace": "shop", "condition": "Progressing"},
        ("Deployment", "payment", "shop", ""),
    ),
    "KubeStatefulSetReplicasMismatch": (
        {**KSM, "statefulset": "db", "namespace": "shop"},
        ("StatefulSet", "db", "shop", ""),
    ),
    "KubeDaemonSetRolloutStuck": ({**KSM, "daemonset": "cni", "namespace": "net"}, ("DaemonSet", "cni", "net", "")),
    "KubeJobFailed": (
        {**KSM, "job_name": "backup-28912", "namespace": "shop", "condition": "true"},
        ("Job", "backup-28912", "shop", ""),
    ),
    "KubeJobNotCompleted": ({"job_name": "backup", "namespace": "shop"}, ("Job", "backup", "shop", "")),
    "KubeHpaMaxedOut": (
        {**KSM, "horizontalpodautoscaler": "web", "namespace": "shop"},
        ("HorizontalPodAutoscaler", "web", "shop", ""),
    ),
    "KubePdbNotEnoughHealthyPods": (
        {"namespace": "shop", "poddisruptionbudget": "web"},
        ("PodDisruptionBudget", "web", "shop", ""),
    ),
    "KubePersistentVolumeFillingUp": (
        {
            "job": "kubelet",
            "service": "kubelet",
            "instance": "10.0.0.7:10250",
            "metrics_path": "/metrics",
            "node": "dev1",
            "namespace": "shop",
            "persistentvolumeclaim": "data-db-0",
        },
        ("PersistentVolumeClaim", "data-db-0", "shop", ""),
    ),
    "KubePersistentVolumeErrors": (
        {**KSM, "persistentvolume": "pv-1", "phase": "Failed"},
        ("PersistentVolume", "pv-1", "", ""),
    ),
    "KubeQuotaAlmostFull": (
        {"namespace": "shop", "resource": "pods", "resourcequota": "small"},
        ("ResourceQuota", "small", "shop", ""),
    ),
    "KubeNodeNotReady": (
        {**KSM, "node": "dev1", "condition": "Ready", "status": "true"},
        ("Node", "dev1", "", "dev1"),
    ),
    "KubeNodeUnreachable": ({**HELM_KSM, "node": "dev1", "effect": "NoSchedule"}, ("Node", "dev1", "", "dev1")),
    "KubeletTooManyPods": ({"node": "dev1", "instance": "10.0.0.7:10250"}, ("Node", "dev1", "", "dev1")),
    "NodeFilesystemSpaceFillingUp": (
        {**NODE_EXPORTER, "device": "/dev/sda1", "mountpoint": "/"},
        ("Node", "dev1", "", "dev1"),
    ),
    "NodeFilesystemSpaceFillingUp of what is no node": ({**NODE_EXPORTER, "instance": "10.0.0.8:9100"}, NOTHING),
    "NodeClockNotSynchronising": (
        {**NODE_EXPORTER, "instance": "dev1"},
        ("Node", "dev1", "", "dev1"),
    ),
    "NodeRAIDDegraded with a node label": ({**NODE_EXPORTER, "node": "dev1"}, ("Node", "dev1", "", "dev1")),
    "PrometheusBadConfig": (
        {"job": "prometheus-k8s", "pod": "prometheus-k8s-0", "namespace": "monitoring", "container": "prometheus"},
        ("Pod", "prometheus-k8s-0", "monitoring", ""),
    ),
    "a pod's own metrics, on a node": (
        {"job": "web", "pod": "web-7d-abc", "namespace": "shop", "node": "dev1"},
        ("Pod", "web-7d-abc", "shop", "dev1"),
    ),
    "a pod that an exporter is not believed": (
        {**HELM_KSM, "exported_pod": "web-0", "exported_namespace": "shop"},
        ("Pod", "web-0", "shop", ""),
    ),
    "a deployment that an exporter is not believed": (
        {**KSM, "deployment": "web", "exported_namespace": "shop"},
        ("Deployment", "web", "shop", ""),
    ),
    "a namespace that an exporter is not believed": (
        {**KSM, "exported_namespace": "shop", "alertname": "NamespaceStuckTerminating"},
        ("Namespace", "shop", "", ""),
    ),
    "something in a namespace, but not which": ({**KSM, "exported_namespace": "shop"}, NOTHING),
    "a GPU of a node": (
        {"job": "dcgm-exporter", "pod": "dcgm-exporter-7x2kq", "namespace": "gpu", "node": "dev1", "gpu": "0"},
        ("Node", "dev1", "", "dev1"),
    ),
    "only an exporter": (KSM, NOTHING),
    "only an exporter, of a chart": (HELM_KSM, NOTHING),
    "an exporter scraped by a PodMonitor": (
        {"job": "monitoring/ksm", "container": "kube-state-metrics", "pod": "ksm-6b-x2x5k", "namespace": "monitoring"},
        NOTHING,
    ),
    "TargetDown": ({"job": "kubelet", "namespace": "kube-system", "service": "kubelet"}, NOTHING),
    "KubeCPUOvercommit": ({"cluster": "a"}, NOTHING),
    "a count by namespace": ({"namespace": "shop"}, NOTHING),
    "KubeNamespaceTerminating": (
        {"alertname": "KubeNamespaceTerminating", "namespace": "shop"},
        ("Namespace", "shop", "", ""),
    ),
    "a pod of no namespace": ({"pod": "web-0"}, NOTHING),
}
EXPLICIT = {
    "a kind and the label of that kind": (
        {**KSM, "kind": "Deployment", "deployment": "web", "namespace": "shop"},
        ("Deployment", "web", "shop", ""),
    ),
    "a pod with its node": (
        {"kind": "Pod", "pod": "web-0", "namespace": "shop", "node": "dev1"},
        ("Pod", "web-0", "shop", "dev1"),
    ),
    "a pod before a deployment": (
        {"kind": "Pod", "pod": "web-0", "namespace": "shop", "deployment": "web"},
        ("Pod", "web-0", "shop", ""),
    ),
    "a node": ({"kind": "Node", "node": "dev1", "instance": "10.0.0.7:9100"}, ("Node", "dev1", "", "dev1")),
    "a node, in lower case": ({"kind": "node", "node": "dev1"}, ("Node", "dev1", "", "dev1")),
    "a node by its instance": ({"kind": "Node", "instance": "dev1:9100"}, ("Node", "dev1", "", "dev1")),
    "a node by its instance of IPv6": (
        {"kind": "Node", "instance": "[fd00::7]:9100"},
        ("Node", "fd00::7", "", "fd00::7"),
    ),
    "a node by its bare instance of IPv6": (
        {"kind": "Node", "instance": "fd00::7"},
        ("Node", "fd00::7", "", "fd00::7"),
    ),
    "an unknown kind by its instance": (
        {"kind": "Etcd", "instance": "10.0.0.7:2379"},
        ("Etcd", "10.0.0.7:2379", "", ""),
    ),
    "an unknown kind by its job": ({"kind": "Apiserver", "job": "apiserver"}, ("Apiserver", "apiserver", "", "")),
    "an unknown kind by its own label": (
        {"kind": "Workflow", "workflow": "w1", "namespace": "shop", "job": "argo"},
        ("Workflow", "w1", "shop", ""),
    ),
    "an unknown kind is not the exporter": ({**KSM, "kind": "Kubelet"}, ("Kubelet", "", "", "")),
    "a job is not what scraped it": ({"kind": "Job", "job": "kube-state-metrics"}, ("Job", "", "", "")),
    "an object by name": (
        {"kind": "Pod", "involved_object_name": "web-0", "namespace": "shop", "pod": "event-exporter-1"},
        ("Pod", "web-0", "shop", ""),
    ),
    "an object by all its parts": (
        {
            **KSM,
            "kind": "Event",
            "involved_object_kind": "Pod",
            "involved_object_name": "web-0",
            "involved_object_namespace": "shop",
            "involved_object_node": "dev1",
        },
        ("Pod", "web-0", "shop", "dev1"),
    ),
    "a node by name": (
        {"involved_object_kind": "Node", "involved_object_name": "dev1", "namespace": "default"},
        ("Node", "dev1", "", "dev1"),
    ),
}


NODES = {"10.0.0.7": "dev1", "dev1": "dev1", "vm7": "vm7"}


def of(labels: dict[str, str]) -> Subject:
    subject, address = subject_of(told_apart(labels))
    fingerprint = Fingerprint("f1")
    alert = Incoming("s", "A", AlertStatus.FIRING, "", subject, labels, fingerprint, "", node_address=address)
    return placed(alert, NODES).involved_object


OTHERS = {
    "a volume of Longhorn": (
        {
            "job": "longhorn-backend",
            "container": "longhorn-manager",
            "pod": "longhorn-manager-x2x5k",
            "namespace": "longhorn-system",
            "node": "dev1",
            "volume": "pvc-4f1",
        },
        ("PersistentVolume", "pvc-4f1", "", ""),
    ),
    "a daemon of Ceph": (
        {"job": "rook-ceph-mgr", "pod": "rook-ceph-mgr-a-5d", "namespace": "rook-ceph", "ceph_daemon": "osd.1"},
        NOTHING,
    ),
    "a batch job that pushed": (
        {
            "job": "pushgateway",
            "pod": "pushgateway-5d",
            "namespace": "monitoring",
            "exported_job": "nightly",
            "exported_instance": "h",
        },
        NOTHING,
    ),
    "a certificate": (
        {"job": "cert-manager", "pod": "cert-manager-5d", "namespace": "shop", "name": "tls"},
        ("Certificate", "tls", "shop", ""),
    ),
    "an application of Argo CD": (
        {
            "job": "argocd-metrics",
            "pod": "argocd-application-controller-0",
            "namespace": "argocd",
            "name": "shop",
            "dest_namespace": "shop",
        },
        ("Application", "shop", "argocd", ""),
    ),
    "a resource of Flux": (
        {
            "job": "flux-system/flux-system",
            "pod": "kustomize-controller-5d",
            "namespace": "flux-system",
            "kind": "Kustomization",
            "name": "apps",
            "exported_namespace": "shop",
        },
        ("Kustomization", "apps", "shop", ""),
    ),
    "a custom resource": (
        {**KSM, "customresource_kind": "GitRepository", "name": "apps", "namespace": "shop"},
        ("GitRepository", "apps", "shop", ""),
    ),
    "a workload of a recording rule": (
        {"namespace": "shop", "workload": "db", "workload_type": "statefulset"},
        ("StatefulSet", "db", "shop", ""),
    ),
    "a pod that a collector tells of": (
        {
            "job": "otel-collector",
            "pod": "otel-collector-0",
            "namespace": "otel",
            "k8s_pod_name": "web-0",
            "k8s_namespace_name": "shop",
            "k8s_node_name": "dev1",
        },
        ("Pod", "web-0", "shop", "dev1"),
    ),
    "a container that cAdvisor tells of": (
        {
            "job": "cadvisor",
            "pod": "cadvisor-x2x5k",
            "namespace": "monitoring",
            "container_label_io_kubernetes_pod_name": "web-0",
            "container_label_io_kubernetes_pod_namespace": "shop",
        },
        ("Pod", "web-0", "shop", ""),
    ),
    "a pod whose name has the kubelet's": (
        {
            "job": "kubelet",
            "service": "kubelet",
            "metrics_path": "/metrics/cadvisor",
            "node": "dev1",
            "namespace": "net",
            "pod": "kubelet-approver-5d",
        },
        ("Pod", "kubelet-approver-5d", "net", "dev1"),
    ),
    "the node of what was scraped": (
        {"job": "kubernetes-service-endpoints", "service": "web", "namespace": "shop", "node": "dev1"},
        NOTHING,
    ),
    "a pod, on the node of what told of it": (
        {
            "job": "kubernetes-service-endpoints",
            "service": "kube-state-metrics",
            "namespace": "shop",
            "pod": "web-0",
            "node": "dev9",
        },
        ("Pod", "web-0", "shop", ""),
    ),
    "a condition of a node, told from another": (
        {
            "job": "kubernetes-service-endpoints",
            "service": "kube-state-metrics",
            "node": "dev1",
            "condition": "DiskPressure",
        },
        ("Node", "dev1", "", "dev1"),
    ),
    "a node of another system": (
        {"job": "rabbitmq", "pod": "rabbitmq-0", "namespace": "shop", "node": "rabbit@rabbitmq-0"},
        ("Pod", "rabbitmq-0", "shop", ""),
    ),
    "a node by the name it has": ({**NODE_EXPORTER, "nodename": "dev1"}, ("Node", "dev1", "", "dev1")),
    "a job of Flink": (
        {
            "job": "flink",
            "pod": "flink-jobmanager-0",
            "namespace": "data",
            "job_name": "clicks",
            "job_id": "9a",
            "tm_id": "1",
        },
        NOTHING,
    ),
    "an API": ({"alertname": "KubeAggregatedAPIDown", "name": "v1.metrics.k8s.io", "namespace": "default"}, NOTHING),
    "a pod and its deployment": (
        {"job": "kubernetes-pods", "pod": "web-7d-abc", "deployment": "web", "namespace": "shop"},
        ("Pod", "web-7d-abc", "shop", ""),
    ),
}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [pytest.param(*case, id=name) for name, case in {**KUBE_PROMETHEUS, **OTHERS, **EXPLICIT}.items()],
)
def test_the_object_is_what_was_measured(labels: dict[str, str], expected: tuple[str, str, str, str]) -> None:
    kind, name, namespace, node = expected
    assert of(labels)[:4] == (kind, name, namespace, node)


VALUES = st.text(st.sampled_from("ab-:1"), max_size=6)
NAMES = st.sampled_from(
    [
        *("kind", "pod", "namespace", "node", "instance", "job", "service", "container", "deployment", "job_name"),
        *("involved_object_kind", "involved_object_name", "involved_object_namespace", "exported_pod", "statefulset"),
    ]
)


@given(st.dictionaries(NAMES, VALUES))
def test_an_object_is_called_by_what_a_label_says(labels: dict[str, str]) -> None:
    name = of(labels).name
    assert any(name in value for value in ["", *labels.values()])


@given(st.dictionaries(NAMES, VALUES), st.sampled_from(["deployment", "job_name", "statefulset"]))
def test_where_an_exporter_names_a_workload_its_pod_is_not_meant(labels: dict[str, str], workload: str) -> None:
    labels = {key: value for key, value in labels.items() if not key.startswith(("kind", "involved", "exported"))}
    assert of({**labels, **KSM, workload: "w"}).kind in ("Deployment", "Job", "StatefulSet")


@given(st.dictionaries(NAMES, VALUES))
def test_the_pod_of_a_known_exporter_is_never_meant(labels: dict[str, str]) -> None:
    labels = {key: value for key, value in labels.items() if "kind" not in key and "involved" not in key}
    subject = of({**labels, **KSM})
    assert subject.name != KSM["pod"]


@given(st.dictionaries(NAMES, VALUES))
def test_a_pod_always_has_a_namespace(labels: dict[str, str]) -> None:
    subject = of(labels)
    assert subject.kind != "Pod" or not subject.name or subject.namespace


CASES = sorted((PAYLOADS.parent / "cases" / "subjects").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_of_a_public_report(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    found = of(case["labels"])[:4]
    match case["want"], case["got"]:
        case [*wanted], _:
            assert found == tuple(wanted)
        case None, _:
            assert found == NOTHING
        case _, got:  # the wish is in words: what was wrong
            assert case["verdict"] == "unclear" or found != tuple(got)


def test_every_row_is_documented_in_its_place() -> None:
    documented = re.findall(r"^\| ([^|]+) \| (?:no )?`", (ROOT / "docs" / "subjects.md").read_text(), re.MULTILINE)
    assert documented == [row.name for row in ROWS]


def test_rows_have_names_of_their_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


@given(st.dictionaries(NAMES, VALUES))
def test_labels_are_renamed_and_none_is_lost(labels: dict[str, str]) -> None:
    apart = told_apart(labels)
    assert set(labels.values()) <= {*apart.values(), ""} | {labels.get("pod", ""), labels.get("namespace", "")}
    for place in ("pod", "namespace", "node", "container"):
        if labels.get(place):
            assert labels[place] in (apart.get(place), apart.get(f"exporter_{place}"))
