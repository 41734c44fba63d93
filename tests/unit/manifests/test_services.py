"""Each Service runs a function that exists, as confined as Kubernetes allows; func.yaml says the same."""

import ast
import re
from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from tests.unit.manifests.reading import ROOT, SERVING, Manifest, of_kind, read

SERVICES = of_kind(read("knative"), "Service", SERVING)
FOLDERS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/requirements.in"))
each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())
each_folder = pytest.mark.parametrize("folder", FOLDERS)

CONFINED = {
    "runAsNonRoot": True,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def image_name(service: Manifest) -> str:
    match = re.fullmatch(r"ghcr\.io/aegis-on-knative/([a-z-]+):v[\d.]+", service.container["image"])
    assert match, service.container["image"]
    return match[1]


def func(folder: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "functions" / folder / "func.yaml").read_text(encoding="utf-8")))


def scale(service: Manifest) -> dict[str, str]:
    annotations = service.spec["template"]["metadata"]["annotations"]
    return {key.removeprefix("autoscaling.knative.dev/"): value for key, value in annotations.items()}


def test_there_is_a_service_for_each_function_and_one_more_for_the_intake() -> None:
    assert set(SERVICES) == {folder.replace("_", "-") for folder in FOLDERS} | {"aegis"}
    assert image_name(SERVICES["aegis"]) == "alert-normalizer"


@each_service
def test_a_service_runs_the_target_of_its_function(service: Manifest) -> None:
    source = f"functions/{image_name(service).replace('-', '_')}/main.py"
    assert service.env["FUNCTION_SOURCE"] == source
    targets = [
        node.name
        for node in ast.parse((ROOT / source).read_text(encoding="utf-8")).body
        if isinstance(node, ast.AsyncFunctionDef) and node.decorator_list
    ]
    assert targets == [service.env["FUNCTION_TARGET"]]


@each_service
def test_a_service_is_confined(service: Manifest) -> None:
    assert service.container["securityContext"] == CONFINED
    assert service.spec["template"]["spec"]["serviceAccountName"] == image_name(service)
    assert set(service.container["resources"]) == {"requests", "limits"}


@each_service
def test_a_service_takes_no_volume_that_pod_security_restricted_refuses(service: Manifest) -> None:
    """The rest of it, https://kubernetes.io/docs/concepts/security/pod-security-standards/, is what CONFINED holds."""
    for volume in service.spec["template"]["spec"]["volumes"]:
        assert set(volume) - {"name"} <= {"configMap", "downwardAPI", "emptyDir", "projected", "secret"}


def test_whoever_starts_less_than_that_beside_them_is_told() -> None:
    (namespace,) = of_kind(read("knative"), "Namespace").values()
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("audit", "warn")}
    assert namespace.body["metadata"]["labels"] == levels


@each_service
def test_what_is_written_at_run_time_goes_to_memory(service: Manifest) -> None:
    volumes = {volume["name"]: volume for volume in service.spec["template"]["spec"]["volumes"]}
    written = {
        mount["mountPath"]: volumes[mount["name"]] for mount in service.container["volumeMounts"] if writable(mount)
    }
    assert {path: volume["emptyDir"]["medium"] for path, volume in written.items()} == {service.env["HOME"]: "Memory"}


def writable(mount: dict[str, Any]) -> bool:
    return not mount.get("readOnly")


@each_service
def test_the_intake_alone_has_the_tokens_and_asks_for_one(service: Manifest) -> None:
    secrets = {v["name"]: v["secret"] for v in service.spec["template"]["spec"]["volumes"] if "secret" in v}
    mounted = {m["mountPath"]: secrets[m["name"]] for m in service.container["volumeMounts"] if m["name"] in secrets}
    tokens = {"secretName": "aegis-intake-tokens", "optional": True}
    assert mounted == ({service.env["AEGIS_TOKENS_DIR"]: tokens} if is_intake(service) else {})
    assert "AEGIS_OPEN_SOURCES" not in service.env


def is_intake(service: Manifest) -> bool:
    return image_name(service) == "alert-normalizer"


@each_service
def test_a_service_is_asked_for_its_health(service: Manifest) -> None:
    assert service.container["readinessProbe"] == {"httpGet": {"path": "/health/readiness"}}
    assert service.container["livenessProbe"] == {"httpGet": {"path": "/health/liveness"}}


@each_service
def test_only_the_intake_is_reachable_from_outside(service: Manifest) -> None:
    visibility = (service.body["metadata"].get("labels") or {}).get("networking.knative.dev/visibility")
    assert visibility == (None if service.name == "aegis" else "cluster-local")


@each_service
def test_a_service_is_at_zero_between_two_ticks(service: Manifest) -> None:
    minimum, maximum = 6, 30
    assert scale(service)["min-scale"] == "0"
    assert minimum <= int(scale(service)["window"].removesuffix("s")) <= maximum


def test_the_services_that_send_events_know_the_broker(manifests: Sequence[Manifest]) -> None:
    sends = re.compile(r"^from aegis(?: import .*\bbroker\b|\.(?:broker|reask) import)", re.MULTILINE)
    senders = {
        folder.replace("_", "-")
        for folder in FOLDERS
        for path in (ROOT / "functions" / folder).glob("*.py")
        if sends.search(path.read_text(encoding="utf-8"))
    }
    bound = {m.spec["subject"]["name"] for m in of_kind(manifests, "SinkBinding").values()}
    assert bound == {name for name, service in SERVICES.items() if image_name(service) in senders}


@each_folder
def test_the_func_cli_deploys_what_the_manifest_says(folder: str) -> None:
    described, service = func(folder), SERVICES[folder.replace("_", "-")]
    options = described["deploy"]["options"]
    limits = dict(options["resources"]["limits"])
    assert described["name"] == service.name
    assert described["namespace"] == described["deploy"]["namespace"] == service.namespace
    assert {e["name"]: e["value"] for e in described["run"]["envs"]} == service.env
    assert [each["path"] for each in described["run"]["volumes"]] == [
        mount["mountPath"] for mount in service.container["volumeMounts"]
    ]
    assert described["deploy"]["serviceAccountName"] == service.spec["template"]["spec"]["serviceAccountName"]
    assert described["deploy"]["healthEndpoints"] == {
        kind: service.container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")
    }
    assert limits.pop("concurrency") == service.spec["template"]["spec"]["containerConcurrency"]
    assert {**options["resources"], "limits": limits} == service.container["resources"]
    assert {key: str(value) for key, value in options["scale"].items()} == {
        name: scale(service)[f"{name}-scale" if name != "target" else name] for name in ("min", "max", "target")
    }


@each_folder
def test_a_function_pins_the_versions_that_are_tested(folder: str) -> None:
    tested = pins(ROOT / "requirements.txt")
    own = pins(ROOT / "functions" / folder / "requirements.txt")
    assert own
    assert own <= tested


def pins(path: Any) -> set[str]:
    return set(re.findall(r"^[\w.\[\]-]+==[^\s;\\]+", path.read_text(encoding="utf-8"), re.MULTILINE))
