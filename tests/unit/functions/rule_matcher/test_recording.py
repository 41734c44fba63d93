"""What is written to a rule when it is applied, against an API server."""

from typing import Any

import pytest

from aegis.errors import BadEvent
from aegis.events import ALERT_FIRING, RESOURCE_ADDED, RESOURCE_UPDATED, Event
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


async def test_a_type_that_is_a_pattern_by_accident_is_said_on_the_rule(cluster: Cluster) -> None:
    stored = await apply(cluster, await cluster.rule("r", "Memory (copy)"))
    assert shown(stored) == ("Recorded", [("Valid", "True", "Recorded")])
    (valid,) = stored.status.conditions
    assert valid.message.startswith("spec.alertConditions[0].type: a regular expression")
    assert valid.message.endswith(r"write Memory \(copy\)")


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


async def refused(cluster: Cluster, name: str, found: str, typ: str = "NodeDown", **status: Any) -> None:
    """An alert for which nothing was done."""
    written = {"status": "Firing", "opsStatus": {"triggerStatus": found}, "firing": {"triggerStatus": found}, **status}
    await cluster.write(await cluster.alert(typ, name=name), {"status": written}, subresource="status")


def asked(sent: list[Event]) -> list[str]:
    assert {event.type for event in sent} <= {ALERT_FIRING}
    return sorted(event.subject.removeprefix("monitoring/") for event in sent)


async def test_a_rule_that_is_added_has_the_alerts_asked_that_it_answers(cluster: Cluster, sent: list[Event]) -> None:
    await refused(cluster, "answered", "RuleNotFound")
    await refused(cluster, "another", "RuleNotFound", "PodDown")
    await refused(cluster, "resolved", "RuleNotFound", status="Resolved")
    await refused(cluster, "long-ago", "RuleNotFound", lastReceivedTime="2020-01-01T00:00:00Z")
    await refused(cluster, "templates", "TemplateNotFound")
    await apply(cluster, await cluster.rule())
    assert asked(sent) == ["answered"]


async def test_a_rule_that_is_changed_has_the_alerts_asked_that_it_may_have_hindered(
    cluster: Cluster, sent: list[Event]
) -> None:
    for name, found in (("tied", "TooManyRulesFound"), ("failed", "RuleError")):
        await refused(cluster, name, found, "PodDown")
    rule = await apply(cluster, await cluster.rule())
    assert asked(sent) == ["failed", "tied"]
    sent.clear()
    await apply(cluster, rule, RESOURCE_UPDATED)
    assert sent == []
    await apply(cluster, await cluster.write(rule, {"spec": {"priority": 1}}), RESOURCE_UPDATED)
    assert asked(sent) == ["failed", "tied"]


async def test_a_rule_that_is_invalid_has_nobody_asked_that_it_does_not_answer(
    cluster: Cluster, sent: list[Event]
) -> None:
    await refused(cluster, "unknown", "RuleNotFound")
    await apply(cluster, await cluster.rule("r", "Node("))
    assert sent == []


async def test_a_rule_of_a_tenant_has_only_alerts_of_its_own_namespace_asked(
    cluster: Cluster, sent: list[Event]
) -> None:
    await refused(cluster, "ours", "RuleNotFound")
    before = len(cluster.requests)
    await apply(cluster, await cluster.rule(namespace="gpu-team"))
    assert sent == []
    assert "GET /aegisalerts" not in cluster.asked(before)


async def test_how_long_ago_an_alert_may_have_come_is_a_setting(
    cluster: Cluster, sent: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEGIS_REASK_SECONDS", "0")
    await refused(cluster, "answered", "RuleNotFound", lastReceivedTime="2020-01-01T00:00:00Z")
    await apply(cluster, await cluster.rule())
    assert sent == []
