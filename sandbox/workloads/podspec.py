"""The pod that Argo would create for a container or script template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.workloads.containers import SCRIPT_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.api import Object
    from sandbox.workloads.workflowspec import WorkflowSpec

# Set on the template or on the workflow, the template's first.
_INHERITED = (
    "serviceAccountName",
    "automountServiceAccountToken",
    "nodeSelector",
    "tolerations",
    "affinity",
    "schedulerName",
    "hostAliases",
    "securityContext",
)
_COMMON = ("hostNetwork", "dnsPolicy", "dnsConfig", "imagePullSecrets")


def pod_for(workflow: Object, spec: WorkflowSpec, template: Mapping[str, Any], *, name: str, node: str) -> Object:
    """A pod that runs a template, its tags already replaced."""
    meta = workflow["metadata"]
    own = template.get("metadata") or {}
    general = spec.raw.get("podMetadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": {
                **(general.get("labels") or {}),
                **(own.get("labels") or {}),
                "workflows.argoproj.io/workflow": meta["name"],
                "workflows.argoproj.io/completed": "false",
            },
            "annotations": {
                **(general.get("annotations") or {}),
                **(own.get("annotations") or {}),
                "workflows.argoproj.io/node-name": node,
                "kubectl.kubernetes.io/default-container": "main",
            },
            "ownerReferences": [
                {
                    "apiVersion": workflow["apiVersion"],
                    "kind": workflow["kind"],
                    "name": meta["name"],
                    "uid": meta["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": _pod_spec(spec, template),
    }


def _pod_spec(spec: WorkflowSpec, template: Mapping[str, Any]) -> dict[str, Any]:
    built: dict[str, Any] = {
        "restartPolicy": "Never",
        "containers": [_main(template)],
    }
    for key in _INHERITED:
        value = template[key] if template.get(key) is not None else spec.raw.get(key)
        if value is not None:
            built[key] = value
    if priority := template.get("priorityClassName") or spec.raw.get("podPriorityClassName"):
        built["priorityClassName"] = priority
    built |= {key: spec.raw[key] for key in _COMMON if spec.raw.get(key)}
    volumes = [*(spec.raw.get("volumes") or []), *(template.get("volumes") or [])]
    if volumes:
        built["volumes"] = volumes
    built |= {key: template[key] for key in ("initContainers", "activeDeadlineSeconds") if template.get(key)}
    return built


def _main(template: Mapping[str, Any]) -> dict[str, Any]:
    if "script" not in template:
        return {**template["container"], "name": "main"}
    script = {key: value for key, value in template["script"].items() if key != "source"}
    passed = {
        "name": "ARGO_TEMPLATE",
        "value": json.dumps({"script": {"source": template["script"].get("source", "")}}),
    }
    return {**script, "name": "main", "args": [SCRIPT_PATH], "env": [*(script.get("env") or []), passed]}
