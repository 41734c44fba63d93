"""Which states are stuck, and which event sets them going again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aegis import clock, stuck
from aegis.events import ALERT_FIRING, ALERT_REFIRED, ALERT_RESOLVED, RESOURCE_UPDATED, RULE_MATCHED
from aegis.lifecycle.match import SETTLED_AFTER
from aegis.models.alert import RETRY_ANNOTATION, AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import Phase
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import Workflow
from aegis.names import workflow_name

LATER = datetime(2026, 1, 2, tzinfo=UTC)
CREATED = "2026-01-01T00:00:00Z"
META = {"namespace": "monitoring", "name": "a", "uid": "u", "resourceVersion": "5", "generation": 2}
TRIGGERED = {"triggerStatus": "Triggered", "triggerTime": "2026-01-01T00:01:00Z"}
RUNNING = {**TRIGGERED, "workflow": "w", "workflowUID": "w-uid"}
ENDED = {**RUNNING, "outcome": "Succeeded", "completionTime": "2026-01-01T00:09:00Z"}
RESOLVED = {"status": "Resolved", "resolvedTime": "2026-01-01T00:05:00Z"}


def alert(status: dict[str, Any], *, spec: dict[str, Any] | None = None, **meta: Any) -> AegisAlert:
    data = {"metadata": {**META, "creationTimestamp": CREATED, **meta}, "spec": spec or {}, "status": status}
    return AegisAlert.read(data)


def remedy(item: AegisAlert, *, phases: tuple[Phase, ...] = (), now: datetime = LATER) -> tuple[str, Any] | None:
    """Type and phase of the event that sets the alert going, where it has workflows of these phases."""
    workflows = {("monitoring", workflow_name("a", item.metadata.uid, phase.value)) for phase in phases}
    event = stuck.remedy(stuck.ALERTS, item, workflows=workflows, now=now)
    return (event.type, event.data.get("phase")) if event else None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param({}, (ALERT_FIRING, None), id="nobody looked for a rule"),
        pytest.param({"firing": TRIGGERED}, (RULE_MATCHED, Phase.FIRING), id="matched, no workflow"),
        pytest.param({"firing": RUNNING}, None, id="its workflow runs"),
        pytest.param({"firing": ENDED}, None, id="its workflow ended"),
        pytest.param({"firing": {"triggerStatus": "RuleNotFound"}}, None, id="no rule"),
        pytest.param({"firing": {"triggerStatus": "UnsafeValue"}}, None, id="an unsafe value"),
        pytest.param({"opsStatus": {"triggerStatus": "Triggered"}}, None, id="of the Go system, without records"),
        pytest.param({**RESOLVED}, (ALERT_RESOLVED, None), id="resolved, nobody looked for a rule"),
        pytest.param({**RESOLVED, "count": 0}, (ALERT_RESOLVED, None), id="resolved before it fired"),
        pytest.param({**RESOLVED, "firing": TRIGGERED}, (ALERT_RESOLVED, None), id="resolved, match not cancelled"),
        pytest.param({**RESOLVED, "firing": RUNNING}, None, id="resolved, the firing's workflow runs"),
        pytest.param({**RESOLVED, "firing": {"triggerStatus": "Cancelled"}}, None, id="resolved and cancelled"),
        pytest.param({**RESOLVED, "firing": ENDED}, (ALERT_RESOLVED, None), id="resolved, the firing's work ended"),
        pytest.param(
            {**RESOLVED, "firing": {"triggerStatus": "RuleNotFound"}}, (ALERT_RESOLVED, None), id="resolved, no work"
        ),
        pytest.param(
            {**RESOLVED, "firing": ENDED, "resolved": TRIGGERED},
            (RULE_MATCHED, Phase.RESOLVED),
            id="resolved and matched, no workflow",
        ),
        pytest.param({**RESOLVED, "firing": ENDED, "resolved": ENDED}, None, id="all done"),
    ],
)
def test_what_sets_an_alert_going_again(status: dict[str, Any], expected: tuple[str, Any] | None) -> None:
    assert remedy(alert(status)) == expected


@pytest.mark.parametrize(
    ("status", "spec"),
    [
        pytest.param({"firing": {"earlierFailed": 1}}, {}, id="of a later attempt"),
        pytest.param({}, {"episode": 1}, id="of a later episode"),
    ],
)
def test_what_may_be_owed_to_a_cancelled_match_is_looked_at_once_it_is_settled(
    status: dict[str, Any], spec: dict[str, Any]
) -> None:
    cancelled = {**status.get("firing", {}), "triggerStatus": "Cancelled", "triggerTime": "2026-01-01T00:05:00Z"}
    item = alert({**RESOLVED, "firing": cancelled}, spec=spec)
    at = datetime(2026, 1, 1, 0, 5, tzinfo=UTC) + SETTLED_AFTER
    assert remedy(item, now=at) is None
    assert remedy(item, now=at + timedelta(seconds=1)) == (ALERT_RESOLVED, None)


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        pytest.param({"firing": TRIGGERED}, Phase.FIRING, id="firing"),
        pytest.param({**RESOLVED, "firing": TRIGGERED}, Phase.FIRING, id="firing, resolved since"),
        pytest.param({**RESOLVED, "firing": ENDED, "resolved": TRIGGERED}, Phase.RESOLVED, id="resolved"),
    ],
)
def test_a_match_is_not_stuck_whose_workflow_exists(status: dict[str, Any], phase: Phase) -> None:
    assert remedy(alert(status), phases=(phase,)) is None


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({"aegis.io/managed-by": "alert-normalizer"}, None, id="its firing came late: it starts nothing"),
        pytest.param({}, (ALERT_RESOLVED, None), id="made so by hand"),
    ],
)
def test_an_alert_that_came_resolved(labels: dict[str, str], expected: tuple[str, Any] | None) -> None:
    assert remedy(alert({**RESOLVED, "count": 1}, spec={"status": "Resolved"}, labels=labels)) == expected


@pytest.mark.parametrize(
    ("status", "since"),
    [
        pytest.param({}, CREATED, id="created"),
        pytest.param({"firing": TRIGGERED}, "2026-01-01T00:01:00Z", id="matched"),
        pytest.param({**RESOLVED}, "2026-01-01T00:05:00Z", id="resolved"),
        pytest.param({**RESOLVED, "firing": ENDED}, "2026-01-01T00:09:00Z", id="free to be answered"),
        pytest.param({**RESOLVED, "firing": TRIGGERED}, "2026-01-01T00:05:00Z", id="to be cancelled"),
    ],
)
def test_a_state_may_last_thirty_seconds(status: dict[str, Any], since: str) -> None:
    began = datetime.fromisoformat(since)
    assert remedy(alert(status), now=began + timedelta(seconds=30)) is None
    assert remedy(alert(status), now=began + timedelta(seconds=31)) is not None


def test_an_alert_that_fires_on_is_reminded_of_as_soon_as_it_is_due() -> None:
    due = datetime(2026, 1, 1, 0, 2, tzinfo=UTC)
    noted = alert({**RESOLVED, "resolved": ENDED, "reopensAt": "2026-01-01T00:02:00Z"})
    assert remedy(noted, now=due) is None
    event = stuck.remedy(stuck.ALERTS, noted, workflows=(), now=due + timedelta(seconds=1))
    assert event is not None
    assert (event.type, event.subject) == (ALERT_REFIRED, "monitoring/a")
    assert event.data == {"metadata": {"namespace": "monitoring", "name": "a", "uid": "u"}}


def test_what_is_being_deleted_is_not_stuck() -> None:
    assert remedy(alert({}, deletionTimestamp=CREATED)) is None


def test_an_alerts_event_carries_it_as_it_is_stored() -> None:
    event = stuck.remedy(stuck.ALERTS, alert({}), workflows=(), now=LATER)
    assert event is not None
    assert (event.source, event.subject) == ("/aegis/status-tracker/sweep", "monitoring/a")
    assert (event.data["kind"], event.data["metadata"]["resourceVersion"]) == ("AegisAlert", "5")


def test_a_match_is_told_by_its_phase_and_which_alert_it_is() -> None:
    event = stuck.remedy(stuck.ALERTS, alert({"firing": TRIGGERED}), workflows=(), now=LATER)
    assert event is not None
    reference = {"metadata": {"namespace": "monitoring", "name": "a", "uid": "u"}}
    assert event.data == {"phase": "firing", "alert": reference}


def test_the_same_state_is_told_by_the_same_event() -> None:
    ids = [
        event.id
        for version in ("5", "5", "6")
        if (event := stuck.remedy(stuck.ALERTS, alert({}, resourceVersion=version), workflows=(), now=LATER))
    ]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(("table", "model"), [(stuck.RULES, AegisAlertOpsRule), (stuck.TEMPLATES, AegisOpsTemplate)])
def test_a_rule_or_template_is_stuck_until_its_last_change_was_checked(table: Any, model: Any) -> None:
    def told(observed: int) -> Any:
        data = {"metadata": {**META, "creationTimestamp": CREATED}, "status": {"observedGeneration": observed}}
        return stuck.remedy(table, model.read(data), workflows=(), now=LATER)

    event = told(1)
    assert told(2) is None
    assert event.type == RESOURCE_UPDATED
    assert event.extensions == {
        "kind": model.resource.kind,
        "name": "a",
        "namespace": "monitoring",
        "apiversion": "aegis.io/v1alpha1",
    }
    assert event.data["kind"] == model.resource.kind


@pytest.mark.parametrize(
    ("status", "workflows", "expected"),
    [
        pytest.param({"firing": RUNNING}, set(), Phase.FIRING, id="gone while it ran"),
        pytest.param({"firing": RUNNING}, {"w-uid"}, None, id="still there"),
        pytest.param({"firing": ENDED}, set(), None, id="gone after it ended"),
        pytest.param({"firing": TRIGGERED}, set(), None, id="never seen"),
        pytest.param({**RESOLVED, "firing": ENDED, "resolved": RUNNING}, set(), Phase.RESOLVED, id="the resolve's"),
    ],
)
def test_a_workflow_that_was_seen_running_and_is_gone(
    status: dict[str, Any], workflows: set[str], expected: Phase | None
) -> None:
    assert stuck.vanished(alert(status), workflows=workflows) is expected


@pytest.mark.parametrize(
    ("meta", "status", "since"),
    [
        pytest.param({}, {"startedAt": "2026-01-01T00:01:00Z"}, "2026-01-01T00:01:00Z", id="started"),
        pytest.param(
            {},
            {"startedAt": "2026-01-01T00:01:00Z", "finishedAt": "2026-01-01T00:02:00Z"},
            "2026-01-01T00:02:00Z",
            id="finished",
        ),
        pytest.param({"deletionTimestamp": "2026-01-01T00:03:00Z"}, {}, "2026-01-01T00:03:00Z", id="deleted"),
    ],
)
def test_a_workflows_state_should_be_written_soon(meta: dict[str, Any], status: dict[str, Any], since: str) -> None:
    item = Workflow.read({"metadata": {**META, "creationTimestamp": CREATED, **meta}, "status": status})
    began = datetime.fromisoformat(since)
    assert not stuck.is_overdue(item, now=began + timedelta(seconds=30))
    assert stuck.is_overdue(item, now=began + timedelta(seconds=31))


def test_a_time_that_nobody_can_read_is_long_ago() -> None:
    assert stuck.is_older("yesterday", now=LATER, patience=timedelta(seconds=30))


@pytest.mark.parametrize("status", [{"firing": ENDED}, {"firing": RUNNING}, {**RESOLVED, "firing": ENDED}])
def test_who_asks_for_another_attempt_is_heard_at_once_and_once(status: dict[str, Any]) -> None:
    asks = alert(status, annotations={RETRY_ANNOTATION: "alice"})
    told = remedy(asks, now=clock.parse(CREATED))
    assert told == ((ALERT_RESOLVED if asks.phase is Phase.RESOLVED else ALERT_FIRING), None)
    heard = alert({**status, "observedRetry": "alice"}, annotations={RETRY_ANNOTATION: "alice"})
    assert remedy(heard, now=clock.parse(CREATED)) is None
