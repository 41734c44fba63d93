"""What a workflow says of itself, without I/O: how far it got, and whose it is."""

from aegis import clock
from aegis.lifecycle.work import WORKFLOW_DELETED, Progress
from aegis.models.alert import AegisAlert
from aegis.models.base import ObjectMeta
from aegis.models.states import OpsPhase, Phase
from aegis.models.workflow import (
    ALERT_LABEL,
    ALERT_UID_ANNOTATION,
    ATTEMPT_ANNOTATION,
    OUTCOME_FINALIZER,
    PHASE_LABEL,
    Workflow,
)
from aegis.names import Uid, workflow_name

STOPPED = "Stopped"

_MESSAGE_LENGTH = 1024
_ATTEMPT_DIGITS = 9
_ARGO_PHASES = {
    "Running": OpsPhase.RUNNING,
    "Succeeded": OpsPhase.SUCCEEDED,
    "Failed": OpsPhase.FAILED,
    "Error": OpsPhase.FAILED,
}


def is_held(workflow: Workflow) -> bool:
    """Whether the workflow carries the finalizer that says: not yet counted, or not yet said to be."""
    return OUTCOME_FINALIZER in workflow.metadata.finalizers


def is_over(workflow: Workflow) -> bool:
    """Whether Argo is done with it."""
    return _ARGO_PHASES.get(workflow.status.phase, OpsPhase.NONE).ended


def only_left_selection(workflow: Workflow) -> bool:
    """Whether a workflow that is reported as deleted just lost the label that it was selected by.

    A watch with a selector calls that deleted too. What holds our finalizer cannot vanish without being marked first.
    """
    return is_held(workflow) and workflow.metadata.deletion_timestamp is None


def read_progress(workflow: Workflow) -> Progress | None:
    """What there is to say about a workflow of ours; nothing while it waits, and of a workflow that is not ours.

    Ours has the one name that the alert, its uid, the phase and the attempt give it.
    """
    meta = workflow.metadata
    alert, phase, attempt = alert_of(workflow), meta.labels.get(PHASE_LABEL, ""), _attempt(workflow)
    if alert is None or attempt is None or phase not in {known.value for known in Phase}:
        return None
    if meta.name != workflow_name(alert.name, alert.uid, phase, attempt=attempt):
        return None
    ops, reason = _ARGO_PHASES.get(workflow.status.phase, OpsPhase.NONE), ""
    message = workflow.status.message
    if not ops.ended and meta.deletion_timestamp:
        ops, reason, message = OpsPhase.FAILED, WORKFLOW_DELETED, f"workflow {meta.name} was deleted before it ended"
    elif ops.ended and (how := workflow.spec.get("shutdown")):
        # Argo calls what was stopped while it waited for a lock a success
        ops, reason, message = OpsPhase.FAILED, STOPPED, f"workflow {meta.name} was stopped ({how}): {message or ops}"
    elif ops is OpsPhase.FAILED and (said := workflow.status.failure):
        message = f"{message}: {said}" if message and message != said.message else str(said)
    if ops is OpsPhase.NONE:
        return None
    return Progress(
        alert=alert,
        phase=Phase(phase),
        name=meta.name,
        uid=meta.uid,
        ops=ops,
        reason=reason or ops.value,
        message=(message or f"workflow {meta.name}: {ops.value}")[:_MESSAGE_LENGTH],
        attempt=attempt,
        started=_moment(workflow.status.started_at),
        ended=_moment(workflow.status.finished_at),
    )


def as_recorded(workflow: Workflow, alert: AegisAlert, phase: Phase) -> Workflow:
    """The workflow that an alert has on record, with the marks that say so: others may take them off it."""
    marks = {ALERT_LABEL: alert.metadata.name, PHASE_LABEL: phase.value}
    attempt = {ALERT_UID_ANNOTATION: alert.metadata.uid, ATTEMPT_ANNOTATION: str(alert.status.record(phase).attempt)}
    meta = workflow.metadata
    marked = meta.model_copy(update={"labels": meta.labels | marks, "annotations": meta.annotations | attempt})
    return workflow.model_copy(update={"metadata": marked})


def _attempt(workflow: Workflow) -> int | None:
    """Which attempt it is, from 1; none where somebody wrote something else."""
    text = workflow.metadata.annotations.get(ATTEMPT_ANNOTATION, "1")
    is_number = text.isascii() and text.isdigit() and len(text) < _ATTEMPT_DIGITS
    return (int(text) or None) if is_number else None


def _moment(text: str | None) -> str | None:
    """A time of Argo's as an alert's schema takes it; nothing for what is none: others write it too."""
    try:
        return clock.rfc3339(clock.parse(text)) if text else None
    except (ValueError, OverflowError):
        return None


def alert_of(workflow: Workflow) -> ObjectMeta | None:
    """Which alert the workflow works for; the owner reference has the name that a label may be too short for."""
    meta = workflow.metadata
    uid = meta.annotations.get(ALERT_UID_ANNOTATION)
    if not uid or ALERT_LABEL not in meta.labels:
        return None
    names = (owner.name for owner in meta.owner_references if owner.uid == uid)
    return ObjectMeta(namespace=meta.namespace, name=next(names, meta.labels[ALERT_LABEL]), uid=Uid(uid))
