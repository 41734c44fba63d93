"""Its workflow runs, ends or vanishes: what that means for the alert.

Events come late, twice and out of order, so nothing here depends on what came before but the alert itself: an outcome
on record is final, and the counts derive from the records.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from aegis.models.alert import AegisAlert, AlertState, OpsStatus, PhaseRecord, of_phase
from aegis.models.base import MOST, ObjectMeta
from aegis.models.conditions import Condition, ConditionType, with_condition
from aegis.models.states import AlertStatus, OpsPhase, Phase, TriggerStatus
from aegis.names import Uid

WORKFLOW_DELETED = "WorkflowDeleted"


class Progress(NamedTuple):
    """How far a workflow got, and whose it is: of which alert, in which phase, in which attempt."""

    alert: ObjectMeta
    phase: Phase
    name: str
    uid: Uid
    ops: OpsPhase
    reason: str
    message: str
    log: str = ""
    """How the log of the step that failed ends: for the alert alone, below the message."""
    attempt: int = 1
    started: str | None = None
    ended: str | None = None


def moved(alert: AegisAlert, progress: Progress, *, now: str) -> AlertState | None:
    """Its workflow runs or has ended; nothing where that is known already, or the workflow is another's."""
    record = alert.status.record(progress.phase)
    if alert.metadata.uid != progress.alert.uid or progress.attempt != record.attempt or record.outcome.ended:
        return None
    if record.workflow_uid not in ("", progress.uid):
        return None
    if record.workflow_uid and progress.ops is OpsPhase.RUNNING:
        return None
    changes = _of_record(progress, now=now)
    new = record.updated(changes)
    ops = _counts([new if phase is progress.phase else alert.status.record(phase) for phase in Phase])
    conditions: Sequence[Condition] = alert.status.conditions
    if _is_newest(alert, progress.phase):
        ops = ops.updated(_summary(alert, progress, now=now))
        conditions = _with_progress(conditions, progress, now=now)
    if record.trigger_status is not TriggerStatus.TRIGGERED:
        conditions = with_condition(conditions, _triggered(alert, progress), now=now)
    patch = of_phase(progress.phase, changes).updated(AlertState(ops_status=ops))
    return patch if conditions == alert.status.conditions else patch.updated(AlertState(conditions=list(conditions)))


def running_patch(progress: Progress, *, now: str) -> list[dict[str, Any]] | None:
    """A JSON patch that records a firing's first workflow as running, without the alert having been read.

    Its tests hold only on a firing alert whose one match is pending: there is no outcome then that could be lost.
    """
    if progress.ops is not OpsPhase.RUNNING or progress.phase is not Phase.FIRING or progress.attempt > 1:
        return None
    return [
        {"op": "test", "path": "/metadata/uid", "value": progress.alert.uid},
        {"op": "test", "path": "/status/status", "value": AlertStatus.FIRING},
        {"op": "test", "path": "/status/firing/attempt", "value": progress.attempt},
        {"op": "test", "path": "/status/opsStatus/alertOpsStatus", "value": OpsPhase.PENDING},
        {"op": "test", "path": "/status/opsStatus/triggerStatus", "value": TriggerStatus.TRIGGERED},
        {"op": "replace", "path": "/status/opsStatus/alertOpsStatus", "value": OpsPhase.RUNNING},
        {"op": "add", "path": "/status/opsStatus/active", "value": 1},
        {"op": "add", "path": "/status/opsStatus/total", "value": 1},
        {"op": "add", "path": "/status/opsStatus/startTime", "value": progress.started or now},
        {"op": "add", "path": "/status/firing/workflow", "value": progress.name},
        {"op": "add", "path": "/status/firing/workflowUID", "value": progress.uid},
    ]


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
        attempt=record.attempt,
    )


