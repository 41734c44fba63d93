"""No object is poison: whatever an alert or a rule is like, it ends as a status on it, and nothing else waits."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import celpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aegis.events import ALERT_FIRING, RESOURCE_ADDED, Event
from aegis.models.alert import AegisAlert
from aegis.models.base import Object
from aegis.models.conditions import MESSAGE_LENGTH
from aegis.models.rule import AegisAlertOpsRule, AlertCondition, RuleSpec
from aegis.models.states import TriggerStatus
from aegis.names import NamespacedName
from functions.rule_matcher.matching import Rule, RuleIndex
from functions.rule_matcher.recording import record_rule
from functions.rule_matcher.validity import problems
from sandbox.api import Api, ApiError
from tests.unit.functions.rule_matcher.cluster import Cluster, start
from tests.unit.limits import schema, specs

celpy.Environment()  # raises the recursion limit, which hypothesis wants to stay as it is within a test

LIMITS = ("maxLength", "maxItems")


def event(item: Object, typ: str) -> Event:
    return Event(typ, "/test", "1", item.manifest())


def without_limits(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: without_limits(value) for key, value in node.items() if key not in LIMITS}
    return [without_limits(item) for item in node] if isinstance(node, list) else node


@pytest.fixture
async def cluster(api: Api) -> AsyncIterator[Cluster]:
    """A cluster whose CRDs are from before there were limits; of a message there always was one."""
    definitions = api.resource("customresourcedefinitions", "apiextensions.k8s.io")
    for kind in (AegisAlert, AegisAlertOpsRule):
        stored = await api.get(definitions, f"{kind.resource.plural}.aegis.io")
        (version,) = stored["spec"]["versions"]
        fields = version["schema"]["openAPIV3Schema"]["properties"]
        fields["spec"] = without_limits(fields["spec"])
        await api.replace(definitions, stored)
    cluster = Cluster(api)
    yield cluster
    await cluster.rules.close()


async def recorded(cluster: Cluster, rule: AegisAlertOpsRule) -> AegisAlertOpsRule:
    await record_rule(cluster.kube, cluster.rules, event(rule, RESOURCE_ADDED))
    return await cluster.now(rule)


OVERSIZE: dict[str, dict[str, Any]] = {
    "a key of 40,000 characters": {"selector": {"matchLabels": {"k" * 40_000: "v"}}},
    "30 keys of 2,000": {"selector": {"matchLabels": {f"{number:02}" + "k" * 1998: "v" for number in range(30)}}},
    "a value of 40,000": {"selector": {"matchLabels": {"k": "v" * 40_000}}},
    "600 bad conditions": {"alertConditions": [{"type": f"Node{number}("} for number in range(600)]},
    "a pattern of 40,000": {"alertConditions": [{"type": "N" * 40_000}]},
    "600 large patterns": {"alertConditions": [{"type": rf".*(\pL{{1,300}}){n}?.*"} for n in range(600)]},
}


@pytest.mark.parametrize("spec", OVERSIZE.values(), ids=OVERSIZE)
async def test_a_rule_beyond_all_measure_is_invalid(cluster: Cluster, spec: dict[str, Any]) -> None:
    stored = await recorded(cluster, await cluster.rule(**spec))
    assert stored.status.status == "Invalid"
    assert all(len(condition.message) <= MESSAGE_LENGTH for condition in stored.status.conditions)
    assert await recorded(cluster, stored) == stored


async def test_an_alert_beyond_all_measure_is_answered(cluster: Cluster) -> None:
    alert = await cluster.alert("T" * 40_000)
    assert await cluster.handle(event(alert, ALERT_FIRING)) is None
    stored = await cluster.now(alert)
    assert stored.status.firing.trigger_status == "RuleNotFound"
    await cluster.handle(event(stored, ALERT_FIRING))
    assert await cluster.now(alert) == stored


async def test_a_rule_beyond_all_measure_fails_no_alert_that_it_selects(cluster: Cluster) -> None:
    key = "k" * 40_000
    selector = {"matchExpressions": [{"key": key, "operator": "DoesNotExist"}]}
    await cluster.rule("poison", selector=selector, priority=1)
    first = await cluster.alert(name="first")
    assert await cluster.handle(event(first, ALERT_FIRING)) is None
    assert (await cluster.now(first)).status.firing.trigger_status == "RuleError"
    await cluster.rule("good")
    second = await cluster.alert(name="second")
    assert await cluster.handle(event(second, ALERT_FIRING)) is not None


def not_what_it_says(**fields: Any) -> RuleSpec:
    """A spec whose fields nobody validated."""
    spec = {"alert_conditions": [AlertCondition(type="NodeDown")], "selector": None, **fields}
    return RuleSpec.model_construct(**spec)


def test_a_rule_whose_check_fails_is_invalid_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    (problem,) = problems(not_what_it_says(alert_conditions=7))
    assert (problem.reason, problem.field) == ("CheckFailed", "spec")
    assert "TypeError" in problem.message
    assert [record.message for record in caplog.records if record.exc_info] == ["checking a rule failed"]


async def test_an_alert_about_which_deciding_fails_says_so_once(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Rule(NamespacedName("monitoring", "r"), "u", 1, not_what_it_says(selector=7))
    alert = await cluster.alert()
    await cluster.rules.current()
    monkeypatch.setattr(cluster.rules, "_rules", {broken.where: broken})
    monkeypatch.setattr(cluster.rules, "_index", RuleIndex([broken]))
    monkeypatch.setattr(cluster.rules, "_drop", lambda _: None)
    monkeypatch.setattr(cluster.rules, "_put", lambda _: None)  # a list does not mend it
    assert await cluster.handle(event(alert, ALERT_FIRING)) is None
    stored = await cluster.now(alert)
    assert stored.status.firing.trigger_status is TriggerStatus.RULE_ERROR
    assert "AttributeError" in stored.status.conditions[0].message
    assert [record.message for record in caplog.records if record.exc_info] == ["deciding failed"]
    assert await cluster.said() == [("Warning", "RuleError", "a")]
    await cluster.handle(event(stored, ALERT_FIRING))
    assert await cluster.now(alert) == stored


async def answered(rule: Mapping[str, Any], alert: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    cluster = Cluster(await start())
    try:
        the_rule = await cluster.create(AegisAlertOpsRule, {"metadata": {"name": "r"}, "spec": rule})
        the_alert = await cluster.create(AegisAlert, {"metadata": {"name": "a", "labels": labels}, "spec": alert})
    except ApiError:  # a rule in CEL does not hold: no valid object
        return
    stored_rule = await recorded(cluster, the_rule)
    assert stored_rule.status.status in ("Recorded", "Invalid")
    assert await recorded(cluster, stored_rule) == stored_rule
    await cluster.handle(event(the_alert, ALERT_FIRING))
    stored = await cluster.now(the_alert)
    assert stored.status.ops_status.trigger_status is not TriggerStatus.NONE
    await cluster.handle(event(stored, ALERT_FIRING))
    assert await cluster.now(stored) == stored
    await cluster.rules.close()


RULES, ALERTS = specs(schema(AegisAlertOpsRule)), specs(schema(AegisAlert))


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(rule=RULES, alert=ALERTS, labels=st.dictionaries(st.sampled_from(["a", "b/c"]), st.just("v")))
def test_whatever_the_crds_let_through_is_answered(
    rule: dict[str, Any], alert: dict[str, Any], labels: dict[str, str]
) -> None:
    asyncio.run(answered(rule, alert, labels))
