"""One workflow of an alert at a time, over its episodes: whose turn it is, against an API server."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from aegis.events import ALERT_FIRING, ALERT_RESOLVED, Event
from aegis.models.alert import RETRY_ANNOTATION, AegisAlert
from aegis.names import Fingerprint, alert_name, workflow_name
from tests.unit.functions.rule_matcher.cluster import Cluster

FIRED = {"status": "Firing"}
RESOLVED = {"status": "Resolved", "resolvedTime": "2026-01-01T00:00:00Z"}


def done(alert: AegisAlert, phase: str, outcome: str = "Succeeded") -> dict[str, Any]:
    """What the tracker writes at the end of a phase's workflow."""
    return {phase: {**running(alert, phase)[phase], "outcome": outcome}}


def running(alert: AegisAlert, phase: str) -> dict[str, Any]:
    name = workflow_name(alert.metadata.name, alert.metadata.uid, phase)
    return {phase: {"triggerStatus": "Triggered", "workflow": name, "workflowUID": f"{name}-uid"}}


class Episodes:
    """One alert, told to the matcher as the other functions tell of it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @classmethod
    async def begin(cls, cluster: Cluster, *, undo: bool = True) -> "Episodes":
        await cluster.rule("repair")
        if undo:
            await cluster.rule("undo", status="Resolved")
        return cls(cluster)

    async def open(self, number: int) -> AegisAlert:
        """The intake opens an episode."""
        name = alert_name(source="Default", alert_type="NodeDown", fingerprint=Fingerprint("f"), episode=number)
        alert = await self.cluster.alert(name=name, source="Default", fingerprint="f", episode=number)
        if number:
            await self.write(await self.first(), {"latestEpisode": number})
        return alert

    async def first(self) -> AegisAlert:
        name = alert_name(source="Default", alert_type="NodeDown", fingerprint=Fingerprint("f"), episode=0)
        return await self.cluster.kube.get(AegisAlert, namespace="monitoring", name=name)

    async def write(self, alert: AegisAlert, status: dict[str, Any]) -> AegisAlert:
        return await self.cluster.write(alert, {"status": status}, subresource="status")

    async def told(self, alert: AegisAlert) -> bool:
        """The matcher hears of an episode; whether it passes a match on."""
        now = await self.cluster.now(alert)
        typ = ALERT_FIRING if now.phase == "firing" else ALERT_RESOLVED
        event = Event(type=typ, source="/test", id="1", data=now.manifest())
        return await self.cluster.handle(event) is not None

    async def repaired(self, number: int) -> AegisAlert:
        """An episode fires and its repair ends."""
        alert = await self.open(number)
        assert await self.told(alert)
        return await self.write(alert, done(alert, "firing"))

    async def trigger(self, alert: AegisAlert, phase: str) -> str:
        record = (await self.cluster.now(alert)).status.wire().get(phase, {})
        return str(record.get("triggerStatus", ""))


async def test_an_episode_waits_for_the_undo_of_the_one_before(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    first = await episodes.repaired(0)
    await episodes.write(first, RESOLVED)
    assert await episodes.told(first)
    second = await episodes.open(1)
    assert not await episodes.told(second)
    waiting = (await cluster.now(second)).status
    assert (waiting.firing.trigger_status, waiting.ops_status.trigger_status) == ("", "")
    (condition,) = waiting.conditions
    assert (condition.type, condition.status, condition.reason) == ("Triggered", "False", "Waiting")
    assert first.metadata.name in condition.message
    assert ("Normal", "Waiting", second.metadata.name) in await cluster.said()
    await episodes.write(first, done(first, "resolved", "Failed"))
    assert await episodes.told(second)


async def test_an_episode_waits_for_the_repair_of_the_one_before(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    first = await episodes.open(0)
    assert await episodes.told(first)
    await episodes.write(first, {**RESOLVED, **running(first, "firing")})
    second = await episodes.open(1)
    assert not await episodes.told(second)
    await episodes.write(first, done(first, "firing"))
    assert await episodes.told(second)


async def test_an_undo_whose_alert_fires_again_is_superseded(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    first = await episodes.repaired(0)
    await episodes.write(first, RESOLVED)
    await episodes.open(1)
    assert not await episodes.told(first)
    status = (await cluster.now(first)).status
    assert status.resolved.trigger_status == "Superseded"
    assert status.ops_status.trigger_status == "Triggered"
    assert ("Normal", "Superseded", first.metadata.name) in await cluster.said()


async def test_an_undo_never_begins_after_the_repair_of_a_newer_episode(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    first = await episodes.repaired(0)
    await episodes.write(first, RESOLVED)
    second = await episodes.repaired(1)
    await episodes.write(second, RESOLVED)
    assert not await episodes.told(first)
    assert await episodes.trigger(first, "resolved") == "Superseded"
    assert await episodes.told(second)


async def test_an_undo_goes_on_if_what_fired_again_resolved_without_a_repair(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    first = await episodes.open(0)
    assert await episodes.told(first)
    await episodes.write(first, {**RESOLVED, **running(first, "firing")})
    second = await episodes.open(1)
    assert not await episodes.told(second)
    await episodes.write(second, RESOLVED)
    await episodes.write(first, done(first, "firing"))
    assert await episodes.told(first)
    assert not await episodes.told(second)
    assert await episodes.trigger(second, "resolved") == ""
    await episodes.write(first, done(first, "resolved"))
    assert not await episodes.told(second)
    assert await episodes.trigger(second, "resolved") == "Cancelled"


async def test_one_undo_is_made_whichever_of_two_resolved_episodes_is_looked_at_first(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    first = await episodes.repaired(0)
    second = await episodes.open(1)
    for alert in (first, second):
        await episodes.write(alert, RESOLVED)
    assert await episodes.told(second)
    assert not await episodes.told(first)
    assert await episodes.trigger(first, "resolved") == "Superseded"


async def superseded(cluster: Cluster) -> tuple[Episodes, AegisAlert]:
    """An episode was repaired and not undone, because the next one fires; that one is matched."""
    episodes = await Episodes.begin(cluster)
    first = await episodes.repaired(0)
    await episodes.write(first, RESOLVED)
    second = await episodes.open(1)
    assert not await episodes.told(first)
    assert await episodes.told(second)
    return episodes, second


async def test_a_superseded_undo_is_owed_by_the_episode_that_resolves(cluster: Cluster) -> None:
    """Else a node stays cordoned, though its alert is over: the newer episode had no repair of its own to undo."""
    episodes, second = await superseded(cluster)
    await episodes.write(second, {**RESOLVED, "firing": {"triggerStatus": "UnsafeValue"}})
    assert await episodes.told(second)
    assert await episodes.trigger(second, "resolved") == "Triggered"


async def test_a_superseded_undo_is_owed_also_where_the_newer_match_is_cancelled(
    cluster: Cluster, settle: Callable[[], None]
) -> None:
    episodes, second = await superseded(cluster)
    await episodes.write(second, RESOLVED)
    assert not await episodes.told(second)
    assert [await episodes.trigger(second, phase) for phase in ("firing", "resolved")] == ["Cancelled", ""]
    settle()
    assert await episodes.told(second)
    assert [await episodes.trigger(second, phase) for phase in ("firing", "resolved")] == ["Cancelled", "Triggered"]


@pytest.mark.parametrize("number", [0, 1])
async def test_an_episode_waits_while_a_workflow_of_one_that_was_cancelled_may_still_come(
    cluster: Cluster, settle: Callable[[], None], number: int
) -> None:
    episodes = await Episodes.begin(cluster)
    earlier = [await episodes.open(each) for each in range(number + 1)][-1]
    assert await episodes.told(earlier)
    await episodes.write(earlier, RESOLVED)
    assert not await episodes.told(earlier)
    later = await episodes.open(number + 1)
    assert not await episodes.told(later)
    assert await episodes.trigger(later, "firing") == ""
    settle()
    assert await episodes.told(later)


async def test_an_episode_that_waits_is_undecided_though_no_rule_was_found_for_it_before(cluster: Cluster) -> None:
    """What it waits for, when it ends, has only those looked at that are undecided."""
    episodes = await Episodes.begin(cluster)
    first = await episodes.open(0)
    assert await episodes.told(first)
    await episodes.write(first, {**RESOLVED, **running(first, "firing")})
    second = await episodes.open(1)
    refused = {"triggerStatus": "RuleNotFound"}
    await episodes.write(second, {"firing": refused, "opsStatus": {**refused, "alertOpsStatus": ""}})
    assert not await episodes.told(second)
    status = (await cluster.now(second)).status
    assert (status.firing.trigger_status, status.ops_status.trigger_status) == ("", "")
    assert status.conditions[0].reason == "Waiting"


async def test_what_was_undone_is_not_owed_again(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    first = await episodes.repaired(0)
    await episodes.write(first, RESOLVED)
    assert await episodes.told(first)
    await episodes.write(first, done(first, "resolved"))
    for number in (1, 2):
        later = await episodes.open(number)
        assert await episodes.told(later)
        await episodes.write(later, {**RESOLVED, "firing": {"triggerStatus": "UnsafeValue"}})
        assert not await episodes.told(later)
        assert await episodes.trigger(later, "resolved") == "Cancelled"


async def test_an_undo_that_came_to_nothing_stays_owed(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    await episodes.repaired(0)
    second = await episodes.repaired(1)
    await episodes.write(second, RESOLVED)
    assert await episodes.told(second)
    await episodes.write(second, {"resolved": {"triggerStatus": "TemplateNotFound"}})
    third = await episodes.open(2)
    assert await episodes.told(third)
    await episodes.write(third, {**RESOLVED, "firing": {"triggerStatus": "UnsafeValue"}})
    assert await episodes.told(third)


async def test_an_episode_without_a_rule_takes_no_turn(cluster: Cluster) -> None:
    episodes = Episodes(cluster)
    await episodes.open(0)
    second = await episodes.open(1)
    before = len(cluster.requests)
    assert not await episodes.told(second)
    assert await episodes.trigger(second, "firing") == "RuleNotFound"
    assert (await episodes.first()).status.turn is None
    assert not [asked for asked in cluster.asked(before) if asked.startswith("PATCH") and "/aegisalerts/" in asked][1:]


async def test_many_deliveries_at_once_give_one_episode_the_turn(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    first = await episodes.repaired(0)
    await episodes.write(first, RESOLVED)
    second = await episodes.open(1)
    passed = await asyncio.gather(*(episodes.told(alert) for alert in (first, second) * 4))
    assert passed == [False, True] * 4
    turn = (await episodes.first()).status.turn
    assert turn is not None
    assert (turn.episode, turn.phase, turn.owes) == (1, "firing", True)


async def test_an_episode_whose_first_was_deleted_goes_on_by_itself(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    first = await episodes.open(0)
    second = await episodes.open(1)
    await cluster.delete(first)
    assert await episodes.told(second)


async def test_a_turn_whose_episode_was_deleted_is_over(cluster: Cluster) -> None:
    episodes = await Episodes.begin(cluster)
    await episodes.repaired(0)
    second = await episodes.open(1)
    assert await episodes.told(second)
    third = await episodes.open(2)
    assert not await episodes.told(third)
    await cluster.delete(second)
    assert await episodes.told(third)


async def test_an_alert_made_by_hand_is_no_episode(cluster: Cluster) -> None:
    await cluster.rule("repair")
    await cluster.alert(name="zero", fingerprint="f")
    alert = await cluster.alert(name="one", fingerprint="f", episode=1)
    before = len(cluster.requests)
    assert await Episodes(cluster).told(alert)
    assert not [asked for asked in cluster.asked(before) if "zero" in asked]


async def test_another_attempt_begins_of_the_newest_episode_alone(cluster: Cluster) -> None:
    series = await Episodes.begin(cluster)
    first = await series.repaired(0)
    second = await series.repaired(1)
    for alert in (first, second):
        annotations = {RETRY_ANNOTATION: "alice"}
        await cluster.write(alert, {"metadata": {"annotations": annotations}})
    assert not await series.told(first)
    assert await series.told(second)
    assert [(await cluster.now(alert)).status.firing.attempt for alert in (first, second)] == [1, 2]
    turn = (await series.first()).status.turn
    assert turn is not None
    assert (turn.episode, turn.phase, turn.attempt) == (1, "firing", 2)
