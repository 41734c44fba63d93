"""Argo's tags are replaced in every text of a template."""

import pytest

from sandbox.workloads.variables import UnresolvedError, holds, is_known_condition, substitute

SCOPE = {"workflow.name": "w", "inputs.parameters.x": "value with {{workflow.name}}"}


def test_tags_are_replaced_wherever_they_stand() -> None:
    template = {"args": ["a {{workflow.name}}", "{{ workflow.name }}-{{workflow.name}}"], "n": 1, "none": None}
    assert substitute(template, SCOPE) == {"args": ["a w", "w-w"], "n": 1, "none": None}


def test_a_value_is_not_looked_into_again() -> None:
    assert substitute("{{inputs.parameters.x}}", SCOPE) == "value with {{workflow.name}}"


def test_a_tag_without_a_value_is_named() -> None:
    with pytest.raises(UnresolvedError, match=r"failed to resolve \{\{inputs.parameters.y\}\}"):
        substitute(["{{inputs.parameters.y}}"], SCOPE)


def test_expressions_are_refused() -> None:
    with pytest.raises(UnresolvedError, match="no expressions"):
        substitute("{{= 1 + 1 }}", SCOPE)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a == a", True),
        ("'a' == \"a\"", True),
        ("a != a", False),
        ("a == b || c == c", True),
        ("a == a && b == c", False),
        ("true", True),
        ("false", False),
        ("{{inputs.parameters.said}} == 'yes'", False),
        ("'{{inputs.parameters.said}}' != no", True),
        ("{{inputs.parameters.said}} == x || {{workflow.name}}-1 == w-1", True),
        ("{{inputs.parameters.condition}}", True),
        ("'' == ''", True),
    ],
)
def test_conditions(condition: str, expected: bool) -> None:  # noqa: FBT001
    said = {"inputs.parameters.said": "(it's) a == a || true", "inputs.parameters.condition": "1 != 2"}
    assert is_known_condition(condition)
    assert holds(condition, SCOPE | said) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "1 < 2",
        "!(a == b)",
        "(a == b)",
        "a in (a, b)",
        "a =~ b",
        "a == b == c",
        "a ==",
        "&& a",
        "",
        "a b == c",
        "{{=a}} == b",
    ],
)
def test_a_condition_that_is_not_known_is_refused(condition: str) -> None:
    assert not is_known_condition(condition)
    with pytest.raises(UnresolvedError, match="the sandbox knows only"):
        holds(condition, {})


def test_a_value_that_is_no_condition_is_refused() -> None:
    with pytest.raises(UnresolvedError, match="maybe"):
        holds("{{answer}}", {"answer": "maybe"})


@pytest.mark.parametrize("text", ["{{" + " " * 50_000, "{{" * 50_000, "{{" + " =" * 50_000])
def test_text_that_only_begins_a_tag_stays_and_takes_no_time(text: str) -> None:
    assert substitute(text, {}) == text
    assert not is_known_condition(text)
