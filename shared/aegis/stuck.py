"""What it means for each kind to be stuck, and which event sets it going again: a table, without I/O.

An event is only a hint that a resource changed. Where the hint got lost, the resource stays in a state that should not
last; the sweep finds it there and gives the hint again. A row says which state, since when, and which event.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from aegis import clock, hints
from aegis.events import ALERT_REFIRED, RESOURCE_UPDATED, RULE_MATCHED, Event
from aegis.lifecycle.match import SETTLED_AFTER
from aegis.lifecycle.undo import may_owe_undo
from aegis.models.alert import MANAGED_BY_LABEL, AegisAlert
from aegis.models.base import Object
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import AlertStatus, Phase
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import Workflow
from aegis.payloads import Matched, Reference

SOURCE = "/aegis/status-tracker/sweep"
DEFAULT_PATIENCE = timedelta(seconds=30)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

T = TypeVar("T", bound=Object)
Names = Collection[tuple[str, str]]
"""Namespaces and names of the workflows that exist."""


class Row(NamedTuple, Generic[T]):
    """One state that should not last."""

    state: str
    holds: Callable[[T, Names], bool]
    since: Callable[[T], str]
    event: Callable[[T], Event]
    patience: timedelta | None = None
    """Where it is not the sweep's."""


def remedy(
    table: Sequence[Row[T]], item: T, *, workflows: Names, now: datetime, patience: timedelta = DEFAULT_PATIENCE
) -> Event | None:
    """The event that sets an object going again, if it is stuck for longer than ``patience``."""
    if item.metadata.deletion_timestamp is not None:
        return None
    row = next((row for row in table if row.holds(item, workflows)), None)
    if row is None or not is_older(
        row.since(item), now=now, patience=patience if row.patience is None else row.patience
    ):
        return None
    return row.event(item)


def is_older(since: str, *, now: datetime, patience: timedelta) -> bool:
    """Whether a moment is longer ago than that; a time nobody can read is."""
    moment = clock.read(since)
    return moment is None or now - moment > patience


def is_overdue(workflow: Workflow, *, now: datetime, patience: timedelta = DEFAULT_PATIENCE) -> bool:
    """Whether what the workflow's state means should have been written by now."""
    state, meta = workflow.status, workflow.metadata
    since = state.finished_at or meta.deletion_timestamp or state.started_at or meta.creation_timestamp
    return is_older(since, now=now, patience=patience)


def vanished(alert: AegisAlert, *, workflows: Collection[str]) -> Phase | None:
    """The phase whose workflow was seen running and is there no more; ``workflows`` are the uids that exist.

    The alert must have been read before the workflows were.
    """
    for phase in Phase:
        record = alert.status.record(phase)
        if record.workflow_uid and not record.outcome.ended and record.workflow_uid not in workflows:
            return phase
    return None


def _changed(item: Object) -> Event:
    """An object as ApiServerSource would report it; its extensions are what Triggers filter on."""
    meta, resource = item.metadata, item.resource
    extensions = {"kind": resource.kind, "name": meta.name, "namespace": meta.namespace}
    event = hints.about(item, RESOURCE_UPDATED, source=SOURCE, apiversion=resource.api_version, **extensions)
    return event._replace(subject=resource.path(meta.namespace, meta.name))


def _look_at(alert: AegisAlert) -> Event:
    return hints.look_at(alert, source=SOURCE)


def _matched(phase: Phase) -> Callable[[AegisAlert], Event]:
    return lambda alert: hints.about(
        alert, RULE_MATCHED, source=SOURCE, data=Matched(phase=phase, alert=Reference.of(alert)).wire()
    )


def _refired(alert: AegisAlert) -> Event:
    return hints.about(alert, ALERT_REFIRED, source=SOURCE, data=Reference.of(alert).wire())


def _is_resolved(alert: AegisAlert) -> bool:
    return alert.status.status is AlertStatus.RESOLVED


def _is_new(alert: AegisAlert, _: Names) -> bool:
    """Nobody looked for a rule, nor did the Go system whose alerts have no records."""
    state = alert.status
    looked = (state.firing.trigger_status, state.ops_status.trigger_status)
    return not _is_resolved(alert) and not any(looked)


