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
def test_what_is_written_at_run_time_goes_to_memory(service: Manifest) -> None:
    (mount,) = service.container["volumeMounts"]
    (volume,) = service.spec["template"]["spec"]["volumes"]
    assert mount["name"] == volume["name"]
    assert mount["mountPath"] == service.env["HOME"]
    assert volume["emptyDir"]["medium"] == "Memory"


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
    sends = re.compile(r"^from aegis(?: import .*\bbroker\b|\.broker import)", re.MULTILINE)
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