def stalled(alert: AegisAlert, *, reason: str, message: str, now: str) -> AlertState | None:
    """An event about it was not delivered; said once for each message."""
    condition = Condition(type=ConditionType.STALLED, status="True", reason=reason, message=message)
    conditions = with_condition(alert.status.conditions, condition, now=now)
    return None if conditions == alert.status.conditions else AlertState(conditions=conditions)


def is_recorded(alert: AegisAlert, progress: Progress) -> bool:
    """Whether the alert knows this workflow already, running or ended."""
    return alert.status.record(progress.phase).workflow_uid == progress.uid


def outcome_on_record(alert: AegisAlert, progress: Progress) -> OpsPhase:
    """The outcome that the alert has of this workflow, be it of the newest attempt or one before."""
    record = alert.status.record(progress.phase)
    attempts = (record, *record.earlier)
    return next((one.outcome for one in attempts if one.workflow_uid == progress.uid), OpsPhase.NONE)


def _of_record(progress: Progress, *, now: str) -> PhaseRecord:
    """The phase's record; that there is a workflow goes before any trigger status, Cancelled among them."""
    record = PhaseRecord(trigger_status=TriggerStatus.TRIGGERED, workflow=progress.name, workflow_uid=progress.uid)
    if not progress.ops.ended:
        return record
    return record.updated(PhaseRecord(outcome=progress.ops, completion_time=progress.ended or now))


def _counts(records: Sequence[PhaseRecord]) -> OpsStatus:
    """The workflows of all attempts of both phases."""
    worked = [record for record in records if record.workflow_uid]
    active = sum(not record.outcome.ended for record in worked)
    succeeded = sum(record.earlier_succeeded for record in records)
    failed = sum(record.earlier_failed for record in records)
    succeeded += sum(record.outcome is OpsPhase.SUCCEEDED for record in worked)
    failed += sum(record.outcome is OpsPhase.FAILED for record in worked)
    return OpsStatus(
        active=active,
        succeeded=min(succeeded, MOST),
        failed=min(failed, MOST),
        total=min(active + succeeded + failed, MOST),
    )


def _is_newest(alert: AegisAlert, phase: Phase) -> bool:
    """Whether the phase is the one that the summary mirrors: the resolve's as soon as it has work of its own."""
    return phase is Phase.RESOLVED or alert.status.resolved.trigger_status is not TriggerStatus.TRIGGERED


def _summary(alert: AegisAlert, progress: Progress, *, now: str) -> OpsStatus:
    known = alert.status.record(progress.phase).workflow_uid == progress.uid
    started = progress.started or (alert.status.ops_status.start_time if known else None)
    return OpsStatus(
        trigger_status=TriggerStatus.TRIGGERED,
        alert_ops_status=progress.ops,
        start_time=started or now,
        completion_time=(progress.ended or now) if progress.ops.ended else None,
    )


def _with_progress(conditions: Sequence[Condition], progress: Progress, *, now: str) -> Sequence[Condition]:
    types = {condition.type for condition in conditions}
    if progress.ops.ended:
        completed = Condition(
            type=ConditionType.COMPLETED,
            status="True",
            reason=progress.reason,
            message=f"{progress.message}{progress.log}",
        )
        conditions = with_condition(conditions, completed, now=now)
        if ConditionType.STALLED in types:
            moved_on = Condition(
                type=ConditionType.STALLED, status="False", reason=progress.reason, message="the workflow ended"
            )
            conditions = with_condition(conditions, moved_on, now=now)
    elif ConditionType.COMPLETED in types:
        again = Condition(
            type=ConditionType.COMPLETED, status="False", reason=progress.reason, message=progress.message
        )
        conditions = with_condition(conditions, again, now=now)
    return conditions


def _triggered(alert: AegisAlert, progress: Progress) -> Condition:
    """A workflow that runs although its match was cancelled shows that it was triggered after all."""
    return Condition(
        type=ConditionType.TRIGGERED,
        status="True",
        reason=TriggerStatus.TRIGGERED.value,
        message=f"workflow {progress.name} exists",
        observed_generation=alert.metadata.generation,
    )
