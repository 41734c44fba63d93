"""A rule is looked for: what was found is recorded, taken back, refused, or has to wait."""

from datetime import timedelta
from typing import NamedTuple

from aegis import clock
from aegis.models.alert import (
    AegisAlert,
    AlertState,
    OpsStatus,
    PhaseRecord,
    RuleReference,
    TemplateReference,
    of_phase,
)
from aegis.models.base import Object
from aegis.models.conditions import Condition, ConditionType, with_condition
from aegis.models.states import AlertStatus, OpsPhase, Phase, TriggerStatus

FORGOTTEN = PhaseRecord(trigger_status=TriggerStatus.NONE, rule=None, template=None, trigger_time=None)
"""A phase for which a rule is to be looked for anew."""
NOTHING_FOUND = OpsStatus(trigger_status=TriggerStatus.NONE, alert_ops_status=OpsPhase.NONE)
"""What an alert shows until one is found."""

WAITING = "Waiting"
"""The reason of the condition Triggered while a workflow of another episode runs."""


CREATED_WITHIN = timedelta(seconds=30)
"""How long after reading an alert the request to create its workflow may begin."""
SETTLED_AFTER = CREATED_WITHIN + timedelta(seconds=60)
"""When a match that was cancelled can have no workflow any more: whoever read it before has created it, or gave up."""


class Finding(NamedTuple):
    """What came of looking for a rule, and the rule and its template where one applies."""

    trigger_status: TriggerStatus
    message: str
    rule: RuleReference | None = None
    template: TemplateReference | None = None


def found(alert: AegisAlert, phase: Phase, finding: Finding, *, now: str) -> AlertState | None:
    """What came of looking for a rule is recorded, unless just that is recorded already."""
    shown = is_shown(alert, finding.trigger_status, phase)
    condition = _triggered(alert, finding) if shown else _seen(alert)
    conditions = with_condition(alert.status.conditions, condition, now=now) if condition else alert.status.conditions
    if (alert.status.record(phase).trigger_status, alert.status.conditions) == (finding.trigger_status, conditions):
        return None
    record = _recorded(alert.status.record(phase), finding, now=now)
    patch = _taken_in(alert, now=now).updated(of_phase(phase, record)).updated(AlertState(conditions=conditions))
    if not shown:
        return patch
    pending = OpsPhase.PENDING if finding.rule else OpsPhase.NONE
    return patch.updated(
        AlertState(ops_status=OpsStatus(trigger_status=finding.trigger_status, alert_ops_status=pending))
    )


def is_shown(alert: AegisAlert, finding: TriggerStatus, phase: Phase) -> bool:
    """Whether a finding is what the alert shows; that nothing undoes a firing which was answered is not.

    Unless the alert shows nothing, because the renderer took back a match whose rule changed.
    """
    return not (
        phase is Phase.RESOLVED
        and alert.status.ops_status.trigger_status is not TriggerStatus.NONE
        and finding.is_quiet
        and not alert.status.firing.is_undecided
    )


def waits_for(other: AegisAlert) -> str:
    """What an episode waits for, in words."""
    return f"One workflow of an alert runs at a time: this one waits for that of {other.metadata.name} to end."


def waiting(alert: AegisAlert, other: AegisAlert, *, now: str) -> AlertState | None:
    """It says which episode's workflow it waits for; nothing is decided, so the alert is looked at again.

    Nor does it stand any more that nothing could be done: a rule is there by now.
    """
    condition = Condition(
        type=ConditionType.TRIGGERED,
        status="False",
        reason=WAITING,
        message=waits_for(other),
        observed_generation=alert.metadata.generation,
    )
    conditions = with_condition(alert.status.conditions, condition, now=now)
    if conditions == alert.status.conditions:
        return None
    patch = _taken_in(alert, now=now).updated(AlertState(conditions=conditions))
    if not alert.status.record(alert.phase).trigger_status.asks_again:
        return patch
    undecided = of_phase(alert.phase, PhaseRecord(trigger_status=TriggerStatus.NONE))
    return patch.updated(undecided).updated(AlertState(ops_status=NOTHING_FOUND))


