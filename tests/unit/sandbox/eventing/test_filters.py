"""Triggers select events by their attributes."""

from typing import Any

import pytest

from sandbox.eventing.cloudevent import CloudEvent
from sandbox.eventing.filters import UnsupportedFilterError, trigger_filter

EVENT = CloudEvent(
    {"specversion": "1.0", "id": "1", "source": "/s", "type": "dev.knative.add", "kind": "Node"}, b"", "text/plain"
)


@pytest.mark.parametrize(
    ("spec", "selected"),
    [
        ({}, True),
        ({"filter": {"attributes": {"type": "dev.knative.add"}}}, True),
        ({"filter": {"attributes": {"type": "dev.knative.add", "kind": "Pod"}}}, False),
        ({"filter": {"attributes": {"kind": ""}}}, True),
        ({"filter": {"attributes": {"missing": ""}}}, False),
        ({"filters": [{"exact": {"type": "dev.knative.add", "kind": "Node"}}]}, True),
        ({"filters": [{"exact": {"type": "dev.knative"}}]}, False),
        ({"filters": [{"prefix": {"type": "dev.knative"}}]}, True),
        ({"filters": [{"suffix": {"type": ".add"}}]}, True),
        ({"filters": [{"suffix": {"type": ".delete"}}]}, False),
        ({"filters": [{"exact": {"datacontenttype": "text/plain"}}]}, True),
        ({"filters": [{"any": [{"exact": {"kind": "Pod"}}, {"exact": {"kind": "Node"}}]}]}, True),
        ({"filters": [{"any": []}]}, True),
        ({"filters": [{"all": [{"exact": {"kind": "Pod"}}, {"prefix": {"type": "dev"}}]}]}, False),
        ({"filters": [{"not": {"exact": {"kind": "Pod"}}}]}, True),
        ({"filters": [{"prefix": {"type": "dev"}}, {"exact": {"kind": "Pod"}}]}, False),
        ({"filter": {"attributes": {"kind": "Pod"}}, "filters": [{"exact": {"kind": "Node"}}]}, True),
    ],
)
def test_trigger_selects(spec: dict[str, Any], selected: bool) -> None:  # noqa: FBT001
    assert trigger_filter(spec)(EVENT) is selected


@pytest.mark.parametrize(
    ("filters", "where"),
    [
        ([{"cesql": "type = 'x'"}], r"spec\.filters\[0\]\.cesql"),
        ([{"all": [{"not": {"cesql": "TRUE"}}]}], r"spec\.filters\[0\]\.all\[0\]\.not\.cesql"),
        ([{"exact": {"a": "b"}, "prefix": {"a": "b"}}], r"spec\.filters\[0\]: at most one"),
        ([{"any": {"a": "b"}}], "a list is expected"),
        ([{"not": {"exact": {"kind": ""}}}], r"spec\.filters\[0\]\.not: a filter that says nothing"),
    ],
    ids=["cesql", "nested", "two", "no-list", "not-nothing"],
)
def test_an_unknown_dialect_is_named_with_its_place(filters: list[Any], where: str) -> None:
    with pytest.raises(UnsupportedFilterError, match=where):
        trigger_filter({"filters": filters})
