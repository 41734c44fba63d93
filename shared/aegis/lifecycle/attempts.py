"""A person asks for another attempt, by an annotation: once for each value of it."""

from typing import NamedTuple

from aegis.models.alert import ATTEMPTS_KEPT, AegisAlert, AlertState, Attempt, OpsStatus, PhaseRecord
from aegis.models.base import MOST
from aegis.models.states import OpsPhase, Phase, TriggerStatus
from aegis.names import Uid


class Retry(NamedTuple):
    """What is written because another attempt was asked for, and what is told of it."""

    patch: AlertState
    begins: bool
    message: str


def retried(alert: AegisAlert, *, newest: int, has_workflow: bool) -> Retry | None:
    """The next attempt begins, or the value is answered with why it does not; nothing where nobody asks.

    One begins where the alert fires, is its newest episode (``newest`` is that one's number), and no workflow of it
    waits or runs, also none that is there though nothing is on record of it (``has_workflow``).
    """
    asked = alert.retry
    if not asked or alert.metadata.deletion_timestamp is not None:
        return None
    answered = AlertState(observed_retry=asked)
    record = alert.status.firing
    if hindrance := _hindrance(alert, newest, has_workflow=has_workflow):
        return Retry(answered, begins=False, message=f"no other attempt begins, which {asked} asked for: {hindrance}")
    if record.is_undecided:
        return Retry(answered, begins=True, message=f"attempt {record.attempt} begins, as {asked} asked")
    begun = AlertState(
        firing=_next(record),
        ops_status=OpsStatus(trigger_status=TriggerStatus.NONE, alert_ops_status=OpsPhase.NONE),
    )
    message = f"attempt {record.attempt + 1} begins, as {asked} asked"
    return Retry(answered.updated(begun), begins=True, message=message)


def _hindrance(alert: AegisAlert, newest: int, *, has_workflow: bool) -> str:
    state = alert.status
    if alert.phase is not Phase.FIRING:
        return "the alert is resolved"
    if newest > alert.spec.episode:
        return f"this is episode {alert.spec.episode} of the alert, and the newest is {newest}"
    if state.firing.is_under_way or has_workflow:
        return f"workflow {state.firing.workflow or alert.workflow_name(Phase.FIRING)} waits or runs"
    return ""


def _next(record: PhaseRecord) -> PhaseRecord:
    over = Attempt(
        attempt=record.attempt,
        trigger_status=record.trigger_status,
        trigger_time=record.trigger_time,
        workflow=record.workflow,
        workflow_uid=record.workflow_uid,
        outcome=record.outcome,
        completion_time=record.completion_time,
    )
    return PhaseRecord(
        attempt=min(record.attempt + 1, MOST),
        trigger_status=TriggerStatus.NONE,
        rule=None,
        template=None,
        trigger_time=None,
        workflow="",
        workflow_uid=Uid(""),
        outcome=OpsPhase.NONE,
        completion_time=None,
        earlier_succeeded=min(record.earlier_succeeded + (record.outcome is OpsPhase.SUCCEEDED), MOST),
        earlier_failed=min(record.earlier_failed + (record.outcome is OpsPhase.FAILED), MOST),
        earlier=[*record.earlier, over][-ATTEMPTS_KEPT:],
    )