def _lacks_workflow(alert: AegisAlert, phase: Phase, workflows: Names) -> bool:
    where = alert.metadata.namespace, alert.workflow_name(phase)
    return alert.status.record(phase).awaits_workflow and where not in workflows


def _is_unrendered(phase: Phase) -> Callable[[AegisAlert, Names], bool]:
    return lambda alert, workflows: (alert.phase is phase) and _lacks_workflow(alert, phase, workflows)


def _is_uncancelled(alert: AegisAlert, workflows: Names) -> bool:
    return _is_resolved(alert) and _lacks_workflow(alert, Phase.FIRING, workflows)


def _is_unanswered(alert: AegisAlert, _: Names) -> bool:
    """A resolve that nobody looked at, and that waits neither for the firing's work nor was answered by cancelling it.

    What the intake took in as resolved, and received firing only later, starts nothing.
    """
    state, meta = alert.status, alert.metadata
    waits = not state.firing.outcome.ended and state.firing.trigger_status.stands
    came_late = state.count > 0 and alert.spec.status is AlertStatus.RESOLVED and MANAGED_BY_LABEL in meta.labels
    return _is_resolved(alert) and not state.resolved.trigger_status and not waits and not came_late


def _may_be_undone(alert: AegisAlert, _: Names) -> bool:
    """A resolve that cancelled the firing's match, where an attempt or episode before may have repaired something."""
    state = alert.status
    return _is_resolved(alert) and state.firing.is_taken_back and state.resolved.is_undecided and may_owe_undo(alert)


def _asks_retry(alert: AegisAlert, _: Names) -> bool:
    """No source selects alerts by an annotation, so this is how one is noticed."""
    return bool(alert.retry)


def _at_once(_: Object) -> str:
    return ""


def _fires_on(alert: AegisAlert, _: Names) -> bool:
    return alert.status.reopens_at is not None


def _reopens_at(alert: AegisAlert) -> str:
    return alert.status.reopens_at or ""


def _created(item: Object) -> str:
    return item.metadata.creation_timestamp


def _matched_at(phase: Phase) -> Callable[[AegisAlert], str]:
    return lambda alert: alert.status.record(phase).trigger_time or _created(alert)


def _resolved_at(alert: AegisAlert) -> str:
    return alert.status.resolved_time or _created(alert)


def _free_at(alert: AegisAlert) -> str:
    """When the resolve could first be looked at: when it came, or when the firing's work ended."""
    ended = alert.status.firing.completion_time
    return max((time for time in (_resolved_at(alert), ended) if time), key=lambda time: clock.read(time) or _LONG_AGO)


ALERTS: tuple[Row[AegisAlert], ...] = (
    Row("another attempt asked for", _asks_retry, _at_once, _look_at),
    Row("firing, no rule looked for", _is_new, _created, _look_at),
    Row("matched, no workflow", _is_unrendered(Phase.FIRING), _matched_at(Phase.FIRING), _matched(Phase.FIRING)),
    Row("resolved, its match not cancelled", _is_uncancelled, _resolved_at, _look_at),
    Row("resolved, no rule looked for", _is_unanswered, _free_at, _look_at),
    Row("cancelled, undo owed", _may_be_undone, _matched_at(Phase.FIRING), _look_at, patience=SETTLED_AFTER),
    Row(
        "resolved and matched, no workflow",
        _is_unrendered(Phase.RESOLVED),
        _matched_at(Phase.RESOLVED),
        _matched(Phase.RESOLVED),
    ),
    Row("resolved falsely, fires on", _fires_on, _reopens_at, _refired, patience=timedelta(0)),
)
"""Triggers that found no rule are not stuck: a rule that is added asks again, and so does a repeat."""


def _is_unchecked(item: AegisAlertOpsRule | AegisOpsTemplate, _: Names) -> bool:
    return item.status.observed_generation != item.metadata.generation


RULES: tuple[Row[AegisAlertOpsRule], ...] = (Row("changed, not checked", _is_unchecked, _created, _changed),)
TEMPLATES: tuple[Row[AegisOpsTemplate], ...] = (Row("changed, not checked", _is_unchecked, _created, _changed),)
