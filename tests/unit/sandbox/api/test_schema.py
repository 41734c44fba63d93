"""Structural schemas: what the conformance suite does not ask of both servers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.cel import check_rules
from sandbox.api.decoding import apply_defaults, prune
from sandbox.api.objects import clone
from sandbox.api.structural import compile_schema
from sandbox.api.validation import validate

_SCHEMA = compile_schema(
    {
        "type": "object",
        "properties": {
            "a": {"type": "object", "default": {}, "properties": {"b": {"type": "integer", "default": 3}}},
            "l": {
                "type": "array",
                "items": {"type": "object", "properties": {"d": {"type": "string", "default": "x"}}},
            },
            "m": {
                "type": "object",
                "additionalProperties": {"type": "object", "properties": {"k": {"type": "string"}}},
            },
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
)
_keys = st.sampled_from(["a", "b", "d", "k", "l", "m", "free", "other"])
_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=10,
)


@given(value=st.dictionaries(_keys, _values, max_size=4))
def test_pruning_and_defaulting_are_done_once(value: dict[str, Any]) -> None:
    prune(_SCHEMA, value, [])
    apply_defaults(_SCHEMA, value)
    again = clone(value)
    unknown: list[str] = []
    prune(_SCHEMA, again, unknown)
    apply_defaults(_SCHEMA, again)
    assert again == value
    assert unknown == []


def test_what_is_pruned_is_named_with_its_path() -> None:
    value = {"l": [{"d": "y", "e": 1}], "m": {"x": {"k": "1", "z": 1}}, "free": {"any": {"thing": 1}}, "other": 1}
    unknown: list[str] = []
    prune(_SCHEMA, value, unknown)
    assert unknown == ["l[0].e", "m.x.z", "other"]
    assert value == {"l": [{"d": "y"}], "m": {"x": {"k": "1"}}, "free": {"any": {"thing": 1}}}


def test_defaults_apply_inside_what_was_defaulted() -> None:
    value: dict[str, Any] = {"l": [{}]}
    apply_defaults(_SCHEMA, value)
    assert value == {"a": {"b": 3}, "l": [{"d": "x"}]}


def test_a_default_is_everyones_own() -> None:
    one: dict[str, Any] = {}
    two: dict[str, Any] = {}
    apply_defaults(_SCHEMA, one)
    one["a"]["b"] = 9
    apply_defaults(_SCHEMA, two)
    assert two["a"]["b"] == 3


_EITHER = [{"required": ["x"]}, {"required": ["y"]}]


@pytest.mark.parametrize(
    ("keyword", "value", "valid"),
    [
        ("anyOf", {"x": 1}, True),
        ("anyOf", {"x": 1, "y": 1}, True),
        ("anyOf", {}, False),
        ("oneOf", {"y": 1}, True),
        ("oneOf", {"x": 1, "y": 1}, False),
        ("oneOf", {}, False),
        ("allOf", {"x": 1, "y": 1}, True),
        ("allOf", {"x": 1}, False),
    ],
)
def test_combined_schemas(keyword: str, value: dict[str, Any], valid: bool) -> None:  # noqa: FBT001
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, keyword: _EITHER}
    assert (not validate(compile_schema(schema), value)) is valid


def test_not() -> None:
    node = compile_schema({"type": "integer", "not": {"enum": [3]}})
    assert validate(node, 3)
    assert not validate(node, 4)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer", "format": "int32"}, 2**31 - 1, 2**31),
        ({"type": "string", "format": "date"}, "2026-01-31", "2026-02-31"),
        ({"type": "string", "format": "duration"}, "1h30m", "soon"),
        ({"type": "string", "format": "uuid"}, "123e4567-e89b-12d3-a456-426614174000", "x"),
        ({"type": "string", "format": "byte"}, "Yg==", "?"),
        ({"type": "string", "format": "ipv4"}, "10.0.0.1", "10.0.0.256"),
        ({"type": "string", "format": "unknown"}, "anything", 1),
        ({"type": "number", "multipleOf": 0.5}, 1.5, 1.7),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 2, 1),
        ({"type": "integer", "maximum": 5, "exclusiveMaximum": True}, 4, 5),
        ({"type": "object", "minProperties": 1, "x-kubernetes-preserve-unknown-fields": True}, {"a": 1}, {}),
        ({"type": "array", "uniqueItems": True, "items": {"type": "integer"}}, [1, 2], [1, 1]),
        ({"type": "integer", "nullable": True}, None, "x"),
        ({"type": "boolean", "enum": [True]}, True, False),
        ({"type": "string", "pattern": "^a$"}, "a", "a\n"),
    ],
)
def test_value_checks(schema: dict[str, Any], good: Any, bad: Any) -> None:
    node = compile_schema(schema)
    assert validate(node, good) == []
    assert validate(node, bad)


def _rules(*rules: dict[str, Any], **more: Any) -> Any:
    properties = {"n": {"type": "integer"}, "m": {"type": "integer"}}
    schema = {"type": "object", "properties": properties, "x-kubernetes-validations": list(rules)}
    return compile_schema({"type": "object", "properties": {"spec": {**schema, **more}}})


def test_a_rule_speaks_for_its_field() -> None:
    node = _rules({"rule": "self.n > 1", "message": "too few", "fieldPath": ".n", "reason": "FieldValueForbidden"})
    (cause,) = check_rules(node, {"spec": {"n": 1}})
    assert (cause.field, cause.message, cause.reason) == ("spec.n", "Forbidden: too few", "FieldValueForbidden")


def test_a_rule_without_a_message_shows_itself() -> None:
    (cause,) = check_rules(_rules({"rule": "self.n > 1"}), {"spec": {"n": 1}})
    assert cause.message == "Invalid value: failed rule: self.n > 1"


def test_a_message_can_be_computed() -> None:
    node = _rules({"rule": "self.n > 1", "messageExpression": "'n is ' + string(self.n)"})
    (cause,) = check_rules(node, {"spec": {"n": 1}})
    assert cause.message == "Invalid value: n is 1"


def test_a_transition_rule_needs_an_old_value() -> None:
    node = _rules({"rule": "self.n >= oldSelf.n"})
    assert check_rules(node, {"spec": {"n": 1}}) == []
    assert check_rules(node, {"spec": {"n": 1}}, {}) == []
    assert check_rules(node, {"spec": {"n": 1}}, {"spec": {"n": 2}})
    assert check_rules(node, {"spec": {"n": 3}}, {"spec": {"n": 2}}) == []


def test_what_was_accepted_stays_until_it_changes() -> None:
    node = _rules({"rule": "self.n > 1"})
    assert check_rules(node, {"spec": {"n": 0}}, {"spec": {"n": 0}}) == []
    assert check_rules(node, {"spec": {"n": 0, "m": 1}}, {"spec": {"n": 0}})


def test_a_rule_that_fails_to_evaluate_is_a_failure() -> None:
    (cause,) = check_rules(_rules({"rule": "self.n > 1"}), {"spec": {"m": 1}})
    assert "rule evaluation error" in cause.message


def test_a_rule_that_is_not_understood_is_a_failure() -> None:
    (cause,) = check_rules(_rules({"rule": "self.n >"}), {"spec": {"n": 1}})
    assert "compilation failed" in cause.message


def test_items_of_map_lists_are_compared_with_their_former_selves() -> None:
    node = compile_schema(
        {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": {
                "type": "object",
                "properties": {
                    "k": {"type": "string"},
                    "v": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf"}]},
                },
            },
        }
    )
    old = [{"k": "a", "v": 5}, {"k": "b", "v": 1}]
    assert check_rules(node, [{"k": "b", "v": 1}, {"k": "a", "v": 5}, {"k": "c", "v": 0}], old) == []
    (cause,) = check_rules(node, [{"k": "b", "v": 2}, {"k": "a", "v": 4}], old)
    assert cause.field == "[1].v"
