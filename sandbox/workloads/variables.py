"""Argo's `{{tags}}`: simple names are replaced by their values, expressions are not known here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_OPERAND = r"""'[^']*'|"[^"]*"|(?:\{\{(?!\s*=)[^{}]+\}\}|[\w.:/@+-])+"""
_TERM = re.compile(rf"\s*(?P<left>{_OPERAND})\s*(?:(?P<operator>==|!=)\s*(?P<right>{_OPERAND})\s*)?")
_JOINT = re.compile(r"&&|\|\|")


class UnresolvedError(Exception):
    """A tag that has no value here; the message is the one that Argo gives."""


def substitute(value: T, scope: Mapping[str, str]) -> T:
    """The value with the tags in all its texts replaced.

    Raises:
        UnresolvedError: when a tag has no value, or is an expression.
    """
    return _replaced(value, scope)  # type: ignore[no-any-return]


def is_known_condition(condition: Any) -> bool:
    """Whether a `when` clause is one that `holds` can judge, whatever its tags stand for."""
    return isinstance(condition, str) and _terms(condition) is not None


def holds(condition: str, scope: Mapping[str, str]) -> bool:
    """Whether a `when` clause holds: comparisons for equality, joined by && or ||.

    It is read before its tags are replaced, so that a value is never taken for an operator.

    Raises:
        UnresolvedError: when it is anything else, or a tag has no value.
    """
    groups = _terms(condition)
    if groups is None:
        raise UnresolvedError(f"the sandbox knows only ==, !=, && and || in when: {condition}")
    return any(all(_is_true(term, scope) for term in group) for group in groups)


def _terms(condition: str) -> list[list[re.Match[str]]] | None:
    """The alternatives that a condition consists of, each a list of terms; None if it is not known."""
    groups: list[list[re.Match[str]]] = [[]]
    at = 0
    while term := _TERM.match(condition, at):
        groups[-1].append(term)
        at = term.end()
        if at == len(condition):
            return groups
        joint = _JOINT.match(condition, at)
        if joint is None:
            return None
        if joint[0] == "||":
            groups.append([])
        at = joint.end()
    return None


def _is_true(term: re.Match[str], scope: Mapping[str, str]) -> bool:
    left = _operand(term["left"], scope)
    if term["operator"]:
        return (left == _operand(term["right"], scope)) == (term["operator"] == "==")
    if left in ("true", "false"):
        return left == "true"
    if left == term["left"]:
        raise UnresolvedError(f"the sandbox knows only ==, !=, && and || in when: {left}")
    return holds(left, {})  # the value of a tag may be a whole condition


def _operand(text: str, scope: Mapping[str, str]) -> str:
    return substitute(text[1:-1] if text[0] in "'\"" else text, scope)


def _replaced(value: Any, scope: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        tagged, close, rest = value.rpartition("}}")  # behind the last }} no tag ends, however many begin
        return _TAG.sub(lambda match: _value(match, scope), tagged + close) + rest
    if isinstance(value, dict):
        return {key: _replaced(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, scope) for item in value]
    return value


def _value(match: re.Match[str], scope: Mapping[str, str]) -> str:
    name = match[1].strip()
    if name.startswith("="):
        raise UnresolvedError(f"the sandbox evaluates no expressions: {match[0]}")
    if name not in scope:
        raise UnresolvedError(f"failed to resolve {{{{{name}}}}}")
    return scope[name]
