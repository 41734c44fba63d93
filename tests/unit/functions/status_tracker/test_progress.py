"""What a workflow's state means for its alert, by table."""

from typing import Any

import pytest

from aegis.lifecycle.work import Progress, moved, outcome_on_record, running_patch
from aegis.models.alert import AegisAlert
from aegis.models.states import OpsPhase, Phase
from aegis.models.workflow import ALERT_UID_ANNOTATION, ATTEMPT_ANNOTATION, PHASE_LABEL, Workflow
from functions.status_tracker.progress import only_left_selection, read_progress
from tests.unit.functions.status_tracker.objects import FINISHED, MATCHED, NOW, PENDING, STARTED, alert, workflow

PENDING_ALERT = alert(PENDING)
DELETED = {"deletionTimestamp": "2026-01-01T11:54:00Z"}
RUNNING: dict[str, Any] = {
    **PENDING,
    "opsStatus": {"triggerStatus": "Triggered", "alertOpsStatus": "Running", "active": 1, "total": 1},
    "firing": {**MATCHED, "workflow": "w", "workflowUID": "alert-firing-workflow"},
}
ENDED: dict[str, Any] = {**RUNNING, "firing": {**RUNNING["firing"], "outcome": "Succeeded"}}


def progress_of(item: Workflow) -> tuple[str, str] | None:
    progress = read_progress(item)
    return (progress.ops.value, progress.reason) if progress else None


def decided(item: AegisAlert, seen: Workflow) -> Any:
    progress = read_progress(seen)
    patch = progress and moved(item, progress, now=NOW)
    return patch and patch.changes()


