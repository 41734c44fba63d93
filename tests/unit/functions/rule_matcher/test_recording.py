"""What is written to a rule when it is applied, against an API server."""

from typing import Any

import pytest

from aegis import clock
from aegis.errors import BadEvent
from aegis.events import ALERT_FIRING, RESOURCE_ADDED, RESOURCE_DELETED, RESOURCE_UPDATED, Event
from aegis.kube import Kube
from aegis.models.conditions import Condition
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from functions.rule_matcher import recording
from functions.rule_matcher.recording import record_rule, record_template
from functions.rule_matcher.templates import template_found
from tests.unit.functions.rule_matcher.cluster import Cluster
from tests.unit.functions.rule_matcher.objects import rule_manifest


async def record(cluster: Cluster, data: object, typ: str = RESOURCE_ADDED) -> None:
    await record_rule(cluster.kube, cluster.rules, Event(type=typ, source="/test", id="1", data=data))


async def apply(cluster: Cluster, rule: AegisAlertOpsRule, typ: str = RESOURCE_ADDED) -> AegisAlertOpsRule:
    """ApiServerSource tells of the rule."""
    await record(cluster, rule.manifest(), typ)
    return await cluster.now(rule)


NO_TEMPLATE = ("TemplateFound", "False", "TemplateNotFound")


def shown(rule: AegisAlertOpsRule) -> tuple[str, list[tuple[str, str, str]]]:
    return rule.status.status, [(c.type, c.status, c.reason) for c in rule.status.conditions]


async def test_a_valid_rule_is_recorded(cluster: Cluster) -> None:
    stored = await apply(cluster, await cluster.rule())
    assert shown(stored) == ("Recorded", [("Valid", "True", "Recorded"), NO_TEMPLATE])
    assert stored.status.observed_generation == 1
    assert await cluster.said() == []


async def test_a_type_that_is_a_pattern_by_accident_is_said_on_the_rule(cluster: Cluster) -> None:
    stored = await apply(cluster, await cluster.rule("r", "Memory (copy)"))
    assert shown(stored) == ("Recorded", [("Valid", "True", "Recorded"), NO_TEMPLATE])
    valid = stored.status.conditions[0]
    assert valid.message.startswith("spec.alertConditions[0].type: a regular expression")
    assert valid.message.endswith(r"write Memory \(copy\)")


async def test_an_invalid_rule_is_recorded_and_reported(cluster: Cluster) -> None:
    stored = await apply(cluster, await cluster.rule("r", "Node("))
    assert shown(stored) == ("Invalid", [("Valid", "False", "InvalidAlertConditions"), NO_TEMPLATE])
    assert await cluster.said() == [("Warning", "InvalidRule", "r")]


