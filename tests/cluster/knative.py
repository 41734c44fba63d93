"""Knative Serving and Knative Eventing, applied as they are, with the settings of an installation that has no net."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.cluster.layout import EXTERNAL_DOMAIN
from tests.cluster.waiting import apply, apply_files, established, kubectl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAMESPACES = ("knative-serving", "knative-eventing")
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "config-domain": {EXTERNAL_DOMAIN: ""},
    "config-deployment": {
        # No registry but the nodes' own mirror is to be reached, and only the nodes know of it.
        "registries-skipping-tag-resolving": "dev.local,docker.io,gcr.io,ghcr.io,"
        "index.docker.io,quay.io,registry.k8s.io",
    },
    # As short as it goes: a Service that says nothing of its own is at zero some twelve seconds after its last request.
    "config-autoscaler": {"stable-window": "6s", "scale-to-zero-grace-period": "6s"},
}


def define(made: Path) -> None:
    """Install the definitions that were rendered into ``made``, and wait until their kinds are served."""
    for part in ("serving", "eventing"):
        apply_files(made / f"{part}-namespace.yaml", made / f"{part}-crds.yaml")
    established()


def up(made: Path) -> None:
    """Install what was rendered into ``made``; the kinds must be defined already."""
    apply_files(*(made / f"{part}-config.yaml" for part in ("serving", "eventing")))
    settings = {**_SETTINGS, "config-deployment": {**_SETTINGS["config-deployment"], **_queue(made)}}
    for name, data in settings.items():
        _patch("knative-serving", name, data)
    _placeholders(made / "eventing-deployments.yaml")
    apply_files(*(made / f"{part}-deployments.yaml" for part in ("serving", "eventing")))


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
        apply(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"eventing-{name}-images", "namespace": "knative-eventing"},
                "data": {one or other: "none" for one, other in keys},
            }
        )
