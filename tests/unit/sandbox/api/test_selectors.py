"""Selectors are parsed as kubectl writes them and hold against labels and fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.errors import ApiError
from sandbox.api.resources import EVENTS, PODS
from sandbox.api.selectors import Selector, parse_fields, parse_labels

_word = st.from_regex(r"[a-z]{1,5}", fullmatch=True)
_labels = st.dictionaries(_word, _word, max_size=4)


@given(labels=_labels, key=_word, values=st.lists(_word, min_size=1, max_size=3))
def test_in_and_notin_are_opposites(labels: dict[str, str], key: str, values: list[str]) -> None:
    listed = ",".join(values)
    obj = {"metadata": {"labels": labels}}
    inside = Selector(parse_labels(f"{key} in ({listed})")).matches(obj)
    outside = Selector(parse_labels(f"{key} notin ({listed})")).matches(obj)
    assert inside is not outside
    assert inside is (labels.get(key) in values)


@given(labels=_labels)
def test_a_selector_of_its_own_labels_matches(labels: dict[str, str]) -> None:
    text = ",".join(f"{key}={value}" for key, value in labels.items())
    assert Selector(parse_labels(text)).matches({"metadata": {"labels": labels}})


@pytest.mark.parametrize("text", ["a in x", "a=b c", "(a)", "a>b", "!"])
def test_what_is_no_selector_is_a_bad_request(text: str) -> None:
    with pytest.raises(ApiError) as error:
        parse_labels(text)
    assert error.value.code == 400


def test_keys_may_have_a_prefix() -> None:
    obj = {"metadata": {"labels": {"aegis.io/managed-by": "x"}}}
    assert Selector(parse_labels("aegis.io/managed-by=x")).matches(obj)
    assert not Selector(parse_labels("!aegis.io/managed-by")).matches(obj)


def test_fields_that_are_absent_are_empty() -> None:
    terms = parse_fields("spec.nodeName=,status.phase!=Failed", PODS)
    assert Selector(fields=terms).matches({"metadata": {}, "spec": {}})
    assert not Selector(fields=terms).matches({"metadata": {}, "spec": {"nodeName": "n"}})


def test_events_are_found_by_what_they_are_about() -> None:
    event = {"metadata": {}, "involvedObject": {"name": "p"}, "source": {"component": "me"}}
    assert Selector(fields=parse_fields("involvedObject.name=p,source=me", EVENTS)).matches(event)


def test_a_kind_knows_its_fields() -> None:
    with pytest.raises(ApiError, match=r"field label not supported: spec\.color"):
        parse_fields("spec.color=red", PODS)
    assert parse_fields("spec.color=red", PODS, frozenset({"spec.color"}))
