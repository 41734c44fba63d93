"""What an alert is about: label sets as kube-prometheus' alerts carry them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.alert_normalizer.incoming import Subject
from functions.alert_normalizer.subject import subject_of

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
        ("Node", "10.0.0.7", "", "10.0.0.7"),
    ),
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
        ("Node", "dev1", "", "dev1"),
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
        {**KSM, "exported_namespace": "shop"},
        ("Namespace", "shop", "", ""),
    ),
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
    "by namespace": ({"namespace": "shop"}, ("Namespace", "shop", "", "")),
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


@pytest.mark.parametrize(
    ("labels", "expected"),
    [pytest.param(*case, id=name) for name, case in {**KUBE_PROMETHEUS, **EXPLICIT}.items()],
)
def test_the_object_is_what_was_measured(labels: dict[str, str], expected: tuple[str, str, str, str]) -> None:
    kind, name, namespace, node = expected
    assert subject_of(labels) == Subject(kind=kind, name=name, namespace=namespace, node=node)


VALUES = st.text(st.sampled_from("ab-:1"), max_size=6)
NAMES = st.sampled_from(
    [
        *("kind", "pod", "namespace", "node", "instance", "job", "service", "container", "deployment", "job_name"),
        *("involved_object_kind", "involved_object_name", "involved_object_namespace", "exported_pod", "statefulset"),
    ]
)


@given(st.dictionaries(NAMES, VALUES))
def test_an_object_is_called_by_what_a_label_says(labels: dict[str, str]) -> None:
    name = subject_of(labels).name
    assert any(name in value for value in ["", *labels.values()])


@given(st.dictionaries(NAMES, VALUES), st.sampled_from(["deployment", "job_name", "statefulset"]))
def test_where_a_workload_is_named_the_pod_is_not_meant(labels: dict[str, str], workload: str) -> None:
    labels = {key: value for key, value in labels.items() if key not in ("kind", "involved_object_kind")}
    labels = {**labels, "involved_object_name": "", workload: "w"}
    assert subject_of(labels).kind in ("Deployment", "Job", "StatefulSet")


@given(st.dictionaries(NAMES, VALUES))
def test_the_pod_of_a_known_exporter_is_never_meant(labels: dict[str, str]) -> None:
    labels = {key: value for key, value in labels.items() if "kind" not in key and "involved" not in key}
    subject = subject_of({**labels, **KSM})
    assert subject.name != KSM["pod"]


@given(st.dictionaries(NAMES, VALUES))
def test_a_pod_always_has_a_namespace(labels: dict[str, str]) -> None:
    subject = subject_of(labels)
    assert subject.kind != "Pod" or not subject.name or subject.namespace
