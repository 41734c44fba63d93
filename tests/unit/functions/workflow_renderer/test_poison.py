"""No template is poison: whatever it is like, it ends as a status on it and on the alert, and nothing comes again."""

import asyncio
from typing import Any, NoReturn

import celpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aegis.errors import Unavailable
from aegis.models.alert import AegisAlert
from aegis.models.conditions import MESSAGE_LENGTH
from aegis.models.states import TriggerStatus
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import Workflow
from functions.workflow_renderer import confined, rendering
from sandbox.api import ApiError
from tests.unit.functions.workflow_renderer.cluster import Cluster, start
from tests.unit.functions.workflow_renderer.manifests import script, template
from tests.unit.limits import schema, specs

celpy.Environment()  # raises the recursion limit, which hypothesis wants to stay as it is within a test

MACRO = "{% macro m() %}{{ m() }}{% endmacro %}"
DEFINED = '{{define "a"}}{{template "a" .}}{{end}}'


def with_spec(text: str) -> str:
    return f"{template('suspend: {}')}  {text}\n"


OVER_A_BOUND: dict[str, str] = {
    "a missing brace and quoted lines": 'value: "{{ node }"\n' + 'echo "it\'s"\n' * 5_000,
    "an anchor of 100 KB with 5,000 aliases": f"a: &a {'x' * 100_000}\nb: [{'*a, ' * 5_000}]",
    "aliases where each may stand": with_spec(
        f"arguments: {{parameters: [&a {{name: a, value: {'x' * 100_000}}}{', *a' * 2_000}]}}"
    ),
    "50,000 nested lists": "[" * 50_000,
    "25 nested loops": script("{% for a in [1] %}" * 25 + "{% endfor %}" * 25),
    "a loop of a billion rounds": script("{% for a in range(1000) %}" * 3 + "{% endfor %}" * 3),
    "a range of a billion, in Go": script("{{range 1000}}" * 3 + "x" + "{{end}}" * 3),
    "a number that is not finite": script("{{ 1e999 | int }}"),
    "a number of 5,000 digits": script("{{ " + "1" * 5_000 + " }}"),
    "a number of 4,000 digits": script("{{ " + "1" * 4_000 + " }}"),
    "a number of 5,000 digits, in Go": script("{{print " + "1" * 5_000 + "}}"),
    "a number of 5,000 digits, in YAML": with_spec(f"priority: {'1' * 5_000}"),
    "a number of 20,000 hexadecimal digits": with_spec(f"priority: 0x{'f' * 20_000}"),
    "a parameter of 20,000 hexadecimal digits": with_spec(
        f"arguments: {{parameters: [{{name: a, value: 0x{'f' * 20_000}}}]}}"
    ),
    "a number of 65 bits": with_spec(f"priority: {2**64}"),
    "infinity": with_spec("arguments: {parameters: [{name: a, value: .inf}]}"),
    "no number": template("container: {image: x, resources: {limits: {cpu: .nan}}}"),
    "a width of 999,999,999": script('{{printf "%999999999d" 1}}'),
    "a width of 999,999,999 of an argument": script('{{printf "%[1]999999999d" 1}}'),
    "a width that is an argument": script('{{printf "%[1]*d" 999999999}}'),
    "a precision of 999,999,999": script('{{printf "%.999999999f" 1.5}}'),
    "2,000 parentheses": script("{{ " + "(" * 2_000 + "node" + ")" * 2_000 + " }}"),
    "2,000 branches, in Go": script("{{if .a}}" + "{{else if .a}}" * 2_000 + "{{end}}"),
    "a macro that calls itself": script(MACRO + "{{ m() }}"),
    "a template that calls itself, in Go": script(DEFINED + '{{template "a" .}}'),
    "a comparison of 6,000": script("{% if " + "<".join(["node"] * 6_000) + " %}{% endif %}"),
    "10,000 attributes": script("{{ alert" + ".a" * 10_000 + " }}"),
    "7,000 unknown fields": with_spec("".join(f"\n  entrypoin{number}: x" for number in range(7_000))),
}
OF_VALUES: dict[str, str] = {
    "values that are long": script("{{ long }}\n" * 3_000),
    "values that are quoted and long": script("echo {{ long | shquote }}\n" * 3_000),
    "a function of long values in a loop": script("{{range 9999}}{{$x := html $.long}}{{end}}"),
    "comparisons of long values in a loop": script(
        "{{$x := print .long 1}}{{$y := print .long 2}}{{range 9999}}{{if eq $x" + " $y" * 900 + "}}{{end}}{{end}}"
    ),
    "a text that is cut to nothing": script("{{ long | truncate(1) }}"),
    "a text of 10^9": script("{{ long * 10**9 }}"),
    "a text of 10^9 by a filter": script("{{ long | replace('x', long) }}"),
    "a list that is deep": script("{% set b = [1] %}" + "{% set b=[b] %}" * 1_500 + "{{ b == b }}"),
}


async def the_alert(cluster: Cluster) -> AegisAlert:
    details = {"node": "n", "long": "x" * 20_000}
    return await cluster.create(AegisAlert, "a", {"type": "T", "details": details})


