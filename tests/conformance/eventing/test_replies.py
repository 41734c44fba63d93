"""What a subscriber answers with: an event goes back into the Broker, nothing is fine, and the rest is a failure."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.conformance.eventing.knative import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.eventing.knative import Broker, Json, Knative

_RETRIES = 1
_STRUCTURED = "application/cloudevents+json"


@pytest.fixture(scope="module")
def broker(make_broker: Callable[..., Broker], knative: Knative) -> Broker:
    """A Broker with a Trigger that replies and one that listens to the replies."""
    made = make_broker()
    wants = {name: {"type": name} for name in ("question", "reply")}
    made.trigger(
        *(
            Trigger(
                name,
                {
                    "delivery": {"retry": _RETRIES},
                    "filter": {"attributes": wanted},
                    "subscriber": knative.subscriber(name),
                },
                wanted,
            )
            for name, wanted in wants.items()
        )
    )
    return made


def context(**attributes: str) -> dict[str, str]:
    """The attributes of a reply."""
    return {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/reply", "type": "reply", **attributes}


def binary(attributes: dict[str, str], body: str = "{}", status: int = 200) -> Json:
    """An answer that is an event in binary mode."""
    headers = {f"ce-{name}": value for name, value in attributes.items()} | {"content-type": "application/json"}
    return {"status": status, "headers": headers, "body": body}


def structured(document: object, content_type: str = _STRUCTURED) -> Json:
    """An answer that is an event in structured mode, or pretends to be one."""
    return {"status": 200, "headers": {"content-type": content_type}, "body": json.dumps(document)}


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_reply_goes_to_those_who_listen_before_the_sender_is_answered(broker: Broker, status: int) -> None:
    reply = context(subject="s", extra="e")
    sent = broker.send(type="question", answers={"question": [binary(reply, '{"a": 1}', status)]})
    assert sent.answer.status == 202
    (heard,) = broker.deliveries(reply["id"])
    assert heard.attributes.items() >= reply.items()
    assert (heard.observer, heard.body, heard.headers["content-type"]) == ("reply", b'{"a": 1}', "application/json")
    assert heard.answered


def test_a_structured_reply_is_heard_as_well(broker: Broker) -> None:
    reply = context(extra="e")
    sent = broker.send(type="question", answers={"question": [structured({**reply, "data": {"a": 1}})]})
    assert sent.answer.status == 202
    (heard,) = broker.deliveries(reply["id"])
    assert heard.attributes.items() >= reply.items()
    assert heard.json == {"a": 1}


def test_a_reply_that_nobody_wants_is_no_failure(broker: Broker) -> None:
    sent = broker.send(type="question", answers={"question": [binary(context(type="unheard-of"))]})
    assert (sent.answer.status, len(sent.deliveries())) == (202, 1)


@pytest.mark.parametrize("status", [400, 503])
def test_a_reply_with_an_error_is_no_reply(broker: Broker, status: int) -> None:
    reply = context()
    sent = broker.send(type="question", answers={"question": [binary(reply, status=status)]})
    assert (sent.answer.status, broker.deliveries(reply["id"])) == (500, [])


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "body": "OK"},
        structured({"id": "1"}),
        structured([]),
        structured([context()], "application/cloudevents-batch+json"),
        {"status": 200, "body": "{", "headers": {"content-type": _STRUCTURED}},
        {"status": 200, "body": "", "headers": {"content-type": _STRUCTURED}},
    ],
    ids=["text", "incomplete", "list", "batch", "broken", "empty"],
)
def test_a_reply_that_cannot_be_read_is_a_failure_and_tried_again(broker: Broker, answer: Json) -> None:
    sent = broker.send(type="question", answers={"question": [answer]})
    assert (sent.answer.status, len(sent.deliveries())) == (500, 1 + _RETRIES)


@pytest.mark.parametrize("attribute", ["type", "id"])
def test_a_reply_that_says_too_little_is_refused_and_its_event_not_tried_again(broker: Broker, attribute: str) -> None:
    sent = broker.send(type="question", answers={"question": [structured({**context(), attribute: " "})]})
    assert (sent.answer.status, len(sent.deliveries())) == (500, 1)


def test_a_reply_whose_listener_fails_is_sent_again_but_not_its_event(broker: Broker) -> None:
    reply = context()
    heard = json.dumps({"answers": {"reply": [{"status": 503}]}})
    sent = broker.send(type="question", answers={"question": [binary(reply, heard)]})
    assert (sent.answer.status, len(sent.deliveries())) == (500, 1)
    assert len(broker.deliveries(reply["id"])) == (1 + _RETRIES) ** 2


def test_a_reply_whose_listener_takes_it_in_the_end_is_delivered(broker: Broker) -> None:
    reply = context()
    heard = json.dumps({"answers": {"reply": [{"status": 503}, {}]}})
    sent = broker.send(type="question", answers={"question": [binary(reply, heard)]})
    assert (sent.answer.status, [d.status for d in broker.deliveries(reply["id"])]) == (202, [503, 204])


def test_subscribers_are_told_that_they_may_reply(broker: Broker) -> None:
    (asked,) = broker.send(type="question").deliveries()
    assert asked.headers["prefer"] == "reply"


@pytest.mark.parametrize(("ttl", "status"), [("0", 400), ("1", 400), ("2", 202), ("-1", 400), ("many", 202)])
def test_an_event_passes_as_many_brokers_as_are_left_to_it(broker: Broker, ttl: str, status: int) -> None:
    assert broker.send(type="question", knativebrokerttl=ttl).answer.status == status


def test_a_reply_passes_one_broker_less_than_its_event(broker: Broker) -> None:
    reply = context()
    sent = broker.send(type="question", knativebrokerttl="2", answers={"question": [binary(reply)]})
    assert (sent.answer.status, len(sent.deliveries()), broker.deliveries(reply["id"])) == (500, 1, [])


def test_a_reply_cannot_give_itself_more_time(broker: Broker) -> None:
    reply = context(knativebrokerttl="100")
    sent = broker.send(type="question", knativebrokerttl="2", answers={"question": [binary(reply)]})
    assert (sent.answer.status, broker.deliveries(reply["id"])) == (500, [])


def test_subscribers_see_nothing_of_the_count(broker: Broker) -> None:
    (asked,) = broker.send(type="question").deliveries()
    assert "knativebrokerttl" not in asked.attributes
    assert asked.attributes["knativearrivaltime"]
