"""The folders are whole, and kustomize makes of them what they say."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.unit.manifests.reading import ROOT, SERVING, Manifest, kustomization, of_kind, read

FOLDERS = ["crds", "knative", "eventing"]
POLICY = "ValidatingAdmissionPolicy"
CLUSTER_SCOPED = {"Namespace", "ClusterRole", "ClusterRoleBinding", POLICY, f"{POLICY}Binding"}

with_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


def build(folder: Path) -> list[dict[str, object]]:
    kubectl = str(shutil.which("kubectl"))
    built = subprocess.run([kubectl, "kustomize", str(folder)], check=True, capture_output=True, text=True)
    return list(yaml.safe_load_all(built.stdout))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_names_every_file_in_it(folder: str) -> None:
    paths = [*(ROOT / folder).glob("*.yaml"), *(ROOT / folder / "policies").glob("*.yaml")]
    files = {path.relative_to(ROOT / folder).as_posix() for path in paths} - {"kustomization.yaml"}
    assert files == set(kustomization(folder)["resources"])


def test_every_policy_is_in_force(manifests: Sequence[Manifest]) -> None:
    bindings = of_kind(manifests, f"{POLICY}Binding").values()
    denied = {b.spec["policyName"] for b in bindings if b.spec["validationActions"] == ["Deny"]}
    policies = of_kind(manifests, POLICY)
    assert denied == set(policies)
    assert all(policy.spec["failurePolicy"] == "Fail" for policy in policies.values())


def test_whoever_applies_a_rule_needs_to_use_a_template_of_another_namespace(
    manifests: Sequence[Manifest],
) -> None:
    spec = of_kind(manifests, POLICY)["aegis-rule-template"].spec
    (resources,) = spec["matchConstraints"]["resourceRules"]
    assert (resources["resources"], resources["operations"]) == (["aegisalertopsrules"], ["CREATE", "UPDATE"])
    (validation,) = spec["validations"]
    assert validation["expression"].replace("\n", "").replace(" ", "") == (
        "authorizer.group('aegis.io').resource('aegisopstemplates').namespace(object.spec.opsTemplate.namespace)"
        ".name(object.spec.opsTemplate.?name.orValue('')).check('use').allowed()"
    )


def test_every_object_is_in_the_namespace_or_in_none(manifests: Sequence[Manifest]) -> None:
    for manifest in manifests:
        expected = None if manifest.kind in CLUSTER_SCOPED else "monitoring"
        assert manifest.namespace == expected, f"{manifest.kind} {manifest.name}"


def test_no_object_stands_there_twice(manifests: Sequence[Manifest]) -> None:
    identities = [(m.body["apiVersion"], m.kind, m.name) for m in manifests]
    assert len(identities) == len(set(identities))


@with_kubectl
@pytest.mark.parametrize("folder", FOLDERS)
def test_kustomize_builds_a_folder_without_loss(folder: str) -> None:
    assert len(build(ROOT / folder)) == len(read(folder))


@with_kubectl
def test_the_network_policies_cover_every_function_and_every_sop(tmp_path: Path) -> None:
    overlay(tmp_path, components=[relative("knative/components/network-policies", tmp_path)])
    policies = [body for body in build(tmp_path) if body["kind"] == "NetworkPolicy"]
    specs = {policy.name: policy.spec for policy in (Manifest(tmp_path, dict(body)) for body in policies)}
    (functions,) = specs["aegis-functions"]["podSelector"]["matchExpressions"]
    assert functions["key"] == "serving.knative.dev/service"
    assert set(functions["values"]) == {service.name for service in services(tmp_path)}
    assert "ingress" not in specs["aegis-sops"]


@with_kubectl
def test_the_documented_overlay_exchanges_the_images(tmp_path: Path) -> None:
    overlay(tmp_path, **documented_overlays()["images"])
    images = [service.container["image"] for service in services(tmp_path)]
    assert images.count("registry.example/aegis/alert-normalizer:v0.1.0") == 2


@with_kubectl
def test_the_documented_overlay_sets_the_settings(tmp_path: Path) -> None:
    overlay(tmp_path, **documented_overlays()["patches"])
    settings = {service.name: service.env for service in services(tmp_path)}
    intake = {name for name, env in settings.items() if env.get("AEGIS_COOLDOWN_SECONDS") == "3600"}
    assert intake == {"aegis", "alert-normalizer"}
    assert {name for name, env in settings.items() if env.get("AEGIS_STUCK_SECONDS") == "60"} == {"status-tracker"}
    unchanged = {service.name: service.env for service in of_kind(read("knative"), "Service", SERVING).values()}
    assert all(env.items() <= settings[name].items() for name, env in unchanged.items())


def documented_overlays() -> dict[str, dict[str, object]]:
    """The overlays that operations.md shows, beside their resources, by what they are about."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n# kustomization.yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    overlays = [dict(yaml.safe_load(block)) for block in blocks]
    assert all(shown.pop("resources") == ["../aegis-on-knative/knative"] for shown in overlays)
    return {next(iter(shown)): shown for shown in overlays}


def overlay(folder: Path, **content: object) -> None:
    body = {"resources": [relative("knative", folder)], **content}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(body), encoding="utf-8")


def relative(target: str, folder: Path) -> str:
    return os.path.relpath(ROOT / target, folder.resolve())


def services(folder: Path) -> list[Manifest]:
    bodies = [body for body in build(folder) if (body["kind"], body["apiVersion"]) == ("Service", SERVING)]
    return [Manifest(folder, dict(body)) for body in bodies]
