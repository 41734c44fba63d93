"""Rules of which none ever runs, because another says the very same."""

from typing import Any

import pytest

from aegis.scope import EACH_ITS_OWN, Scope
from functions.rule_matcher.matching import Rule
from functions.rule_matcher.ties import Twins
from tests.unit.functions.rule_matcher.objects import rule

MINE = rule("mine")


def tied(one: Rule, *others: Rule, scope: Scope = EACH_ITS_OWN) -> list[Rule]:
    return [*Twins([one, *others], scope).of(one)]


@pytest.mark.parametrize(
    ("other", "ties"),
    [
        pytest.param(rule("other"), True, id="the same"),
        pytest.param(rule("other", priority=1), False, id="another priority"),
        pytest.param(rule("other", "Elsewhere"), False, id="another type"),
        pytest.param(rule("other", status="Resolved"), False, id="another status"),
        pytest.param(rule("other", template="another"), True, id="another template"),
        pytest.param(rule("other", template=""), False, id="an invalid one"),
        pytest.param(rule("other", namespace="gpu-team"), False, id="in another namespace"),
        pytest.param(MINE, False, id="itself"),
    ],
)
def test_rules_tie_that_select_the_same_with_the_same_priority(other: Rule, ties: bool) -> None:  # noqa: FBT001
    assert tied(MINE, other) == ([other] if ties else [])


def test_a_rule_that_counts_for_all_ties_those_of_others_and_not_the_other_way_round() -> None:
    """For alerts of gpu-team there are two then; whatever gpu-team writes, those of monitoring have one."""
    theirs, shared = rule("other", namespace="gpu-team"), Scope(frozenset({"monitoring"}))
    assert tied(theirs, MINE, scope=shared) == [MINE]
    assert tied(MINE, theirs, scope=shared) == []


def test_a_rule_that_is_there_no_more_ties_none() -> None:
    other = rule("other")
    twins = Twins([MINE, other], EACH_ITS_OWN)
    twins.remove(other)
    assert [*twins.of(MINE)] == []
    twins.add(other)
    assert [*twins.of(MINE)] == [other]


@pytest.mark.parametrize(
    ("one", "same", "another"),
    [
        (
            {"selector": {"matchLabels": {"a": "1", "b": "2"}}},
            {"selector": {"matchLabels": {"b": "2", "a": "1"}}},
            {"selector": {"matchLabels": {"a": "1"}}},
        ),
        ({"matchers": ["a=b", "c=d"]}, {"matchers": ["c=d", "a=b"]}, {"matchers": ["a=b"]}),
        (
            {"selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}},
            {"selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["2", "1"]}]}},
            {"selector": {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1", "2"]}]}},
        ),
    ],
)
def test_the_order_in_which_things_are_said_makes_no_difference(
    one: dict[str, Any], same: dict[str, Any], another: dict[str, Any]
) -> None:
    first, second, third = (rule(str(number), **spec) for number, spec in enumerate((one, same, another)))
    assert tied(first, second, third) == [second]
