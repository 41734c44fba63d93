"""Knative's and Argo's own manifests, from the sources that ``modules/`` pins, with the images made here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.cluster.layout import MANIFESTS
from tests.cluster.processes import run
from tests.cluster.programs import module, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def ensure() -> Path:
    """Render what is not rendered yet; return the folder."""
    folder = MANIFESTS / "-".join(stamp(group) for group in ("serving", "eventing", "argo"))
    if not (folder / ".done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _serving(folder)
        _eventing(folder)
        _argo(folder)
        (folder / ".done").touch()
    return folder


def image(group: str, name: str) -> str:
    """Return the reference of an image of ``group``; a changed pin makes another image."""
    return f"dev.local/{name}:{stamp(group)}"


def named(manifest: str, group: str) -> str:
    """Replace the references that Knative's build tool would: ``ko://`` and the path of a program."""
    return re.sub(r"ko://([\w./-]+)", lambda match: image(group, match[1]), manifest)


def _serving(folder: Path) -> None:
    core = module("serving", "knative.dev/serving") / "config/core"
    # Three of Serving's own kinds are kept in other modules; its tree has links to them.
    linked = [module("serving", f"knative.dev/{name}") / "config" for name in ("networking", "caching")]
    parts = {
        "namespace": [core / "100-namespace.yaml"],
        "crds": [*linked, core / "300-resources"],
        "config": [core / "200-roles", core / "200-serviceaccount.yaml", core / "configmaps"],
        "deployments": [core / "deployments", core / "webhooks", core / "999-cache.yaml"],
    }
    for part, paths in parts.items():
        (folder / f"serving-{part}.yaml").write_text(named(_joined(paths), "serving"))


def _eventing(folder: Path) -> None:
    config = module("eventing", "knative.dev/eventing") / "config"
    core, channel, broker = config / "core", config / "channels/in-memory-channel", config / "brokers/mt-channel-broker"
    parts = {
        "namespace": [core / "100-namespace.yaml"],
        "crds": [core / "resources", channel / "resources"],
        "config": [
            *(core / "roles", core / "configmaps", *core.glob("200-*.yaml")),
            *(*channel.glob("*.yaml"), channel / "roles", channel / "configmaps", broker / "roles"),
        ],
        "deployments": [
            *(core / f"deployments/{name}.yaml" for name in ("controller", "webhook", "pingsource-mt-adapter")),
            *(core / "webhooks", channel / "deployments", channel / "webhooks"),
            *(broker / f"deployments/{name}.yaml" for name in ("controller", "broker-filter", "broker-ingress")),
        ],
    }
    for part, paths in parts.items():
        (folder / f"eventing-{part}.yaml").write_text(named(_joined(paths), "eventing"))


def _argo(folder: Path) -> None:
    source = module("argo", "github.com/argoproj/argo-workflows/v4") / "manifests"
    (folder / "argo-crds.yaml").write_text(run("kubectl", "kustomize", source / "base/crds/full"))
    manifest = run("kubectl", "kustomize", source / "cluster-install-no-crds")
    manifest = re.sub(r"quay\.io/argoproj/workflow-controller:\S+", image("argo", "argo/workflow-controller"), manifest)
    arguments = f"args: [--executor-image, {image('argo', 'argo/argoexec')}]"
    (folder / "argo.yaml").write_text(manifest.replace("args: []", arguments))


def _joined(paths: Iterable[Path]) -> str:
    files = [file for path in paths for file in (sorted(path.rglob("*.yaml")) if path.is_dir() else [path])]
    return "\n---\n".join(file.read_text() for file in files)
