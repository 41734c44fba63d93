"""The Broker has the manners of Knative's channel-based one."""

import asyncio
import base64
from collections.abc import Callable, Mapping

import pytest

from sandbox.eventing.broker import ARRIVAL, TTL, Broker, Subscription
from sandbox.eventing.cloudevent import CloudEvent, parse, to_binary
from sandbox.eventing.delivery import DeliveryPolicy, NoResponseError
from sandbox.eventing.filters import trigger_filter
from sandbox.http import Request, Response

Handler = Callable[[CloudEvent], Response]
EMPTY = Response(202)


class Network:
    """Addresses and what answers there."""

    def __init__(self, **handlers: Handler) -> None:
        self.handlers = handlers
        self.seen: list[tuple[str, CloudEvent]] = []

    async def send(self, url: str, request: Request) -> Response:
        event = parse(request)
        self.seen.append((url, event))
        await asyncio.sleep(0)
        if url not in self.handlers:
            raise NoResponseError("connection refused")
        return self.handlers[url](event)

    def at(self, url: str) -> list[CloudEvent]:
        return [event for seen, event in self.seen if seen == url]


def event(kind: str = "start", **extensions: str) -> CloudEvent:
    return CloudEvent({"specversion": "1.0", "id": "1", "source": "/s", "type": kind, **extensions}, b"{}")


def replying(kind: str) -> Handler:
    def answer(incoming: CloudEvent) -> Response:
        headers, body = to_binary(CloudEvent({**incoming.attributes, "type": kind}, b"reply"))
        return Response(200, headers, body)

    return answer


def trigger(subscriber: str, kind: str = "start", *, retries: int = 0, dead_letter: str | None = None) -> Subscription:
    wants = trigger_filter({"filter": {"attributes": {"type": kind}}})
    return Subscription(subscriber, wants, subscriber, DeliveryPolicy(retries), dead_letter)


def broker(network: Network, *subscriptions: Subscription, duplicate: bool = False) -> Broker:
    made = Broker("broker", network, duplicate=duplicate)
    made.subscriptions = subscriptions
    return made


async def test_an_event_that_nobody_wants_is_accepted() -> None:
    network = Network(a=lambda _: EMPTY)
    assert await broker(network, trigger("a", "other")).receive(event()) == 202
    assert network.seen == []


async def test_every_trigger_that_wants_an_event_gets_it_without_the_ttl() -> None:
    network = Network(a=lambda _: EMPTY, b=lambda _: EMPTY)
    assert await broker(network, trigger("a"), trigger("b")).receive(event()) == 202
    assert {url for url, _ in network.seen} == {"a", "b"}
    attributes: Mapping[str, str] = network.at("a")[0].attributes
    assert TTL not in attributes
    assert ARRIVAL in attributes


async def test_the_sender_is_answered_after_the_subscribers_of_the_replies() -> None:
    network = Network(a=replying("second"), b=replying("third"), c=lambda _: EMPTY)
    asked = broker(network, trigger("a"), trigger("b", "second"), trigger("c", "third"))
    assert await asked.receive(event()) == 202
    assert [url for url, _ in network.seen] == ["a", "b", "c"]
    assert network.at("c")[0].data == b"reply"


async def test_replies_that_go_in_circles_end_when_their_ttl_does() -> None:
    network = Network(a=replying("start"))
    assert await broker(network, trigger("a")).receive(event(**{TTL: "4"})) == 500
    assert len(network.seen) == 3


async def test_an_event_without_passages_left_is_refused() -> None:
    assert await broker(Network()).receive(event(**{TTL: "1"})) == 400


async def test_a_body_that_is_no_event_is_a_failed_delivery() -> None:
    network = Network(a=lambda _: Response(200, (("content-type", "text/plain"),), b"OK"))
    assert await broker(network, trigger("a", retries=2)).receive(event()) == 500
    assert len(network.at("a")) == 3


async def test_a_reply_that_claims_to_be_an_event_and_is_none_is_a_failed_delivery() -> None:
    network = Network(a=lambda _: Response(200, (("ce-specversion", "1.0"),), b""))
    assert await broker(network, trigger("a")).receive(event()) == 500


async def test_one_failure_does_not_stop_the_others() -> None:
    network = Network(a=lambda _: Response(400), b=lambda _: EMPTY)
    assert await broker(network, trigger("a"), trigger("b")).receive(event()) == 500
    assert len(network.at("b")) == 1


async def test_what_cannot_be_delivered_goes_to_the_dead_letter_sink_with_the_reason() -> None:
    network = Network(a=lambda _: Response(503, (), b"away"), dead=lambda _: EMPTY)
    assert await broker(network, trigger("a", retries=1, dead_letter="dead")).receive(event()) == 202
    (dead,) = network.at("dead")
    assert dead.type == "start"
    assert dead.attributes["knativeerrordest"] == "a"
    assert dead.attributes["knativeerrorcode"] == "503"
    assert base64.b64decode(dead.attributes["knativeerrordata"]) == b"away"


async def test_the_reason_is_cut_at_its_limit() -> None:
    network = Network(a=lambda _: Response(400, (), b"x" * 5000), dead=lambda _: EMPTY)
    await broker(network, trigger("a", dead_letter="dead")).receive(event())
    assert len(network.at("dead")[0].attributes["knativeerrordata"]) == 1024


async def test_an_answer_that_is_no_event_is_buried_without_a_reason() -> None:
    network = Network(a=lambda _: Response(200, (), b"OK"), dead=lambda _: EMPTY)
    await broker(network, trigger("a", dead_letter="dead")).receive(event())
    assert not [name for name in network.at("dead")[0].attributes if name.startswith("knativeerror")]


async def test_a_subscriber_that_is_not_there_is_buried_as_500() -> None:
    network = Network(dead=lambda _: EMPTY)
    await broker(network, trigger("gone", dead_letter="dead")).receive(event())
    assert network.at("dead")[0].attributes["knativeerrorcode"] == "500"


async def test_a_reply_that_fails_further_on_buries_the_event_it_answered() -> None:
    network = Network(a=replying("second"), b=lambda _: Response(400), dead=lambda _: EMPTY)
    await broker(network, trigger("a", dead_letter="dead"), trigger("b", "second")).receive(event())
    (dead,) = network.at("dead")
    assert dead.type == "start"
    assert dead.attributes["knativeerrordest"] == "broker"


async def test_a_dead_letter_sink_that_fails_fails_the_delivery() -> None:
    network = Network(a=lambda _: Response(400), dead=lambda _: Response(400))
    assert await broker(network, trigger("a", dead_letter="dead")).receive(event()) == 500


@pytest.mark.parametrize(("duplicate", "times"), [(False, 1), (True, 2)])
async def test_duplicating_delivers_every_event_twice(duplicate: bool, times: int) -> None:  # noqa: FBT001
    network = Network(a=lambda _: EMPTY)
    await broker(network, trigger("a"), duplicate=duplicate).receive(event())
    assert len(network.at("a")) == times
