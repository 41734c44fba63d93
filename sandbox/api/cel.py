"""Validation rules in CEL (`x-kubernetes-validations`), transition rules among them.

The expression library takes a while to import and to compile, so both happen when a rule is first evaluated.
"""

from __future__ import annotations

import contextlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sandbox.api.errors import Cause
from sandbox.api.validation import quoted

if TYPE_CHECKING:
    from sandbox.api.objects import Object
    from sandbox.api.structural import Node

_REASONS = {
    "FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate",
}  # fmt: skip
_ABSENT: Any = object()


class Program:
    """One compiled expression."""

    def __init__(self, expression: str) -> None:
        import celpy  # noqa: PLC0415
        from celpy.celparser import CELParseError  # noqa: PLC0415

        environment = celpy.Environment()
        try:
            self._program = environment.program(environment.compile(expression))
        except CELParseError as error:
            raise ValueError(f"compilation failed: {error}") from error

    def evaluate(self, variables: dict[str, Any]) -> Any:
        """The expression's value; an evaluation error is a ValueError."""
        from celpy.adapter import json_to_cel  # noqa: PLC0415
        from celpy.evaluation import CELEvalError  # noqa: PLC0415

        activation = {name: json_to_cel(value) for name, value in variables.items()}
        try:
            return self._program.evaluate(activation)
        except CELEvalError as error:
            raise ValueError(str(error.args[0])) from error


@lru_cache(maxsize=4096)
def compiled(expression: str) -> Program:
    """The program of an expression, compiled once."""
    return Program(expression)


def check_rules(node: Node, new: Any, old: Any = _ABSENT, path: str = "") -> list[Cause]:
    """What the rules in and below a node have against a value, and against its change from the old one."""
    causes: list[Cause] = []
    _walk(node, new, old, path, causes)
    return causes


def has_rules(node: Node) -> bool:
    """Whether a node has rules, in itself or below."""
    below = [*node.properties.values(), *filter(None, (node.additional, node.items))]
    return bool(node.rules) or any(has_rules(child) for child in below)


def _walk(node: Node, new: Any, old: Any, path: str, causes: list[Cause]) -> None:
    for rule in node.rules:
        cause = _check_rule(node, rule, new, old, path)
        if cause:
            causes.append(cause)
    if isinstance(new, dict):
        before = old if isinstance(old, dict) else {}
        for key, value in new.items():
            child = node.child(key)
            if child and child.has_checks:
                _walk(child, value, before.get(key, _ABSENT), f"{path}.{key}" if path else key, causes)
    elif isinstance(new, list) and node.items and node.items.has_checks:
        for index, item in enumerate(new):
            _walk(node.items, item, _counterpart(node, item, old), f"{path}[{index}]", causes)


def _counterpart(node: Node, item: Any, old: Any) -> Any:
    """The old item of a map list that the new one succeeds; other lists have no counterparts."""
    if node.list_type != "map" or not isinstance(old, list) or not isinstance(item, dict):
        return _ABSENT
    for candidate in old:
        if all(candidate.get(key) == item.get(key) for key in node.list_keys):
            return candidate
    return _ABSENT


def _check_rule(node: Node, rule: Object, new: Any, old: Any, path: str) -> Cause | None:
    expression = rule["rule"]
    variables: dict[str, Any] = {"self": new}
    if "oldSelf" in expression:
        if old is _ABSENT and not rule.get("optionalOldSelf"):
            return None
        variables["oldSelf"] = None if old is _ABSENT else old
    elif new == old:  # what was accepted once stays acceptable until it changes
        return None
    field = path + rule.get("fieldPath", "") if path else rule.get("fieldPath", "").lstrip(".")
    try:
        held = bool(compiled(expression).evaluate(variables))
    except ValueError as error:
        return Cause(field, f'Invalid value: "{_kind(node, new)}": rule evaluation error: {expression}: {error}')
    return None if held else Cause(field, _complaint(rule, node, new, variables), _reason(rule))


def _reason(rule: Object) -> str:
    reason = rule.get("reason", "")
    return reason if reason in _REASONS else "FieldValueInvalid"


def _complaint(rule: Object, node: Node, value: Any, variables: dict[str, Any]) -> str:
    message = str(rule.get("message") or f"failed rule: {' '.join(rule['rule'].split())}")
    if rule.get("messageExpression"):
        with contextlib.suppress(ValueError):  # the plain message stands
            message = str(compiled(rule["messageExpression"]).evaluate(variables))
    match _reason(rule):
        case "FieldValueForbidden":
            return f"Forbidden: {message}"
        case "FieldValueRequired":
            return f"Required value: {message}"
        case "FieldValueDuplicate":
            return f'Duplicate value: "{_kind(node, value)}"'
    if isinstance(value, (dict, list)):
        return f"Invalid value: {message}"
    return f"Invalid value: {quoted(value)}: {message}"


def _kind(node: Node, value: Any) -> str:
    return node.type or ("array" if isinstance(value, list) else "object")
