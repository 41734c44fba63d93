"""Validation of values against a compiled schema, complaining in the API server's words.

The messages are part of the contract: people read them, and scripts look for them.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.api.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.api.structural import Node

_INT32, _INT64 = 2**31, 2**63


def validate(node: Node, value: Any, path: str = "") -> list[Cause]:
    """What is wrong with a value, field by field."""
    causes: list[Cause] = []
    _check(node, value, path, causes)
    return causes


def _check(node: Node, value: Any, path: str, causes: list[Cause]) -> None:
    if value is None and node.nullable:
        return
    if not _check_type(node, value, path, causes):
        return
    if node.checks:
        _check_value(node, value, path, causes)
    if isinstance(value, dict):
        _check_map(node, value, path, causes)
    elif isinstance(value, list):
        if node.list_type in ("set", "map"):
            _check_unique(node, value, path, causes)
        if node.items and node.items.has_checks:
            for index, item in enumerate(value):
                _check(node.items, item, f"{path}[{index}]", causes)


def _check_map(node: Node, value: dict[str, Any], path: str, causes: list[Cause]) -> None:
    missing = (key for key in node.required if key not in value)
    causes.extend(Cause(_join(path, key), "Required value", "FieldValueRequired") for key in missing)
    for key, item in value.items():
        child = node.properties.get(key)
        if child is not None:
            if child.has_checks:
                _check(child, item, f"{path}.{key}" if path else key, causes)
        elif node.additional and node.additional.has_checks:
            _check(node.additional, item, f"{path}.{key}" if path else key, causes)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _type_of(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object" if isinstance(value, dict) else "null"


def _check_type(node: Node, value: Any, path: str, causes: list[Cause]) -> bool:
    actual = _type_of(value)
    if node.int_or_string:
        if actual in ("integer", "string"):
            return True
        wanted = "integer,string"
    elif not node.type or actual == node.type or (node.type == "number" and actual == "integer"):
        return True
    else:
        wanted = node.type
    field = path or "<nil>"
    message = f'Invalid value: "{actual}": {path} in body must be of type {wanted}: "{actual}"'
    causes.append(Cause(field, message, "FieldValueTypeInvalid"))
    return False


def quoted(value: Any) -> str:
    """A value as Go's field errors show it."""
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _check_value(node: Node, value: Any, path: str, causes: list[Cause]) -> None:
    for keyword, bound in node.checks.items():
        check = _KEYWORDS.get(keyword)
        if check is not None:
            found = check(node, value, path, bound)
            if found:
                causes.append(found)
        else:
            _check_combined(keyword, bound, value, path, causes)