@pytest.mark.parametrize(
    ("argo", "meta", "expected"),
    [
        pytest.param("", {}, None, id="just created"),
        pytest.param("Pending", {}, None, id="waiting"),
        pytest.param("Running", {}, ("Running", "Running"), id="running"),
        pytest.param("Succeeded", {}, ("Succeeded", "Succeeded"), id="succeeded"),
        pytest.param("Failed", {}, ("Failed", "Failed"), id="failed"),
        pytest.param("Error", {}, ("Failed", "Failed"), id="in error"),
        pytest.param("", DELETED, ("Failed", "WorkflowDeleted"), id="deleted before it began"),
        pytest.param("Running", DELETED, ("Failed", "WorkflowDeleted"), id="deleted while it ran"),
        pytest.param("Succeeded", DELETED, ("Succeeded", "Succeeded"), id="deleted after it succeeded"),
        pytest.param("Suspended", {}, None, id="in a phase that is unknown"),
    ],
)
def test_a_workflows_progress(argo: str, meta: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert progress_of(workflow(PENDING_ALERT, argo, **meta)) == expected


@pytest.mark.parametrize("how", ["Stop", "Terminate"])
@pytest.mark.parametrize("argo", ["Succeeded", "Failed", "Error"])
def test_a_workflow_that_was_stopped_is_no_success(argo: str, how: str) -> None:
    ran = workflow(PENDING_ALERT, argo, message="it had a lock to wait for")
    progress = read_progress(ran.model_copy(update={"spec": {**ran.spec, "shutdown": how}}))
    assert progress
    assert (progress.ops, progress.reason) == ("Failed", "Stopped")
    assert progress.message == f"workflow {ran.metadata.name} was stopped ({how}): it had a lock to wait for"


def test_a_workflow_that_is_being_stopped_still_runs() -> None:
    running = workflow(PENDING_ALERT, "Running")
    progress = read_progress(running.model_copy(update={"spec": {"shutdown": "Terminate"}}))
    assert progress
    assert progress.ops == "Running"


@pytest.mark.parametrize(
    "meta",
    [
        pytest.param({"annotations": {}}, id="that names no alert"),
        pytest.param({"labels": {}}, id="without our labels"),
        pytest.param({"name": "of-another-name"}, id="of a name that we give no workflow"),
        pytest.param({"labels": {"aegis.io/alert": "alert", PHASE_LABEL: "other"}}, id="of no phase of an alert"),
    ],
)
def test_a_workflow_is_not_ours(meta: dict[str, Any]) -> None:
    assert progress_of(workflow(PENDING_ALERT, "Succeeded", **meta)) is None


def test_the_alerts_name_is_its_own_even_where_the_label_is_too_short_for_it() -> None:
    long = alert(PENDING, name="a" * 80)
    progress = read_progress(workflow(long))
    assert progress is not None
    assert progress.alert.name == "a" * 80


@pytest.mark.parametrize(
    ("meta", "left"),
    [
        pytest.param({}, True, id="held and not marked as deleted"),
        pytest.param(DELETED, False, id="held and marked as deleted"),
        pytest.param({"finalizers": []}, False, id="held by nothing"),
    ],
)
def test_a_deletion_that_only_says_that_a_label_changed(meta: dict[str, Any], *, left: bool) -> None:
    assert only_left_selection(workflow(PENDING_ALERT, **meta)) is left


def test_only_a_firings_running_workflow_is_patched_blindly() -> None:
    patched = {
        (argo, phase): (progress := read_progress(workflow(PENDING_ALERT, argo, phase=phase))) is not None
        and running_patch(progress, now=NOW) is not None
        for argo in ("Running", "Succeeded", "Failed")
        for phase in Phase
    }
    assert [key for key, value in patched.items() if value] == [("Running", Phase.FIRING)]


@pytest.mark.parametrize(
    ("status", "argo"),
    [
        pytest.param(RUNNING, "Running", id="running is known"),
        pytest.param(ENDED, "Running", id="running after the outcome"),
        pytest.param(ENDED, "Failed", id="another outcome after the outcome"),
        pytest.param({**RUNNING, "firing": {**RUNNING["firing"], "workflowUID": "other"}}, "Succeeded", id="another's"),
    ],
)
def test_nothing_changes(status: dict[str, Any], argo: str) -> None:
    assert decided(alert(status), workflow(PENDING_ALERT, argo)) is None


def test_an_alert_made_anew_under_the_name_is_left_alone() -> None:
    again = PENDING_ALERT.model_copy(
        update={"metadata": PENDING_ALERT.metadata.model_copy(update={"uid": "another-uid"})}
    )
    assert decided(again, workflow(PENDING_ALERT, "Succeeded")) is None
    assert decided(again, workflow(again, "Succeeded", annotations={ALERT_UID_ANNOTATION: "alert-uid"})) is None


@pytest.mark.parametrize("before", [PENDING, RUNNING, {}, {"firing": {"triggerStatus": "Cancelled"}}])
def test_an_outcome_is_the_same_whatever_was_known_before(before: dict[str, Any]) -> None:
    status = decided(alert(before), workflow(PENDING_ALERT, "Succeeded", message="all done"))
    assert status["firing"] == {
        "triggerStatus": "Triggered",
        "workflow": workflow(PENDING_ALERT).metadata.name,
        "workflowUID": "alert-firing-workflow",
        "outcome": "Succeeded",
        "completionTime": FINISHED,
    }
    assert status["opsStatus"] == {
        "triggerStatus": "Triggered",
        "alertOpsStatus": "Succeeded",
        "active": 0,
        "succeeded": 1,
        "failed": 0,
        "total": 1,
        "startTime": STARTED,
        "completionTime": FINISHED,
    }
    completed = [condition for condition in status["conditions"] if condition["type"] == "Completed"]
    assert [(c["status"], c["reason"], c["message"]) for c in completed] == [("True", "Succeeded", "all done")]


def test_an_outcome_ends_a_stall() -> None:
    stalled = {"type": "Stalled", "status": "True", "reason": "DeliveryFailed"}
    status = decided(alert({**RUNNING, "conditions": [stalled]}), workflow(PENDING_ALERT, "Failed"))
    assert {c["type"]: c["status"] for c in status["conditions"]} == {"Stalled": "False", "Completed": "True"}


def test_a_workflow_that_runs_after_a_cancel_wins() -> None:
    cancelled = {
        "status": "Resolved",
        "firing": {**MATCHED, "triggerStatus": "Cancelled"},
        "opsStatus": {"triggerStatus": "Cancelled", "alertOpsStatus": ""},
        "conditions": [{"type": "Triggered", "status": "False", "reason": "Cancelled", "observedGeneration": 1}],
    }
    status = decided(alert(cancelled), workflow(PENDING_ALERT, "Running"))
    assert (status["opsStatus"]["triggerStatus"], status["opsStatus"]["alertOpsStatus"]) == ("Triggered", "Running")
    assert [(c["type"], c["status"], c["observedGeneration"]) for c in status["conditions"]] == [
        ("Triggered", "True", 1)
    ]


def test_a_firings_late_outcome_leaves_what_shows_of_the_resolves_work() -> None:
    both = {
        **RUNNING,
        "status": "Resolved",
        "resolved": {**MATCHED, "workflow": "r", "workflowUID": "other"},
    }
    status = decided(alert(both), workflow(PENDING_ALERT, "Failed"))
    assert status["opsStatus"] == {"active": 1, "succeeded": 0, "failed": 1, "total": 2}
    assert status["firing"]["outcome"] == OpsPhase.FAILED
    assert "conditions" not in status


def test_work_begun_again_is_not_completed_any_more() -> None:
    done = {
        **ENDED,
        "status": "Resolved",
        "resolved": MATCHED,
        "conditions": [{"type": "Completed", "status": "True", "reason": "Succeeded"}],
    }
    status = decided(alert(done), workflow(PENDING_ALERT, "Running", phase=Phase.RESOLVED))
    assert [(c["type"], c["status"], c["reason"]) for c in status["conditions"]] == [("Completed", "False", "Running")]
    assert status["opsStatus"]["completionTime"] is None


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("child 'w-1' failed", "child 'w-1' failed: step cordon: nodes is forbidden"),
        ("nodes is forbidden", "step cordon: nodes is forbidden"),
        ("", "step cordon: nodes is forbidden"),
    ],
)
def test_the_step_that_failed_says_why_once(message: str, shown: str) -> None:
    step = {"type": "Pod", "phase": "Failed", "displayName": "cordon", "message": "nodes is forbidden"}
    ran = workflow(PENDING_ALERT, "Failed", message=message)
    data = {"metadata": ran.metadata.wire(), "status": {**ran.status.wire(), "nodes": {"1": step}}}
    status = decided(PENDING_ALERT, Workflow.read(data))
    assert status["conditions"][0]["message"] == shown


