"""The files of ``crds/``: complete, stable, fresh, and such as the API server takes."""

import re
from pathlib import Path
from typing import Any

import celpy
import pytest
import yaml

from tests.unit.crds.schemas import LIST_TYPES, nodes, violations
from tools.crds import FOLDER, KINDS, generate, main, stale, write

kinds = pytest.mark.parametrize("kind", [kind.resource.kind for kind in KINDS])


def test_the_committed_files_are_what_the_models_say() -> None:
    assert stale(FOLDER) == [], "run `make crds`"


def test_generating_twice_gives_the_same_files() -> None:
    assert generate() == generate()


def test_the_kustomization_lists_every_crd_once() -> None:
    files = generate()
    resources = yaml.safe_load(files["kustomization.yaml"])["resources"]
    assert sorted(resources) == sorted(files.keys() - {"kustomization.yaml"})
    assert len(resources) == len(KINDS)


def test_check_says_which_files_are_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    assert main(["--check"], tmp_path) == 0
    (tmp_path / "aegisalerts.aegis.io.yaml").write_text("changed")
    (tmp_path / "kustomization.yaml").unlink()
    (tmp_path / "gone.yaml").write_text("of a kind that is no more")
    assert main(["--check"], tmp_path) == 1
    complaint = capsys.readouterr().err
    assert re.findall(r"/(\S+\.yaml)", complaint) == [
        "aegisalerts.aegis.io.yaml",
        "gone.yaml",
        "kustomization.yaml",
    ]


def test_check_writes_nothing(tmp_path: Path) -> None:
    main(["--check"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_writing_makes_a_stale_folder_fresh(tmp_path: Path) -> None:
    (tmp_path / "gone.yaml").write_text("of a kind that is no more")
    assert main([], tmp_path) == 0
    assert stale(tmp_path) == []


@kinds
def test_the_schema_is_structural(kind: str, schemas: dict[str, Any]) -> None:
    assert violations(schemas[kind]) == []


@kinds
def test_every_field_is_described(kind: str, schemas: dict[str, Any]) -> None:
    bare = [
        path
        for path, node in nodes(schemas[kind])
        if not node.get("description") and path != ".metadata" and not path.endswith(("[]", "{}"))
    ]
    assert bare == []


@kinds
def test_every_list_says_how_it_is_merged(kind: str, schemas: dict[str, Any]) -> None:
    lists = {path: node for path, node in nodes(schemas[kind]) if node["type"] == "array"}
    assert {path for path, node in lists.items() if node.get("x-kubernetes-list-type") not in LIST_TYPES} == set()


@kinds
def test_conditions_are_keyed_by_type(kind: str, schemas: dict[str, Any]) -> None:
    conditions = schemas[kind]["properties"]["status"]["properties"]["conditions"]
    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


@kinds
def test_status_is_a_subresource_and_kubectl_knows_the_kind(kind: str, crds: dict[str, Any]) -> None:
    spec = crds[kind]["spec"]
    (version,) = spec["versions"]
    assert version["subresources"] == {"status": {}}
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert spec["names"]["categories"] == ["aegis"]
    assert spec["names"]["shortNames"]
    assert crds[kind]["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"


def test_no_two_kinds_share_a_name(crds: dict[str, Any]) -> None:
    names = [
        name
        for crd in crds.values()
        for name in {*crd["spec"]["names"]["shortNames"], crd["spec"]["names"]["singular"]}
    ]
    assert sorted(names) == sorted(set(names))


@kinds
def test_every_column_shows_a_field_of_its_type(kind: str, crds: dict[str, Any], schemas: dict[str, Any]) -> None:
    known = {path: node for path, node in nodes(schemas[kind]) if path} | {
        ".metadata.creationTimestamp": {"type": "string", "format": "date-time"}
    }
    for column in crds[kind]["spec"]["versions"][0]["additionalPrinterColumns"]:
        shown = known[re.sub(r"\[[^]]*\]", "[]", column["jsonPath"])]
        is_date = shown.get("format") == "date-time"
        assert column["type"] == ("date" if is_date else shown["type"]), column["name"]


@kinds
def test_every_rule_is_cel_that_reads_known_fields_and_explains_itself(kind: str, schemas: dict[str, Any]) -> None:
    for path, node in nodes(schemas[kind]):
        for rule in node.get("x-kubernetes-validations", []):
            celpy.Environment().compile(rule["rule"])
            named = set(re.findall(r"\b(?:self|oldSelf)\.(\w+)\b(?!\()", rule["rule"]))
            assert named <= node.get("properties", {}).keys(), path
            assert len(rule["message"]) > 20, path
            field = rule.get("fieldPath", "").removeprefix(".")
            assert not field or field in node["properties"], path


@kinds
def test_what_a_rule_runs_over_is_bounded(kind: str, schemas: dict[str, Any]) -> None:
    """The API server refuses a CRD whose rules might cost too much, and it counts lists without a bound as endless."""
    by_path = dict(nodes(schemas[kind]))
    for path, node in by_path.items():
        if not node.get("x-kubernetes-validations"):
            continue
        around = [path[: match.start()] for match in re.finditer(r"\[\]", path)]
        assert all("maxItems" in by_path[parent] for parent in around), path
        if node["type"] == "string":
            assert "maxLength" in node, path
