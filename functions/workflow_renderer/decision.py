"""What the renderer decides, without I/O: whether a match still stands, and what is written when it does not."""

from collections.abc import Mapping, Sequence
from typing import Any

from aegis.models.alert import TRIGGERED, AegisAlert, AlertStatus, OpsPhase, Phase, TriggerStatus
from aegis.models.base import Object
from aegis.models.conditions import Condition, with_condition
from aegis.models.template import AegisOpsTemplate

SOURCE = "/aegis/workflow-renderer"
Status = Mapping[str, Any]


def is_wanted(alert: AegisAlert, *, phase: Phase) -> bool:
    """Whether the alert still waits for the workflow of this phase.

    Not so when it is being deleted, its match was cancelled or came to nothing, its workflow was seen, or it resolved
    before the firing's workflow was made.
    """
    record = alert.status.record(phase)
    return (
        alert.metadata.deletion_timestamp is None
        and record.awaits_workflow
        and (phase is Phase.RESOLVED or alert.status.status is AlertStatus.FIRING)
    )


def is_as_matched(alert: AegisAlert, phase: Phase, rule: Object) -> bool:
    """Whether alert and rule are what they were when they were matched: neither was edited since."""
    matched = alert.status.record(phase).rule
    is_rule = matched is not None and (rule.metadata.uid, rule.metadata.generation) == (matched.uid, matched.generation)
    return is_rule and not alert.is_edited


def unmatch(alert: AegisAlert, phase: Phase) -> Status | None:
    """Forget the match, so that the matcher decides again on the rules as they are now."""
    if not is_wanted(alert, phase=phase):
        return None
    return {
        "opsStatus": {"triggerStatus": TriggerStatus.NONE, "alertOpsStatus": OpsPhase.NONE},
        phase.value: {"triggerStatus": TriggerStatus.NONE, "rule": None, "template": None, "triggerTime": None},
    }


def refuse(alert: AegisAlert, phase: Phase, *, reason: TriggerStatus, message: str, now: str) -> Status | None:
    """Say on the alert why there will be no workflow."""
    if not is_wanted(alert, phase=phase):
        return None
    triggered = Condition(type=TRIGGERED, status="False", reason=reason.value, message=message)
    return {
        "opsStatus": {"triggerStatus": reason, "alertOpsStatus": OpsPhase.NONE},
        phase.value: {"triggerStatus": reason},
        "conditions": [c.wire() for c in with_condition(alert.status.conditions, triggered, now=now)],
    }


def recorded(
    template: AegisOpsTemplate, *, problems: Sequence[str], notes: Sequence[str] = (), now: str
) -> Status | None:
    """Say on a template whether it is valid, and what there is to note, once for each generation and finding."""
    valid = Condition(
        type="Valid",
        status="False" if problems else "True",
        reason="InvalidTemplate" if problems else "Recorded",
        message="; ".join(problems or notes),
        observed_generation=template.metadata.generation,
    )
    conditions = with_condition(template.status.conditions, valid, now=now)
    status = "Invalid" if problems else "Recorded"
    known = (template.status.status, template.status.observed_generation, template.status.conditions)
    if known == (status, template.metadata.generation, conditions):
        return None
    return {
        "status": status,
        "observedGeneration": template.metadata.generation,
        "conditions": [c.wire() for c in conditions],
    }
