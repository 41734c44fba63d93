"""How an event is delivered: before its sender is answered, how often it is tried again, and how long is waited."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.conformance.eventing.knative import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.eventing.knative import Broker, Delivery

_RETRIES = 3
_DELAY = 0.1
_FINAL = [400, 401, 402, 403, 405, 406, 410, 411, 412, 413, 414, 415, 418, 421, 422, 423, 425, 426, 428, 451]
_RETRIED = [404, 408, 409, 429, 500, 501, 502, 503, 504, 507, 511, 599]


@pytest.fixture(scope="module")
def broker(make_broker: Callable[..., Broker]) -> Broker:
    """A Broker whose Triggers differ in their delivery; an event's type names the Trigger."""
    made = make_broker()
    deliveries: dict[str, dict[str, object]] = {
        "once": {"retry": 0},
        "twin": {"retry": 0},
        "again": {"retry": _RETRIES},
        "linear": {"retry": _RETRIES, "backoffPolicy": "linear", "backoffDelay": f"PT{_DELAY}S"},
        "exponential": {"retry": _RETRIES, "backoffPolicy": "exponential", "backoffDelay": f"PT{_DELAY}S"},
        "impatient": {"retry": 1, "timeout": "PT0.5S"},
    }
    made.trigger(*(scenario(made, name, delivery) for name, delivery in deliveries.items()))
    return made


def scenario(broker: Broker, name: str, delivery: dict[str, object]) -> Trigger:
    """A Trigger for events of the type that it is named after; twins get the same ones."""
    wanted = {"type": "once" if name == "twin" else name}
    subscriber = broker.knative.subscriber(name)
    spec = {"delivery": delivery, "filter": {"attributes": wanted}, "subscriber": subscriber}
    return Trigger(name, spec, wanted)


def test_a_sender_is_answered_after_every_subscriber(broker: Broker) -> None:
    sent = broker.send(type="once", answers={"once": [{"delay": 0.3}], "twin": [{"delay": 0.3}]})
    assert sent.answer.status == 202
    assert sorted(d.observer for d in sent.deliveries() if d.answered) == ["once", "twin"]


def test_what_nobody_wants_is_taken(broker: Broker) -> None:
    sent = broker.send(type="unheard-of")
    assert (sent.answer.status, sent.answer.body, sent.deliveries()) == (202, "", [])


def test_what_one_subscriber_refuses_reaches_the_other_and_is_the_sender_s_to_know(broker: Broker) -> None:
    sent = broker.send(type="once", answers={"once": [{"status": 400}], "twin": [{"delay": 0.2}]})
    assert sent.answer.status == 500
    assert {d.observer: d.status for d in sent.deliveries() if d.answered} == {"once": 400, "twin": 204}


@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 206])
def test_any_2xx_without_a_body_is_a_delivery(broker: Broker, status: int) -> None:
    sent = broker.send(type="again", answers={"again": [{"status": status}]})
    assert (sent.answer.status, [d.status for d in sent.deliveries()]) == (202, [status])


@pytest.mark.parametrize("status", _FINAL)
def test_a_refusal_is_final(broker: Broker, status: int) -> None:
    sent = broker.send(type="again", answers={"again": [{"status": status}]})
    assert (sent.answer.status, [d.status for d in sent.deliveries()]) == (500, [status])


@pytest.mark.parametrize("status", _RETRIED)
def test_a_failure_is_tried_again_as_often_as_retry_says(broker: Broker, status: int) -> None:
    sent = broker.send(type="again", answers={"again": [{"status": status}]})
    assert (sent.answer.status, [d.status for d in sent.deliveries()]) == (500, [status] * (1 + _RETRIES))


def test_retries_end_with_the_first_that_succeeds(broker: Broker) -> None:
    sent = broker.send(type="again", answers={"again": [{"status": 503}, {"status": 429}, {}]})
    assert (sent.answer.status, [d.status for d in sent.deliveries()]) == (202, [503, 429, 204])


def test_retries_end_with_the_first_that_is_final(broker: Broker) -> None:
    sent = broker.send(type="again", answers={"again": [{"status": 503}, {"status": 400}]})
    assert (sent.answer.status, [d.status for d in sent.deliveries()]) == (500, [503, 400])


def test_a_body_that_is_no_event_is_a_failure(broker: Broker) -> None:
    answer = {"status": 200, "body": "done", "headers": {"content-type": "text/plain"}}
    sent = broker.send(type="again", answers={"again": [answer]})
    assert (sent.answer.status, len(sent.deliveries())) == (500, 1 + _RETRIES)


def test_each_attempt_is_the_same_event(broker: Broker) -> None:
    sent = broker.send(type="again", subject="s", answers={"again": [{"status": 503}]})
    first, *others = sent.deliveries()
    assert [(d.attributes, d.body) for d in others] == [(first.attributes, first.body)] * _RETRIES


@pytest.mark.parametrize(("policy", "factors"), [("linear", [0, 1, 2]), ("exponential", [1, 2, 4])])
def test_pauses_grow_as_the_policy_says(broker: Broker, policy: str, factors: list[int]) -> None:
    sent = broker.send(type=policy, answers={policy: [{"status": 503}]})
    pauses = waited(sent.deliveries())
    assert [pause >= _DELAY * factor for pause, factor in zip(pauses, factors, strict=True)] == [True] * _RETRIES


def waited(deliveries: list[Delivery]) -> list[float]:
    """Seconds between each answer and the next attempt. A pause may be longer than it must be, but never shorter."""
    return [after.arrived - (before.answered or 0) for before, after in pairwise(deliveries)]


def test_an_answer_that_takes_longer_than_the_timeout_is_a_failure(broker: Broker) -> None:
    sent = broker.send(type="impatient", answers={"impatient": [{"delay": 5}, {}]})
    assert (sent.answer.status, [bool(d.answered) for d in sent.deliveries()]) == (202, [False, True])
