"""Argo's `{{tags}}`: simple names are replaced by their values, expressions are not known here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_TAG = re.compile(r"\{\{\s*(=?)(.*?)\s*\}\}", re.DOTALL)
_COMPARISON = re.compile(r"""\s*['"]?(?P<left>[^'"]*?)['"]?\s*(?P<op>==|!=)\s*['"]?(?P<right>[^'"]*?)['"]?\s*""")


class UnresolvedError(Exception):
    """A tag that has no value here; the message is the one that Argo gives."""


def substitute(value: T, scope: Mapping[str, str]) -> T:
    """The value with the tags in all its texts replaced.

    Raises:
        UnresolvedError: when a tag has no value, or is an expression.
    """
    return _replaced(value, scope)  # type: ignore[no-any-return]


def holds(condition: str) -> bool:
    """Whether a `when` clause holds once its tags are replaced: comparisons for equality, joined by && or ||.

    Raises:
        UnresolvedError: when it is anything else.
    """
    return any(all(_compare(term) for term in group.split("&&")) for group in condition.split("||"))


def _replaced(value: Any, scope: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _TAG.sub(lambda match: _value(match, scope), value) if "{{" in value else value
    if isinstance(value, dict):
        return {key: _replaced(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, scope) for item in value]
    return value


def _value(match: re.Match[str], scope: Mapping[str, str]) -> str:
    if match[1]:
        raise UnresolvedError(f"the sandbox evaluates no expressions: {match[0]}")
    if match[2] not in scope:
        raise UnresolvedError(f"failed to resolve {{{{{match[2]}}}}}")
    return scope[match[2]]


def _compare(term: str) -> bool:
    text = term.strip()
    if text in ("true", "false"):
        return text == "true"
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise UnresolvedError(f"the sandbox knows only == and != in when: {term.strip()}")
    return (match["left"] == match["right"]) == (match["op"] == "==")
