"""Reading the manifests, by kind and by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.rights import Grants

ROOT = Path(__file__).resolve().parents[3]
SERVING = "serving.knative.dev/v1"


@dataclass(frozen=True)
class Manifest:
    """One object, and the file it stands in."""

    path: Path
    body: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.body["kind"])

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def namespace(self) -> str | None:
        namespace: str | None = self.body["metadata"].get("namespace")
        return namespace

    @property
    def spec(self) -> dict[str, Any]:
        return dict(self.body["spec"])

    @property
    def container(self) -> dict[str, Any]:
        """The one container of a Knative Service."""
        (container,) = self.spec["template"]["spec"]["containers"]
        return dict(container)

    @property
    def env(self) -> dict[str, str]:
        """The environment of that container."""
        return {entry["name"]: entry["value"] for entry in self.container["env"]}


def kustomization(folder: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / folder / "kustomization.yaml").read_text(encoding="utf-8")))


def read(folder: str) -> Sequence[Manifest]:
    """The objects of the files that a folder's kustomization names."""
    paths = [ROOT / folder / name for name in kustomization(folder)["resources"]]
    return [Manifest(path, body) for path in paths for body in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def of_kind(manifests: Sequence[Manifest], kind: str, api_version: str | None = None) -> dict[str, Manifest]:
    """The objects of one kind by name."""
    return {
        m.name: m for m in manifests if m.kind == kind and (api_version is None or m.body["apiVersion"] == api_version)
    }


def granted(manifests: Sequence[Manifest], account: str, kind: str) -> Grants:
    """What the roles of one kind that are bound to an account allow."""
    roles = of_kind(manifests, kind)
    grants: Grants = {}
    for binding in of_kind(manifests, f"{kind}Binding").values():
        if account not in {subject["name"] for subject in binding.body["subjects"]}:
            continue
        assert binding.body["roleRef"]["kind"] == kind
        for rule in roles[binding.body["roleRef"]["name"]].body["rules"]:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    grants.setdefault((group, resource), set()).update(rule["verbs"])
    return grants
