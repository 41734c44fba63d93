"""Whoever comes from the Go system finds its fields, columns and names here, and its manifests apply unchanged."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.crds.schemas import invalid, nodes, unknown_fields

KINDS = {
    "AegisAlert",
    "AegisAlertOpsRule",
    "AegisClusterHealthCheck",
    "AegisDiagnosis",
    "AegisNodeHealthCheck",
    "AegisOpsTemplate",
}
POD_TEMPLATE = ".spec.template"

kinds = pytest.mark.parametrize("kind", sorted(KINDS))


@pytest.fixture(scope="module")
def theirs(go_system: Path) -> dict[str, dict[str, Any]]:
    """The Go system's CRDs by kind."""
    documents = [yaml.safe_load(path.read_text()) for path in sorted((go_system / "manifests").glob("*.yaml"))]
    return {document["spec"]["names"]["kind"]: document for document in documents}


def version(crd: Mapping[str, Any]) -> dict[str, Any]:
    (only,) = crd["spec"]["versions"]
    return dict(only)


def manifests(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if document and document["apiVersion"].startswith("aegis.io/"):
                yield str(path.relative_to(folder)), document


def test_all_its_kinds_are_here(theirs: dict[str, Any], crds: dict[str, Any]) -> None:
    assert theirs.keys() == KINDS
    assert theirs.keys() <= crds.keys()


@kinds
def test_every_field_is_here_with_its_type_and_format(
    kind: str, theirs: dict[str, Any], schemas: dict[str, Any]
) -> None:
    ours = dict(nodes(schemas[kind]))
    wanted = {
        path: (node["type"], node.get("format"))
        for path, node in nodes(version(theirs[kind])["schema"]["openAPIV3Schema"])
        if not path.startswith(f"{POD_TEMPLATE}.")
    }
    found = {
        path: (ours[path]["type"], ours[path].get("format") if form else None) if path in ours else None
        for path, (_, form) in wanted.items()
    }
    assert found == wanted


@kinds
def test_nothing_is_required_that_was_not(kind: str, theirs: dict[str, Any], schemas: dict[str, Any]) -> None:
    before = dict(nodes(version(theirs[kind])["schema"]["openAPIV3Schema"]))
    demanded = {
        path: sorted(node["required"])
        for path, node in nodes(schemas[kind]["properties"]["spec"], ".spec")
        if "required" in node
    }
    assert demanded == {path: sorted(before[path].get("required", [])) for path in demanded}


@kinds
def test_names_are_the_same_and_columns_come_after_the_known_ones(
    kind: str, theirs: dict[str, Any], crds: dict[str, Any]
) -> None:
    old, new = theirs[kind], crds[kind]
    for name in ("kind", "listKind", "plural", "singular"):
        assert new["spec"]["names"][name] == old["spec"]["names"][name]
    assert new["spec"]["scope"] == old["spec"]["scope"]
    columns = version(old)["additionalPrinterColumns"]
    assert version(new)["additionalPrinterColumns"][: len(columns)] == columns


@pytest.mark.parametrize("kind", ["AegisClusterHealthCheck", "AegisNodeHealthCheck"])
def test_a_pod_template_keeps_whatever_kubernetes_knows(kind: str, schemas: dict[str, Any]) -> None:
    template = schemas[kind]["properties"]["spec"]["properties"]["template"]
    pod = {
        "metadata": {"labels": {"app": "check"}},
        "spec": {
            "hostNetwork": True,
            "nodeSelector": {"gpu": "yes"},
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "check", "image": "check:1", "securityContext": {"privileged": True}}],
        },
    }
    assert invalid(template, pod) == []
    assert unknown_fields(template, pod) == []
    assert invalid(template, {"spec": {}}) != []


def test_its_examples_apply_unchanged(go_system: Path, schemas: dict[str, Any]) -> None:
    found = list(manifests(go_system / "examples"))
    assert len(found) >= 9
    problems = {
        f"{path} {document['kind']}/{document['metadata']['name']}": problem
        for path, document in found
        for problem in (
            invalid(schemas[document["kind"]], document),
            unknown_fields(schemas[document["kind"]], document),
        )
        if problem
    }
    assert problems == {}
