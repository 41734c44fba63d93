"""Knative Serving, Knative Eventing and Argo Workflows, applied as they are and waited for."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import manifests
from tests.cluster.layout import EXTERNAL_DOMAIN
from tests.cluster.processes import start
from tests.cluster.waiting import kubectl

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = Path(__file__).parents[2]
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "config-domain": {EXTERNAL_DOMAIN: ""},
    "config-deployment": {
        # No registry but the nodes' own mirror is to be reached, and only the nodes know of it.
        "registries-skipping-tag-resolving": "dev.local,ghcr.io,docker.io,index.docker.io,quay.io,registry.k8s.io"
    },
    # Services say how soon they scale to zero; this is how long the last pod then still lingers.
    "config-autoscaler": {"scale-to-zero-grace-period": "6s"},
}


def up() -> None:
    """Install all three, and the gateway that Serving leaves to others."""
    made = manifests.ensure()
    _apply(*(made / f"{part}-namespace.yaml" for part in ("serving", "eventing")))
    _apply(*(made / f"{part}-crds.yaml" for part in ("serving", "eventing", "argo")))
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    _apply(*(made / f"{part}-config.yaml" for part in ("serving", "eventing")))
    settings = {**_SETTINGS, "config-deployment": {**_SETTINGS["config-deployment"], **_queue(made)}}
    for name, data in settings.items():
        _patch("knative-serving", name, data)
    _placeholders(made / "eventing-deployments.yaml")
    _apply(*(made / f"{part}-deployments.yaml" for part in ("serving", "eventing")))
    _argo(made / "argo.yaml")
    start("gateway", sys.executable, "-m", "tests.cluster.gateway", environment={"PYTHONPATH": str(_ROOT)})


def ready() -> None:
    """Wait until every Deployment of the three is available."""
    for namespace in ("knative-serving", "knative-eventing", "argo"):
        kubectl("wait", "-n", namespace, "--for=condition=Available", "deployment", "--all", "--timeout=240s")


def _apply(*files: Path) -> None:
    for file in files:
        kubectl("apply", "--server-side", "--force-conflicts", f"--filename={file}")


def _patch(namespace: str, name: str, data: Mapping[str, str]) -> None:
    kubectl("patch", "configmap", "-n", namespace, name, "--type=merge", "-p", json.dumps({"data": dict(data)}))


def _queue(made: Path) -> Mapping[str, str]:
    found = re.search(r"image: (\S+/cmd/queue:\S+)", (made / "serving-deployments.yaml").read_text())
    if not found:
        raise RuntimeError(f"{made / 'serving-deployments.yaml'} names no image of queue-proxy")
    return {"queue-sidecar-image": found[1]}


def _placeholders(deployments: Path) -> None:
    """Make the ConfigMaps that Eventing's release fills with images; none of these kinds is used here."""
    text = deployments.read_text()
    for name in ("transformations", "integrations"):
        keys = re.findall(rf"name: eventing-{name}-images\s+key: (\S+)|key: (\S+)\s+name: eventing-{name}-images", text)
        config = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"eventing-{name}-images", "namespace": "knative-eventing"},
            "data": {one or other: "none" for one, other in keys},
        }
        kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(config))


def _argo(manifest: Path) -> None:
    kubectl("create", "namespace", "argo")
    kubectl("apply", "--server-side", "-n", "argo", f"--filename={manifest}")
    kubectl(
        "delete", "deployment", "-n", "argo", "argo-server"
    )  # its web pages cannot be built here; nothing needs them