def is_settling(record: PhaseRecord, *, now: str) -> bool:
    """Whether a match was cancelled just now, so that a workflow of it may still be created.

    Until that is over nothing may run that must not run beside it.
    """
    cancelled, moment = clock.read(record.trigger_time), clock.read(now)
    is_recent = cancelled is not None and moment is not None and moment - cancelled < SETTLED_AFTER
    return record.is_taken_back and record.rule is not None and is_recent


def is_wanted(alert: AegisAlert, phase: Phase) -> bool:
    """Whether the alert still waits for the workflow of this phase.

    Not so when it is being deleted, its match was cancelled or came to nothing, its workflow was seen, or it resolved
    before the firing's workflow was made.
    """
    return (
        alert.metadata.deletion_timestamp is None
        and alert.status.record(phase).awaits_workflow
        and (phase is Phase.RESOLVED or alert.status.status is AlertStatus.FIRING)
    )


def is_as_matched(alert: AegisAlert, phase: Phase, rule: Object) -> bool:
    """Whether alert and rule are what they were when they were matched: neither was edited since."""
    matched = alert.status.record(phase).rule
    is_rule = matched is not None and (rule.metadata.uid, rule.metadata.generation) == (matched.uid, matched.generation)
    return is_rule and not alert.is_edited


def unmatched(alert: AegisAlert, phase: Phase) -> AlertState | None:
    """The match is forgotten, so that the matcher decides again on the rules as they are now."""
    if not is_wanted(alert, phase):
        return None
    return of_phase(phase, FORGOTTEN).updated(AlertState(ops_status=NOTHING_FOUND))


def was_unmatched(alert: AegisAlert) -> bool:
    """Whether a match was taken back because its rule changed: then rules that lag behind would match it again."""
    triggered = alert.triggered
    is_forgotten = alert.status.ops_status.trigger_status is TriggerStatus.NONE
    return is_forgotten and triggered is not None and triggered.status == "True"


def refused(alert: AegisAlert, phase: Phase, *, reason: TriggerStatus, message: str, now: str) -> AlertState | None:
    """It says why there will be no workflow of its match."""
    if not is_wanted(alert, phase):
        return None
    matched = alert.triggered
    triggered = Condition(
        type=ConditionType.TRIGGERED,
        status="False",
        reason=reason.value,
        message=message,
        observed_generation=matched.observed_generation if matched else None,
    )
    return of_phase(phase, PhaseRecord(trigger_status=reason)).updated(
        AlertState(
            ops_status=OpsStatus(trigger_status=reason, alert_ops_status=OpsPhase.NONE),
            conditions=with_condition(alert.status.conditions, triggered, now=now),
        )
    )


def _recorded(record: PhaseRecord, finding: Finding, *, now: str) -> PhaseRecord:
    if finding.trigger_status.is_taken_back:
        # what was matched stays on record
        return PhaseRecord(trigger_status=finding.trigger_status, trigger_time=now)
    return PhaseRecord(
        attempt=record.attempt,
        trigger_status=finding.trigger_status,
        trigger_time=now,
        rule=finding.rule,
        template=finding.template,
    )


def _triggered(alert: AegisAlert, finding: Finding) -> Condition:
    return Condition(
        type=ConditionType.TRIGGERED,
        status="True" if finding.rule else "False",
        reason=finding.trigger_status.value,
        message=finding.message,
        observed_generation=alert.metadata.generation,
    )


def _seen(alert: AegisAlert) -> Condition | None:
    condition = alert.triggered
    return condition and condition.model_copy(update={"observed_generation": alert.metadata.generation})


def _taken_in(alert: AegisAlert, *, now: str) -> AlertState:
    """What the intake writes of the alerts that it takes in, for those made by hand."""
    patch = AlertState(start_time=alert.status.start_time or alert.metadata.creation_timestamp)
    if alert.spec.status is AlertStatus.RESOLVED:
        resolved = AlertState(status=AlertStatus.RESOLVED, resolved_time=alert.status.resolved_time or now)
        return patch.updated(resolved)
    return patch
