"""What the matcher decides about an alert, without I/O: what is written to its status, and whether a match stands.

It decides on the alert's state and not on which event brought it, so a late or repeated event comes to the same. Where
that depends on more than is known, it says what must be read first (``Unsure``): the fast path reads nothing but
the alert.

Of one alert one workflow runs at a time, over its episodes and phases (``aegis.series``). An undo whose alert fires
again never begins: the repair of the newer episode would be undone by that of the older. The undo is owed then by the
episode that is resolved next.
"""

from enum import Enum
from functools import partial
from typing import Literal, NamedTuple

from aegis.lifecycle import match
from aegis.lifecycle.undo import may_owe_undo, nothing_to_undo
from aegis.models.alert import AegisAlert, AlertState
from aegis.models.states import AlertStatus, Phase, TriggerStatus
from aegis.series import Series, is_episode
from functions.rule_matcher.matching import RuleIndex, Verdict

_SUPERSEDED = "Its alert fires again: undoing this episode's repair would undo that of the newer one."
_UNDONE_LATER = "Whether a repair of before is to be undone is looked at when none can come of this match any more."


class Missing(Enum):
    """What must be known before a decision can be made."""

    RULES = "the rules as they are now"
    WORKFLOW = "whether the firing's workflow exists"
    SERIES = "how far the alert's other episodes are"
    TURN = "whether it is this episode's turn"


class Unsure(Exception):
    """The decision on an alert, as it was then, depends on what is not known yet."""

    def __init__(self, missing: Missing, alert: AegisAlert) -> None:
        """Keep what is missing, and for which alert."""
        super().__init__(missing.value)
        self.missing = missing
        self.alert = alert


class Known(NamedTuple):
    """What a decision is made on, besides the alert."""

    rules: RuleIndex
    up_to_date: bool = False
    """Whether the rules were read for this decision; otherwise they may lag behind by a moment."""
    workflow_exists: bool | None = None
    series: Series | None = None
    is_alone: bool = False
    """Whether its episode 0 was deleted, so that nothing is known of others."""


class Note(NamedTuple):
    """What is told about a decision in a Kubernetes Event."""

    reason: str
    message: str
    kind: Literal["Normal", "Warning"]


class Decision(NamedTuple):
    """What to write to the alert's status, and what to tell about it; nothing where all is done already."""

    status: AlertState | None = None
    note: Note | None = None


NOTHING = Decision()


def awaits_workflow(alert: AegisAlert) -> bool:
    """Whether a match stands whose workflow was not seen yet: whoever finds it so passes it on, again if need be."""
    return alert.metadata.deletion_timestamp is None and alert.status.record(alert.phase).awaits_workflow


def decide(alert: AegisAlert, known: Known, *, now: str) -> Decision:
    """Take the alert's next step.

    Raises:
        Unsure: when more must be known first.
    """
    if alert.metadata.deletion_timestamp is not None:
        return NOTHING
    if alert.phase is Phase.FIRING:
        return _match(alert, known, now=now)
    return _resolve(alert, known, now=now)


def give_up(alert: AegisAlert, error: Exception, *, now: str) -> Decision:
    """Say that deciding failed, unless something is decided: delivered again, the event would fail again."""
    if alert.status.record(alert.phase).trigger_status.stands:
        return NOTHING
    message = f"deciding about this alert failed: {type(error).__name__}: {error}"
    return _write(alert, Verdict(TriggerStatus.RULE_ERROR, message), now=now)


def _resolve(alert: AegisAlert, known: Known, *, now: str) -> Decision:
    firing = alert.status.firing
    if firing.awaits_workflow:
        return _cancel(alert, known, now=now)
    if firing.workflow and not firing.outcome.ended:
        return NOTHING  # the tracker says when it has ended
    if firing.is_taken_back and _is_left_alone(alert, known, now=now):
        return NOTHING
    owes, has_rule = partial(_owes_undo, alert, known), partial(_has_rule, alert, known)
    if alert.status.resolved.is_undecided and (reason := nothing_to_undo(alert, owes=owes, has_rule=has_rule)):
        return _write(alert, Verdict(TriggerStatus.CANCELLED, f"{reason}: there is nothing to undo."), now=now)
    return _match(alert, known, now=now)


def _owes_undo(alert: AegisAlert, known: Known) -> bool:
    """Whether an earlier episode's repair was not undone."""
    series = _series(alert, known)
    return series is not None and series.owes_undo


