"""What the sandbox reads from a Knative Service."""

from typing import Any

import pytest

from sandbox.serving.manifest import EnvVar, ManifestError, Mount, folder_of, parse_service


def service(container: dict[str, Any] | None = None, **template: Any) -> dict[str, Any]:
    pod = {"containers": [{"image": "ghcr.io/x/rule-matcher:v1", **(container or {})}], **template.pop("spec", {})}
    return {
        "metadata": {"name": "m", "namespace": "ns", "uid": "u", "generation": 3},
        "spec": {"template": {**template, "spec": pod}},
    }


@pytest.mark.parametrize(
    ("image", "folder"),
    [
        ("rule-matcher", "rule_matcher"),
        ("ghcr.io/org/aegis/rule-matcher:v0.1.0", "rule_matcher"),
        ("localhost:5000/rule-matcher", "rule_matcher"),
        ("localhost:5000/a/status-tracker:1.2@sha256:" + "0" * 64, "status_tracker"),
    ],
)
def test_an_image_is_the_folder_it_is_built_from(image: str, folder: str) -> None:
    assert folder_of(image) == folder


def test_what_is_not_said_has_knatives_defaults() -> None:
    spec = parse_service(service())
    assert (spec.window, spec.timeout, spec.concurrency, spec.min_scale) == (60.0, 300.0, 0, 0)
    assert spec.public
    assert spec.readiness_path is None
    assert spec.hosts == ("m.ns", "m.ns.svc", "m.ns.svc.cluster.local")


def test_annotations_and_labels_say_how_it_scales_and_who_sees_it() -> None:
    manifest = service(
        {"readinessProbe": {"httpGet": {"path": "/ready"}}},
        metadata={"annotations": {"autoscaling.knative.dev/window": "1m30s", "autoscaling.knative.dev/min-scale": "1"}},
        spec={"containerConcurrency": 7, "timeoutSeconds": 20},
    )
    manifest["metadata"]["labels"] = {"networking.knative.dev/visibility": "cluster-local"}
    spec = parse_service(manifest)
    assert (spec.window, spec.min_scale, spec.concurrency, spec.timeout) == (90.0, 1, 7, 20.0)
    assert spec.readiness_path == "/ready"
    assert not spec.public


def test_environment_and_mounts_are_read() -> None:
    env = [
        {"name": "A", "value": "1"},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
    ]
    mounts = [{"name": "t", "mountPath": "/tokens"}, {"name": "tmp", "mountPath": "/tmp"}]
    volumes = [{"name": "t", "secret": {"secretName": "tokens", "optional": True}}, {"name": "tmp", "emptyDir": {}}]
    spec = parse_service(service({"env": env, "volumeMounts": mounts}, spec={"volumes": volumes}))
    assert spec.env == (
        EnvVar("A", "1"),
        EnvVar("B", source="Secret", ref="s", key="k", optional=True),
        EnvVar("C", source="ConfigMap", ref="c", key="k"),
        EnvVar("D", source="field", key="metadata.namespace"),
    )
    assert spec.mounts == (Mount("/tokens", "Secret", "tokens", optional=True), Mount("/tmp"))


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        (service(spec={"containers": []}), "exactly one container"),
        (service({"image": "Not An Image"}), "not an image"),
        (service({"volumeMounts": [{"name": "v", "mountPath": "/x"}]}), "no volume 'v'"),
        (service(metadata={"annotations": {"autoscaling.knative.dev/window": "soon"}}), "window: 'soon'"),
    ],
    ids=["containers", "image", "volume", "window"],
)
def test_what_cannot_run_is_refused_with_its_field(manifest: dict[str, Any], problem: str) -> None:
    with pytest.raises(ManifestError, match=problem):
        parse_service(manifest)


def test_only_the_template_makes_a_new_revision() -> None:
    before = parse_service(service({"env": [{"name": "A", "value": "1"}]}))
    assert parse_service(service({"env": [{"name": "A", "value": "1"}]})).template == before.template
    assert parse_service(service({"env": [{"name": "A", "value": "2"}]})).template != before.template
