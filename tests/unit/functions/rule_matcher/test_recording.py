"""What is written to a rule when it is applied, against an API server."""

from typing import Any

import pytest

from aegis.errors import BadEvent
from aegis.events import RESOURCE_ADDED, RESOURCE_UPDATED, Event
from aegis.models.rule import AegisAlertOpsRule
from functions.rule_matcher.recording import record_rule
from tests.unit.functions.rule_matcher.cluster import Cluster


async def apply(cluster: Cluster, rule: AegisAlertOpsRule, typ: str = RESOURCE_ADDED) -> AegisAlertOpsRule:
    """ApiServerSource tells of the rule."""
    await record_rule(cluster.kube, Event(type=typ, source="/test", id="1", data=rule.manifest()))
    return await cluster.now(rule)


def shown(rule: AegisAlertOpsRule) -> tuple[str, list[tuple[str, str, str]]]:
    return rule.status.status, [(c.type, c.status, c.reason) for c in rule.status.conditions]


async def test_a_valid_rule_is_recorded(cluster: Cluster) -> None:
    stored = await apply(cluster, await cluster.rule())
    assert shown(stored) == ("Recorded", [("Valid", "True", "Recorded")])
    assert stored.status.observed_generation == 1
    assert await cluster.said() == []


async def test_an_invalid_rule_is_recorded_and_reported(cluster: Cluster) -> None:
    stored = await apply(cluster, await cluster.rule("r", "Node("))
    assert shown(stored) == ("Invalid", [("Valid", "False", "InvalidAlertConditions")])
    assert await cluster.said() == [("Warning", "InvalidRule", "r")]


async def test_a_rule_is_recorded_again_when_it_was_mended(cluster: Cluster) -> None:
    broken = await apply(cluster, await cluster.rule("r", "Node("))
    spec = {"alertConditions": [{"type": "Node.*", "status": "Firing"}]}
    mended = await apply(cluster, await cluster.write(broken, {"spec": spec}), RESOURCE_UPDATED)
    assert shown(mended) == ("Recorded", [("Valid", "True", "Recorded")])
    assert mended.status.observed_generation == 2


async def test_a_rule_whose_counts_moved_costs_no_request(cluster: Cluster) -> None:
    recorded = await apply(cluster, await cluster.rule())
    counted = await cluster.write(recorded, {"status": {"triggerStatus": {"succeeded": 1}}}, subresource="status")
    before = len(cluster.requests)
    await record_rule(cluster.kube, Event(type=RESOURCE_UPDATED, source="/test", id="2", data=counted.manifest()))
    assert cluster.requests[before:] == []


async def test_a_late_event_does_not_undo_what_was_recorded_since(cluster: Cluster) -> None:
    broken = await cluster.rule("r", "Node(")
    spec = {"alertConditions": [{"type": "Node.*", "status": "Firing"}]}
    mended = await apply(cluster, await cluster.write(broken, {"spec": spec}), RESOURCE_UPDATED)
    assert await apply(cluster, broken) == mended


async def test_what_an_event_says_of_its_rule_is_not_believed(cluster: Cluster) -> None:
    rule = await cluster.rule()
    data = rule.manifest()
    data["spec"] = {"alertConditions": [{"type": "("}]}
    await record_rule(cluster.kube, Event(type=RESOURCE_ADDED, source="/forged", id="1", data=data))
    assert shown(await cluster.now(rule)) == ("Recorded", [("Valid", "True", "Recorded")])


async def test_an_event_of_a_rule_made_anew_is_not_this_ones(cluster: Cluster) -> None:
    rule = await cluster.rule("r", "(")
    data = rule.manifest()
    data["metadata"]["uid"] = "invented"
    await record_rule(cluster.kube, Event(type=RESOURCE_ADDED, source="/forged", id="1", data=data))
    assert await cluster.now(rule) == rule


async def test_a_rule_that_is_gone_needs_nothing(cluster: Cluster) -> None:
    rule = await cluster.rule()
    await cluster.delete(rule)
    await record_rule(cluster.kube, Event(type=RESOURCE_ADDED, source="/test", id="1", data=rule.manifest()))


@pytest.mark.parametrize("data", [None, {"spec": {"alertConditions": [{"status": "Sleeping"}]}}])
async def test_what_is_no_rule_is_refused(cluster: Cluster, data: Any) -> None:
    with pytest.raises(BadEvent, match="data: not a stored AegisAlertOpsRule"):
        await record_rule(cluster.kube, Event(type=RESOURCE_ADDED, source="/test", id="1", data=data))
