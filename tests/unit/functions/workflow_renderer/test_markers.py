"""Marks stand for values and cannot be forged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.markers import FILTERS, Filtered, Form, Marks, Meaning, Value

FILTERED = st.builds(Filtered.of, st.text(), st.sampled_from(Form), st.sampled_from([None, *Meaning]))


@given(st.lists(st.one_of(st.text(), FILTERED), max_size=20), st.text())
def test_what_is_put_in_comes_out_in_order(values: list[str], between: str) -> None:
    marks = Marks()
    text = between.join(marks.add(value, key="k", where="") for value in values)
    found = [part for part in marks.split(text) if isinstance(part, Value)]
    assert found == [
        Value(value.text, "k", value.form, value.meaning) if isinstance(value, Filtered) else Value(value, "k")
        for value in values
    ]


@given(st.text(), st.permutations(["name", "shquote"]))
def test_filters_may_stand_in_any_order(text: str, names: list[str]) -> None:
    value: object = text
    for name in names:
        value = FILTERS[name](value)
    assert isinstance(value, Filtered)
    assert (value.text, value.form, value.meaning) == (text, Form.SHELL, Meaning.NAME)


def test_a_mark_is_one_word_and_another_each_time() -> None:
    marks, others = Marks(), Marks()
    one, two = marks.add("a: b", key="k", where=""), marks.add("a: b", key="k", where="")
    assert one.isalnum()
    assert one != two
    assert others.split(one) == (one,)


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (5, "5"), (1.5, "1.5"), (True, "true"), (False, "false"), (None, "")]
)
def test_values_are_spelled_as_yaml_spells_them(value: object, text: str) -> None:
    marks = Marks()
    assert marks.split(marks.add(value, key="k", where="")) == (Value(text, "k"),)


@pytest.mark.parametrize(("value", "kind"), [({}, "a mapping"), ([], "a list"), (object(), "a object")])
def test_what_is_no_single_value_is_refused(value: object, kind: str) -> None:
    with pytest.raises(TemplateInvalid, match=f"line 1: k is {kind}"):
        Marks().add(value, key="k", where="line 1")


def test_a_value_that_holds_a_mark_is_refused() -> None:
    marks = Marks()
    with pytest.raises(TemplateInvalid, match="holds other values"):
        marks.add(f"x{marks.add('a', key='a', where='')}", key="b", where="")
