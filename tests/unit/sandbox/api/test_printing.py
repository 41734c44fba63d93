"""Ages and JSONPaths, as columns show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.api.ages import age, duration
from sandbox.api.jsonpath import find

_DAY = 86400


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (8 * 3600, "8h"),
        (2 * _DAY - 1, "47h"),
        (2 * _DAY + 3600, "2d1h"),
        (8 * _DAY, "8d"),
        (800 * _DAY, "2y70d"),
        (9 * 365 * _DAY, "9y"),
        (-5, "<invalid>"),
    ],
)
def test_a_span_is_shown_in_at_most_two_units(seconds: int, shown: str) -> None:
    assert duration(seconds) == shown


def test_an_age_needs_a_time() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert age("2025-12-31T23:59:30Z", now) == "30s"
    assert age(None, now) == "<unknown>"
    assert age("yesterday", now) == "<invalid>"


_OBJECT = {
    "spec": {"a.b": 1, "list": [{"type": "X", "v": 1}, {"type": "Ready", "v": 2}], "map": {"x": 1, "y": 2}},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.list[0].v", [1]),
        (".spec.list[-1].v", [2]),
        (".spec.list[9].v", []),
        (".spec.list[*].v", [1, 2]),
        ('.spec.list[?(@.type=="Ready")].v', [2]),
        (".spec.list[?(@.type=='Ready')].v", [2]),
        (".spec.list[?(@.v!=2)].type", ["X"]),
        (".spec['a.b']", [1]),
        (r".spec.a\.b", [1]),
        (".spec.map.*", [1, 2]),
        (".spec.none.deeper", []),
        (".spec.map[0]", []),
    ],
)
def test_a_path_finds_values(path: str, found: list[Any]) -> None:
    assert find(path, _OBJECT) == found


def test_a_path_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(ValueError, match="unsupported JSONPath"):
        find(".spec[?(@.a>1)]", _OBJECT)
