"""Another attempt, asked for by an annotation: when it begins, and when the request is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.lifecycle.attempts import Retry, retried
from aegis.models.alert import ATTEMPTS_KEPT, RETRY_ANNOTATION, RETRY_LENGTH, AegisAlert
from aegis.models.states import OpsPhase, Phase

ASKED = {RETRY_ANNOTATION: "alice 08:15"}
FAILED = {
    "triggerStatus": "Triggered",
    "rule": {"namespace": "monitoring", "name": "r", "uid": "u", "generation": 1},
    "template": {"namespace": "monitoring", "name": "t"},
    "triggerTime": "2026-01-01T08:00:00Z",
    "workflow": "a-1",
    "workflowUID": "w1",
    "outcome": "Failed",
    "completionTime": "2026-01-01T08:05:00Z",
}


def alert(firing: dict[str, Any], annotations: dict[str, str] | None = None, **status: Any) -> AegisAlert:
    meta = {"name": "a", "namespace": "monitoring", "uid": "u", "annotations": annotations or ASKED}
    return AegisAlert.read({"metadata": meta, "status": {"status": "Firing", "firing": firing, **status}})


def merged(item: AegisAlert, retry: Retry | None) -> AegisAlert:
    """The alert with what is written, as the API server merges it."""
    assert retry is not None
    data = item.manifest()
    for key, value in retry.patch.changes().items():
        old = data["status"].get(key)
        data["status"][key] = {**old, **value} if isinstance(old, dict) else value
    return AegisAlert.read(data)


def test_after_an_outcome_the_next_attempt_begins_and_keeps_what_came_of_the_one_before() -> None:
    begun = retried(alert(FAILED), newest=0)
    assert begun is not None
    assert (begun.begins, begun.message) == (True, "attempt 2 begins, as alice 08:15 asked")
    record = merged(alert(FAILED), begun).status.firing
    assert (record.attempt, record.is_undecided, record.workflow, record.outcome) == (2, True, "", "")
    assert (record.rule, record.template, record.earlier_failed) == (None, None, 1)
    assert record.ever_had_workflow
    assert not record.has_workflow
    (before,) = record.earlier
    assert before.wire() == {
        "attempt": 1,
        **{key: FAILED[key] for key in FAILED if key not in ("rule", "template")},
    }


def test_another_attempt_has_a_workflow_of_another_name() -> None:
    before = alert(FAILED)
    after = merged(before, retried(before, newest=0))
    assert after.workflow_name(Phase.FIRING) != before.workflow_name(Phase.FIRING)
    assert after.workflow_name(Phase.RESOLVED) == before.workflow_name(Phase.RESOLVED)


def test_a_value_is_answered_once() -> None:
    after = merged(alert(FAILED), retried(alert(FAILED), newest=0))
    assert retried(after, newest=0) is None
    assert after.retry == ""


@pytest.mark.parametrize(
    ("item", "newest", "why"),
    [
        pytest.param(alert({**FAILED, "outcome": ""}), 0, "workflow a-1 waits or runs", id="it runs"),
        pytest.param(alert({"triggerStatus": "Triggered"}), 0, "waits or runs", id="it is to be made"),
        pytest.param(alert(FAILED, status="Resolved"), 0, "the alert is resolved", id="it is resolved"),
        pytest.param(alert(FAILED), 3, "this is episode 0 of the alert, and the newest is 3", id="a later one fires"),
    ],
)
def test_a_request_that_cannot_be_met_is_answered_with_why(item: AegisAlert, newest: int, why: str) -> None:
    refused = retried(item, newest=newest)
    assert refused is not None
    assert not refused.begins
    assert why in refused.message
    assert "alice 08:15" in refused.message
    assert refused.patch.changes() == {"observedRetry": "alice 08:15"}


@pytest.mark.parametrize("reason", ["", "RuleNotFound", "TemplateInvalid", "TriggerFailed"])
def test_where_no_workflow_was_made_the_same_attempt_begins_again(reason: str) -> None:
    item = alert({"triggerStatus": reason, "triggerTime": "2026-01-01T08:00:00Z"})
    again = merged(item, retried(item, newest=0))
    record = again.status.firing
    assert (record.attempt, record.is_undecided, record.trigger_time, record.earlier) == (1, True, None, [])
    assert again.workflow_name(Phase.FIRING) == item.workflow_name(Phase.FIRING)


def test_no_attempt_begins_beside_the_work_of_the_go_system_of_which_there_is_no_record() -> None:
    running = alert({}, opsStatus={"triggerStatus": "Triggered", "alertOpsStatus": "Running", "active": 1})
    refused = retried(running, newest=0)
    assert refused is not None
    assert not refused.begins


def test_nobody_asks_without_the_annotation_or_of_an_alert_that_goes() -> None:
    assert retried(alert(FAILED, {"other": "x"}), newest=0) is None
    going = alert(FAILED)
    gone = going.model_copy(update={"metadata": going.metadata.model_copy(update={"deletion_timestamp": "now"})})
    assert retried(gone, newest=0) is None


def test_of_an_endless_value_the_beginning_counts() -> None:
    item = alert(FAILED, {RETRY_ANNOTATION: "a" * 5000})
    assert item.retry == "a" * RETRY_LENGTH
    assert merged(item, retried(item, newest=0)).retry == ""


@given(st.lists(st.sampled_from(["Succeeded", "Failed"]), min_size=1, max_size=25))
def test_all_attempts_are_counted_and_the_last_are_kept(outcomes: list[str]) -> None:
    item = alert({})
    for number, outcome in enumerate(outcomes, 1):
        ended = {"workflow": f"a-{number}", "workflowUID": f"w{number}", "outcome": outcome}
        firing = {**item.status.firing.wire(), **ended, "triggerStatus": "Triggered"}
        item = alert(firing, {RETRY_ANNOTATION: f"alice {number}"}, observedRetry=item.status.observed_retry)
        item = merged(item, retried(item, newest=0))
    record = item.status.firing
    assert record.attempt == len(outcomes) + 1
    assert record.earlier_succeeded == outcomes.count(OpsPhase.SUCCEEDED)
    assert record.earlier_failed == outcomes.count(OpsPhase.FAILED)
    numbers = range(1, len(outcomes) + 1)
    assert [one.attempt for one in record.earlier] == list(numbers)[-ATTEMPTS_KEPT:]
    assert record.ever_had_workflow
