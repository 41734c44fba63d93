"""Which events a Trigger lets through: each of these has a filter of its own, and all of them see the same events.

One filter must not be tried: at a `not` of a filter that says nothing (`{"not": {"exact": {"kind": ""}}}`), Knative's
filter crashes whenever the Trigger changes, and with it every Trigger of the cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.eventing.knative import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.conformance.eventing.knative import Broker, Json, Knative

_SCHEMA = "http://example.org/schema"
_TIME = "2026-07-01T12:00:00Z"

EVENTS: dict[str, dict[str, str]] = {
    "bare": {"type": "t.bare"},
    "node": {"type": "t.node.add", "kind": "Node", "subject": "dev1"},
    "pod": {"type": "t.pod.add", "kind": "Pod", "subject": "pod1", "name": "a b"},
    "blank": {"type": "t.blank", "kind": ""},
    "lower": {"type": "t.lower", "kind": "node"},
    "full": {"type": "t.full", "subject": "s", "time": _TIME, "dataschema": _SCHEMA, "number": "7"},
    "words": {"type": "t.words", "kind": '"Node"', "name": "a%20b"},
}
_ALL = set(EVENTS)
_NOTHING: set[str] = set()


def exact(**wanted: str) -> Json:
    """A filter for attributes that are so."""
    return {"exact": wanted}


ATTRIBUTES: dict[str, tuple[dict[str, str], set[str]]] = {
    "none": ({}, _ALL),
    "type": ({"type": "t.node.add"}, {"node"}),
    "type-and-extension": ({"type": "t.node.add", "kind": "Pod"}, _NOTHING),
    "extension": ({"kind": "Node"}, {"node"}),
    "any-extension": ({"kind": ""}, {"node", "pod", "lower", "words"}),
    "any-subject": ({"subject": ""}, {"node", "pod", "full"}),
    "any-type": ({"type": ""}, _ALL),
    "any-absent": ({"absent": ""}, _NOTHING),
    "any-schema": ({"dataschema": ""}, {"full"}),
    "source": ({"source": "/conformance"}, _ALL),
    "version": ({"specversion": "1.0"}, _ALL),
    "content": ({"datacontenttype": "application/json"}, _ALL),
    "quoted": ({"kind": '"Node"'}, {"words"}),
    "encoded": ({"name": "a%20b"}, {"words"}),
    "decoded": ({"name": "a b"}, {"pod"}),
}

FILTERS: dict[str, tuple[list[Json], set[str]]] = {
    "no-filters": ([], _ALL),
    "exact": ([exact(kind="Node")], {"node"}),
    "exact-two": ([exact(kind="Node", subject="dev1")], {"node"}),
    "exact-two-of-two": ([exact(kind="Node", subject="dev2")], _NOTHING),
    "exact-time": ([exact(time=_TIME)], {"full"}),
    "exact-schema": ([exact(dataschema=_SCHEMA)], {"full"}),
    "exact-number": ([exact(number="7")], {"full"}),
    "prefix-id": ([{"prefix": {"id": "conformance-"}}], _ALL),
    "exact-empty": ([exact(kind="")], _ALL),
    "prefix": ([{"prefix": {"type": "t.no"}}], {"node"}),
    "prefix-whole": ([{"prefix": {"type": "t.node.add"}}], {"node"}),
    "prefix-extension": ([{"prefix": {"kind": "N"}}], {"node"}),
    "prefix-absent": ([{"prefix": {"absent": "a"}}], _NOTHING),
    "prefix-unset-subject": ([{"prefix": {"subject": "d"}}], {"node"}),
    "prefix-empty": ([{"prefix": {"kind": ""}}], _ALL),
    "suffix": ([{"suffix": {"type": ".add"}}], {"node", "pod"}),
    "suffix-case": ([{"suffix": {"kind": "ODE"}}], _NOTHING),
    "suffix-empty": ([{"suffix": {"kind": ""}}], _ALL),
    "several": ([{"suffix": {"type": ".add"}}, exact(kind="Pod")], {"pod"}),
    "all": ([{"all": [{"suffix": {"type": ".add"}}, exact(kind="Pod")]}], {"pod"}),
    "all-empty": ([{"all": []}], _ALL),
    "all-of-an-empty-value": ([{"all": [exact(kind=""), exact(subject="pod1")]}], {"pod"}),
    "any": ([{"any": [exact(kind="Pod"), exact(subject="s")]}], {"pod", "full"}),
    "any-empty": ([{"any": []}], _ALL),
    "any-of-an-empty-value": ([{"any": [exact(kind=""), exact(subject="pod1")]}], {"pod"}),
    "any-of-empty-values-alone": ([{"any": [exact(kind=""), {"prefix": {"kind": ""}}]}], _ALL),
    "not": ([{"not": exact(kind="Node")}], _ALL - {"node"}),
    "not-absent": ([{"not": exact(absent="x")}], _ALL),
    "not-unset-subject": ([{"not": exact(subject="s")}], _ALL - {"full"}),
    "not-any": ([{"not": {"any": [exact(kind="Pod"), exact(kind="Node")]}}], _ALL - {"pod", "node"}),
    "not-all": ([{"not": {"all": [exact(kind="Pod"), exact(subject="pod1")]}}], _ALL - {"pod"}),
    "not-not": ([{"not": {"not": exact(kind="Pod")}}], {"pod"}),
    "nested": (
        [{"any": [{"all": [exact(kind="Pod"), {"prefix": {"subject": "pod"}}]}, {"not": {"prefix": {"type": "t."}}}]}],
        {"pod"},
    ),
    "nothing-said": ([{}], _ALL),
    "nothing-said-and-something": ([{}, exact(kind="Pod")], {"pod"}),
    "quotes": ([exact(kind='"Node"')], {"words"}),
    "ttl": ([{"not": {"prefix": {"knativebrokerttl": "2"}}}], _ALL),
}


@pytest.fixture(scope="module")
def passed(make_broker: Callable[..., Broker], knative: Knative) -> Mapping[str, set[str]]:
    """Which of the events came through which Trigger."""
    broker = make_broker()
    specs: dict[str, tuple[Json, set[str]]] = {
        **{f"attributes-{name}": ({"filter": {"attributes": a}}, to) for name, (a, to) in ATTRIBUTES.items()},
        **{f"filters-{name}": ({"filters": filters}, to) for name, (filters, to) in FILTERS.items()},
        "both": ({"filter": {"attributes": {"kind": "Pod"}}, "filters": [exact(kind="Node")]}, {"node"}),
    }
    broker.trigger(
        *(
            Trigger(name, {**spec, "subscriber": knative.subscriber(name)}, EVENTS[min(through)] if through else None)
            for name, (spec, through) in specs.items()
        )
    )
    reached = {name: broker.emit(EVENTS[name]).reached() for name in EVENTS}
    return {name: {event for event, names in reached.items() if name in names} for name in specs}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_filter_attributes(passed: Mapping[str, set[str]], name: str) -> None:
    assert passed[f"attributes-{name}"] == ATTRIBUTES[name][1]


@pytest.mark.parametrize("name", FILTERS)
def test_filters(passed: Mapping[str, set[str]], name: str) -> None:
    assert passed[f"filters-{name}"] == FILTERS[name][1]


def test_filters_are_in_the_place_of_filter(passed: Mapping[str, set[str]]) -> None:
    assert passed["both"] == {"node"}
