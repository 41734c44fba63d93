"""What is said of a rule when it is applied."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.rule import AegisAlertOpsRule, RuleSpec, RuleState
from functions.rule_matcher.validity import problems, recorded
from tests.unit.functions.rule_matcher.objects import NOW, rule_manifest

LATER = "2026-01-02T00:00:00Z"


def stored(status: dict[str, Any] | None = None, *, generation: int = 1, **spec: Any) -> AegisAlertOpsRule:
    manifest = rule_manifest("r", **spec)
    manifest["metadata"]["generation"] = generation
    return AegisAlertOpsRule.read({**manifest, "status": status or {}})


def found(**spec: Any) -> list[str]:
    return [str(problem) for problem in problems(stored(**spec).spec)]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="the Go system's example"),
        pytest.param({"selector": {}}, id="an empty selector"),
        pytest.param({"selector": {"matchLabels": {"example.com/a": "", "b": "B-1"}}}, id="labels"),
        pytest.param(
            {"selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}, id="an expression without values"
        ),
    ],
)
def test_a_rule_that_can_work_has_no_problems(spec: dict[str, Any]) -> None:
    assert found(**spec) == []


def expression(operator: str, *values: str, key: str = "a") -> dict[str, Any]:
    return {"selector": {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"alertConditions": []}, "spec.alertConditions: empty"),
        ({"alertConditions": [{"status": "Firing"}]}, "spec.alertConditions[0].type: empty: write .*"),
        (
            {"alertConditions": [{"type": "A"}, {"type": "B("}]},
            "spec.alertConditions[1].type: not a regular expression",
        ),
        ({"selector": {"matchLabels": {"-a": "1"}}}, "spec.selector.matchLabels: '-a' is no label key"),
        ({"selector": {"matchLabels": {"a": "1 2"}}}, "spec.selector.matchLabels: '1 2' is no label value"),
        (expression("In"), "spec.selector.matchExpressions[0].values: empty: In wants"),
        (expression("NotIn"), "spec.selector.matchExpressions[0].values: empty: NotIn wants"),
        (expression("Exists", "1"), "spec.selector.matchExpressions[0].values: Exists takes none"),
        (expression("DoesNotExist", "1"), "spec.selector.matchExpressions[0].values: DoesNotExist takes none"),
        (expression("Exists", key="a b"), "spec.selector.matchExpressions[0]: 'a b' is no label key"),
        (expression("In", "x" * 64), "spec.selector.matchExpressions[0]: 'xxxx"),
        ({"opsTemplate": {"kind": "AegisOpsTemplate"}}, "spec.opsTemplate.name: empty"),
        ({"opsTemplate": {"name": "../t"}}, "spec.opsTemplate.name: '../t' is no name"),
        ({"opsTemplate": {"namespace": "a/b", "name": "t"}}, "spec.opsTemplate.namespace: 'a/b' is no name"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(spec: dict[str, Any], said: str) -> None:
    only = found(**spec)
    assert len(only) == 1
    assert only[0].startswith(said)


@given(
    patterns=st.lists(st.text(max_size=6), max_size=3),
    labels=st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
)
def test_any_rule_can_be_checked(patterns: list[str], labels: dict[str, str]) -> None:
    spec = RuleSpec.model_validate(
        {"alertConditions": [{"type": text} for text in patterns], "selector": {"matchLabels": labels}}
    )
    assert all(re.match(r"spec\.\w+", problem.field) for problem in problems(spec))


def test_a_valid_rule_is_recorded() -> None:
    patch = recorded(stored(generation=3), now=NOW)
    assert patch is not None
    assert (patch.status, patch.observed_generation) == ("Recorded", 3)
    assert [(c.type, c.status, c.reason, c.observed_generation) for c in patch.conditions] == [
        ("Valid", "True", "Recorded", 3)
    ]


def test_an_invalid_rule_says_all_that_is_wrong() -> None:
    patch = recorded(stored(alertConditions=[{"type": "("}], opsTemplate={}), now=NOW)
    assert patch is not None
    assert patch.status == "Invalid"
    (condition,) = patch.conditions
    assert (condition.status, condition.reason) == ("False", "InvalidAlertConditions")
    assert "spec.alertConditions[0].type" in condition.message
    assert "spec.opsTemplate.name" in condition.message


def wire(state: RuleState | None) -> dict[str, Any]:
    assert state is not None
    return state.changes()


@pytest.mark.parametrize("spec", [{}, {"opsTemplate": {}}], ids=["valid", "invalid"])
def test_what_is_recorded_is_not_recorded_again(spec: dict[str, Any]) -> None:
    status = wire(recorded(stored(**spec), now=NOW))
    assert recorded(stored({**status, "triggerStatus": {"succeeded": 4}}, **spec), now=LATER) is None


def test_an_edited_rule_is_recorded_anew_and_keeps_what_others_wrote() -> None:
    status = wire(recorded(stored(), now=NOW))
    status["conditions"] = [{"type": "Theirs", "status": "True"}, *status["conditions"]]
    patch = recorded(stored(status, generation=2), now=LATER)
    assert patch is not None
    assert patch.observed_generation == 2
    assert [(c.type, c.last_transition_time) for c in patch.conditions] == [("Theirs", None), ("Valid", NOW)]
