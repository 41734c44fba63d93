"""Copies of objects share nothing with the original."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.objects import clone, dig

_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(value=_json)
def test_a_clone_is_equal(value: Any) -> None:
    assert clone(value) == value


def test_a_clone_shares_nothing() -> None:
    part = {"x": [1]}
    copied = clone({"a": part, "b": part})
    copied["a"]["x"].append(2)
    assert copied["b"] == {"x": [1]}
    assert part == {"x": [1]}


def test_a_clone_flattens_what_only_looks_like_json() -> None:
    class Phase(StrEnum):
        NEW = "New"

    assert type(clone({"phase": Phase.NEW})["phase"]) is str


def test_dig_ends_where_the_path_does() -> None:
    assert dig({"a": {"b": 1}}, "a", "b") == 1
    assert dig({"a": 1}, "a", "b") is None
