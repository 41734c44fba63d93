"""One workflow's events, from the first to its release, against the sandbox's API."""

import asyncio

import pytest

from aegis.errors import Unavailable
from aegis.events import ALERT_COMPLETED
from aegis.lifecycle.attempts import retried
from aegis.models.alert import RETRY_ANNOTATION, AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import OpsPhase, Phase, TriggerStatus
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import OUTCOME_FINALIZER, Workflow
from functions.status_tracker.tracking import Tracker
from tests.unit.functions.status_tracker.cluster import Cluster


async def ran(cluster: Cluster, tracker: Tracker, *, name: str = "alert", argo: str = "Succeeded") -> Workflow:
    """An alert's workflow runs and ends, each told by its event."""
    workflow = await cluster.workflow(await cluster.alert(name=name))
    await tracker.follow(await cluster.argo(workflow, "Running"), deleted=False)
    ended = await cluster.argo(workflow, argo)
    await tracker.follow(ended, deleted=False)
    return ended


async def test_a_life_costs_five_writes_and_two_reads_once_the_counts_are_known(
    cluster: Cluster, tracker: Tracker
) -> None:
    await ran(cluster, tracker, name="first")
    cluster.link.requests.clear()
    await ran(cluster, tracker, name="second")
    assert cluster.link.requests == {
        "GET workflows": 2,
        "PATCH aegisalerts": 2,
        "PATCH aegisopstemplates": 1,
        "PATCH aegisalertopsrules": 1,
        "PATCH workflows": 1,
        "POST events": 1,
    }


async def test_the_first_life_of_a_process_reads_template_and_rule_once(cluster: Cluster, tracker: Tracker) -> None:
    await ran(cluster, tracker)
    reads = {request: times for request, times in cluster.link.requests.items() if request.startswith("GET")}
    assert reads == {"GET workflows": 2, "GET aegisopstemplates": 1, "GET aegisalertopsrules": 1}


@pytest.mark.parametrize(
    ("argo", "outcome", "counts", "kind"),
    [
        ("Succeeded", OpsPhase.SUCCEEDED, (1, 0, 1, 0), "Normal"),
        ("Failed", OpsPhase.FAILED, (0, 1, 0, 1), "Warning"),
        ("Error", OpsPhase.FAILED, (0, 1, 0, 1), "Warning"),
    ],
)
async def test_an_outcome_is_recorded_counted_and_said_and_its_workflow_let_go(
    cluster: Cluster, tracker: Tracker, *, argo: str, outcome: OpsPhase, counts: tuple[int, ...], kind: str
) -> None:
    workflow = await ran(cluster, tracker, argo=argo)
    alert = await cluster.get(AegisAlert, "alert")
    assert (alert.status.firing.outcome, alert.status.firing.workflow_uid) == (outcome, workflow.metadata.uid)
    assert await cluster.counts() == counts
    assert await cluster.said() == [(kind, "Completed", "alert")]
    assert OUTCOME_FINALIZER not in (await cluster.get(Workflow, workflow.metadata.name)).metadata.finalizers


async def test_an_outcome_newly_recorded_is_told_once(cluster: Cluster, tracker: Tracker) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Succeeded")
    first, again = [await tracker.follow(workflow, deleted=False) for _ in range(2)]
    assert first is not None
    assert (first.type, first.subject) == (ALERT_COMPLETED, "monitoring/alert")
    assert first.data["workflow"]["metadata"]["uid"] == workflow.metadata.uid
    assert again is None


async def test_running_shows_on_the_alert(cluster: Cluster, tracker: Tracker) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Running")
    assert await tracker.follow(workflow, deleted=False) is None
    alert = await cluster.get(AegisAlert, "alert")
    ops = alert.status.ops_status
    assert (ops.alert_ops_status, ops.active, ops.total) == (OpsPhase.RUNNING, 1, 1)
    assert ops.start_time == workflow.status.started_at
    assert alert.status.firing.workflow == workflow.metadata.name
    assert OUTCOME_FINALIZER in (await cluster.get(Workflow, workflow.metadata.name)).metadata.finalizers


async def test_a_late_running_changes_nothing_of_an_outcome(cluster: Cluster, tracker: Tracker) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Running")
    await tracker.follow(await cluster.argo(workflow, "Succeeded"), deleted=False)
    before = await cluster.get(AegisAlert, "alert")
    await tracker.follow(workflow, deleted=False)
    assert await cluster.get(AegisAlert, "alert") == before


async def test_a_late_running_of_the_firing_leaves_the_resolves_match_pending(
    cluster: Cluster, tracker: Tracker
) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Running")
    await tracker.follow(await cluster.argo(workflow, "Succeeded"), deleted=False)
    await cluster.resolve(matched=True)
    await tracker.follow(workflow, deleted=False)
    assert (await cluster.get(AegisAlert, "alert")).status.ops_status.alert_ops_status is OpsPhase.PENDING


