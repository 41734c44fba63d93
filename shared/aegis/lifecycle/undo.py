"""It resolved: whether there is something to undo. No ``Resolved`` rule runs where there can be nothing.

It runs after a firing whose workflow was made, in whichever attempt, and where no rule answers the firing at all. What
came first, the matcher or the resolve, makes no difference to that.
"""

from collections.abc import Callable

from aegis.models.alert import MANAGED_BY_LABEL, AegisAlert
from aegis.models.states import AlertStatus, TriggerStatus


def nothing_to_undo(alert: AegisAlert, *, owes: Callable[[], bool], has_rule: Callable[[], bool]) -> str:
    """Why there is nothing to undo; empty where there may be something.

    ``owes`` says whether the undo of an earlier episode is owed, ``has_rule`` whether a rule answers the firing; each
    is asked only where that makes a difference.
    """
    firing = alert.status.firing
    if firing.ever_had_workflow or _is_by_hand(alert):
        return ""
    if _came_resolved(alert):
        return "It was resolved before it fired"
    answer = firing.trigger_status or alert.status.ops_status.trigger_status
    if answer is not TriggerStatus.RULE_NOT_FOUND and owes():
        return ""
    if answer is TriggerStatus.NONE:
        return "It was resolved before anybody looked for a rule" if has_rule() else ""
    if answer in (TriggerStatus.RULE_NOT_FOUND, TriggerStatus.TRIGGERED):  # the latter is the Go system's: no record
        return ""
    return f"No workflow was made for its firing ({answer})"


def may_owe_undo(alert: AegisAlert) -> bool:
    """Whether there may be a repair to undo although the firing's match was cancelled: of an attempt or episode before.

    The first attempt of the first episode has none before it, and needs no second look.
    """
    return alert.status.firing.ever_had_workflow or alert.spec.episode > 0


def _is_by_hand(alert: AegisAlert) -> bool:
    """Whether somebody wrote the alert as resolved, who asks for what undoes it."""
    return alert.spec.status is AlertStatus.RESOLVED and MANAGED_BY_LABEL not in alert.metadata.labels


def _came_resolved(alert: AegisAlert) -> bool:
    """Whether the resolve came before any firing; one that the intake stored so may have been counted since."""
    return alert.spec.status is AlertStatus.RESOLVED or alert.status.count == 0