def _has_rule(alert: AegisAlert, known: Known) -> bool:
    """Whether a rule answers the firing of an alert that is resolved."""
    if not known.up_to_date:
        raise Unsure(Missing.RULES, alert)
    fired = alert.status.model_copy(update={"status": AlertStatus.FIRING})
    verdict = known.rules.find(alert.model_copy(update={"status": fired}))
    return verdict.trigger_status is not TriggerStatus.RULE_NOT_FOUND


def _cancel(alert: AegisAlert, known: Known, *, now: str) -> Decision:
    """Take back a match that nobody rendered; if a workflow is made all the same, the tracker records it.

    What an earlier attempt or episode did is undone later: an undo that was matched now could run beside that workflow.
    """
    if _workflow_exists(alert, known):
        return NOTHING
    later = f" {_UNDONE_LATER}" if may_owe_undo(alert) else ""
    verdict = Verdict(TriggerStatus.CANCELLED, f"It was resolved before its workflow was created.{later}")
    return _write(alert, verdict, now=now, phase=Phase.FIRING)


def _is_left_alone(alert: AegisAlert, known: Known, *, now: str) -> bool:
    """Whether nothing follows a match that was cancelled, or not yet; the tick looks again while something may."""
    if not may_owe_undo(alert) or match.is_settling(alert.status.firing, now=now):
        return True
    return _workflow_exists(alert, known)


def _workflow_exists(alert: AegisAlert, known: Known) -> bool:
    if known.workflow_exists is None:
        raise Unsure(Missing.WORKFLOW, alert)
    return known.workflow_exists


def _match(alert: AegisAlert, known: Known, *, now: str) -> Decision:
    recorded = alert.status.record(alert.phase).trigger_status
    if recorded.stands:
        return NOTHING
    verdict = known.rules.find(alert)
    if not known.up_to_date and (verdict.rule is None or match.was_unmatched(alert)):
        raise Unsure(Missing.RULES, alert)
    if verdict.rule is not None and (series := _series(alert, known)):
        if alert.phase is Phase.RESOLVED and series.fires_again:
            return _write(alert, Verdict(TriggerStatus.SUPERSEDED, _SUPERSEDED), now=now)
        if other := series.under_way(now=now):
            return _wait(alert, other, now=now)
        if not series.is_taken:
            raise Unsure(Missing.TURN, alert)
    return _write(alert, verdict, now=now)


def _series(alert: AegisAlert, known: Known) -> Series | None:
    """The alert's episodes, where there are others than this one."""
    if alert.spec.episode == alert.status.latest_episode == 0 or not is_episode(alert) or known.is_alone:
        return None
    series = known.series
    if series is None or (alert.spec.episode == 0 and _is_older(series.first, alert)):
        raise Unsure(Missing.SERIES, alert)
    holder = alert if series.holder and series.holder.spec.episode == alert.spec.episode else series.holder
    return series._replace(own=alert, first=alert if alert.spec.episode == 0 else series.first, holder=holder)


def _is_older(known: AegisAlert, now: AegisAlert) -> bool:
    """Whether episode 0 was another one when the others were read."""
    return (known.status.latest_episode, known.status.turn) != (now.status.latest_episode, now.status.turn)


def _wait(alert: AegisAlert, other: AegisAlert, *, now: str) -> Decision:
    """Say what is waited for; nothing is decided, so the alert is looked at again."""
    status = match.waiting(alert, other, now=now)
    if status is None:
        return NOTHING
    return Decision(status, Note(match.WAITING, match.waits_for(other), "Normal"))


def _write(alert: AegisAlert, verdict: Verdict, *, now: str, phase: Phase | None = None) -> Decision:
    """Record a verdict, unless just that is recorded already."""
    phase = phase or alert.phase
    status = match.found(alert, phase, verdict.finding, now=now)
    if status is None:
        return NOTHING
    trigger_status = verdict.trigger_status
    shown = match.is_shown(alert, trigger_status, phase) or trigger_status is TriggerStatus.SUPERSEDED
    if not shown or trigger_status is TriggerStatus.TRIGGERED:
        return Decision(status)
    return Decision(
        status, Note(trigger_status.value, verdict.message, "Normal" if trigger_status.is_quiet else "Warning")
    )
