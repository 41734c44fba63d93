"""Deliveries are repeated as the delivery spec says, and only where Knative would."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sandbox.durations import InvalidDurationError
from sandbox.eventing.delivery import DeliveryPolicy, NoResponseError, deliver
from sandbox.http import Response


class Subscriber:
    """Answers as it is told, then with 200."""

    def __init__(self, *answers: int | type[Exception]) -> None:
        self.answers = list(answers)
        self.calls = 0

    async def __call__(self) -> Response:
        self.calls += 1
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, int):
            return Response(answer, (), b"answer")
        raise answer("refused")


@pytest.mark.parametrize("status", [404, 408, 409, 429, 500, 503, 599])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    subscriber = Subscriber(status)
    outcome = await deliver(subscriber, DeliveryPolicy(retries=1))
    assert outcome.delivered
    assert subscriber.calls == 2


@pytest.mark.parametrize("status", [300, 400, 401, 403, 410, 413, 422])
async def test_what_is_final_is_not_tried_again(status: int) -> None:
    subscriber = Subscriber(status)
    outcome = await deliver(subscriber, DeliveryPolicy(retries=5))
    assert (outcome.delivered, outcome.code, outcome.body) == (False, status, b"answer")
    assert subscriber.calls == 1


async def test_a_broken_connection_is_tried_again_and_counts_as_500_in_the_end() -> None:
    subscriber = Subscriber(NoResponseError, NoResponseError, NoResponseError)
    outcome = await deliver(subscriber, DeliveryPolicy(retries=2))
    assert (outcome.code, outcome.response, outcome.body) == (500, None, b"dispatch error: refused")
    assert subscriber.calls == 3


async def test_a_subscriber_that_takes_too_long_has_failed() -> None:
    async def never() -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    outcome = await deliver(never, DeliveryPolicy(timeout=0.01))
    assert (outcome.delivered, outcome.code) == (False, 500)


@pytest.mark.parametrize(
    ("policy", "pauses"),
    [
        (DeliveryPolicy(backoff="exponential", delay=0.5), (0.5, 1.0, 2.0)),
        (DeliveryPolicy(backoff="linear", delay=0.5), (0.0, 0.5, 1.0)),
        (DeliveryPolicy(), (0.0, 0.0, 0.0)),
    ],
    ids=["exponential", "linear", "none"],
)
def test_pauses_grow_as_the_policy_says(policy: DeliveryPolicy, pauses: Iterable[float]) -> None:
    assert tuple(policy.pause(attempt, None) for attempt in range(3)) == pauses


@pytest.mark.parametrize(
    ("limit", "status", "value", "pause"),
    [
        (None, 503, "30", 0.0),
        (60.0, 503, "30", 30.0),
        (60.0, 429, "90", 60.0),
        (60.0, 500, "30", 0.0),
        (60.0, 503, "soon", 0.0),
    ],
    ids=["not-asked-for", "seconds", "capped", "other-status", "nonsense"],
)
def test_retry_after_counts_only_within_its_maximum(limit: float | None, status: int, value: str, pause: float) -> None:
    response = Response(status, (("retry-after", value),))
    assert DeliveryPolicy(retry_after_max=limit).pause(0, response) == pause


def test_retry_after_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    pause = DeliveryPolicy(retry_after_max=60.0).pause(0, Response(503, (("retry-after", date),)))
    assert 28 < pause <= 30


def test_a_delivery_spec_is_read() -> None:
    spec = {
        "retry": 3,
        "backoffPolicy": "exponential",
        "backoffDelay": "PT0.2S",
        "timeout": "PT1M",
        "retryAfterMax": "P1D",
    }
    assert DeliveryPolicy.parse(spec) == DeliveryPolicy(3, "exponential", 0.2, 60.0, 86400.0)


def test_a_delay_without_a_policy_means_none() -> None:
    assert DeliveryPolicy.parse({"retry": 3, "backoffDelay": "PT1S"}) == DeliveryPolicy(3)


def test_a_bad_duration_is_refused() -> None:
    with pytest.raises(InvalidDurationError, match="'1s' is not an ISO 8601 duration"):
        DeliveryPolicy.parse({"timeout": "1s"})
