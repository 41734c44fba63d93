"""The tick, against the sandbox's API: what nobody was told of is made up for, and nothing is done twice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from aegis.errors import Unavailable
from aegis.events import ALERT_COMPLETED, ALERT_FIRING, ALERT_RESOLVED, RESOURCE_UPDATED, RULE_MATCHED, Event
from aegis.models.alert import AegisAlert
from aegis.models.rawalert import AegisRawAlert
from aegis.models.states import OpsPhase
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import ALERT_LABEL, OUTCOME_FINALIZER, Workflow
from aegis.names import Fingerprint, alert_name
from functions.status_tracker.sweep import Sweeper, sweep
from functions.status_tracker.tracking import Tracker
from tests.unit.functions.status_tracker.cluster import BEGAN, Cluster
from tests.unit.functions.status_tracker.objects import LATER

SECONDS = timedelta(seconds=1)
DAY = timedelta(days=1)


def told(events: list[Event]) -> list[tuple[str, str]]:
    return sorted((event.type, event.subject) for event in events)


async def test_nothing_is_done_where_nothing_is_stuck(cluster: Cluster, tracker: Tracker, sent: list[Event]) -> None:
    running = await cluster.workflow(await cluster.alert(), "Running")
    await tracker.follow(running, deleted=False)
    cluster.link.requests.clear()
    await sweep(tracker, now=LATER)
    assert sent == []
    assert cluster.link.requests == {
        "GET aegisalerts": 1,
        "GET aegisalertopsrules": 1,
        "GET aegisopstemplates": 1,
        "GET workflows": 1,
        "GET aegisrawalerts": 1,
    }


async def test_what_got_stuck_is_sent_again(cluster: Cluster, tracker: Tracker, sent: list[Event]) -> None:
    await cluster.alert({}, name="new")
    await cluster.alert(name="matched")
    await cluster.alert(name="resolved")
    await cluster.resolve("resolved")
    await cluster.write(AegisOpsTemplate, "cordon", {"spec": {"manifest": "edited"}})
    await sweep(tracker, now=LATER)
    assert told(sent) == [
        (RESOURCE_UPDATED, "/apis/aegis.io/v1alpha1/namespaces/monitoring/aegisopstemplates/cordon"),
        (ALERT_FIRING, "monitoring/new"),
        (ALERT_RESOLVED, "monitoring/resolved"),
        (RULE_MATCHED, "monitoring/matched"),
    ]


async def test_what_just_happened_is_left_to_its_event(cluster: Cluster, tracker: Tracker, sent: list[Event]) -> None:
    await cluster.alert({}, name="new")
    await sweep(tracker, now=BEGAN + 30 * SECONDS)
    assert sent == []
    await sweep(tracker, now=BEGAN + 31 * SECONDS)
    assert told(sent) == [(ALERT_FIRING, "monitoring/new")]


async def test_how_long_is_stuck_can_be_said(
    cluster: Cluster, tracker: Tracker, sent: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEGIS_STUCK_SECONDS", "0.5")
    await cluster.alert({}, name="new")
    await sweep(tracker, now=BEGAN + SECONDS)
    assert told(sent) == [(ALERT_FIRING, "monitoring/new")]


@pytest.mark.parametrize("argo", ["Succeeded", "Failed"])
async def test_an_outcome_that_nobody_was_told_of_is_recorded_counted_and_told(
    cluster: Cluster, tracker: Tracker, sent: list[Event], argo: str
) -> None:
    workflow = await cluster.workflow(await cluster.alert(), argo)
    await sweep(tracker, now=LATER)
    assert (await cluster.get(AegisAlert, "alert")).status.firing.outcome == argo
    good = int(argo == "Succeeded")
    assert await cluster.counts() == (good, 1 - good, good, 1 - good)
    assert OUTCOME_FINALIZER not in (await cluster.get(Workflow, workflow.metadata.name)).metadata.finalizers
    assert told(sent) == [(ALERT_COMPLETED, "monitoring/alert")]


async def test_running_that_nobody_was_told_of_is_recorded(
    cluster: Cluster, tracker: Tracker, sent: list[Event]
) -> None:
    await cluster.workflow(await cluster.alert(), "Running")
    await sweep(tracker, now=LATER)
    assert (await cluster.get(AegisAlert, "alert")).status.ops_status.alert_ops_status is OpsPhase.RUNNING
    assert sent == []


async def test_a_workflow_that_vanished_has_failed(cluster: Cluster, tracker: Tracker, sent: list[Event]) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Running")
    await tracker.follow(workflow, deleted=False)
    await cluster.write(Workflow, workflow.metadata.name, {"metadata": {"finalizers": None}})
    await cluster.delete(Workflow, workflow.metadata.name)
    await sweep(tracker, now=LATER)
    alert = await cluster.get(AegisAlert, "alert")
    reasons = [condition.reason for condition in alert.status.conditions if condition.type == "Completed"]
    assert (alert.status.firing.outcome, reasons) == (OpsPhase.FAILED, ["WorkflowDeleted"])
    assert await cluster.counts() == (0, 1, 0, 1)
    assert told(sent) == [(ALERT_COMPLETED, "monitoring/alert")]


@pytest.mark.parametrize("marks", [{"labels": {ALERT_LABEL: None}}, {"labels": None, "annotations": None}])
async def test_a_workflow_without_the_label_that_it_is_found_by_did_not_vanish(
    cluster: Cluster, tracker: Tracker, sent: list[Event], marks: dict[str, Any]
) -> None:
    """Another attempt that began meanwhile would run beside it."""
    workflow = await cluster.workflow(await cluster.alert(), "Running")
    await tracker.follow(workflow, deleted=False)
    await cluster.write(Workflow, workflow.metadata.name, {"metadata": marks})
    await sweep(tracker, now=LATER)
    assert (await cluster.get(AegisAlert, "alert")).status.firing.outcome is OpsPhase.NONE
    await cluster.argo(workflow, "Succeeded")
    await sweep(tracker, now=LATER)
    assert (await cluster.get(AegisAlert, "alert")).status.firing.outcome is OpsPhase.SUCCEEDED
    assert OUTCOME_FINALIZER not in (await cluster.get(Workflow, workflow.metadata.name)).metadata.finalizers
    assert told(sent) == [(ALERT_COMPLETED, "monitoring/alert")]


async def test_a_workflow_marked_as_deleted_has_failed_and_goes(
    cluster: Cluster, tracker: Tracker, sent: list[Event]
) -> None:
    workflow = await cluster.workflow(await cluster.alert())
    await cluster.delete(Workflow, workflow.metadata.name)
    await sweep(tracker, now=LATER)
    assert (await cluster.get(AegisAlert, "alert")).status.firing.outcome is OpsPhase.FAILED
    assert await cluster.names(Workflow) == set()
    assert told(sent) == [(ALERT_COMPLETED, "monitoring/alert")]


async def test_workflows_of_deleted_alerts_go(cluster: Cluster, tracker: Tracker, sent: list[Event]) -> None:
    await cluster.workflow(await cluster.alert(), "Running")
    await cluster.delete(AegisAlert, "alert")
    await sweep(tracker, now=LATER)
    assert (await cluster.names(Workflow), sent) == (set(), [])


async def test_a_resolve_that_waited_for_the_firings_workflow_is_sent(
    cluster: Cluster, tracker: Tracker, sent: list[Event]
) -> None:
    workflow = await cluster.workflow(await cluster.alert(), "Running")
    await tracker.follow(workflow, deleted=False)
    await cluster.resolve()
    await sweep(tracker, now=LATER)
    assert sent == []
    await tracker.follow(await cluster.argo(workflow, "Succeeded"), deleted=False)
    assert told(sent) == [(ALERT_RESOLVED, "monitoring/alert")]
    assert sent[0].data["status"]["firing"]["outcome"] == "Succeeded"


@pytest.mark.parametrize("episode", [0, 1])
@pytest.mark.parametrize("status", ["Firing", "Resolved"])
async def test_the_newest_episode_is_told_that_its_turn_may_have_come(
    cluster: Cluster, tracker: Tracker, sent: list[Event], episode: int, status: str
) -> None:
    names = [alert_name(source="", alert_type="Disk", fingerprint=Fingerprint(""), episode=n) for n in range(3)]
    for number, name in enumerate(names[:-1]):
        await cluster.alert(name=name, episode=number)
    await cluster.write(AegisAlert, names[0], {"status": {"latestEpisode": 2}})
    await cluster.alert({"status": status}, name=names[2], episode=2)
    workflow = await cluster.workflow(await cluster.get(AegisAlert, names[episode]), "Running")
    await tracker.follow(workflow, deleted=False)
    assert sent == []
    await tracker.follow(await cluster.argo(workflow, "Succeeded"), deleted=False)
    event = {"Firing": ALERT_FIRING, "Resolved": ALERT_RESOLVED}[status]
    assert told(sent) == [(event, f"monitoring/{names[2]}")]


@pytest.mark.parametrize("missing", [1, 2])
async def test_no_episode_is_told_that_is_decided_or_gone(
    cluster: Cluster, tracker: Tracker, sent: list[Event], missing: int
) -> None:
    names = [alert_name(source="", alert_type="Disk", fingerprint=Fingerprint(""), episode=n) for n in range(missing)]
    for number, name in enumerate(names):
        await cluster.alert(name=name, episode=number)
    await cluster.write(AegisAlert, names[0], {"status": {"latestEpisode": 1}})
    workflow = await cluster.workflow(await cluster.get(AegisAlert, names[0]), "Running")
    await tracker.follow(await cluster.argo(workflow, "Succeeded"), deleted=False)
    assert sent == []


async def test_released_workflows_leave_the_lists_and_held_ones_stay(
    cluster: Cluster, tracker: Tracker, sent: list[Event]
) -> None:
    done = await cluster.workflow(await cluster.alert(name="done"), "Succeeded")
    await tracker.follow(done, deleted=False)
    held = await cluster.workflow(await cluster.alert(name="held"), "Succeeded")
    kube, link = cluster.connect()
    link.left = 3  # the alert, the template and the rule; then the process dies
    with pytest.raises(Unavailable):
        await Tracker(kube).follow(held, deleted=False)
    await sweep(tracker, now=LATER - timedelta(minutes=5))  # just after it ended
    assert await cluster.listed() == ([held.metadata.uid], [held.metadata.uid])
    await sweep(tracker, now=LATER)
    assert await cluster.counts() == (2, 0, 2, 0)
    assert sent == []


async def test_alerts_expire_with_their_workflows(cluster: Cluster, tracker: Tracker, sent: list[Event]) -> None:
    done = await cluster.workflow(await cluster.alert(name="done"), "Succeeded")
    await tracker.follow(done, deleted=False)
    await cluster.alert(
        {"opsStatus": {"triggerStatus": "RuleNotFound"}, "firing": {"triggerStatus": "RuleNotFound"}}, name="idle"
    )
    await cluster.workflow(await cluster.alert(name="pending"), "Pending")
    for days, left in ((0.9, {"done", "idle", "pending"}), (1.9, {"done", "pending"}), (2.1, {"pending"})):
        await sweep(tracker, now=LATER + days * DAY)
        assert await cluster.names(AegisAlert) == left
    await cluster.api.settled()
    assert {name.split("-")[0] for name in await cluster.names(Workflow)} == {"pending"}
    assert sent == []


async def test_an_alert_that_came_again_since_it_was_read_does_not_expire(cluster: Cluster, tracker: Tracker) -> None:
    read = await cluster.alert({}, name="idle")
    await cluster.write(AegisAlert, "idle", {"status": {"count": 2}})
    assert not await tracker.kube.delete(read, if_unchanged=True)
    assert await cluster.names(AegisAlert) == {"idle"}


async def test_two_sweeps_at_once_count_once(cluster: Cluster, tracker: Tracker, sent: list[Event]) -> None:
    for number in range(5):
        await cluster.workflow(await cluster.alert(name=f"alert-{number}"), "Succeeded")
    await asyncio.gather(sweep(tracker, now=LATER), sweep(Tracker(cluster.connect()[0]), now=LATER))
    assert await cluster.counts() == (5, 0, 5, 0)
    assert len(sent) == 5


async def test_without_the_api_server_the_tick_is_to_come_again(cluster: Cluster, tracker: Tracker) -> None:
    cluster.link.left = 0
    with pytest.raises(Unavailable):
        await sweep(tracker, now=LATER)


async def test_ticks_do_not_pile_up(cluster: Cluster, tracker: Tracker, sent: list[Event]) -> None:
    await cluster.alert({}, name="new")
    sweeper = Sweeper(tracker)
    await asyncio.gather(*(sweeper.tick(now=LATER) for _ in range(3)))
    assert told(sent) == [(ALERT_FIRING, "monitoring/new")]
    await sweeper.tick(now=LATER)
    assert len(sent) == 2


async def test_raw_alerts_are_deleted_when_their_time_is_over(
    cluster: Cluster, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they say themselves of when they came."""
    await cluster.create(
        AegisRawAlert, {"metadata": {"name": "old"}, "spec": {"receivedAt": "2036-01-01T00:00:00Z"}}, {}
    )
    cluster.clock = BEGAN + DAY / 2
    await cluster.create(
        AegisRawAlert, {"metadata": {"name": "new"}, "spec": {"receivedAt": "2016-01-01T00:00:00Z"}}, {}
    )
    for now, left in ((BEGAN + DAY - SECONDS, {"old", "new"}), (BEGAN + DAY, {"new"})):
        await sweep(tracker, now=now)
        assert await cluster.names(AegisRawAlert) == left
    monkeypatch.setenv("AEGIS_RAW_TTL_SECONDS", "60")
    await sweep(tracker, now=BEGAN + DAY)
    assert await cluster.names(AegisRawAlert) == set()


async def test_raw_alerts_that_cannot_be_read_keep_nothing_from_being_swept(
    cluster: Cluster, tracker: Tracker, sent: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    await cluster.alert({}, name="new")
    await cluster.api.delete(
        cluster.api.resource("customresourcedefinitions", "apiextensions.k8s.io"), "aegisrawalerts.aegis.io"
    )
    await sweep(tracker, now=LATER)
    assert told(sent) == [(ALERT_FIRING, "monitoring/new")]
    assert any("left to the next tick" in record.message for record in caplog.records)
