"""Writes ``crds/`` from the models, or checks that it is as the models say.

``python -m tools.crds`` writes; ``python -m tools.crds --check`` exits 1 and names the files that are stale.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from aegis.models.alert import AegisAlert
from aegis.models.base import Column, Object
from aegis.models.diagnosis import AegisDiagnosis
from aegis.models.healthcheck import AegisClusterHealthCheck, AegisNodeHealthCheck
from aegis.models.rawalert import AegisRawAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from tools.structural import Schema, structural

KINDS: tuple[type[Object], ...] = (
    AegisAlert,
    AegisAlertOpsRule,
    AegisClusterHealthCheck,
    AegisDiagnosis,
    AegisNodeHealthCheck,
    AegisOpsTemplate,
    AegisRawAlert,
)
FOLDER = Path(__file__).resolve().parent.parent / "crds"

_HEADER = "# Generated from the models in shared/aegis/models: change those and run `make crds`.\n"
_TYPE_META: Schema = {
    "apiVersion": {"description": "Group and version of the kind.", "type": "string"},
    "kind": {"description": "The kind.", "type": "string"},
    "metadata": {"type": "object"},
}


def crd(kind: type[Object]) -> dict[str, Any]:
    """The CustomResourceDefinition of one kind."""
    resource = kind.resource
    names = {
        "plural": resource.plural,
        "singular": resource.kind.lower(),
        "kind": resource.kind,
        "listKind": f"{resource.kind}List",
        "shortNames": list(resource.short_names),
        "categories": ["aegis"],
    }
    version = {
        "name": resource.version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(column) for column in resource.columns],
        "schema": {"openAPIV3Schema": schema(kind)},
        **({"selectableFields": [{"jsonPath": path} for path in resource.selectable]} if resource.selectable else {}),
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{resource.plural}.{resource.group}",
            "labels": {"app.kubernetes.io/part-of": "aegis"},
        },
        "spec": {"group": resource.group, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def schema(kind: type[Object]) -> Schema:
    """The structural schema of one kind; of the metadata the API server knows more than the model."""
    root = kind.model_json_schema()
    root["properties"] = {name: node for name, node in root["properties"].items() if name not in _TYPE_META}
    converted = structural(root)
    return {**converted, "properties": {**_TYPE_META, **converted["properties"]}}


def _column(column: Column) -> dict[str, Any]:
    shown = {"name": column.name, "type": column.type, "jsonPath": column.json_path}
    return {**shown, "priority": column.priority} if column.priority else shown


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: lists indented below their key, no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Indent list items too."""
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Write a value that stands in two places twice."""
        return True


def render(document: Mapping[str, Any]) -> str:
    """The document as YAML, the same for the same models."""
    return _HEADER + yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def generate() -> dict[str, str]:
    """The files of ``crds/`` by name."""
    files = {f"{document['metadata']['name']}.yaml": render(document) for document in map(crd, KINDS)}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(files),
    }
    return {**files, "kustomization.yaml": render(kustomization)}


def stale(folder: Path) -> list[str]:
    """The files of the folder that are missing, changed, or no longer generated."""
    wanted = generate()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yaml")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(folder: Path) -> None:
    """Make the folder what the models say."""
    folder.mkdir(exist_ok=True)
    wanted = generate()
    for path in folder.glob("*.yaml"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.crds", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    if not parser.parse_args(arguments).check:
        write(folder)
        return 0
    names = stale(folder)
    for name in names:
        sys.stderr.write(f"stale: {folder.name}/{name} (run `make crds`)\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