async def test_a_rule_for_which_its_namespace_has_no_room_is_invalid(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.rule_matcher.rules.NAMESPACE_BYTES", 10)
    assert shown(await apply(cluster, await cluster.rule())) == ("Invalid", [("Valid", "False", "NoRoom"), NO_TEMPLATE])


async def test_a_rule_is_recorded_again_when_it_was_mended(cluster: Cluster) -> None:
    broken = await apply(cluster, await cluster.rule("r", "Node("))
    spec = {"alertConditions": [{"type": "Node.*", "status": "Firing"}]}
    mended = await apply(cluster, await cluster.write(broken, {"spec": spec}), RESOURCE_UPDATED)
    assert shown(mended) == ("Recorded", [("Valid", "True", "Recorded"), NO_TEMPLATE])
    assert mended.status.observed_generation == 2


async def test_a_rule_whose_counts_moved_costs_no_request(cluster: Cluster) -> None:
    recorded = await apply(cluster, await cluster.rule())
    counted = await cluster.write(recorded, {"status": {"triggerStatus": {"succeeded": 1}}}, subresource="status")
    before = len(cluster.requests)
    await record(cluster, counted.manifest(), RESOURCE_UPDATED)
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
    await record(cluster, data, RESOURCE_ADDED)
    assert shown(await cluster.now(rule)) == ("Recorded", [("Valid", "True", "Recorded"), NO_TEMPLATE])


async def test_an_event_of_a_rule_made_anew_is_not_this_ones(cluster: Cluster) -> None:
    rule = await cluster.rule("r", "(")
    data = rule.manifest()
    data["metadata"]["uid"] = "invented"
    await record(cluster, data, RESOURCE_ADDED)
    assert await cluster.now(rule) == rule


async def test_a_rule_that_is_gone_needs_nothing(cluster: Cluster) -> None:
    rule = await cluster.rule()
    await cluster.delete(rule)
    await record(cluster, rule.manifest(), RESOURCE_ADDED)


@pytest.mark.parametrize("data", [None, {"spec": {"alertConditions": [{"status": "Sleeping"}]}}])
async def test_what_is_no_rule_is_refused(cluster: Cluster, data: Any) -> None:
    with pytest.raises(BadEvent, match="data: not a stored AegisAlertOpsRule"):
        await record(cluster, data, RESOURCE_ADDED)


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


async def template(cluster: Cluster, name: str) -> AegisOpsTemplate:
    return await cluster.create(AegisOpsTemplate, {"metadata": {"name": name}, "spec": {"manifest": "x"}})


async def told(cluster: Cluster, of: AegisOpsTemplate, typ: str) -> None:
    await record_template(cluster.kube, cluster.rules, Event(type=typ, source="/test", id="1", data=of.manifest()))


async def found(cluster: Cluster, rule: AegisAlertOpsRule) -> tuple[str, str]:
    conditions = (await cluster.now(rule)).status.conditions
    (condition,) = (one for one in conditions if one.type == "TemplateFound")
    return condition.status, condition.message


async def test_a_rule_whose_template_is_not_there_yet_says_so_until_it_is(cluster: Cluster) -> None:
    await template(cluster, "cordon-nodes")
    rule = await cluster.rule("r", template="cordon-node")
    other = await cluster.rule("other", template="cordon-nodes")
    for each in (rule, other):
        await apply(cluster, each)
    assert await found(cluster, rule) == (
        "False",
        "there is no AegisOpsTemplate monitoring/cordon-node yet; did you mean cordon-nodes?",
    )
    applied = await template(cluster, "cordon-node")
    await told(cluster, applied, RESOURCE_ADDED)
    assert await found(cluster, rule) == ("True", "AegisOpsTemplate monitoring/cordon-node is there.")
    await cluster.delete(applied)
    before = (await cluster.now(other)).metadata.resource_version
    await told(cluster, applied, RESOURCE_DELETED)
    assert (await found(cluster, rule))[0] == "False"
    assert (await cluster.now(other)).metadata.resource_version == before


async def test_what_templates_another_namespace_has_is_not_told(cluster: Cluster) -> None:
    await cluster.create(
        AegisOpsTemplate, {"metadata": {"name": "secret-plan", "namespace": "gpu-team"}, "spec": {"manifest": "x"}}
    )
    manifest = rule_manifest("r", template="secret-plam")
    manifest["spec"]["opsTemplate"]["namespace"] = "gpu-team"
    rule = await cluster.create(AegisAlertOpsRule, manifest)
    await apply(cluster, rule)
    assert await found(cluster, rule) == ("False", "there is no AegisOpsTemplate gpu-team/secret-plam yet")


async def test_two_rules_that_tie_always_say_so(cluster: Cluster) -> None:
    await apply(cluster, await cluster.rule("one"))
    two = await apply(cluster, await cluster.rule("two"))
    assert two.status.status == "Recorded"
    assert "monitoring/one applied to the same alerts" in two.status.conditions[0].message
    assert ("Warning", "TiedRules", "two") in await cluster.said()
    three = await apply(cluster, await cluster.rule("three", priority=1))
    assert "monitoring/" not in three.status.conditions[0].message


async def test_what_a_template_costs_does_not_grow_with_the_rules_that_do_not_name_it(cluster: Cluster) -> None:
    for number in range(3):
        await cluster.rule(f"other-{number}", template="another")
    rule = await apply(cluster, await cluster.rule("r", template="cordon"))
    applied = await template(cluster, "cordon")
    before = len(cluster.requests)
    await told(cluster, applied, RESOURCE_ADDED)
    assert (await found(cluster, rule))[0] == "True"
    assert cluster.asked(before)[:-1] == [
        "GET /aegisalertopsrules",
        "GET /namespaces/monitoring/aegisalertopsrules/r",
        "GET /namespaces/monitoring/aegisopstemplates/cordon",
        "PATCH /namespaces/monitoring/aegisalertopsrules/r/status",
    ]


async def test_a_template_that_comes_before_its_rule_is_looked_at_has_its_alerts_asked_all_the_same(
    cluster: Cluster, sent: list[Event]
) -> None:
    alert = await cluster.alert()
    status = {"status": "Firing", "opsStatus": {"triggerStatus": "RuleNotFound"}}
    firing = {"firing": {"triggerStatus": "RuleNotFound"}, "lastReceivedTime": clock.now()}
    await cluster.write(alert, {"status": {**status, **firing}}, subresource="status")
    rule = await cluster.rule("r", template="cordon")
    await told(cluster, await template(cluster, "cordon"), RESOURCE_ADDED)
    await apply(cluster, rule)
    assert [event.subject for event in sent] == ["monitoring/a"]


async def test_a_template_that_comes_while_its_rule_is_looked_at_is_not_said_to_be_missing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = await apply(cluster, await cluster.rule("r", template="cordon"))
    edited = await cluster.write(rule, {"spec": {"priority": 3}})
    was_there = template_found

    calls: list[AegisAlertOpsRule] = []

    async def overtaken(kube: Kube, item: AegisAlertOpsRule) -> Condition | None:
        before = await was_there(kube, item)
        if not calls:
            await template(cluster, "cordon")
            await cluster.write(item, {"status": {"triggerStatus": {"succeeded": 1}}}, subresource="status")
        calls.append(item)
        return before

    monkeypatch.setattr(recording, "template_found", overtaken)
    await apply(cluster, edited, RESOURCE_UPDATED)
    assert (await found(cluster, rule))[0] == "True"