async def test_a_workflow_that_runs_although_its_match_was_cancelled_shows(cluster: Cluster, tracker: Tracker) -> None:
    alert = await cluster.alert()
    workflow = await cluster.workflow(alert, "Running")
    cancelled = {
        "firing": {"triggerStatus": "Cancelled"},
        "opsStatus": {"triggerStatus": "Cancelled", "alertOpsStatus": ""},
    }
    await cluster.write(AegisAlert, "alert", {"status": cancelled})
    await tracker.follow(workflow, deleted=False)
    state = (await cluster.get(AegisAlert, "alert")).status
    assert (state.ops_status.trigger_status, state.ops_status.alert_ops_status) == (
        TriggerStatus.TRIGGERED,
        OpsPhase.RUNNING,
    )
    assert state.firing.trigger_status is TriggerStatus.TRIGGERED


async def test_both_phases_count_and_the_newest_shows(cluster: Cluster, tracker: Tracker) -> None:
    await ran(cluster, tracker)
    await cluster.resolve(matched=True)
    undone = await cluster.workflow(await cluster.get(AegisAlert, "alert"), "Running", phase=Phase.RESOLVED)
    await tracker.follow(undone, deleted=False)
    running = (await cluster.get(AegisAlert, "alert")).status
    assert (running.ops_status.alert_ops_status, running.ops_status.active) == (OpsPhase.RUNNING, 1)
    assert running.ops_status.completion_time is None
    await tracker.follow(await cluster.argo(undone, "Failed"), deleted=False)
    ops = (await cluster.get(AegisAlert, "alert")).status.ops_status
    assert (ops.alert_ops_status, ops.active, ops.succeeded, ops.failed, ops.total) == (OpsPhase.FAILED, 0, 1, 1, 2)
    assert await cluster.counts() == (1, 1, 1, 1)


@pytest.mark.parametrize("argo", ["", "Pending", "Running"])
async def test_a_workflow_deleted_by_hand_before_it_ended_has_failed(
    cluster: Cluster, tracker: Tracker, argo: str
) -> None:
    workflow = await cluster.workflow(await cluster.alert(), argo)
    await cluster.delete(Workflow, workflow.metadata.name)
    await tracker.follow(await cluster.get(Workflow, workflow.metadata.name), deleted=False)
    alert = await cluster.get(AegisAlert, "alert")
    completed = next(condition for condition in alert.status.conditions if condition.type == "Completed")
    assert (alert.status.firing.outcome, completed.reason) == (OpsPhase.FAILED, "WorkflowDeleted")
    assert await cluster.counts() == (0, 1, 0, 1)
    assert await cluster.names(Workflow) == set()


async def test_a_workflow_whose_finalizer_was_stripped_counts_when_its_deletion_is_told(
    cluster: Cluster, tracker: Tracker
) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Running")
    await tracker.follow(workflow, deleted=False)
    await cluster.write(Workflow, workflow.metadata.name, {"metadata": {"finalizers": None}})
    stripped = await cluster.get(Workflow, workflow.metadata.name)
    await cluster.delete(Workflow, workflow.metadata.name)
    await tracker.follow(stripped, deleted=True)
    assert (await cluster.get(AegisAlert, "alert")).status.firing.outcome is OpsPhase.FAILED
    assert await cluster.counts() == (0, 1, 0, 1)


async def test_leaving_a_selection_is_not_a_deletion(cluster: Cluster, tracker: Tracker) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Running")
    await tracker.follow(workflow, deleted=False)
    cluster.link.requests.clear()
    assert await tracker.follow(workflow, deleted=True) is None
    assert not cluster.link.requests
    assert (await cluster.get(AegisAlert, "alert")).status.ops_status.alert_ops_status is OpsPhase.RUNNING


async def test_what_was_released_needs_no_request(cluster: Cluster, tracker: Tracker) -> None:
    workflow = await ran(cluster, tracker)
    released = await cluster.get(Workflow, workflow.metadata.name)
    cluster.link.requests.clear()
    assert [await tracker.follow(released, deleted=deleted) for deleted in (False, True)] == [None, None]
    assert not cluster.link.requests


async def test_the_workflow_of_a_deleted_alert_is_let_go_uncounted(cluster: Cluster, tracker: Tracker) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Running")
    await cluster.delete(AegisAlert, "alert")
    await tracker.follow(await cluster.get(Workflow, workflow.metadata.name), deleted=False)
    assert await cluster.names(Workflow) == set()
    assert await cluster.counts() == (0, 0, 0, 0)


