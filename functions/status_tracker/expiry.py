"""Which alerts, with the workflows that they own, and which raw alerts are to be deleted, without I/O."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aegis import clock
from aegis.models.alert import AFTER_FAILURE, AFTER_NO_OPS, AFTER_SUCCESS, AegisAlert, TTLStrategy
from aegis.models.base import MOST
from aegis.models.rawalert import AegisRawAlert
from aegis.models.states import OpsPhase, Phase
from aegis.series import name_of

AFTER_RECEIPT = timedelta(days=1)
"""How long a raw alert is kept."""


def expired(alerts: Sequence[AegisAlert], *, now: datetime) -> list[AegisAlert]:
    """The alerts whose time is over.

    Episode 0, where a sender's next alert is looked up first, stays for as long as a later episode of it does.
    """
    continued = {(alert.metadata.namespace, name_of(alert, 0)) for alert in alerts if alert.spec.episode > 0}
    return [
        alert
        for alert in alerts
        if is_past_its_time(alert, now=now) and (alert.metadata.namespace, alert.metadata.name) not in continued
    ]


def outlived(raw_alerts: Sequence[AegisRawAlert], *, after: timedelta, now: datetime) -> list[AegisRawAlert]:
    """The raw alerts that came longer ago than that, whatever was made of them; their metadata is enough to tell."""
    return [
        raw
        for raw in raw_alerts
        if raw.metadata.deletion_timestamp is None
        and _is_past(clock.read(raw.metadata.creation_timestamp), after=after, now=now)
    ]


def is_past_its_time(alert: AegisAlert, *, now: datetime) -> bool:
    """Whether an alert's own time is over; never while it has a workflow that waits or runs."""
    if alert.metadata.deletion_timestamp is not None or _is_under_way(alert):
        return False
    outcome, ended = _outcome(alert)
    if outcome.ended:
        return _is_past(ended, after=_after(alert.spec.ttl_strategy, outcome), now=now)
    after = _seconds(alert.spec.ttl_strategy.seconds_after_no_ops, AFTER_NO_OPS)
    return _is_past(_received(alert), after=after, now=now)


def _is_under_way(alert: AegisAlert) -> bool:
    state = alert.status
    waits = any(state.record(phase).is_under_way for phase in Phase)
    return waits or state.ops_status.active > 0 or state.ops_status.alert_ops_status.is_under_way


def _outcome(alert: AegisAlert) -> tuple[OpsPhase, datetime | None]:
    """How the newest work ended, and when; the summary is all there is on alerts of the Go system."""
    state = alert.status
    for record in (state.resolved, state.firing, *reversed(state.firing.earlier)):
        if record.outcome.ended:
            return record.outcome, clock.read(record.completion_time)
    return state.ops_status.alert_ops_status, clock.read(state.ops_status.completion_time)


def _after(strategy: TTLStrategy, outcome: OpsPhase) -> timedelta:
    succeeded = outcome is OpsPhase.SUCCEEDED
    own = strategy.seconds_after_success if succeeded else strategy.seconds_after_failure
    return _seconds(own, strategy.seconds_after_completion, AFTER_SUCCESS if succeeded else AFTER_FAILURE)


def _seconds(*counts: int | None) -> timedelta:
    """The first of some that is said; an older CRD took more than an int32 holds, of which no time can be made."""
    return timedelta(seconds=min(next(count for count in counts if count is not None), MOST))


def _received(alert: AegisAlert) -> datetime | None:
    """When the alert was last heard of."""
    state = alert.status
    times = (state.last_received_time, state.resolved_time, state.start_time, alert.metadata.creation_timestamp)
    return max((moment for time in times if (moment := clock.read(time))), default=None)


def _is_past(since: datetime | None, *, after: timedelta, now: datetime) -> bool:
    """Whether that much time went by; of a moment nobody can read it is not known, and nothing is deleted."""
    return since is not None and now - since >= after
