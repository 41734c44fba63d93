"""What a PingSource sends, and that it goes on sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conformance.eventing.knative import Delivery, Json, Knative

_SOURCES = "sources.knative.dev/v1"
_EVERY_SECOND = "* * * * * *"


@pytest.fixture(scope="module")
def ticks(knative: Knative) -> dict[str, list[Delivery]]:
    """The first ticks of each source, by its name."""
    specs: dict[str, Json] = {
        "bare": {},
        "document": {"contentType": "application/json", "data": '{ "a": 1 }'},
        "bytes": {"contentType": "image/png", "dataBase64": "AP8="},
        "marked": {"ceOverrides": {"extensions": {"mark": "x", "number": "7"}}},
        "stubborn": {
            "contentType": "application/json",
            "data": '{"answers": {"stubborn": [{"status": 503}, {"status": 429}, {}]}}',
        },
    }
    for name, spec in specs.items():
        whole = {"schedule": _EVERY_SECOND, "sink": knative.subscriber(name), **spec}
        knative.apply("PingSource", name, whole, _SOURCES)
    for name in specs:
        knative.ready("pingsources", name, _SOURCES)

    def by_source(records: list[Delivery]) -> dict[str, list[Delivery]]:
        return {name: [record for record in records if record.observer == name] for name in specs}

    def enough(records: list[Delivery]) -> bool:
        counts = {name: len(attempts) for name, attempts in by_source(records).items()}
        return min(counts.values()) >= 1 and counts["bare"] >= 2 and counts["stubborn"] >= 3

    found = by_source(knative.recorder.until(enough))
    for name in specs:
        knative.cluster.delete(knative.path("pingsources", name, _SOURCES))
    return found


def attributes(tick: Delivery) -> dict[str, str]:
    """The attributes that every tick has alike."""
    return {name: value for name, value in tick.attributes.items() if name not in ("id", "time")}


def test_a_tick_says_where_it_comes_from(ticks: dict[str, list[Delivery]], knative: Knative) -> None:
    tick = ticks["bare"][0]
    assert attributes(tick) == {
        "specversion": "1.0",
        "type": "dev.knative.sources.ping",
        "source": f"/apis/v1/namespaces/{knative.namespace}/pingsources/bare",
    }
    assert (tick.body, tick.headers.get("content-type")) == (b"", None)
    assert tick.attributes["time"].endswith("Z")


def test_each_tick_is_an_event_of_its_own(ticks: dict[str, list[Delivery]]) -> None:
    identities = [tick.attributes["id"] for tick in ticks["bare"]]
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize(
    ("name", "body", "content_type"),
    [("document", b'{ "a": 1 }', "application/json"), ("bytes", b"\x00\xff", "image/png")],
)
def test_data_is_sent_as_it_was_written(
    ticks: dict[str, list[Delivery]], name: str, body: bytes, content_type: str
) -> None:
    tick = ticks[name][0]
    assert (tick.body, tick.headers["content-type"]) == (body, content_type)


def test_overrides_are_extensions(ticks: dict[str, list[Delivery]]) -> None:
    assert attributes(ticks["marked"][0]).items() >= {"mark": "x", "number": "7"}.items()


def test_what_is_not_taken_at_once_is_sent_again(ticks: dict[str, list[Delivery]]) -> None:
    first = ticks["stubborn"][0].attributes["id"]
    attempts = [tick.status for tick in ticks["stubborn"] if tick.attributes["id"] == first]
    assert attempts == [503, 429, 204]
