"""Allow-lists of fields: what an object asks for that nobody here knows how to give.

A rule says of a value whether it is known, or what is known of an object's fields; for a list it is that of each item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Rule = Callable[[Any], bool] | Mapping[str, "Rule"]

_FALSE_ASKS = ("allowPrivilegeEscalation", "failFast", "hostUsers")  # true where nothing is said


def outside(rule: Rule | None, value: Any, path: str) -> Iterator[str]:
    """The paths of what a rule does not allow; a field without a rule is not allowed, unless it asks for nothing."""
    if rule is None:
        yield path
    elif callable(rule):
        if not rule(value):
            yield path
    elif isinstance(value, list):
        for index, item in enumerate(value):
            name = item.get("name", index) if isinstance(item, dict) else index
            yield from outside(rule, item, f"{path}[{name}]")
    elif not isinstance(value, dict):
        yield path
    else:
        for key, item in value.items():
            if not _asks_nothing(key, item):
                yield from outside(rule.get(key), item, f"{path}.{key}")


def anything(_value: Any) -> bool:
    """Every value is known."""
    return True


def only(*values: Any) -> Callable[[Any], bool]:
    """These values are known."""
    return lambda value: value in values


def _asks_nothing(key: str, value: Any) -> bool:
    return value is None or (value is False and key not in _FALSE_ASKS) or value in ("", [], {})
