"""Alertmanager's matchers, as they are read and as they hold."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rule_matcher.matchers import Matcher, read_matcher, values_of
from functions.rule_matcher.matching import RuleIndex
from tests.unit.functions.rule_matcher.objects import alert, rule

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('mountpoint="/boot"', ("mountpoint", "=", "/boot")),
        ('severity=~"critical|page"', ("severity", "=~", "critical|page")),
        ('team!=""', ("team", "!=", "")),
        (" team !~ infra ", ("team", "!~", "infra")),
        ('"a b"="c d"', ("a b", "=", "c d")),
        ("k8s.io/name=x", ("k8s.io/name", "=", "x")),
        ('größe="\\u00e9\\n\\\\d"', ("größe", "=", "é\n\\d")),
        ('a="line\nline"', ("a", "=", "line\nline")),
    ],
)
def test_a_matcher_is_read(text: str, expected: tuple[str, str, str]) -> None:
    assert read_matcher(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no matcher"),
        ("a", "no matcher"),
        ("=b", "no matcher"),
        ("a=", "no matcher"),
        ("a==b", "no matcher"),
        ("a=b c", "no matcher"),
        ("a=b,c=d", "no matcher"),
        ("{a=b}", "no matcher"),
        ('a="b', "no matcher"),
        ('""="b"', "its name is empty"),
        ('a=~"\\d"', "has an escape that is none"),
        ('a=~"("', "not a regular expression"),
        ('a=~"(?=x)"', "not a regular expression"),
        ('a=~"' + "x" * 2000 + '"', "longer than 1024 characters"),
    ],
)
def test_what_is_no_matcher_is_said(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_matcher(text)


@given(TEXT.filter(bool), st.sampled_from(["=", "!="]), TEXT)
def test_whatever_is_quoted_is_read_as_it_was(name: str, operator: str, value: str) -> None:
    text = f"{json.dumps(name)} {operator} {json.dumps(value, ensure_ascii=False)}"
    assert read_matcher(text) == (name, operator, value)
    assert read_matcher(str(Matcher("a", operator, value))) == ("a", operator, value)


@given(
    st.dictionaries(st.sampled_from("ab"), st.sampled_from(["", "x", "xy"])), st.sampled_from(["", "x", "x.*", ".+"])
)
def test_operators_come_in_opposites(values: dict[str, str], value: str) -> None:
    for yes, no in (("=", "!="), ("=~", "!~")):
        assert Matcher("a", yes, value).holds(values) is not Matcher("a", no, value).holds(values)
    assert Matcher("a", "=~", value).holds(values) is (re.fullmatch(value, values.get("a", "")) is not None)


def test_an_absent_value_is_the_empty_text() -> None:
    assert read_matcher('team=""').holds({})
    assert read_matcher('team=~".*"').holds({})
    assert not read_matcher('team=~".+"').holds({})


def test_details_go_before_the_alerts_own_fields() -> None:
    given = alert("DiskFull", spec={"severity": "page", "source": "Default", "details": {"source": "x", "detail": "y"}})
    values = values_of(given)
    assert {key: values[key] for key in ("alertname", "type", "severity", "source", "detail")} == {
        "alertname": "DiskFull",
        "type": "DiskFull",
        "severity": "page",
        "source": "x",
        "detail": "y",
    }


@pytest.mark.parametrize(
    ("matchers", "applies"),
    [
        (['mountpoint="/boot"', 'severity=~"critical|page"'], True),
        (['mountpoint="/boot"', 'severity="page"'], False),
        (['mountpoint!~"/.*"'], False),
        (['team!=""'], False),
    ],
)
def test_a_rule_applies_where_all_its_matchers_hold(matchers: list[str], *, applies: bool) -> None:
    asked = alert("DiskFull", spec={"severity": "critical", "details": {"mountpoint": "/boot"}})
    verdict = RuleIndex([rule("r", "DiskFull", matchers=matchers)]).find(asked)
    assert (verdict.rule is not None) is applies


def test_what_a_matcher_misses_is_said() -> None:
    asked = alert("DiskFull", spec={"severity": "warning"})
    told = RuleIndex([rule("r", "DiskFull", matchers=['severity="critical"'])]).find(asked).message
    assert told.endswith(
        "; for this type and status: monitoring/r wants severity=\"critical\", this alert has 'warning'"
    )


def test_a_bad_matcher_makes_the_rule_invalid() -> None:
    bad = rule("r", "DiskFull", matchers=["severity=critical", 'a=~"("'])
    (problem,) = bad.problems
    assert (problem.reason, problem.field) == ("InvalidMatchers", "spec.matchers[1]")
    assert RuleIndex([bad]).find(alert("DiskFull")).trigger_status == "RuleError"