async def test_the_workflow_of_an_alert_of_the_same_name_is_not_its_own(cluster: Cluster, tracker: Tracker) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Succeeded")
    await cluster.delete(AegisAlert, "alert")
    again = await cluster.alert()
    assert await tracker.follow(workflow, deleted=False) is None
    assert await cluster.get(AegisAlert, "alert") == again
    assert await cluster.names(Workflow) == set()


async def test_an_alert_that_moved_on_since_is_read_again(cluster: Cluster, tracker: Tracker) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Running")
    await tracker.follow(workflow, deleted=False)
    await cluster.write(AegisAlert, "alert", {"status": {"count": 9}})
    await tracker.follow(await cluster.argo(workflow, "Succeeded"), deleted=False)
    state = (await cluster.get(AegisAlert, "alert")).status
    assert (state.count, state.firing.outcome) == (9, OpsPhase.SUCCEEDED)


@pytest.mark.parametrize("model", [AegisOpsTemplate, AegisAlertOpsRule])
async def test_what_was_deleted_is_not_counted(
    cluster: Cluster, tracker: Tracker, model: type[AegisOpsTemplate | AegisAlertOpsRule]
) -> None:
    await cluster.delete(model, "cordon")
    workflow = await ran(cluster, tracker)
    assert (await cluster.get(AegisAlert, "alert")).status.firing.outcome is OpsPhase.SUCCEEDED
    assert OUTCOME_FINALIZER not in (await cluster.get(Workflow, workflow.metadata.name)).metadata.finalizers


async def test_other_finalizers_stay(cluster: Cluster, tracker: Tracker) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Succeeded")
    others = {"metadata": {"finalizers": ["argo/artifacts", OUTCOME_FINALIZER]}}
    await cluster.write(Workflow, workflow.metadata.name, others)
    await tracker.follow(workflow, deleted=False)  # the event's copy has ours at another place
    assert (await cluster.get(Workflow, workflow.metadata.name)).metadata.finalizers == ["argo/artifacts"]


async def test_what_ends_together_is_counted_in_few_writes(cluster: Cluster, tracker: Tracker) -> None:
    alerts = [await cluster.alert(name=f"alert-{number}") for number in range(40)]
    ended = [await cluster.workflow(alert, "Succeeded") for alert in alerts]
    await asyncio.gather(*(tracker.follow(workflow, deleted=False) for workflow in [*ended, *ended]))
    assert await cluster.counts() == (40, 0, 40, 0)
    assert cluster.link.requests["PATCH aegisopstemplates"] <= 20
    assert cluster.link.requests["PATCH aegisalertopsrules"] <= 20


async def test_two_processes_count_what_ends_together_once(cluster: Cluster, tracker: Tracker) -> None:
    alerts = [await cluster.alert(name=f"alert-{number}") for number in range(10)]
    ended = [await cluster.workflow(alert, "Failed") for alert in alerts]
    other = Tracker(cluster.connect()[0])
    await asyncio.gather(*(one.follow(workflow, deleted=False) for workflow in ended for one in (tracker, other)))
    assert await cluster.counts() == (0, 10, 0, 10)


async def test_a_released_workflow_leaves_the_list_with_the_next_count(cluster: Cluster, tracker: Tracker) -> None:
    for name in ("first", "second"):
        last = await ran(cluster, tracker, name=name)
    assert await cluster.listed() == ([last.metadata.uid], [last.metadata.uid])


async def test_while_the_api_server_is_away_the_event_is_to_be_delivered_again(
    cluster: Cluster, tracker: Tracker
) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Succeeded")
    cluster.link.left, cluster.link.loses_answer = 2, True  # the alert is written, and so is the template, unheard
    with pytest.raises(Unavailable):
        await tracker.follow(workflow, deleted=False)
    assert await cluster.counts() == (1, 0, 0, 0)
    cluster.link.left = None
    await tracker.follow(workflow, deleted=False)
    assert await cluster.counts() == (1, 0, 1, 0)


async def test_an_outcome_that_was_not_counted_before_another_attempt_began_still_is(
    cluster: Cluster, tracker: Tracker
) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Failed")
    cluster.link.left = 1  # dies once the outcome is on the alert
    with pytest.raises(Unavailable):
        await tracker.follow(workflow, deleted=False)
    cluster.link.left = None
    annotations = {RETRY_ANNOTATION: "alice"}
    await cluster.write(AegisAlert, "alert", {"metadata": {"annotations": annotations}})
    retry = retried(await cluster.get(AegisAlert, "alert"), newest=0)
    assert retry is not None
    await cluster.write(AegisAlert, "alert", {"status": retry.patch.changes()})
    await Tracker(cluster.kube).follow(workflow, deleted=False)
    assert await cluster.counts() == (0, 1, 0, 1)
    assert OUTCOME_FINALIZER not in (await cluster.get(Workflow, workflow.metadata.name)).metadata.finalizers
