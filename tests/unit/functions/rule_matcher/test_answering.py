"""From an event to the alert's status and the reply, against an API server."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from aegis.errors import BadEvent
from aegis.events import ALERT_FIRING, ALERT_RESOLVED, RESOURCE_ADDED, RESOURCE_UPDATED, RULE_MATCHED, Event
from aegis.models.alert import AegisAlert
from aegis.names import workflow_name
from tests.unit.functions.rule_matcher.cluster import Cluster


def event(alert: AegisAlert, typ: str = ALERT_FIRING, **attributes: Any) -> Event:
    return Event(**{"type": typ, "source": "/test", "id": "1", "data": alert.manifest(), **attributes})


def shown(alert: AegisAlert) -> tuple[str, str]:
    return alert.status.ops_status.trigger_status, alert.status.ops_status.alert_ops_status


async def resolve(cluster: Cluster, alert: AegisAlert, **status: Any) -> AegisAlert:
    return await cluster.write(alert, {"status": {"status": "Resolved", **status}}, subresource="status")


async def test_a_match_is_recorded_and_passed_on(cluster: Cluster) -> None:
    rule = await cluster.rule("r", template="cordon")
    alert = await cluster.alert()
    reply = await cluster.handle(event(alert))
    stored = await cluster.now(alert)
    assert shown(stored) == ("Triggered", "Pending")
    assert stored.status.start_time == alert.metadata.creation_timestamp
    assert stored.status.firing.rule is not None
    assert stored.status.firing.rule.wire() == {
        "namespace": "monitoring",
        "name": "r",
        "uid": rule.metadata.uid,
        "generation": 1,
    }
    assert stored.status.firing.template is not None
    assert stored.status.firing.template.wire() == {"namespace": "monitoring", "name": "cordon"}
    assert reply is not None
    assert (reply.type, reply.subject, reply.data["phase"]) == (RULE_MATCHED, "monitoring/a", "firing")
    assert reply.data["alert"] == {"metadata": {"namespace": "monitoring", "name": "a", "uid": stored.metadata.uid}}


async def test_matching_reads_the_alert_alone_once_the_rules_are_known(cluster: Cluster) -> None:
    await cluster.rule()
    await cluster.handle(event(await cluster.alert(name="first")))
    await asyncio.sleep(0)  # the watch begins
    before = len(cluster.requests)
    await cluster.handle(event(await cluster.alert(name="second")))
    assert cluster.asked(before) == [
        "GET /namespaces/monitoring/aegisalerts/second",
        "PATCH /namespaces/monitoring/aegisalerts/second/status",
    ]


async def test_a_repeated_event_is_answered_alike_and_writes_nothing(cluster: Cluster) -> None:
    await cluster.rule()
    alert = await cluster.alert()
    first = await cluster.handle(event(alert))
    stored = await cluster.now(alert)
    assert await cluster.handle(event(alert)) == first
    assert await cluster.now(alert) == stored


async def test_deliveries_at_the_same_time_agree_on_one_match(cluster: Cluster) -> None:
    await cluster.rule()
    alert = await cluster.alert()
    replies = await asyncio.gather(*(cluster.handle(event(alert)) for _ in range(8)))
    assert all(reply == replies[0] for reply in replies)
    assert (await cluster.now(alert)).status.firing.trigger_status == "Triggered"


async def test_a_match_whose_workflow_runs_is_not_passed_on_again(cluster: Cluster) -> None:
    await cluster.rule()
    alert = await cluster.alert()
    await cluster.handle(event(alert))
    await cluster.write(alert, {"status": {"firing": {"workflow": "w", "workflowUID": "u"}}}, subresource="status")
    assert await cluster.handle(event(alert, id="2")) is None


async def test_an_alert_without_rule_says_so_once(cluster: Cluster) -> None:
    alert = await cluster.alert()
    assert await cluster.handle(event(alert)) is None
    stored = await cluster.now(alert)
    assert shown(stored) == ("RuleNotFound", "")
    assert await cluster.said() == [("Normal", "RuleNotFound", "a")]
    await cluster.handle(event(stored))
    assert await cluster.now(alert) == stored
    assert len(await cluster.said()) == 1


async def test_a_tie_runs_nothing_and_names_the_rules(cluster: Cluster) -> None:
    await cluster.rule("one")
    await cluster.rule("two")
    await cluster.rule("three", namespace="gpu-team")
    alert = await cluster.alert()
    assert await cluster.handle(event(alert)) is None
    (condition,) = (await cluster.now(alert)).status.conditions
    assert condition.reason == "TooManyRulesFound"
    assert "2 rules match with priority 0: monitoring/one, monitoring/two" in condition.message
    assert await cluster.said() == [("Warning", "TooManyRulesFound", "a")]


async def test_a_rule_of_another_namespace_takes_over_no_alert(cluster: Cluster) -> None:
    await cluster.rule("r")
    await cluster.rule("r", ".*", namespace="gpu-team", priority=2**31 - 1)
    alert = await cluster.alert()
    assert await cluster.handle(event(alert)) is not None
    matched = (await cluster.now(alert)).status.firing.rule
    assert matched is not None
    assert matched.namespace == "monitoring"


async def test_a_template_of_a_namespace_that_does_not_count_is_not_found(cluster: Cluster) -> None:
    await cluster.rule(opsTemplate={"namespace": "gpu-team", "name": "t"})
    alert = await cluster.alert()
    assert await cluster.handle(event(alert)) is None
    stored = await cluster.now(alert)
    assert (shown(stored), stored.status.firing.template) == (("TemplateNotFound", ""), None)
    assert "AEGIS_RULE_NAMESPACES" in stored.status.conditions[0].message
    assert await cluster.said() == [("Warning", "TemplateNotFound", "a")]


async def test_a_rule_that_was_just_applied_is_found(cluster: Cluster) -> None:
    await cluster.rule("other", "Other")
    await cluster.handle(event(await cluster.alert("Other", name="first")))
    await cluster.rule("r")  # no watch has told of it
    assert await cluster.handle(event(await cluster.alert())) is not None


async def test_a_repeat_takes_hold_of_a_rule_that_was_added_later(cluster: Cluster) -> None:
    alert = await cluster.alert()
    await cluster.handle(event(alert))
    await cluster.rule()
    reply = await cluster.handle(event(await cluster.now(alert), id="2"))
    assert reply is not None
    assert shown(await cluster.now(alert)) == ("Triggered", "Pending")


async def test_an_event_that_is_late_finds_the_alert_resolved(cluster: Cluster) -> None:
    await cluster.rule()
    alert = await cluster.alert()
    await resolve(cluster, alert)
    assert await cluster.handle(event(alert)) is None
    assert (await cluster.now(alert)).status.firing.trigger_status == ""


async def test_a_resolve_cancels_a_match_that_nobody_rendered(cluster: Cluster) -> None:
    await cluster.rule()
    alert = await cluster.alert()
    await cluster.handle(event(alert))
    assert await cluster.handle(event(await resolve(cluster, alert), ALERT_RESOLVED)) is None
    stored = await cluster.now(alert)
    assert shown(stored) == ("Cancelled", "")
    assert stored.status.firing.trigger_status == "Cancelled"
    assert await cluster.said() == [("Normal", "Cancelled", "a")]


async def test_a_resolve_waits_for_a_workflow_that_exists(cluster: Cluster) -> None:
    await cluster.rule()
    await cluster.rule("undo", status="Resolved")
    alert = await cluster.alert()
    await cluster.handle(event(alert))
    await cluster.workflow(workflow_name("a", alert.metadata.uid, "firing"))
    resolved = await resolve(cluster, alert)
    assert await cluster.handle(event(resolved, ALERT_RESOLVED)) is None
    assert await cluster.now(alert) == resolved


async def test_a_resolved_rule_is_matched_after_the_firings_workflow_ended(cluster: Cluster) -> None:
    await cluster.rule()
    await cluster.rule("undo", status="Resolved", template="uncordon")
    alert = await cluster.alert()
    await cluster.handle(event(alert))
    ended = await resolve(cluster, alert, firing={"workflow": "w", "workflowUID": "u", "outcome": "Succeeded"})
    reply = await cluster.handle(event(ended, ALERT_RESOLVED))
    assert reply is not None
    assert reply.data["phase"] == "resolved"
    stored = await cluster.now(alert)
    assert stored.status.resolved.template is not None
    assert stored.status.resolved.template.name == "uncordon"
    assert stored.status.firing.outcome == "Succeeded"


async def test_an_alert_that_is_gone_needs_nothing(cluster: Cluster) -> None:
    await cluster.rule()
    alert = await cluster.alert()
    await cluster.delete(alert)
    assert await cluster.handle(event(alert)) is None


async def test_an_alert_made_anew_under_the_name_is_left_to_its_own_event(cluster: Cluster) -> None:
    await cluster.rule()
    old = await cluster.alert()
    await cluster.delete(old)
    new = await cluster.alert()
    assert await cluster.handle(event(old)) is None
    assert await cluster.now(new) == new


async def test_an_alert_made_by_hand_is_matched_once(cluster: Cluster) -> None:
    await cluster.rule()
    alert = await cluster.alert()
    assert await cluster.handle(event(alert, RESOURCE_ADDED)) is not None
    written = await cluster.now(alert)
    before = len(cluster.requests)
    assert await cluster.handle(event(written, RESOURCE_UPDATED)) is None
    assert cluster.asked(before) == []


async def test_an_alert_that_its_author_resolves_is_undone(cluster: Cluster) -> None:
    await cluster.rule("undo", status="Resolved")
    alert = await cluster.alert()
    await cluster.handle(event(alert, RESOURCE_ADDED))
    edited = await cluster.write(alert, {"spec": {"status": "Resolved"}})
    reply = await cluster.handle(event(edited, RESOURCE_UPDATED))
    assert reply is not None
    assert reply.data["phase"] == "resolved"
    stored = (await cluster.api.get(cluster.api.resource("aegisalerts", "aegis.io"), "a", "monitoring"))["status"]
    assert stored["status"] == "Resolved"
    assert stored["resolvedTime"]


FORGED: dict[str, dict[str, Any]] = {
    "type": {"spec": {"type": "Other"}},
    "status of the spec": {"spec": {"status": "Resolved"}},
    "status": {"status": {"status": "Resolved", "resolvedTime": "2026-01-01T00:00:00Z"}},
    "labels": {"metadata": {"labels": {"severity": "critical"}}},
    "generation": {"metadata": {"generation": 7}},
    "version": {"metadata": {"resourceVersion": "1"}},
    "deletion": {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
    "decision": {"status": {"firing": {"triggerStatus": "Triggered", "template": {"namespace": "x", "name": "y"}}}},
    "outcome": {"status": {"firing": {"triggerStatus": "Triggered", "outcome": "Succeeded"}}},
    "no alert": {"spec": {"type": 1}, "status": []},
}


async def twins(cluster: Cluster) -> tuple[AegisAlert, AegisAlert]:
    """Two alerts that differ in nothing but their names, and rules of which one applies to them."""
    await cluster.rule("node")
    await cluster.rule("other", "Other")
    await cluster.rule("undo", "NodeDown", "Other", status="Resolved")
    await cluster.rule("labelled", selector={"matchLabels": {"severity": "critical"}}, priority=1)
    return await cluster.alert(name="one"), await cluster.alert(name="two")


@pytest.mark.parametrize("typ", [ALERT_FIRING, ALERT_RESOLVED, RESOURCE_ADDED, RESOURCE_UPDATED])
@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
async def test_what_an_event_says_of_its_alert_is_not_believed(
    cluster: Cluster, forged: dict[str, Any], typ: str
) -> None:
    honest, told = await twins(cluster)
    await cluster.handle(event(honest))
    data = told.manifest()
    for part, fields in forged.items():
        data[part] = {**data.get(part, {}), **fields} if isinstance(fields, dict) else fields
    reply = await cluster.handle(Event(type=typ, source="/forged", id="1", data=data))
    expected, stored = await cluster.now(honest), await cluster.now(told)
    assert stored.status.firing.rule == expected.status.firing.rule
    assert shown(stored) == shown(expected) == ("Triggered", "Pending")
    assert reply is not None
    assert reply.data["alert"]["metadata"]["uid"] == stored.metadata.uid


@pytest.mark.parametrize("forged", [{"uid": "invented"}, {"name": "another"}, {"namespace": "gpu-team"}])
@pytest.mark.parametrize("spec", [{}, {"type": "Other"}])
async def test_an_event_of_no_alert_that_is_there_runs_nothing(
    cluster: Cluster, forged: dict[str, str], spec: dict[str, str]
) -> None:
    alert, _ = await twins(cluster)
    data = alert.manifest()
    data["metadata"] |= forged
    data["spec"] |= spec
    assert await cluster.handle(Event(type=ALERT_FIRING, source="/forged", id="1", data=data)) is None
    assert await cluster.now(alert) == alert


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(None, id="nothing"),
        pytest.param({"spec": {"status": "Sleeping"}}, id="no alert"),
        pytest.param({"metadata": {"name": "a", "namespace": "monitoring"}, "spec": {}}, id="not as it is stored"),
        pytest.param({"metadata": {"name": "a/status", "namespace": "monitoring", "uid": "u"}}, id="a path"),
        pytest.param({"metadata": {"name": "a", "namespace": "../secrets", "uid": "u"}}, id="another path"),
        pytest.param({"metadata": {"name": "\ud800", "namespace": "monitoring", "uid": "u"}}, id="no Unicode"),
        pytest.param({"metadata": {"name": "a" * 254, "namespace": "monitoring", "uid": "u"}}, id="too long"),
        pytest.param({"metadata": {"name": ["a"], "namespace": "monitoring", "uid": "u"}}, id="a list"),
    ],
)
async def test_what_is_no_stored_alert_is_refused(cluster: Cluster, data: Mapping[str, Any] | None) -> None:
    with pytest.raises(BadEvent, match="data: not a stored AegisAlert"):
        await cluster.handle(Event(type=ALERT_FIRING, source="/test", id="1", data=data))
    assert cluster.requests == []
