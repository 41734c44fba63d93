"""Field sets, comparison and merging: the parts of server-side apply."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.api import managed
from sandbox.api.managed import Managers, compare, fields_of, from_json, to_json
from sandbox.api.structural import compile_schema

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SCHEMA = compile_schema(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "n": {"type": "integer"},
                    "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                    "atom": {"type": "array", "items": {"type": "string"}},
                    "parts": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name", "port"],
                        "items": {
                            "type": "object",
                            "properties": {
                                "name": {"type": "string"},
                                "port": {"type": "integer", "default": 80},
                                "v": {"type": "string"},
                            },
                        },
                    },
                },
            }
        },
    }
)
_element = st.sampled_from(["f:a", "f:b", 'k:{"n":1}', 'v:"x"'])
_paths = st.sets(st.lists(_element, min_size=1, max_size=4).map(tuple), min_size=1, max_size=8)
_specs = st.fixed_dictionaries(
    {},
    optional={
        "n": st.integers(0, 3),
        "set": st.lists(st.sampled_from("abc"), unique=True),
        "atom": st.lists(st.sampled_from("abc")),
        "parts": st.lists(st.sampled_from("xyz"), unique=True).map(lambda names: [{"name": name} for name in names]),
    },
)


@given(paths=_paths)
def test_field_sets_survive_their_json(paths: set[tuple[str, ...]]) -> None:
    assert from_json(to_json(paths)) == paths


@given(spec=_specs)
def test_nothing_changed_is_nothing_found(spec: dict[str, Any]) -> None:
    assert compare(_SCHEMA, {"spec": spec}, {"spec": dict(spec)}) == (set(), set())


@given(old=_specs, new=_specs)
def test_what_one_direction_adds_the_other_removes(old: dict[str, Any], new: dict[str, Any]) -> None:
    changed, removed = compare(_SCHEMA, {"spec": old}, {"spec": new})
    changed_back, removed_back = compare(_SCHEMA, {"spec": new}, {"spec": old})
    assert removed <= changed_back | {path for path in removed if len(path) > 2}
    assert removed_back <= changed | {path for path in removed_back if len(path) > 2}


def test_items_are_named_by_their_keys_and_defaults() -> None:
    found = fields_of(_SCHEMA, {"spec": {"parts": [{"name": "a", "v": "1"}], "set": ["s"], "atom": ["x", "y"]}})
    item = 'k:{"name":"a","port":80}'
    assert found == {
        ("f:spec", "f:parts", item),
        ("f:spec", "f:parts", item, "f:name"),
        ("f:spec", "f:parts", item, "f:v"),
        ("f:spec", "f:set", 'v:"s"'),
        ("f:spec", "f:atom"),
    }


def test_a_manager_with_nothing_left_is_forgotten() -> None:
    managers = Managers([])
    managers.set(("a", "Update", ""), {("f:spec", "f:n")}, "x/v1", _NOW)
    managers.take_away({("f:spec", "f:n")}, ("b", "Update", ""))
    assert managers.to_list() == []


def test_those_who_apply_come_first() -> None:
    managers = Managers([])
    managers.set(("a", "Update", ""), {("f:a",)}, "x/v1", _NOW)
    managers.set(("z", "Apply", ""), {("f:b",)}, "x/v1", _NOW)
    assert [entry["manager"] for entry in managers.to_list()] == ["z", "a"]


def test_only_the_time_of_managers_is_no_change() -> None:
    def obj(time: str, n: int) -> dict[str, Any]:
        return {"metadata": {"name": "a", "managedFields": [{"manager": "m", "time": time}]}, "spec": {"n": n}}

    assert managed.same(obj("1", 1), obj("2", 1))
    assert not managed.same(obj("1", 1), obj("1", 2))
