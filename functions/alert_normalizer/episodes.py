"""What an alert that comes in means to the newest episode of the same alert: a pure decision.

A firing counts up, asks the matcher again where nothing was found to do, or opens the next episode; a resolve
resolves, and what becomes of a match or of a workflow that runs is the matcher's to say. Senders repeat themselves,
late and out of order, and the Broker delivers an event more than once: what was counted before changes nothing.

When an alert began orders what its sender says, and does not identify it: Alertmanager moves it earlier when it merges
what two Prometheus servers say. A firing that comes after a resolve with a beginning that is known already is a late
duplicate, or fires on after it was resolved falsely, as Alertmanager does when a Prometheus server is silent for its
``resolve_timeout``. Only a while without another resolve tells the one from the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, NamedTuple

from aegis import clock
from aegis.events import ALERT_FIRING, ALERT_RESOLVED
from aegis.lifecycle import receipt
from aegis.models.alert import STATUS_LABEL, AegisAlert, AlertState
from aegis.models.base import MOST
from aegis.models.states import AlertStatus, OpsPhase
from functions.alert_normalizer.manifest import RECEIVED_EVENTS

LATE = timedelta(minutes=10)
"""How long after a resolve without a firing the firing may still come and mean the same."""


class Bounds(NamedTuple):
    """How long what an episode decides on may last."""

    cooldown: timedelta
    """After its work ended, a repeat means no new problem."""
    grace: timedelta
    """After an alert that was resolved fires with a beginning that is known, another resolve may come."""


class Arrivals(NamedTuple):
    """Posts of one alert with the same status."""

    status: AlertStatus
    events: Sequence[str]
    """For each the hash of its event, by which it is remembered; empty where it came without one."""
    posts: Sequence[str] = ()
    """For each the hash of what was posted with it, which is remembered only if that is to come again (``noted``)."""
    starts_at: datetime | None = None
    """The latest beginning they give; none where one of them gives none."""
    ends_at: datetime | None = None
    """The latest end that resolves give; none where one of them gives none."""


class Write(NamedTuple):
    """Merge this into the episode's status, then tell the Broker; ``event`` is empty where there is nothing to tell."""

    status: AlertState
    event: str
    reason: str


class Nothing(NamedTuple):
    """Everything that came is on record, or it is not of this episode."""

    reason: str
    on_record: bool = True


@dataclass(frozen=True, slots=True)
class Open:
    """This episode is over: open the next."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A newer episode was opened meanwhile."""


Decision = Write | Nothing | Open | Moved


def status_of(decision: Decision) -> AlertState | None:
    """What a decision writes."""
    return decision.status if isinstance(decision, Write) else None


def decide(newest: AegisAlert, arrivals: Arrivals, *, now: datetime, bounds: Bounds) -> Decision:
    """What to do about posts of an alert, given the newest episode that is known."""
    if newest.status.latest_episode > newest.spec.episode:
        return Moved()
    fresh = _not_yet_counted(newest, arrivals)
    if fresh is None:
        return Nothing("this is on record already")
    received = receipt.received(newest, fresh, starts_at=arrivals.starts_at, now=now)
    if arrivals.status is AlertStatus.RESOLVED:
        return _resolve(newest, arrivals, received, now=now)
    counted = received.updated(AlertState(count=min(newest.status.count + len(fresh), MOST)))
    if newest.status.status is AlertStatus.FIRING:
        over = receipt.work_is_over(newest, now=now, cooldown=bounds.cooldown)
        return Open() if over else _repeat(newest, counted)
    if receipt.is_unsettled(newest):
        counted = received.updated(receipt.resolved_first(now=now, count=len(fresh)))
    return _fires_resolved(newest, arrivals, counted, now=now, grace=bounds.grace)


def known_events(alert: AegisAlert) -> list[str]:
    """The hashes of the events that the alert remembers, oldest first."""
    return [*alert.metadata.annotations.get(RECEIVED_EVENTS, "").split(), *alert.status.received_events]


