"""Argo Workflows' controller, for the workflows of all namespaces, applied as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.waiting import kubectl

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACE = "argo"


def up(made: Path) -> None:
    """Install what was rendered into ``made``; the definitions must be there already."""
    kubectl("create", "namespace", NAMESPACE)
    kubectl("apply", "--server-side", "-n", NAMESPACE, f"--filename={made / 'argo.yaml'}")
    # Its web pages cannot be built from its Go module; nothing here needs them.
    kubectl("delete", "deployment", "-n", NAMESPACE, "argo-server")
