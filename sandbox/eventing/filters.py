"""What a Trigger selects: `filter.attributes`, or the dialects of `filters` when there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.eventing.cloudevent import CloudEvent

    Filter = Callable[[CloudEvent], bool]

_ATTRIBUTE_DIALECTS: Mapping[str, Callable[[str, str], bool]] = {
    "exact": lambda actual, wanted: actual == wanted,
    "prefix": str.startswith,
    "suffix": str.endswith,
}
_DIALECTS = (*_ATTRIBUTE_DIALECTS, "all", "any", "not")


class UnsupportedFilterError(ValueError):
    """A filter that cannot be evaluated here; the message says which and what is accepted."""


def trigger_filter(spec: Mapping[str, Any]) -> Filter:
    """The filter of a Trigger's spec. `filters` overrides `filter`, as in Knative.

    Raises:
        UnsupportedFilterError: when a dialect is not known.
    """
    if filters := spec.get("filters"):
        return _all(filters, "spec.filters")
    return _attributes(_ATTRIBUTE_DIALECTS["exact"], (spec.get("filter") or {}).get("attributes") or {})


def _build(expression: Any, where: str) -> Filter:
    if not isinstance(expression, dict) or len(expression) != 1:
        raise UnsupportedFilterError(f"{where}: exactly one of {', '.join(_DIALECTS)} is expected")
    ((dialect, value),) = expression.items()
    where = f"{where}.{dialect}"
    match dialect:
        case "exact" | "prefix" | "suffix":
            return _attributes(_ATTRIBUTE_DIALECTS[dialect], value)
        case "all":
            return _all(value, where)
        case "any":
            parts = _each(value, where)
            return lambda event: any(part(event) for part in parts)
        case "not":
            inner = _build(value, where)
            return lambda event: not inner(event)
    raise UnsupportedFilterError(f"{where}: the sandbox knows {', '.join(_DIALECTS)}")


def _all(expressions: Any, where: str) -> Filter:
    parts = _each(expressions, where)
    return lambda event: all(part(event) for part in parts)


def _each(expressions: Any, where: str) -> list[Filter]:
    if not isinstance(expressions, list):
        raise UnsupportedFilterError(f"{where}: a list is expected")
    return [_build(expression, f"{where}[{index}]") for index, expression in enumerate(expressions)]


def _attributes(test: Callable[[str, str], bool], wanted: Mapping[str, str]) -> Filter:
    """All attributes pass the test; an empty wanted value accepts any that is there."""
    pairs = tuple(wanted.items())

    def matches(event: CloudEvent) -> bool:
        for name, value in pairs:
            actual = event.attribute(name)
            if actual is None or not (value == "" or test(actual, value)):
                return False
        return True

    return matches