def _enum(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node
    if any(value == allowed and isinstance(value, bool) is isinstance(allowed, bool) for allowed in bound):
        return None
    supported = ", ".join(quoted(allowed) for allowed in bound)
    message = f"Unsupported value: {quoted(value)}: supported values: {supported}"
    return Cause(path, message, "FieldValueNotSupported")


def _minimum(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    exclusive = bool(node.checks.get("exclusiveMinimum"))
    if value > bound or (value == bound and not exclusive):
        return None
    words = "greater than" if exclusive else "greater than or equal to"
    return Cause(path, f"Invalid value: {quoted(value)}: {path} in body should be {words} {_number(bound)}")


def _maximum(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    exclusive = bool(node.checks.get("exclusiveMaximum"))
    if value < bound or (value == bound and not exclusive):
        return None
    words = "less than" if exclusive else "less than or equal to"
    return Cause(path, f"Invalid value: {quoted(value)}: {path} in body should be {words} {_number(bound)}")


def _multiple(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node
    if not isinstance(value, (int, float)) or isinstance(value, bool) or math.isclose(value / bound % 1, 0):
        return None
    return Cause(path, f"Invalid value: {quoted(value)}: {path} in body should be a multiple of {_number(bound)}")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def _max_length(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node
    if not isinstance(value, str) or len(value) <= bound:
        return None
    unit = "byte" if bound == 1 else "bytes"
    return Cause(path, f"Too long: may not be more than {bound} {unit}", "FieldValueTooLong")


def _min_length(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node
    if not isinstance(value, str) or len(value) >= bound:
        return None
    return Cause(path, f"Invalid value: {quoted(value)}: {path} in body should be at least {bound} chars long")


def _pattern(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    if not isinstance(value, str) or node.pattern is None or node.pattern.search(value):
        return None
    return Cause(path, f"Invalid value: {quoted(value)}: {path} in body should match '{bound}'")


def _max_items(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node
    if not isinstance(value, list) or len(value) <= bound:
        return None
    unit = "item" if bound == 1 else "items"
    return Cause(path, f"Too many: {len(value)}: must have at most {bound} {unit}", "FieldValueTooMany")


def _min_items(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node
    if not isinstance(value, list) or len(value) >= bound:
        return None
    return Cause(path, f"Invalid value: {len(value)}: {path} in body should have at least {bound} items")


def _unique_items(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node
    if not bound or not isinstance(value, list) or len({quoted(item) for item in value}) == len(value):
        return None
    return Cause(path, f'Invalid value: "array": {path} in body shouldn\'t contain duplicates')


def _max_properties(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node
    if not isinstance(value, dict) or len(value) <= bound:
        return None
    unit = "item" if bound == 1 else "items"
    return Cause(path, f"Too many: {len(value)}: must have at most {bound} {unit}", "FieldValueTooMany")


def _min_properties(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node
    if not isinstance(value, dict) or len(value) >= bound:
        return None
    return Cause(path, f"Invalid value: {len(value)}: {path} in body should have at least {bound} properties")


def _is_time(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", text):
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", text.upper()))
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 -- a date has no zone
    except ValueError:
        return False
    return True


_DURATION = re.compile(r"[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h)\s*)+|0")
_UUID = re.compile(r"(?i)[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
_FORMATS: dict[str, Callable[[str], object]] = {
    "date-time": _is_time,
    "date": _is_date,
    "duration": _DURATION.fullmatch,
    "uuid": _UUID.fullmatch,
    "byte": _is_base64,
    "uri": lambda text: re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|/", text),
    "email": lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+", text),
    "ipv4": lambda text: "." in text and _is_address(text),
    "ipv6": lambda text: ":" in text and _is_address(text),
}


def _format(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node
    if isinstance(value, int) and bound in ("int32", "int64"):
        limit = _INT32 if bound == "int32" else _INT64
        if not -limit <= value < limit:
            return Cause(path, f"Invalid value: {value}: {path} in body must be of type {bound}: {quoted(str(value))}")
        return None
    known = _FORMATS.get(bound)
    if not isinstance(value, str) or known is None or known(value):
        return None
    return Cause(path, f"Invalid value: {quoted(value)}: {path} in body must be of type {bound}: {quoted(value)}")


def _exclusive(node: Node, value: Any, path: str, bound: Any) -> Cause | None:
    del node, value, path, bound
    return None  # it says only how minimum and maximum are meant


_KEYWORDS: dict[str, Callable[[Node, Any, str, Any], Cause | None]] = {
    "enum": _enum,
    "minimum": _minimum,
    "maximum": _maximum,
    "exclusiveMinimum": _exclusive,
    "exclusiveMaximum": _exclusive,
    "multipleOf": _multiple,
    "maxLength": _max_length,
    "minLength": _min_length,
    "pattern": _pattern,
    "maxItems": _max_items,
    "minItems": _min_items,
    "uniqueItems": _unique_items,
    "maxProperties": _max_properties,
    "minProperties": _min_properties,
    "format": _format,
}


def _check_combined(keyword: str, parts: Any, value: Any, path: str, causes: list[Cause]) -> None:
    if keyword == "not":
        if not validate(parts, value, path):
            causes.append(
                Cause(
                    path or "<nil>",
                    f"Invalid value: {_shown(value)}: {path} in body must not validate the schema (not)",
                )
            )
        return
    failures = [validate(part, value, path) for part in parts]
    passed = sum(not failure for failure in failures)
    if keyword == "allOf" and passed < len(parts):
        causes.extend(cause for failure in failures for cause in failure)
    elif keyword == "anyOf" and not passed:
        causes.append(_combination(path, value, "must validate at least one schema (anyOf)"))
        causes.extend(failures[0])
    elif keyword == "oneOf" and passed != 1:
        found = "Found none valid" if not passed else f"Found {passed} valid alternatives"
        causes.append(_combination(path, value, f"must validate one and only one schema (oneOf). {found}"))
        if not passed:
            causes.extend(failures[0])


def _shown(value: Any) -> str:
    return quoted(value) if not isinstance(value, (dict, list)) else '""'


def _combination(path: str, value: Any, why: str) -> Cause:
    del value
    return Cause(path or "<nil>", f'Invalid value: "": "{path}" {why}')


def _check_unique(node: Node, value: list[Any], path: str, causes: list[Cause]) -> None:
    seen: set[str] = set()
    for index, item in enumerate(value):
        if node.list_type == "map" and isinstance(item, dict):
            shown: Any = {key: _key_value(node, item, key) for key in node.list_keys}
        else:
            shown = item
        mark = quoted(shown)
        if mark in seen:
            causes.append(Cause(f"{path}[{index}]", f"Duplicate value: {mark}", "FieldValueDuplicate"))
        seen.add(mark)


def _key_value(node: Node, item: dict[str, Any], key: str) -> Any:
    if key in item:
        return item[key]
    child = node.items.child(key) if node.items else None
    return child.default if child and child.has_default else None
