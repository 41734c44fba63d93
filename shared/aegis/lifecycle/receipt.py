"""An alert is received: firing, again, resolved, and firing on though it was resolved."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aegis import clock
from aegis.models.alert import AegisAlert, AlertState
from aegis.models.states import AlertStatus

EVENTS_REMEMBERED = 50


def received(alert: AegisAlert, events: Sequence[str], *, starts_at: datetime | None, now: datetime) -> AlertState:
    """What every post leaves on the status; ``events`` are hashes of those that count, empty where they have none."""
    patch = AlertState(last_received_time=clock.rfc3339(now))
    before = began(alert)
    if starts_at and before and starts_at > before:
        patch = patch.updated(AlertState(latest_starts_at=clock.exact(starts_at)))
    if alert.status.start_time is None:
        patch = patch.updated(AlertState(start_time=alert.metadata.creation_timestamp or clock.rfc3339(now)))
    if hashes := [event for event in events if event]:
        patch = patch.updated(AlertState(received_events=[*alert.status.received_events, *hashes][-EVENTS_REMEMBERED:]))
    return patch


def resolved(*, now: datetime) -> AlertState:
    """Its resolve came."""
    return AlertState(status=AlertStatus.RESOLVED, resolved_time=clock.rfc3339(now))


def resolved_first(*, now: datetime, count: int = 0) -> AlertState:
    """Its resolve came before its firing, which was received that often since."""
    text = clock.rfc3339(now)
    return resolved(now=now).updated(AlertState(count=count, start_time=text, last_received_time=text))


def is_unsettled(alert: AegisAlert) -> bool:
    """Whether the alert was created by a resolve whose status was not written any more."""
    return alert.spec.status is AlertStatus.RESOLVED and alert.status.resolved_time is None


def began(alert: AegisAlert) -> datetime | None:
    """The latest beginning of the episode that its sender gave."""
    return clock.read(alert.status.latest_starts_at or alert.spec.starts_at)


def reopens(alert: AegisAlert, *, now: datetime) -> bool:
    """Whether a resolved alert fires on, for long enough that it is no late duplicate."""
    due = clock.read(alert.status.reopens_at)
    return alert.status.status is AlertStatus.RESOLVED and due is not None and now >= due


def settled(alert: AegisAlert) -> AlertState | None:
    """It says no longer that the next episode is to open."""
    return None if alert.status.reopens_at is None else AlertState(reopens_at=None)


def continued(alert: AegisAlert, episode: int) -> AlertState | None:
    """A later episode was opened: episode 0 says which is the newest."""
    return AlertState(latest_episode=episode) if alert.status.latest_episode < episode else None


def noted(alert: AegisAlert, post: str, *, comes_again: bool) -> AlertState | None:
    """What it was posted with is to be posted again, so that it is not counted twice; or that has come."""
    others = [event for event in alert.status.received_events if event != post]
    if comes_again is (post in alert.status.received_events):
        return None
    return AlertState(received_events=[*others, post][-EVENTS_REMEMBERED:] if comes_again else others)


def work_is_over(alert: AegisAlert, *, now: datetime, cooldown: timedelta) -> bool:
    """Whether the firing's work ended so long ago that a repeat means a new problem."""
    state = alert.status
    if not (state.firing.outcome.ended or state.ops_status.alert_ops_status.ended):
        return False
    ended = clock.read(
        state.firing.completion_time or state.ops_status.completion_time or alert.metadata.creation_timestamp
    )
    return ended is None or now - ended >= cooldown
