"""Alerts and workflows as the other functions leave them, for the tracker's tests."""

from datetime import UTC, datetime
from typing import Any

from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import Phase
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import Workflow
from functions.workflow_renderer.workflow import build_workflow

NAMESPACE = "monitoring"
NOW = "2026-01-01T12:00:00Z"
LATER = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""The same moment; whatever happened here before is longer ago than anything may be stuck."""
STARTED, FINISHED = "2026-01-01T11:50:00Z", "2026-01-01T11:55:00Z"

RULE = AegisAlertOpsRule.read({"metadata": {"namespace": NAMESPACE, "name": "cordon", "uid": "rule-uid"}})
TEMPLATE = AegisOpsTemplate.read({"metadata": {"namespace": NAMESPACE, "name": "cordon", "uid": "template-uid"}})

MATCHED: dict[str, Any] = {
    "attempt": 1,
    "triggerStatus": "Triggered",
    "rule": {"namespace": NAMESPACE, "name": "cordon", "uid": "rule-uid", "generation": 1},
    "template": {"namespace": NAMESPACE, "name": "cordon"},
    "triggerTime": "2026-01-01T11:49:00Z",
}
PENDING: dict[str, Any] = {
    "status": "Firing",
    "opsStatus": {"triggerStatus": "Triggered", "alertOpsStatus": "Pending"},
    "firing": MATCHED,
}


def alert(status: dict[str, Any] | None = None, *, name: str = "alert", **spec: Any) -> AegisAlert:
    """An alert as it is stored."""
    meta = {
        "namespace": NAMESPACE,
        "name": name,
        "uid": f"{name}-uid",
        "resourceVersion": "7",
        "generation": 1,
        "creationTimestamp": "2026-01-01T11:00:00Z",
    }
    return AegisAlert.read({"metadata": meta, "spec": {"type": "Disk", **spec}, "status": status or {}})


def workflow_manifest(of: AegisAlert, phase: Phase = Phase.FIRING) -> dict[str, Any]:
    """The workflow that the renderer creates for an alert."""
    built = build_workflow({"spec": {}}, alert=of, phase=phase, rule=RULE, template=TEMPLATE)
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", **built}


def argo_status(phase: str, *, message: str = "") -> dict[str, Any]:
    """What Argo says of a workflow in a phase."""
    status: dict[str, Any] = {"phase": phase, "message": message}
    if phase not in ("", "Pending"):
        status["startedAt"] = STARTED
    if phase not in ("", "Pending", "Running"):
        status["finishedAt"] = FINISHED
    return status


def workflow(
    of: AegisAlert, argo: str = "Running", *, phase: Phase = Phase.FIRING, message: str = "", **meta: Any
) -> Workflow:
    """The alert's workflow as an event carries it; ``meta`` is what else its metadata says."""
    manifest = workflow_manifest(of, phase)
    more = {"uid": f"{of.metadata.name}-{phase.value}-workflow", **meta}
    status = argo_status(argo, message=message)
    return Workflow.read({**manifest, "metadata": {**manifest["metadata"], **more}, "status": status})
