"""Manifests are read as kustomize would and applied in an order that works."""

from pathlib import Path

import pytest

from sandbox.api import Api
from sandbox.manifests import UnreadableManifestError, apply, load


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"


def test_a_folder_without_a_kustomization_gives_all_its_files(tmp_path: Path) -> None:
    write(tmp_path, a=MAP + "---\n" + MAP, b=MAP)
    assert len(load(tmp_path)) == 3


def test_a_kustomization_gives_what_it_names_with_namespace_and_labels(tmp_path: Path) -> None:
    kustomization = "resources: [a.yaml]\nnamespace: ns\nlabels: [{pairs: {l: v}}]\n"
    write(tmp_path, a=MAP + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n", b=MAP)
    write(tmp_path, kustomization=kustomization)
    config_map, namespace = load(tmp_path)
    assert config_map["metadata"] == {"name": "m", "namespace": "ns", "labels": {"l": "v"}}
    assert namespace["metadata"] == {"name": "n", "labels": {"l": "v"}}


def test_a_list_is_its_items(tmp_path: Path) -> None:
    (tmp_path / "l.yaml").write_text("kind: List\nitems: [{kind: A}, {kind: B}]\n")
    assert load(tmp_path / "l.yaml") == [{"kind": "A"}, {"kind": "B"}]


@pytest.mark.parametrize(
    ("text", "problem"), [("patches: []\n", "does not know patches"), ("resources: [none.yaml]\n", "none.yaml")]
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path, kustomization=text)
    with pytest.raises(UnreadableManifestError, match=problem):
        load(tmp_path)


async def test_namespaces_come_first_and_applying_again_changes_nothing(tmp_path: Path) -> None:
    api = Api()
    namespaced = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: n}\n"
    write(tmp_path, a=namespaced, b="apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n")
    await apply(api, load(tmp_path))
    before = await api.get(api.resource("configmaps"), "m", "n")
    await apply(api, load(tmp_path))
    assert await api.get(api.resource("configmaps"), "m", "n") == before