def label_patch(newest: AegisAlert) -> Sequence[Mapping[str, Any]]:
    """The JSON patch that has a resolved alert's label say so; empty where it does."""
    meta, status = newest.metadata, newest.status.status
    if status is not AlertStatus.RESOLVED or meta.labels.get(STATUS_LABEL) == status:
        return ()
    same = {"op": "test", "path": "/metadata/uid", "value": meta.uid}
    if not meta.labels:
        return (same, {"op": "add", "path": "/metadata/labels", "value": {STATUS_LABEL: status.value}})
    return (same, {"op": "add", "path": f"/metadata/labels/{STATUS_LABEL}", "value": status.value})


def _not_yet_counted(newest: AegisAlert, arrivals: Arrivals) -> list[str] | None:
    """The events of the posts that count, each once; nothing where none does."""
    known = set(known_events(newest))
    fresh: list[str] = []
    for event, post in zip_longest(arrivals.events, arrivals.posts, fillvalue=""):
        if post not in known and (not event or (event not in known and event not in fresh)):
            fresh.append(event)
    return fresh or None


def _resolve(newest: AegisAlert, arrivals: Arrivals, received: AlertState, *, now: datetime) -> Decision:
    if receipt.is_unsettled(newest):
        return Write(received.updated(receipt.resolved_first(now=now)), ALERT_RESOLVED, "resolved")
    began = receipt.began(newest)
    if began and arrivals.ends_at and arrivals.ends_at < began:
        return Nothing("it ended before this episode began", on_record=False)
    if newest.status.status is AlertStatus.FIRING:
        return Write(received.updated(receipt.resolved(now=now)), ALERT_RESOLVED, "resolved")
    if newest.status.reopens_at:
        return Write(received.updated(AlertState(reopens_at=None)), "", "it is resolved: what fired since was late")
    if received.latest_starts_at:
        return Write(received, "", "it is resolved already")
    return Nothing("it is resolved already")


def has_work(newest: AegisAlert) -> bool:
    """Whether a workflow of the firing is on record; on alerts of the Go system it is in the summary alone."""
    return newest.status.firing.ever_had_workflow or newest.status.ops_status.alert_ops_status is not OpsPhase.NONE


def _repeat(newest: AegisAlert, status: AlertState) -> Write:
    state = newest.status
    found = state.firing.trigger_status or state.ops_status.trigger_status
    if state.firing.awaits_workflow and newest.is_edited:
        return Write(status, ALERT_FIRING, "a repeat that says something else, so rules are asked again")
    if found.asks_again and not state.ops_status.alert_ops_status:
        return Write(status, ALERT_FIRING, f"a repeat: {found.value}, so rules are asked again")
    return Write(status, "", "a repeat")


def _fires_resolved(
    newest: AegisAlert, arrivals: Arrivals, status: AlertState, *, now: datetime, grace: timedelta
) -> Decision:
    """A firing after a resolve: its own, which comes late, or another."""
    began = receipt.began(newest)
    if began is None or arrivals.starts_at is None:
        late = _comes_after_its_resolve(newest, now=now)
        return Write(status, "", "its resolve came before: nothing is started") if late else Open()
    if arrivals.starts_at > began:
        return Open()
    due = clock.read(newest.status.reopens_at) or now + grace
    if now >= due:
        return Open()
    when = clock.rfc3339(due)
    reason = f"it was resolved, and its startsAt is known: unless a resolve comes, the next episode opens at {when}"
    return Write(status.updated(AlertState(reopens_at=when)), "", reason)


def _comes_after_its_resolve(newest: AegisAlert, *, now: datetime) -> bool:
    """Whether a firing may be the one of a resolve that came before any."""
    if receipt.is_unsettled(newest):
        return True
    resolved = clock.read(newest.status.resolved_time or newest.metadata.creation_timestamp)
    return newest.status.count == 0 and resolved is not None and now - resolved < LATE