def test_a_message_is_cut_to_what_a_reader_can_use() -> None:
    status = decided(PENDING_ALERT, workflow(PENDING_ALERT, "Failed", message="x" * 5000))
    assert len(status["conditions"][0]["message"]) == 1024


EARLIER = {"attempt": 1, "triggerStatus": "Triggered", "workflow": "w", "workflowUID": "first", "outcome": "Failed"}
SECOND: dict[str, Any] = {
    "status": "Firing",
    "opsStatus": {"triggerStatus": "Triggered", "alertOpsStatus": "Pending", "failed": 1, "total": 1},
    "firing": {**MATCHED, "attempt": 2, "earlier": [EARLIER], "earlierFailed": 1},
}


def progress_read(item: Workflow) -> Progress:
    progress = read_progress(item)
    assert progress is not None
    return progress


def test_all_attempts_are_counted_and_the_newest_shows() -> None:
    again = alert(SECOND)
    assert running_patch(progress_read(workflow(again)), now=NOW) is None
    running = decided(again, workflow(again))
    assert running["opsStatus"] == {
        "triggerStatus": "Triggered",
        "alertOpsStatus": "Running",
        "active": 1,
        "succeeded": 0,
        "failed": 1,
        "total": 2,
        "startTime": STARTED,
        "completionTime": None,
    }
    ended = decided(again, workflow(again, "Succeeded"))["opsStatus"]
    assert (ended["active"], ended["succeeded"], ended["failed"], ended["total"]) == (0, 1, 1, 2)


def test_what_comes_late_of_an_earlier_attempt_changes_nothing_and_is_known() -> None:
    late = workflow(PENDING_ALERT, "Failed", uid="first")
    assert decided(alert(SECOND), late) is None
    assert outcome_on_record(alert(SECOND), progress_read(late)) is OpsPhase.FAILED
    unknown = progress_read(workflow(PENDING_ALERT, "Failed", uid="other"))
    assert outcome_on_record(alert(SECOND), unknown) is OpsPhase.NONE


@pytest.mark.parametrize("attempt", ["", "0", "-1", "two", "9" * 30, "\u0662", "2"])
def test_a_workflow_of_an_attempt_that_is_none_or_not_in_its_name_is_not_ours(attempt: str) -> None:
    annotations = {**workflow(PENDING_ALERT).metadata.annotations, ATTEMPT_ANNOTATION: attempt}
    assert read_progress(workflow(PENDING_ALERT, annotations=annotations)) is None
