"""What an alert that comes in means to the newest episode."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aegis.models.alert import AegisAlert, AlertStatus
from functions.alert_normalizer.episodes import Arrivals, Decision, Moved, Nothing, Open, Write, decide, resolved_first

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
COOLDOWN = timedelta(minutes=30)
AT_8 = "2026-01-01T08:00:00Z"
FAILURES = ["RuleNotFound", "TooManyRulesFound", "RuleError", "TemplateNotFound", "TemplateInvalid", "UnsafeValue"]


def ago(**duration: float) -> str:
    return f"{NOON - timedelta(**duration):%Y-%m-%dT%H:%M:%SZ}"


def alert(state: dict[str, Any], /, *, annotations: dict[str, str] | None = None, **spec: Any) -> AegisAlert:
    meta = {"name": "a", "namespace": "monitoring", "creationTimestamp": AT_8, "annotations": annotations or {}}
    return AegisAlert.read({"metadata": meta, "spec": spec, "status": state})


def on(newest: AegisAlert, status: str = "Firing", events: tuple[str, ...] = ("",)) -> Decision:
    return decide(newest, Arrivals(AlertStatus(status), events), now=NOON, cooldown=COOLDOWN)


def written(decision: Decision) -> dict[str, Any]:
    assert isinstance(decision, Write), decision
    return dict(decision.status)


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
    assert (decision.event, decision.status["count"]) == ("", 2)


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
    assert written(decision) == resolved_first(NOON)


def test_a_firing_after_the_resolve_opens_the_next_episode() -> None:
    assert on(RESOLVED) == Open()


@pytest.mark.parametrize(("minutes", "late"), [(0, True), (29, True), (30, False)])
def test_with_a_start_a_firing_after_the_resolve_is_late_until_the_cooldown(minutes: int, *, late: bool) -> None:
    newest = alert({"status": "Resolved", "resolvedTime": ago(minutes=minutes)}, startsAt=AT_8)
    decision = on(newest)
    if not late:
        assert decision == Open()
        return
    assert isinstance(decision, Write)
    assert (decision.event, decision.status["count"], "status" in decision.status) == ("", 2, False)


def test_a_firing_whose_resolve_came_first_starts_nothing() -> None:
    decision = on(RESOLVED_FIRST)
    assert isinstance(decision, Write)
    assert (decision.event, decision.status["count"]) == ("", 1)


@pytest.mark.parametrize(
    "status", [{"count": 1, "resolvedTime": ago(minutes=5)}, {"count": 0, "resolvedTime": ago(minutes=10)}]
)
def test_a_firing_after_its_late_one_or_much_later_is_new(status: dict[str, Any]) -> None:
    assert on(alert({"status": "Resolved", **status}, status="Resolved")) == Open()


def test_a_late_firing_settles_what_the_resolve_left_unwritten() -> None:
    assert written(on(alert({}, status="Resolved"))) == {**resolved_first(NOON), "count": 1}


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
