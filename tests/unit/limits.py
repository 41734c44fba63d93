"""Any object that a CRD lets through, up to its limits: what handlers are fed with, of which none may be too much."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from aegis.models.base import Object
from tools.crds import crd

_ROOM = 256 * 1024
"""Characters of one object, about: an API server stores little more."""

_UNLIMITED = 40_000
_ITEM = 6
"""Characters of a short item in a list, about."""
TIMES = (
    "2026-01-01T11:50:00Z",
    "2026-01-01T11:50:00.123456789+05:30",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-12:00",
    "2016-12-31T23:59:60Z",
)
"""Moments as RFC 3339 has them, to the ends of what a calendar takes."""
_UNITS = ("a", "é", "\U0001f4a5", "(", "[a-z]{9}", r"\pL{1,99}", ".*", "|", "-", " ", "\n", "'", "{{x}}", "\\")


def schema(kind: type[Object], part: str = "spec") -> dict[str, Any]:
    """What a kind's CRD says of a part of its objects."""
    (version,) = crd(kind)["spec"]["versions"]
    return dict(version["schema"]["openAPIV3Schema"]["properties"][part])


def specs(schema: Mapping[str, Any], room: int = _ROOM) -> st.SearchStrategy[Any]:
    """Values of a schema; ``room`` is how long the texts in one may be together."""
    match schema["type"]:
        case "string":
            return _texts(schema, room)
        case "integer":
            long = schema.get("format") == "int64"
            most = 2 ** (63 if long else 31)
            return st.sampled_from([schema.get("minimum", -most), 0, 1, most - 1])
        case "boolean":
            return st.booleans()
        case "array":
            return _lists(schema, room)
    return _objects(schema, room)


def _texts(schema: Mapping[str, Any], room: int) -> st.SearchStrategy[str]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        return st.sampled_from(TIMES)
    shortest, longest = schema.get("minLength", 0), min(schema.get("maxLength", _UNLIMITED), room)
    lengths = sorted({max(shortest, min(length, longest)) for length in (0, 1, 63, longest)})
    return st.builds(lambda unit, length: (unit * length)[:length], st.sampled_from(_UNITS), st.sampled_from(lengths))


def _lists(schema: Mapping[str, Any], room: int) -> st.SearchStrategy[list[Any]]:
    def of(size: int) -> st.SearchStrategy[list[Any]]:
        if not size:
            return st.just([])
        few = st.lists(specs(schema["items"], room // size), min_size=1, max_size=3)
        return few.map(lambda items: (items * size)[:size])

    longest = min(schema.get("maxItems", _UNLIMITED), room // _ITEM)
    return st.sampled_from(sorted({min(1, longest), min(3, longest), longest})).flatmap(of)


def _objects(schema: Mapping[str, Any], room: int) -> st.SearchStrategy[dict[str, Any]]:
    if "additionalProperties" in schema:
        return _maps(schema["additionalProperties"], room)
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    fields = {name: specs(node, room // len(properties)) for name, node in properties.items()}
    return st.fixed_dictionaries(
        {name: fields[name] for name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )


def _maps(values: Mapping[str, Any], room: int) -> st.SearchStrategy[dict[str, Any]]:
    def of(size: int) -> st.SearchStrategy[dict[str, Any]]:
        keys = _texts({}, room // size // 2)
        return st.builds(
            lambda key, value: {f"{key[: -len(str(at))]}{at}": value for at in range(size)},
            keys,
            specs(values, room // size // 2),
        )

    return st.sampled_from((1, 30, 600)).flatmap(of)
