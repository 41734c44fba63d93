"""Another attempt that a person asks for, from the annotation to the match, against an API server."""

import asyncio
from collections.abc import Callable

from aegis.events import ALERT_FIRING, ALERT_RESOLVED, RESOURCE_UPDATED, RULE_MATCHED, Event
from aegis.models.alert import RETRY_ANNOTATION, AegisAlert
from aegis.models.states import Phase
from aegis.models.workflow import Workflow
from tests.unit.functions.rule_matcher.cluster import Cluster

ENDED = {
    "triggerStatus": "Triggered",
    "workflow": "w",
    "workflowUID": "u",
    "outcome": "Failed",
    "completionTime": "2026-01-01T00:00:00Z",
}


def event(alert: AegisAlert, typ: str = ALERT_FIRING, number: str = "1") -> Event:
    return Event(type=typ, source="/test", id=number, data=alert.manifest())


async def asked(cluster: Cluster, alert: AegisAlert, value: str = "alice 1") -> AegisAlert:
    return await cluster.write(alert, {"metadata": {"annotations": {RETRY_ANNOTATION: value}}})


async def test_another_attempt_is_matched_on_the_rules_as_they_are_and_told_with_who_asked(cluster: Cluster) -> None:
    await cluster.rule("r", template="cordon")
    alert = await cluster.alert()
    await cluster.write(
        alert, {"status": {"firing": ENDED, "opsStatus": {"triggerStatus": "Triggered"}}}, subresource="status"
    )
    reply = await cluster.handle(event(await asked(cluster, alert)))
    firing = (await cluster.now(alert)).status.firing
    assert (firing.attempt, firing.trigger_status, firing.outcome) == (2, "Triggered", "")
    assert [one.workflow for one in firing.earlier] == ["w"]
    assert reply is not None
    assert reply.type == RULE_MATCHED
    assert await cluster.said() == [("Normal", "RetryBegun", "a")]


async def test_who_asks_while_it_runs_is_refused_once(cluster: Cluster) -> None:
    await cluster.rule()
    alert = await cluster.alert()
    await cluster.handle(event(alert))
    asking = await asked(cluster, alert)
    await cluster.handle(event(asking, number="2"))
    await cluster.handle(event(asking, number="3"))
    stored = await cluster.now(alert)
    assert (stored.status.firing.attempt, stored.status.observed_retry) == (1, "alice 1")
    assert await cluster.said() == [("Warning", "RetryRefused", "a")]


async def test_deliveries_at_the_same_time_begin_one_attempt(cluster: Cluster) -> None:
    await cluster.rule()
    alert = await cluster.alert()
    await cluster.write(alert, {"status": {"firing": ENDED}}, subresource="status")
    asking = await asked(cluster, alert)
    await asyncio.gather(*(cluster.handle(event(asking, number=str(number))) for number in range(6)))
    firing = (await cluster.now(alert)).status.firing
    assert (firing.attempt, len(firing.earlier)) == (2, 1)


async def test_an_alert_made_by_hand_is_not_passed_over_when_another_attempt_is_asked_for(cluster: Cluster) -> None:
    alert = await cluster.alert()
    await cluster.handle(event(alert))
    await cluster.rule()
    asking = await asked(cluster, alert)
    assert await cluster.handle(event(asking, RESOURCE_UPDATED)) is not None


async def cancelled(cluster: Cluster) -> AegisAlert:
    """An alert that resolved when its second attempt was matched, and its first had repaired something."""
    await cluster.rule("undo", status="Resolved")
    earlier = {"attempt": 1, **ENDED}
    record = {"attempt": 2, "triggerStatus": "Triggered", "earlier": [earlier], "earlierFailed": 1}
    record["rule"] = {"namespace": "monitoring", "name": "repair", "uid": "u", "generation": 1}
    alert = await cluster.alert()
    await cluster.write(alert, {"status": {"firing": record}}, subresource="status")
    await cluster.write(alert, {"status": {"status": "Resolved"}}, subresource="status")
    assert await cluster.handle(event(alert, ALERT_RESOLVED)) is None
    stored = await cluster.now(alert)
    assert stored.status.firing.trigger_status == "Cancelled"
    return stored


async def test_no_undo_is_matched_while_a_workflow_of_the_cancelled_attempt_may_still_come(cluster: Cluster) -> None:
    alert = await cancelled(cluster)
    assert await cluster.handle(event(alert, ALERT_RESOLVED)) is None
    assert (await cluster.now(alert)).status.resolved.trigger_status == ""


async def test_a_repair_of_an_earlier_attempt_is_undone_though_the_newest_was_cancelled(
    cluster: Cluster, settle: Callable[[], None]
) -> None:
    alert = await cancelled(cluster)
    settle()
    assert await cluster.handle(event(alert, ALERT_RESOLVED)) is not None
    assert (await cluster.now(alert)).status.resolved.trigger_status == "Triggered"


async def test_no_undo_is_matched_while_the_workflow_is_there_that_came_although_it_was_cancelled(
    cluster: Cluster, settle: Callable[[], None]
) -> None:
    alert = await cancelled(cluster)
    await cluster.create(Workflow, {"metadata": {"name": alert.workflow_name(Phase.FIRING)}, "spec": {}})
    settle()
    assert await cluster.handle(event(alert, ALERT_RESOLVED)) is None
    assert (await cluster.now(alert)).status.resolved.trigger_status == ""


async def test_where_no_workflow_was_seen_its_name_stays_so_that_no_second_one_is_made(cluster: Cluster) -> None:
    await cluster.rule()
    alert = await cluster.alert()
    await cluster.write(alert, {"status": {"firing": {"triggerStatus": "TemplateInvalid"}}}, subresource="status")
    assert await cluster.handle(event(await asked(cluster, alert))) is not None
    again = await cluster.now(alert)
    assert again.workflow_name(Phase.FIRING) == alert.workflow_name(Phase.FIRING)
    assert again.status.firing.trigger_status == "Triggered"


async def test_of_a_later_attempt_that_was_cancelled_the_alert_says_so_where_nothing_undoes_the_earlier(
    cluster: Cluster,
) -> None:
    record = {"attempt": 2, "triggerStatus": "Triggered", "earlier": [{"attempt": 1, **ENDED}], "earlierFailed": 1}
    triggered = {"type": "Triggered", "status": "True", "reason": "Triggered", "observedGeneration": 1}
    summary = {"triggerStatus": "Triggered", "alertOpsStatus": "Pending"}
    alert = await cluster.alert()
    status = {"status": "Resolved", "firing": record, "conditions": [triggered], "opsStatus": summary}
    await cluster.write(alert, {"status": status}, subresource="status")
    assert await cluster.handle(event(alert, ALERT_RESOLVED)) is None
    state = (await cluster.now(alert)).status
    assert (state.firing.trigger_status, state.ops_status.trigger_status) == ("Cancelled", "Cancelled")
    assert [(one.type, one.status, one.reason) for one in state.conditions] == [("Triggered", "False", "Cancelled")]
    assert ("Normal", "Cancelled", "a") in await cluster.said()
