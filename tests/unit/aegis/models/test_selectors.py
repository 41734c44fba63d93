"""Label selectors select what Kubernetes says they select."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aegis.models.selectors import LabelSelector, LabelSelectorRequirement

KEYS, VALUES = ["app", "tier", "node"], ["a", "b", ""]

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
requirements = st.builds(
    LabelSelectorRequirement,
    key=st.sampled_from(KEYS),
    operator=st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    values=st.lists(st.sampled_from(VALUES), max_size=2),
)
selectors = st.builds(
    LabelSelector,
    match_labels=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2),
    match_expressions=st.lists(requirements, max_size=3),
)


def requirement(operator: str, *values: str) -> LabelSelectorRequirement:
    return LabelSelectorRequirement.model_validate({"key": "app", "operator": operator, "values": list(values)})


@pytest.mark.parametrize(
    ("operator", "values", "chosen"),
    [
        ("In", ["a", "b"], [{"app": "a"}, {"app": "b"}]),
        ("NotIn", ["a", "b"], [{}, {"app": "c"}]),
        ("Exists", [], [{"app": "a"}, {"app": "b"}, {"app": "c"}, {"app": ""}]),
        ("DoesNotExist", [], [{}]),
    ],
)
def test_each_operator(operator: str, values: list[str], chosen: list[dict[str, str]]) -> None:
    every: list[dict[str, str]] = [{}, {"app": "a"}, {"app": "b"}, {"app": "c"}, {"app": ""}]
    expected = [*chosen, {"app": ""}] if operator == "NotIn" else chosen
    assert [each for each in every if requirement(operator, *values).selects(each)] == expected


def test_an_unknown_operator_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="'In', 'NotIn', 'Exists' or 'DoesNotExist'"):
        requirement("Near")


@given(labels)
def test_an_empty_selector_selects_everything(chosen: dict[str, str]) -> None:
    assert LabelSelector().selects(chosen)


@given(selectors, labels)
def test_every_part_must_hold(selector: LabelSelector, chosen: dict[str, str]) -> None:
    parts = [LabelSelector(match_labels={key: value}) for key, value in selector.match_labels.items()]
    parts += [LabelSelector(match_expressions=[expression]) for expression in selector.match_expressions]
    assert selector.selects(chosen) == all(part.selects(chosen) for part in parts)


@given(st.sampled_from(KEYS), st.sampled_from(VALUES), labels)
def test_a_match_label_is_short_for_in_with_one_value(key: str, value: str, chosen: dict[str, str]) -> None:
    short = LabelSelector(match_labels={key: value})
    long = LabelSelector(match_expressions=[LabelSelectorRequirement(key=key, operator="In", values=[value])])
    assert short.selects(chosen) == long.selects(chosen)


@given(st.lists(st.sampled_from(VALUES)), labels)
def test_opposite_operators_select_opposite_labels(values: list[str], chosen: dict[str, str]) -> None:
    assert requirement("In", *values).selects(chosen) != requirement("NotIn", *values).selects(chosen)
    assert requirement("Exists").selects(chosen) != requirement("DoesNotExist").selects(chosen)


@given(selectors)
def test_a_selector_survives_the_wire(selector: LabelSelector) -> None:
    assert LabelSelector.model_validate(selector.wire()) == selector


@pytest.mark.parametrize("manifest", [{}, {"matchLabels": None}], ids=["empty", "null"])
def test_what_a_manifest_leaves_out_is_empty(manifest: dict[str, Any]) -> None:
    assert LabelSelector.model_validate(manifest) == LabelSelector()
