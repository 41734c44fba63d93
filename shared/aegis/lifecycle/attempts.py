"""A person asks for another attempt, by an annotation: once for each value of it."""

from typing import NamedTuple

from aegis.lifecycle.match import FORGOTTEN, NOTHING_FOUND
from aegis.models.alert import ATTEMPTS_KEPT, AegisAlert, AlertState, Attempt, PhaseRecord
from aegis.models.base import MOST
from aegis.models.states import OpsPhase, Phase
from aegis.names import Uid


class Retry(NamedTuple):
    """What is written because another attempt was asked for, and what is told of it."""

    patch: AlertState
    begins: bool
    message: str


def retried(alert: AegisAlert, *, newest: int) -> Retry | None:
    """The next attempt begins, or the value is answered with why it does not; nothing where nobody asks.

    One begins where the alert fires, is its newest episode (``newest`` is that one's number), and no workflow of it
    waits or runs. Where no workflow was made, the same attempt begins again: one that is there all the same, and was
    not seen yet, has the name that another would have.
    """
    asked = alert.retry
    if not asked or alert.metadata.deletion_timestamp is not None:
        return None
    answered = AlertState(observed_retry=asked)
    record = alert.status.firing
    if hindrance := _hindrance(alert, newest):
        return Retry(answered, begins=False, message=f"no other attempt begins, which {asked} asked for: {hindrance}")
    following = _next(record) if record.has_workflow else _again(record)
    begun = AlertState(firing=following, ops_status=NOTHING_FOUND)
    message = f"attempt {following.attempt} begins, as {asked} asked"
    return Retry(answered.updated(begun), begins=True, message=message)


def _hindrance(alert: AegisAlert, newest: int) -> str:
    state = alert.status
    if alert.phase is not Phase.FIRING:
        return "the alert is resolved"
    newest = max(newest, state.latest_episode)
    if newest > alert.spec.episode:
        return f"this is episode {alert.spec.episode} of the alert, and the newest is {newest}"
    # of the Go system's work there is no record
    is_running = state.firing.is_undecided and state.ops_status.alert_ops_status.is_under_way
    if state.firing.is_under_way or is_running:
        return f"workflow {state.firing.workflow or alert.workflow_name(Phase.FIRING)} waits or runs"
    return ""


def _again(record: PhaseRecord) -> PhaseRecord:
    return FORGOTTEN.updated(PhaseRecord(attempt=record.attempt))


def _next(record: PhaseRecord) -> PhaseRecord:
    over = Attempt(**{name: getattr(record, name) for name in Attempt.model_fields})
    return FORGOTTEN.updated(
        PhaseRecord(
            attempt=min(record.attempt + 1, MOST),
            workflow="",
            workflow_uid=Uid(""),
            outcome=OpsPhase.NONE,
            completion_time=None,
            earlier_succeeded=min(record.earlier_succeeded + (record.outcome is OpsPhase.SUCCEEDED), MOST),
            earlier_failed=min(record.earlier_failed + (record.outcome is OpsPhase.FAILED), MOST),
            earlier=[*record.earlier, over][-ATTEMPTS_KEPT:],
        )
    )
