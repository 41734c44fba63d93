"""What becomes of an event that could not be delivered, and what it is told to say of that."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.conformance.eventing.knative import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.eventing.knative import Broker, Delivery, Json, Knative, Sent

_RETRIES = 2
_REPLY = {"ce-specversion": "1.0", "ce-id": "reply", "ce-source": "/reply", "ce-type": "reply"}


@pytest.fixture(scope="module")
def broker(make_broker: Callable[..., Broker], knative: Knative) -> Broker:
    """A Broker with a dead-letter sink, and Triggers that are named after the type of their events."""
    made = make_broker({"retry": _RETRIES, "deadLetterSink": knative.subscriber("dead")})
    nowhere = {"uri": "http://127.0.0.1:9"}
    made.trigger(
        scenario("plain", knative.subscriber("plain")),
        scenario("own", knative.subscriber("own"), {"deadLetterSink": knative.subscriber("buried")}),
        scenario("brief", knative.subscriber("brief"), {"retry": 0}),
        scenario("impatient", knative.subscriber("impatient"), {"retry": 0, "timeout": "PT0.5S"}),
        Trigger("nowhere", {"filter": only("nowhere"), "subscriber": nowhere}, {"type": "nowhere"}, observer="dead"),
    )
    return made


def only(name: str) -> Json:
    """A filter for one type."""
    return {"attributes": {"type": name}}


def scenario(name: str, subscriber: Json, delivery: Json | None = None) -> Trigger:
    """A Trigger for events of one type, with the Broker's delivery or its own."""
    spec = {"filter": only(name), "subscriber": subscriber} | ({"delivery": delivery} if delivery else {})
    return Trigger(name, spec, {"type": name})


def the_dead_letter(sent: Sent) -> Delivery:
    """The one that the Broker's sink got."""
    (dead,) = sent.deliveries("dead")
    return dead


def errors(dead: Delivery) -> dict[str, str]:
    """Why a dead letter is one."""
    return {name: value for name, value in dead.attributes.items() if name.startswith("knativeerror")}


def test_a_sender_is_answered_after_the_dead_letter_sink(broker: Broker) -> None:
    sent = broker.send(type="plain", answers={"plain": [{"status": 400}], "dead": [{"delay": 0.3}]})
    assert sent.answer.status == 202
    assert [(d.observer, bool(d.answered)) for d in sent.deliveries()] == [("plain", True), ("dead", True)]


@pytest.mark.parametrize("status", [302, 400, 404, 413, 429, 503])
def test_a_dead_letter_tells_who_refused_it_and_how(broker: Broker, status: int) -> None:
    answer = {"status": status, "body": "no, thanks: ü\n", "headers": {"content-type": "text/plain"}}
    sent = broker.send(type="plain", answers={"plain": [answer]})
    assert errors(the_dead_letter(sent)) == {
        "knativeerrordest": broker.knative.subscriber("plain")["uri"],
        "knativeerrorcode": str(status),
        "knativeerrordata": base64.b64encode("no, thanks: ü\n".encode()).decode(),
    }


def test_of_several_attempts_the_last_is_told(broker: Broker) -> None:
    answers = [{"status": 503, "body": "first"}, {"status": 500, "body": "second"}, {"status": 429, "body": "third"}]
    sent = broker.send(type="plain", answers={"plain": answers})
    told = errors(the_dead_letter(sent))
    assert (told["knativeerrorcode"], base64.b64decode(told["knativeerrordata"])) == ("429", b"third")


def test_many_words_are_told_to_the_end(broker: Broker) -> None:
    words = "x" * 768  # one more, and Knative's dispatcher panics
    sent = broker.send(type="plain", answers={"plain": [{"status": 400, "body": words}]})
    assert base64.b64decode(errors(the_dead_letter(sent))["knativeerrordata"]) == words.encode()


def test_a_refusal_without_words_is_told_so(broker: Broker) -> None:
    sent = broker.send(type="plain", answers={"plain": [{"status": 400}]})
    assert errors(the_dead_letter(sent)) == {
        "knativeerrordest": broker.knative.subscriber("plain")["uri"],
        "knativeerrorcode": "400",
        "knativeerrordata": "",
    }


