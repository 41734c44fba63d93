"""What a workflow's state means for its alert, without I/O.

Events come late, twice and out of order, so nothing here depends on what came before but the alert itself: an outcome
on record is final, and the counts derive from the records instead of growing by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aegis import clock
from aegis.models.alert import TRIGGERED, AegisAlert, AlertStatus, OpsPhase, Phase, PhaseRecord, TriggerStatus
from aegis.models.base import ObjectMeta
from aegis.models.conditions import Condition, with_condition
from aegis.models.workflow import ALERT_LABEL, ALERT_UID_ANNOTATION, OUTCOME_FINALIZER, PHASE_LABEL, Workflow
from aegis.names import Uid, workflow_name

Status = Mapping[str, Any]

WORKFLOW_DELETED = "WorkflowDeleted"
STOPPED = "Stopped"
STALLED = "Stalled"

_MESSAGE_LENGTH = 1024
_ARGO_PHASES = {
    "Running": OpsPhase.RUNNING,
    "Succeeded": OpsPhase.SUCCEEDED,
    "Failed": OpsPhase.FAILED,
    "Error": OpsPhase.FAILED,
}


class Progress(NamedTuple):
    """How far a workflow got, and whose it is."""

    alert: ObjectMeta
    phase: Phase
    name: str
    uid: Uid
    ops: OpsPhase
    reason: str
    message: str
    started: str | None = None
    ended: str | None = None


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

    Ours has the one name that the alert, its uid and the phase give it.
    """
    meta = workflow.metadata
    alert, phase = alert_of(workflow), meta.labels.get(PHASE_LABEL, "")
    if alert is None or phase not in {known.value for known in Phase}:
        return None
    if meta.name != workflow_name(alert.name, alert.uid, phase):
        return None
    ops, reason = _ARGO_PHASES.get(workflow.status.phase, OpsPhase.NONE), ""
    message = workflow.status.message
    if not ops.ended and meta.deletion_timestamp:
        ops, reason, message = OpsPhase.FAILED, WORKFLOW_DELETED, f"workflow {meta.name} was deleted before it ended"
    elif ops.ended and (how := workflow.spec.get("shutdown")):
        # Argo calls what was stopped while it waited for a lock a success
        ops, reason, message = OpsPhase.FAILED, STOPPED, f"workflow {meta.name} was stopped ({how}): {message or ops}"
    elif ops is OpsPhase.FAILED and (said := workflow.status.failure):
        message = f"{message}: {said}" if message else said
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
        started=_moment(workflow.status.started_at),
        ended=_moment(workflow.status.finished_at),
    )


def _moment(text: str | None) -> str | None:
    """A time of Argo's as an alert's schema takes it; nothing for what is none: others write it too."""
    try:
        return clock.rfc3339(clock.parse(text)) if text else None
    except (ValueError, OverflowError):
        return None


def vanished(alert: AegisAlert, phase: Phase) -> Progress:
    """What there is to say of a recorded workflow that is there no more."""
    record = alert.status.record(phase)
    return Progress(
        alert=alert.metadata,
        phase=phase,
        name=record.workflow,
        uid=record.workflow_uid,
        ops=OpsPhase.FAILED,
        reason=WORKFLOW_DELETED,
        message=f"workflow {record.workflow} was deleted before it ended",
    )


def alert_of(workflow: Workflow) -> ObjectMeta | None:
    """Which alert the workflow works for; the owner reference has the name that a label may be too short for."""
    meta = workflow.metadata
    uid = meta.annotations.get(ALERT_UID_ANNOTATION)
    if not uid or ALERT_LABEL not in meta.labels:
        return None
    names = (owner.name for owner in meta.owner_references if owner.uid == uid)
    return ObjectMeta(namespace=meta.namespace, name=next(names, meta.labels[ALERT_LABEL]), uid=Uid(uid))


def running_patch(progress: Progress, *, now: str) -> list[dict[str, Any]] | None:
    """A JSON patch that records a firing's workflow as running, without the alert having been read.

    Its tests hold only on a firing alert whose one match is pending: there is no outcome then that could be lost.
    """
    if progress.ops is not OpsPhase.RUNNING or progress.phase is not Phase.FIRING:
        return None
    return [
        {"op": "test", "path": "/metadata/uid", "value": progress.alert.uid},
        {"op": "test", "path": "/status/status", "value": AlertStatus.FIRING},
        {"op": "test", "path": "/status/opsStatus/alertOpsStatus", "value": OpsPhase.PENDING},
        {"op": "test", "path": "/status/opsStatus/triggerStatus", "value": TriggerStatus.TRIGGERED},
        {"op": "replace", "path": "/status/opsStatus/alertOpsStatus", "value": OpsPhase.RUNNING},
        {"op": "add", "path": "/status/opsStatus/active", "value": 1},
        {"op": "add", "path": "/status/opsStatus/total", "value": 1},
        {"op": "add", "path": "/status/opsStatus/startTime", "value": progress.started or now},
        {"op": "add", "path": "/status/firing/workflow", "value": progress.name},
        {"op": "add", "path": "/status/firing/workflowUID", "value": progress.uid},
    ]


