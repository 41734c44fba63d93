"""Argo Workflows' controller, for the workflows of all namespaces, applied as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.waiting import apply, apply_files, established, kubectl

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACE = "argo"


def up(made: Path) -> None:
    """Install what was rendered into ``made``."""
    apply_files(made / "argo-crds.yaml")
    established()
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    kubectl("apply", "--server-side", "-n", NAMESPACE, f"--filename={made / 'argo.yaml'}")
    # Its web pages cannot be built from its Go module; nothing here needs them.
    kubectl("delete", "deployment", "-n", NAMESPACE, "argo-server")