@pytest.mark.parametrize("manifest", OVER_A_BOUND.values(), ids=OVER_A_BOUND)
async def test_a_template_over_a_bound_is_invalid_once_and_starts_nothing(manifest: str) -> None:
    cluster = await start()
    stored = await cluster.recorded(await cluster.create(AegisOpsTemplate, "t", {"manifest": manifest}))
    assert stored.status.status == "Invalid"
    assert all(len(condition.message) <= MESSAGE_LENGTH for condition in stored.status.conditions)
    assert await cluster.recorded(stored) == stored
    alert = await cluster.rendered(await the_alert(cluster))
    assert alert.status.firing.trigger_status is TriggerStatus.TEMPLATE_INVALID
    assert (await cluster.kube.list(Workflow)).items == []


@pytest.mark.parametrize("manifest", OF_VALUES.values(), ids=OF_VALUES)
async def test_what_is_too_much_with_the_values_of_an_alert_is_said_on_the_alert(manifest: str) -> None:
    cluster = await start()
    await cluster.create(AegisOpsTemplate, "t", {"manifest": manifest})
    alert = await cluster.rendered(await the_alert(cluster))
    assert alert.status.firing.trigger_status is TriggerStatus.TEMPLATE_INVALID
    assert (await cluster.kube.list(Workflow)).items == []


@pytest.mark.parametrize(
    ("source", "logged"),
    [("echo {{ node }}", ["rendering failed"]), ("echo {{ node | upper }}", [])],
    ids=["at once", "in a child"],
)
async def test_whatever_fails_is_said_on_the_alert(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, source: str, logged: list[str]
) -> None:
    def fail(*_: Any) -> NoReturn:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(rendering, "parse", fail)
    cluster = await start()
    stored = await cluster.recorded(await cluster.create(AegisOpsTemplate, "t", {"manifest": script(source)}))
    assert stored.status.status == "Invalid"
    alert = await cluster.rendered(await the_alert(cluster))
    assert alert.status.firing.trigger_status is TriggerStatus.TEMPLATE_INVALID
    assert "ZeroDivisionError: a fault of ours" in alert.status.conditions[0].message
    assert [record.message for record in caplog.records if record.exc_info] == logged


async def test_a_machine_that_is_too_busy_is_no_fault_of_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "WALL_SECONDS", 0.0)
    cluster = await start()
    template = await cluster.create(AegisOpsTemplate, "t", {"manifest": script("echo")})
    with pytest.raises(Unavailable):
        await cluster.recorded(template)
    assert await cluster.now(template) == template


async def test_what_was_edited_while_it_was_checked_has_an_event_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = await start()
    template = await cluster.create(AegisOpsTemplate, "t", {"manifest": "a: ["})
    resource = cluster.api.resource("aegisopstemplates", "aegis.io")
    recorded = confined.confined

    async def edited_meanwhile(work: Any) -> Any:
        result = await recorded(work)
        await cluster.api.patch(resource, "t", {"spec": {"manifest": script("echo")}}, "monitoring")
        return result

    monkeypatch.setattr("functions.workflow_renderer.bounded.confined", edited_meanwhile)
    assert (await cluster.recorded(template)).status.status == ""


async def test_what_an_event_says_of_a_template_is_not_believed() -> None:
    cluster = await start()
    template = await cluster.create(AegisOpsTemplate, "t", {"manifest": script("echo")})
    forged = template.model_copy(update={"spec": template.spec.model_copy(update={"manifest": "a: ["})})
    assert (await cluster.recorded(forged)).status.status == "Recorded"


async def answered(template: dict[str, Any], alert: dict[str, Any]) -> None:
    cluster = await start()
    try:
        the_template = await cluster.create(AegisOpsTemplate, "t", template)
        the_alert = await cluster.create(AegisAlert, "a", {**alert, "status": "Firing"})
    except ApiError:  # a rule in CEL does not hold, or it is larger than what is stored: no valid object
        return
    stored = await cluster.recorded(the_template)
    assert stored.status.status in ("Recorded", "Invalid")
    assert await cluster.recorded(stored) == stored
    status = (await cluster.rendered(the_alert)).status.firing.trigger_status
    made = (await cluster.kube.list(Workflow)).items
    assert (status is TriggerStatus.TRIGGERED) == bool(made)


SPECS = st.builds(
    lambda spec, manifest: {**spec, **manifest},
    specs(schema(AegisOpsTemplate)),
    st.one_of(
        st.just({}),
        st.sampled_from(["{{.%s}}", "{{ %s }}", "{{ %s | shquote }}", "{{ %s | upper }}", "{{print .%s}}"]).flatmap(
            lambda form: st.sampled_from(["AlertName", "alert.spec.type", "InvolvedObjectName", "a0"]).map(
                lambda name: {"manifest": script(f"echo {form % name}")}
            )
        ),
    ),
)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(template=SPECS, alert=specs(schema(AegisAlert)))
def test_whatever_the_crds_let_through_is_answered(template: dict[str, Any], alert: dict[str, Any]) -> None:
    asyncio.run(answered(template, alert))