def decide(alert: AegisAlert, progress: Progress, *, now: str) -> Status | None:
    """What the progress changes on the alert's status; nothing where it is known already, or is another's."""
    record = alert.status.record(progress.phase)
    if alert.metadata.uid != progress.alert.uid or record.outcome.ended:
        return None
    if record.workflow_uid not in ("", progress.uid):
        return None
    if record.workflow_uid and progress.ops is OpsPhase.RUNNING:
        return None
    changes = _record_changes(progress, now=now)
    new = PhaseRecord.model_validate({**record.wire(), **changes})
    ops = _counts(new if phase is progress.phase else alert.status.record(phase) for phase in Phase)
    conditions: Sequence[Condition] = alert.status.conditions
    if _is_newest(alert, progress.phase):
        ops |= _summary(alert, progress, now=now)
        conditions = _with_progress(conditions, progress, now=now)
    if record.trigger_status is not TriggerStatus.TRIGGERED:
        conditions = with_condition(conditions, _triggered(alert, progress), now=now)
    status: dict[str, Any] = {progress.phase.value: changes, "opsStatus": ops}
    if conditions != alert.status.conditions:
        status["conditions"] = [condition.wire() for condition in conditions]
    return status


def is_recorded(alert: AegisAlert, progress: Progress) -> bool:
    """Whether the alert knows this workflow already, running or ended."""
    return alert.status.record(progress.phase).workflow_uid == progress.uid


def _record_changes(progress: Progress, *, now: str) -> dict[str, Any]:
    """The phase's record; that there is a workflow goes before any trigger status, Cancelled among them."""
    changes: dict[str, Any] = {
        "triggerStatus": TriggerStatus.TRIGGERED,
        "workflow": progress.name,
        "workflowUID": progress.uid,
    }
    if progress.ops.ended:
        changes |= {"outcome": progress.ops, "completionTime": progress.ended or now}
    return changes


def _counts(records: Iterable[PhaseRecord]) -> dict[str, Any]:
    worked = [record for record in records if record.workflow_uid]
    return {
        "active": sum(not record.outcome.ended for record in worked),
        "succeeded": sum(record.outcome is OpsPhase.SUCCEEDED for record in worked),
        "failed": sum(record.outcome is OpsPhase.FAILED for record in worked),
        "total": len(worked),
    }


def _is_newest(alert: AegisAlert, phase: Phase) -> bool:
    """Whether the phase is the one that the summary mirrors: the resolve's as soon as it has work of its own."""
    return phase is Phase.RESOLVED or alert.status.resolved.trigger_status is not TriggerStatus.TRIGGERED


def _summary(alert: AegisAlert, progress: Progress, *, now: str) -> dict[str, Any]:
    known = alert.status.record(progress.phase).workflow_uid == progress.uid
    started = progress.started or (alert.status.ops_status.start_time if known else None)
    return {
        "triggerStatus": TriggerStatus.TRIGGERED,
        "alertOpsStatus": progress.ops,
        "startTime": started or now,
        "completionTime": (progress.ended or now) if progress.ops.ended else None,
    }


def _with_progress(conditions: Sequence[Condition], progress: Progress, *, now: str) -> Sequence[Condition]:
    types = {condition.type for condition in conditions}
    if progress.ops.ended:
        completed = Condition(type="Completed", status="True", reason=progress.reason, message=progress.message)
        conditions = with_condition(conditions, completed, now=now)
        if STALLED in types:
            moved = Condition(type=STALLED, status="False", reason=progress.reason, message="the workflow ended")
            conditions = with_condition(conditions, moved, now=now)
    elif "Completed" in types:
        again = Condition(type="Completed", status="False", reason=progress.reason, message=progress.message)
        conditions = with_condition(conditions, again, now=now)
    return conditions


def _triggered(alert: AegisAlert, progress: Progress) -> Condition:
    """A workflow that runs although its match was cancelled shows that it was triggered after all."""
    return Condition(
        type=TRIGGERED,
        status="True",
        reason=TriggerStatus.TRIGGERED.value,
        message=f"workflow {progress.name} exists",
        observed_generation=alert.metadata.generation,
    )
