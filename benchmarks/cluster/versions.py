"""What the figures were measured on."""

import re

from tests.cluster import layout
from tests.cluster.programs import MODULES
from tests.e2e.api import Api, Json
from tests.e2e.driver import NODES

_PINNED = {
    "knative-serving": ("serving", "knative.dev/serving"),
    "knative-eventing": ("eventing", "knative.dev/eventing"),
    "argo-workflows": ("argo", "github.com/argoproj/argo-workflows/v4"),
}


def cluster(api: Api) -> Json:
    """Versions and size of the cluster; its own builds of Knative and Argo do not tell theirs, but their pins do."""
    versions = {"kubernetes": api.get("/version")["gitVersion"]}
    if str(api.http.base_url).rstrip("/") == layout.API_SERVER:
        versions |= {name: _pinned(*where) for name, where in _PINNED.items()}
    else:
        for name in ("knative-serving", "knative-eventing"):
            labels = api.get(f"/api/v1/namespaces/{name}")["metadata"]["labels"]
            versions[name] = labels.get("app.kubernetes.io/version", "unknown")
    return {"versions": versions, "nodes": len(api.items(NODES))}


def _pinned(group: str, module: str) -> str:
    found = re.search(
        rf"^\s*(?:require )?{re.escape(module)} (v\S+)", (MODULES / group / "go.mod").read_text(), re.MULTILINE
    )
    return found[1] if found else "unknown"
