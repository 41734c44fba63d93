"""Argo's tags are replaced in every text of a template."""

import pytest

from sandbox.workloads.variables import UnresolvedError, holds, substitute

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
    ],
)
def test_conditions(condition: str, expected: bool) -> None:  # noqa: FBT001
    assert holds(condition) is expected


def test_a_condition_that_is_not_known_is_refused() -> None:
    with pytest.raises(UnresolvedError, match="1 < 2"):
        holds("1 < 2")
