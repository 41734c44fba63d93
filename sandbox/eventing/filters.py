"""What a Trigger selects: `filter.attributes`, or the dialects of `filters` when there are any.

A filter that says nothing (no dialect, no expressions, an attribute without a value) is left out, as Knative does, and
where none is left, everything passes. That is why a verdict is one of three: passed, failed, and nothing to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.eventing.cloudevent import CloudEvent

    Filter = Callable[[CloudEvent], bool]
    _Verdict = Callable[[CloudEvent], bool | None]

_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "exact": str.__eq__,
    "prefix": str.startswith,
    "suffix": str.endswith,
}
_DIALECTS = (*_TESTS, "all", "any", "not")
_NO_TIME = "0001-01-01T00:00:00Z"


class UnsupportedFilterError(ValueError):
    """A filter that cannot be evaluated here; the message says which and what is accepted."""


def trigger_filter(spec: Mapping[str, Any]) -> Filter:
    """The filter of a Trigger's spec. `filters` overrides `filter`, as in Knative.

    Raises:
        UnsupportedFilterError: when a dialect is not known.
    """
    if filters := spec.get("filters"):
        verdict = _all(_each(filters, "spec.filters"))
        return lambda event: verdict(event) is not False
    wanted: Mapping[str, str] = (spec.get("filter") or {}).get("attributes") or {}
    return lambda event: all(_has(_value(event, name), value) for name, value in wanted.items())


def _has(actual: str, wanted: str) -> bool:
    """Whether an attribute is as wanted; nothing wanted is any value."""
    return actual == wanted if wanted else bool(actual)


def _value(event: CloudEvent, name: str) -> str:
    """An attribute as filters see it, empty when it is not there; some have a second name."""
    match name:
        case "time":
            return event.attribute(name) or _NO_TIME
        case "schemaurl":
            return event.attribute("dataschema") or ""
        case "datamediatype":
            return (event.attribute("datacontenttype") or "").partition(";")[0].strip().lower()
    return event.attribute(name) or ""


def _build(expression: Any, where: str) -> _Verdict | None:
    if not isinstance(expression, dict):
        raise UnsupportedFilterError(f"{where}: one of {', '.join(_DIALECTS)} is expected")
    for unknown in expression.keys() - set(_DIALECTS):
        raise UnsupportedFilterError(f"{where}.{unknown}: the sandbox knows {', '.join(_DIALECTS)}")
    said = {dialect: value for dialect, value in expression.items() if value not in ({}, []) or dialect == "not"}
    if len(said) > 1:
        raise UnsupportedFilterError(f"{where}: at most one of {', '.join(_DIALECTS)} is expected")
    for dialect, value in said.items():
        inside = f"{where}.{dialect}"
        match dialect:
            case "all":
                return _all(_each(value, inside))
            case "any":
                return _any(_each(value, inside))
            case "not":
                return _not(_build(value, inside), inside)
        return _attributes(_TESTS[dialect], value, inside)
    return None


def _each(expressions: Any, where: str) -> list[_Verdict]:
    if not isinstance(expressions, list):
        raise UnsupportedFilterError(f"{where}: a list is expected")
    built = (_build(expression, f"{where}[{index}]") for index, expression in enumerate(expressions))
    return [verdict for verdict in built if verdict is not None]


def _all(parts: list[_Verdict]) -> _Verdict:
    """Passes unless a part fails."""

    def verdict(event: CloudEvent) -> bool | None:
        found = [part(event) for part in parts]
        return False if False in found else (found[-1] if found else None)

    return verdict


def _any(parts: list[_Verdict]) -> _Verdict:
    """Passes if a part does; if none does, the last one decides."""

    def verdict(event: CloudEvent) -> bool | None:
        found = [part(event) for part in parts]
        return True if True in found else (found[-1] if found else None)

    return verdict


def _not(part: _Verdict | None, where: str) -> _Verdict:
    if part is None:
        raise UnsupportedFilterError(f"{where}: a filter that says nothing, at which Knative's filter crashes")

    def verdict(event: CloudEvent) -> bool | None:
        found = part(event)
        return None if found is None else not found

    return verdict


def _attributes(test: Callable[[str, str], bool], wanted: Any, where: str) -> _Verdict | None:
    """All attributes pass the test."""
    if not isinstance(wanted, dict):
        raise UnsupportedFilterError(f"{where}: attributes are expected")
    if not all(wanted.values()):
        return None
    return lambda event: all(test(_value(event, name), value) for name, value in wanted.items())
