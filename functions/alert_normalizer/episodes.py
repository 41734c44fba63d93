"""What an alert that comes in means to the newest episode of the same alert: a pure decision.

A firing counts up, asks the matcher again where nothing was found to do, or opens the next episode; a resolve
resolves, and what becomes of a match or of a workflow that runs is the matcher's to say. Senders repeat themselves,
late and out of order, and the Broker delivers an event more than once: what was counted before changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, NamedTuple

from aegis import clock
from aegis.events import ALERT_FIRING, ALERT_RESOLVED
from aegis.models.alert import STATUS_LABEL, AegisAlert, AlertStatus, TriggerStatus
from functions.alert_normalizer.manifest import RECEIVED_EVENTS

EVENTS_REMEMBERED = 50
LATE = timedelta(minutes=10)
"""How long after a resolve without a firing the firing may still come and mean the same."""


class Arrivals(NamedTuple):
    """Posts of one alert with the same status."""

    status: AlertStatus
    events: Sequence[str]
    """For each the hash of its event, by which it is remembered; empty where it came without one."""
    posts: Sequence[str] = ()
    """For each the hash of what was posted with it, which is remembered only if that is to come again (``noted``)."""


class Write(NamedTuple):
    """Merge this into the episode's status, then tell the Broker; ``event`` is empty where there is nothing to tell."""

    status: Mapping[str, Any]
    event: str
    reason: str


class Nothing(NamedTuple):
    """Everything that came is on record."""

    reason: str


@dataclass(frozen=True, slots=True)
class Open:
    """This episode is over: open the next."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A newer episode was opened meanwhile."""


Decision = Write | Nothing | Open | Moved


def decide(newest: AegisAlert, arrivals: Arrivals, *, now: datetime, cooldown: timedelta) -> Decision:
    """What to do about posts of an alert, given the newest episode that is known."""
    if newest.status.latest_episode > newest.spec.episode:
        return Moved()
    fresh = _not_yet_counted(newest, arrivals)
    if fresh is None:
        return Nothing("this is on record already")
    if arrivals.status is AlertStatus.RESOLVED:
        return _resolve(newest, fresh, now=now)
    if newest.status.status is AlertStatus.FIRING:
        over = _work_is_over(newest, now=now, cooldown=cooldown)
        return Open() if over else _repeat(newest, fresh, now=now)
    late = _is_late(newest, now=now, cooldown=cooldown)
    return _count_late(newest, fresh, now=now) if late else Open()


def known_events(alert: AegisAlert) -> list[str]:
    """The hashes of the events that the alert remembers, oldest first."""
    return [*alert.metadata.annotations.get(RECEIVED_EVENTS, "").split(), *alert.status.received_events]


def noted(alert: AegisAlert, post: str, *, comes_again: bool) -> Mapping[str, Any] | None:
    """The status of an alert whose sender is to post it again, so that it is not counted twice, or has done so."""
    others = [event for event in alert.status.received_events if event != post]
    if comes_again is (post in alert.status.received_events):
        return None
    return {"receivedEvents": [*others, post][-EVENTS_REMEMBERED:] if comes_again else others}


def label_patch(newest: AegisAlert) -> Sequence[Mapping[str, Any]]:
    """The JSON patch that has a resolved alert's label say so; empty where it does."""
    meta, status = newest.metadata, newest.status.status
    if status is not AlertStatus.RESOLVED or meta.labels.get(STATUS_LABEL) == status:
        return ()
    same = {"op": "test", "path": "/metadata/uid", "value": meta.uid}
    if not meta.labels:
        return (same, {"op": "add", "path": "/metadata/labels", "value": {STATUS_LABEL: status.value}})
    return (same, {"op": "add", "path": f"/metadata/labels/{STATUS_LABEL}", "value": status.value})


def resolved_first(now: datetime) -> dict[str, Any]:
    """The status of an alert whose resolve comes before its firing."""
    text = clock.rfc3339(now)
    return {
        "status": AlertStatus.RESOLVED.value,
        "count": 0,
        "startTime": text,
        "lastReceivedTime": text,
        "resolvedTime": text,
    }


def _not_yet_counted(newest: AegisAlert, arrivals: Arrivals) -> list[str] | None:
    """The events of the posts that count, each once; nothing where none does."""
    known = set(known_events(newest))
    fresh: list[str] = []
    for event, post in zip_longest(arrivals.events, arrivals.posts, fillvalue=""):
        if post not in known and (not event or (event not in known and event not in fresh)):
            fresh.append(event)
    return fresh or None


def _received(newest: AegisAlert, fresh: Sequence[str], *, now: datetime) -> dict[str, Any]:
    """What every post leaves on the status."""
    status: dict[str, Any] = {"lastReceivedTime": clock.rfc3339(now)}
    if newest.status.start_time is None:
        status["startTime"] = newest.metadata.creation_timestamp or clock.rfc3339(now)
    if hashes := [event for event in fresh if event]:
        status["receivedEvents"] = [*newest.status.received_events, *hashes][-EVENTS_REMEMBERED:]
    return status


def _is_unsettled(newest: AegisAlert) -> bool:
    """Whether the alert was created by a resolve whose status was not written any more."""
    return newest.spec.status is AlertStatus.RESOLVED and newest.status.resolved_time is None


def _resolve(newest: AegisAlert, fresh: Sequence[str], *, now: datetime) -> Decision:
    if _is_unsettled(newest):
        return Write({**_received(newest, fresh, now=now), **resolved_first(now)}, ALERT_RESOLVED, "resolved")
    if newest.status.status is AlertStatus.RESOLVED:
        return Nothing("it is resolved already")
    status = {
        **_received(newest, fresh, now=now),
        "status": AlertStatus.RESOLVED.value,
        "resolvedTime": clock.rfc3339(now),
    }
    return Write(status, ALERT_RESOLVED, "resolved")


def _work_is_over(newest: AegisAlert, *, now: datetime, cooldown: timedelta) -> bool:
    """Whether the firing's work ended so long ago that a repeat means a new problem."""
    state = newest.status
    if not (state.firing.outcome.ended or state.ops_status.alert_ops_status.ended):
        return False
    ended = state.firing.completion_time or state.ops_status.completion_time or newest.metadata.creation_timestamp
    return not ended or now - clock.parse(ended) >= cooldown


def _repeat(newest: AegisAlert, fresh: Sequence[str], *, now: datetime) -> Write:
    status = {**_received(newest, fresh, now=now), "count": newest.status.count + len(fresh)}
    state = newest.status
    found = state.firing.trigger_status or state.ops_status.trigger_status
    if found in (TriggerStatus.NONE, TriggerStatus.TRIGGERED) or state.ops_status.alert_ops_status:
        return Write(status, "", "a repeat")
    return Write(status, ALERT_FIRING, f"a repeat: {found.value}, so rules are asked again")


def _is_late(newest: AegisAlert, *, now: datetime, cooldown: timedelta) -> bool:
    """Whether a firing on a resolved episode belongs to it still."""
    if _is_unsettled(newest):
        return True
    resolved = newest.status.resolved_time or newest.metadata.creation_timestamp
    since = now - clock.parse(resolved) if resolved else timedelta.max
    if newest.spec.starts_at:
        return since < cooldown
    return newest.status.count == 0 and since < LATE


def _count_late(newest: AegisAlert, fresh: Sequence[str], *, now: datetime) -> Write:
    status = _received(newest, fresh, now=now)
    count = newest.status.count
    if _is_unsettled(newest):
        status, count = status | resolved_first(now), 0
    return Write({**status, "count": count + len(fresh)}, "", "its resolve came before: nothing is started")