def test_a_dead_letter_is_the_event_that_was_not_taken(broker: Broker) -> None:
    sent = broker.send(type="plain", subject="s", extra="e", answers={"plain": [{"status": 400}]})
    (refused,), dead = sent.deliveries("plain"), the_dead_letter(sent)
    told = {**errors(dead), "knativebrokerttl": "255"}
    assert dead.attributes == {**refused.attributes, **told}
    assert (dead.body, dead.headers["content-type"]) == (refused.body, refused.headers["content-type"])


def test_a_dead_letter_tells_that_nobody_answered(broker: Broker) -> None:
    told = errors(the_dead_letter(broker.send(type="nowhere")))
    words = base64.b64decode(told.pop("knativeerrordata"))
    assert told == {"knativeerrordest": "http://127.0.0.1:9", "knativeerrorcode": "500"}
    assert words.startswith(b"dispatch error: ")


def test_a_dead_letter_tells_nothing_of_a_timeout(broker: Broker) -> None:
    sent = broker.send(type="impatient", answers={"impatient": [{"delay": 3}]})
    assert errors(the_dead_letter(sent)) == {}


def test_a_dead_letter_tells_nothing_of_an_answer_that_is_no_event(broker: Broker) -> None:
    sent = broker.send(type="plain", answers={"plain": [{"status": 200, "body": "done"}]})
    assert len(sent.deliveries("plain")) == 1 + _RETRIES
    assert errors(the_dead_letter(sent)) == {}


def test_a_trigger_s_own_sink_is_in_the_place_of_the_broker_s(broker: Broker) -> None:
    sent = broker.send(type="own", answers={"own": [{"status": 400}]})
    assert [d.observer for d in sent.deliveries()] == ["own", "buried"]


@pytest.mark.parametrize(("trigger", "attempts"), [("plain", 1 + _RETRIES), ("own", 1), ("brief", 1)])
def test_a_trigger_s_own_delivery_is_in_the_place_of_the_whole_of_the_broker_s(
    broker: Broker, trigger: str, attempts: int
) -> None:
    sent = broker.send(type=trigger, answers={trigger: [{"status": 503}]})
    assert len(sent.deliveries(trigger)) == attempts


def test_a_trigger_with_a_delivery_but_no_sink_has_the_broker_s_sink(broker: Broker) -> None:
    sent = broker.send(type="brief", answers={"brief": [{"status": 400}]})
    assert [d.observer for d in sent.deliveries()] == ["brief", "dead"]


def test_a_dead_letter_that_is_refused_is_the_sender_s_to_know(broker: Broker) -> None:
    sent = broker.send(type="plain", answers={"plain": [{"status": 400}], "dead": [{"status": 400}]})
    assert (sent.answer.status, sent.answer.body) == (500, "")


def test_a_dead_letter_is_tried_as_often_as_the_event(broker: Broker) -> None:
    sent = broker.send(type="plain", answers={"plain": [{"status": 400}], "dead": [{"status": 503}]})
    assert (sent.answer.status, len(sent.deliveries("dead"))) == (500, 1 + _RETRIES)


def test_what_a_dead_letter_sink_replies_goes_nowhere(broker: Broker) -> None:
    reply = {"status": 200, "headers": {**_REPLY, "ce-id": "of-the-dead", "ce-type": "plain"}}
    sent = broker.send(type="plain", answers={"plain": [{"status": 400}], "dead": [reply]})
    assert sent.answer.status == 202
    assert broker.deliveries("of-the-dead") == []


def test_a_reply_that_the_broker_refuses_makes_a_dead_letter_of_the_event(broker: Broker) -> None:
    reply = {"status": 200, "headers": {**_REPLY, "ce-type": " "}}
    sent = broker.send(type="plain", answers={"plain": [reply]})
    assert (sent.answer.status, len(sent.deliveries("plain"))) == (202, 1)
    assert errors(the_dead_letter(sent)) == {
        "knativeerrordest": broker.url,
        "knativeerrorcode": "400",
        "knativeerrordata": "",
    }
