"""What an alert that comes in means to the newest episode."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aegis import clock
from aegis.lifecycle.receipt import reopens, resolved_first
from aegis.models.alert import AegisAlert
from aegis.models.states import AlertStatus
from functions.alert_normalizer.episodes import (
    Arrivals,
    Bounds,
    Decision,
    Moved,
    Nothing,
    Open,
    Write,
    decide,
    has_work,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BOUNDS = Bounds(cooldown=timedelta(minutes=30), grace=timedelta(minutes=2))
AT_8 = "2026-01-01T08:00:00Z"
FAILURES = ["RuleNotFound", "TooManyRulesFound", "RuleError", "TemplateNotFound", "TemplateInvalid", "UnsafeValue"]


def ago(**duration: float) -> str:
    return f"{NOON - timedelta(**duration):%Y-%m-%dT%H:%M:%SZ}"


def alert(state: dict[str, Any], /, *, annotations: dict[str, str] | None = None, **spec: Any) -> AegisAlert:
    meta = {"name": "a", "namespace": "monitoring", "creationTimestamp": AT_8, "annotations": annotations or {}}
    return AegisAlert.read({"metadata": meta, "spec": spec, "status": state})


def on(
    newest: AegisAlert, status: str = "Firing", events: tuple[str, ...] = ("",), *, starts: str = "", ends: str = ""
) -> Decision:
    arrivals = Arrivals(AlertStatus(status), events, starts_at=clock.read(starts), ends_at=clock.read(ends))
    return decide(newest, arrivals, now=NOON, bounds=BOUNDS)


def written(decision: Decision) -> dict[str, Any]:
    assert isinstance(decision, Write), decision
    return decision.status.changes()


def ended(outcome: str, at: str) -> dict[str, Any]:
    return {
        "opsStatus": {"triggerStatus": "Triggered", "alertOpsStatus": outcome, "completionTime": at},
        "firing": {"triggerStatus": "Triggered", "workflow": "w", "outcome": outcome, "completionTime": at},
    }


FIRING = alert({"status": "Firing", "count": 3, "startTime": AT_8})
RESOLVED = alert({"status": "Resolved", "count": 3, "startTime": AT_8, "resolvedTime": ago(minutes=5)})
RESOLVED_FIRST = alert(
    {"status": "Resolved", "count": 0, "startTime": AT_8, "resolvedTime": ago(minutes=5)}, status="Resolved"
)
FIRED_AT_8 = alert({"startTime": AT_8}, startsAt=AT_8)
RESOLVED_AT_8 = alert({"status": "Resolved", "resolvedTime": ago(minutes=5)}, startsAt=AT_8)
RUNNING = alert(
    {"opsStatus": {"triggerStatus": "Triggered", "alertOpsStatus": "Running"}, "firing": {"triggerStatus": "Triggered"}}
)


def test_a_repeat_counts_up_and_says_nothing() -> None:
    decision = on(FIRING)
    assert written(decision) == {"count": 4, "lastReceivedTime": "2026-01-01T12:00:00Z"}
    assert isinstance(decision, Write)
    assert decision.event == ""


def test_posts_that_came_together_count_together() -> None:
    assert written(on(FIRING, events=("", "", "")))["count"] == 6


def test_the_first_write_says_when_the_alert_came() -> None:
    assert written(on(alert({})))["startTime"] == AT_8


@pytest.mark.parametrize("found", FAILURES)
def test_a_repeat_where_nothing_was_found_to_do_asks_again(found: str) -> None:
    decision = on(alert({"opsStatus": {"triggerStatus": found}, "firing": {"triggerStatus": found}}))
    assert isinstance(decision, Write)
    assert decision.event == "io.aegis.alert.firing.v1"
    assert written(decision)["count"] == 2


@pytest.mark.parametrize(
    "newest",
    [
        pytest.param(alert({}), id="nobody looked yet"),
        pytest.param(RUNNING, id="it runs"),
        pytest.param(alert(ended("Succeeded", ago(minutes=29))), id="it just succeeded"),
        pytest.param(alert(ended("Failed", ago(minutes=29))), id="it just failed"),
    ],
)
def test_a_repeat_starts_nothing(newest: AegisAlert) -> None:
    decision = on(newest)
    assert isinstance(decision, Write)
    assert (decision.event, decision.status.count) == ("", 2)


@pytest.mark.parametrize("outcome", ["Succeeded", "Failed"])
@pytest.mark.parametrize("starts_at", ["", AT_8])
def test_after_the_cooldown_a_repeat_opens_the_next_episode(outcome: str, starts_at: str) -> None:
    assert on(alert(ended(outcome, ago(minutes=30)), startsAt=starts_at)) == Open()


def test_work_whose_end_nobody_wrote_down_ended_long_ago() -> None:
    assert on(alert({"opsStatus": {"alertOpsStatus": "Succeeded"}})) == Open()


def test_a_resolve_resolves() -> None:
    decision = on(FIRING, "Resolved")
    noon = "2026-01-01T12:00:00Z"
    assert written(decision) == {"status": "Resolved", "resolvedTime": noon, "lastReceivedTime": noon}
    assert isinstance(decision, Write)
    assert decision.event == "io.aegis.alert.resolved.v1"


def test_a_resolve_reaches_an_episode_whose_work_has_ended() -> None:
    assert written(on(alert(ended("Succeeded", ago(days=1))), "Resolved"))["status"] == "Resolved"


def test_a_second_resolve_changes_nothing() -> None:
    assert isinstance(on(RESOLVED, "Resolved"), Nothing)


def test_a_resolve_whose_status_was_not_written_is_completed() -> None:
    decision = on(alert({}, status="Resolved"), "Resolved")
    assert written(decision) == resolved_first(now=NOON).changes()


def test_a_firing_after_the_resolve_opens_the_next_episode() -> None:
    assert on(RESOLVED) == Open()


@pytest.mark.parametrize("starts", ["2026-01-01T08:00:00.2Z", "2026-01-01T09:00:00Z", ""])
def test_a_repeat_is_one_whenever_it_says_that_it_began(starts: str) -> None:
    decision = on(alert({}, startsAt=AT_8), starts=starts)
    assert isinstance(decision, Write)
    assert (decision.event, decision.status.count) == ("", 2)


def test_the_latest_beginning_is_remembered() -> None:
    assert written(on(FIRED_AT_8, starts="2026-01-01T08:00:00.25Z"))["latestStartsAt"] == "2026-01-01T08:00:00.25Z"
    assert "latestStartsAt" not in written(on(FIRED_AT_8, starts="2026-01-01T07:59:59Z"))
    later = alert({"latestStartsAt": "2026-01-01T09:00:00Z"}, startsAt=AT_8)
    assert "latestStartsAt" not in written(on(later, starts="2026-01-01T08:30:00Z"))


@pytest.mark.parametrize("starts", ["2026-01-01T08:00:00.1Z", "2026-01-01T11:59:00Z", ""])
def test_a_firing_after_the_resolve_that_began_later_opens_the_next_episode(starts: str) -> None:
    assert on(RESOLVED_AT_8, starts=starts) == Open()


def test_a_beginning_that_a_repeat_gave_is_known_after_the_resolve() -> None:
    newest = alert({"status": "Resolved", "latestStartsAt": "2026-01-01T09:00:00Z"}, startsAt=AT_8)
    assert isinstance(on(newest, starts="2026-01-01T09:00:00Z"), Write)
    assert on(newest, starts="2026-01-01T09:00:01Z") == Open()


def test_a_beginning_that_a_resolve_gave_is_known_though_its_firing_comes_later() -> None:
    decision = on(RESOLVED_AT_8, "Resolved", starts="2026-01-01T09:00:00Z", ends="2026-01-01T10:00:00Z")
    assert written(decision)["latestStartsAt"] == "2026-01-01T09:00:00Z"


@pytest.mark.parametrize("starts", [AT_8, "2026-01-01T07:00:00Z"])
def test_a_firing_after_the_resolve_with_a_known_beginning_is_noted(starts: str) -> None:
    decision = on(RESOLVED_AT_8, starts=starts)
    assert isinstance(decision, Write)
    assert decision.event == ""
    assert written(decision) == {
        "count": 2,
        "lastReceivedTime": "2026-01-01T12:00:00Z",
        "startTime": AT_8,
        "reopensAt": "2026-01-01T12:02:00Z",
    }


def test_another_firing_does_not_put_the_next_episode_off() -> None:
    newest = alert({"status": "Resolved", "reopensAt": "2026-01-01T12:00:01Z"}, startsAt=AT_8)
    assert written(on(newest, starts=AT_8))["reopensAt"] == "2026-01-01T12:00:01Z"


def test_once_it_is_due_a_firing_opens_the_next_episode_itself() -> None:
    assert on(alert({"status": "Resolved", "reopensAt": "2026-01-01T12:00:00Z"}, startsAt=AT_8), starts=AT_8) == Open()


def test_a_resolve_says_that_what_was_noted_was_late() -> None:
    newest = alert({"status": "Resolved", "reopensAt": "2026-01-01T12:01:00Z"}, startsAt=AT_8)
    decision = on(newest, "Resolved", starts=AT_8)
    assert isinstance(decision, Write)
    assert decision.event == ""
    assert decision.status.changes()["reopensAt"] is None


def test_an_alert_that_fires_on_is_due_after_the_grace() -> None:
    noted = alert({"status": "Resolved", "reopensAt": "2026-01-01T12:00:00Z"})
    assert reopens(noted, now=NOON)
    assert not reopens(noted, now=NOON - timedelta(seconds=1))
    assert not reopens(alert({"status": "Firing", "reopensAt": "2026-01-01T12:00:00Z"}), now=NOON)
    assert not reopens(RESOLVED_AT_8, now=NOON)


@pytest.mark.parametrize(
    ("ends", "resolves"), [("2026-01-01T07:59:59Z", False), (AT_8, True), ("2026-01-01T09:00:00Z", True), ("", True)]
)
def test_a_resolve_that_ended_before_the_episode_began_changes_nothing(ends: str, *, resolves: bool) -> None:
    decision = on(FIRED_AT_8, "Resolved", ends=ends)
    assert isinstance(decision, Write if resolves else Nothing)


def test_a_resolve_of_an_earlier_occurrence_does_not_undo_that_it_fires_on() -> None:
    newest = alert({"status": "Resolved", "reopensAt": "2026-01-01T12:01:00Z"}, startsAt=AT_8)
    assert isinstance(on(newest, "Resolved", ends="2026-01-01T07:00:00Z"), Nothing)


def test_a_firing_whose_resolve_came_first_starts_nothing() -> None:
    decision = on(RESOLVED_FIRST)
    assert isinstance(decision, Write)
    assert (decision.event, decision.status.count) == ("", 1)


@pytest.mark.parametrize(
    "status", [{"count": 1, "resolvedTime": ago(minutes=5)}, {"count": 0, "resolvedTime": ago(minutes=10)}]
)
def test_a_firing_after_its_late_one_or_much_later_is_new(status: dict[str, Any]) -> None:
    assert on(alert({"status": "Resolved", **status}, status="Resolved")) == Open()


def test_a_late_firing_settles_what_the_resolve_left_unwritten() -> None:
    assert written(on(alert({}, status="Resolved"))) == resolved_first(now=NOON, count=1).changes()


@pytest.mark.parametrize("status", ["Firing", "Resolved"])
def test_a_newer_episode_goes_before(status: str) -> None:
    assert on(alert({"latestEpisode": 1}), status) == Moved()


def test_the_newest_episode_is_not_moved_by_its_own_number() -> None:
    assert isinstance(on(alert({}, episode=2)), Write)


def test_an_event_counts_once() -> None:
    newest = alert({"count": 1, "receivedEvents": ["e1"]}, annotations={"aegis.io/received-events": "e2 e3"})
    for event in ("e1", "e2", "e3"):
        assert isinstance(on(newest, events=(event,)), Nothing)
        assert isinstance(on(newest, "Resolved", events=(event,)), Nothing)


def test_an_event_counts_once_among_posts_that_came_together() -> None:
    newest = alert({"count": 1, "receivedEvents": ["e1"]})
    status = written(on(newest, events=("e1", "e2", "", "e2", "")))
    assert (status["count"], status["receivedEvents"]) == (4, ["e1", "e2"])


def test_a_resolve_is_remembered_too() -> None:
    assert written(on(FIRING, "Resolved", ("e1",)))["receivedEvents"] == ["e1"]


def test_fifty_events_are_remembered() -> None:
    newest = alert({"receivedEvents": [f"e{n}" for n in range(50)]})
    events = written(on(newest, events=("new",)))["receivedEvents"]
    assert (len(events), events[0], events[-1]) == (50, "e1", "new")


def test_a_count_ends_where_its_type_does() -> None:
    assert written(on(alert({"count": 2**31 - 1})))["count"] == 2**31 - 1


def test_what_an_earlier_attempt_worked_on_stays_on_record() -> None:
    assert has_work(alert({"firing": {"attempt": 2, "earlierFailed": 1}}))
    assert not has_work(alert({"firing": {"triggerStatus": "RuleNotFound"}}))
