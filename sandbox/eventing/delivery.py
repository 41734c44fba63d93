"""How often, how long and how patiently an event is delivered: the delivery spec of Broker and Trigger.

The rules are those of Knative's channel dispatcher: any 5xx, 404, 408, 409, 429 and connection errors are tried again,
other answers are final. `Retry-After` counts only where the spec sets `retryAfterMax`.
"""

from __future__ import annotations

import asyncio
import email.utils
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.durations import parse_iso_duration

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sandbox.http import Response

_RETRIED = frozenset({404, 408, 409, 429})
_WITH_RETRY_AFTER = frozenset({429, 503})
_SERVER_ERROR = 500
_SELF_MADE = 500  # the code that Knative puts down when there was no answer


class NoResponseError(Exception):
    """There was no answer: no connection, a broken one, or none in time."""


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """Retries and time limits of one subscription."""

    retries: int = 0
    backoff: str = ""
    """`exponential`, `linear` or nothing."""
    delay: float = 0.0
    timeout: float | None = None
    retry_after_max: float | None = None

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> DeliveryPolicy:
        """Read a delivery spec.

        Raises:
            InvalidDurationError: when a duration in it is none.
        """
        policy, delay = spec.get("backoffPolicy"), spec.get("backoffDelay")
        return cls(
            retries=int(spec.get("retry") or 0),
            backoff=policy if policy and delay else "",
            delay=parse_iso_duration(delay) if policy and delay else 0.0,
            timeout=parse_iso_duration(spec["timeout"]) if spec.get("timeout") else None,
            retry_after_max=parse_iso_duration(spec["retryAfterMax"]) if spec.get("retryAfterMax") else None,
        )

    def pause(self, attempt: int, response: Response | None) -> float:
        """Seconds to wait after an attempt; the first is 0."""
        wait: float = {"exponential": self.delay * 2**attempt, "linear": self.delay * attempt}.get(self.backoff, 0.0)
        if self.retry_after_max is None or response is None or response.status not in _WITH_RETRY_AFTER:
            return wait
        return max(wait, min(self.retry_after_max, _retry_after(response.header("retry-after") or "")))


# What the Broker's own default configuration gives a Broker without a delivery spec.
DEFAULT_POLICY = DeliveryPolicy(retries=10, backoff="exponential", delay=0.2)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a delivery ended after all its attempts."""

    code: int
    response: Response | None
    error: str = ""
    timed_out: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the last answer was 2xx."""
        return self.response is not None and self.response.ok

    @property
    def body(self) -> bytes:
        """What there is to say about a failure."""
        return self.error.encode() if self.response is None else self.response.body


async def deliver(send: Callable[[], Awaitable[Response]], policy: DeliveryPolicy) -> Outcome:
    """Send until it is delivered, refused for good, or the retries are used up."""
    attempt = 0
    while True:
        outcome = await _attempt(send, policy.timeout)
        if outcome.delivered or attempt >= policy.retries or not _may_pass(outcome):
            return outcome
        await asyncio.sleep(policy.pause(attempt, outcome.response))
        attempt += 1


async def _attempt(send: Callable[[], Awaitable[Response]], timeout: float | None) -> Outcome:  # noqa: ASYNC109
    try:
        async with asyncio.timeout(timeout):
            response = await send()
    except NoResponseError as error:
        return Outcome(_SELF_MADE, None, f"dispatch error: {error}")
    except TimeoutError:
        return Outcome(_SELF_MADE, None, f"dispatch error: no answer within {timeout} s", timed_out=True)
    return Outcome(response.status, response)


def _may_pass(outcome: Outcome) -> bool:
    return outcome.response is None or outcome.code >= _SERVER_ERROR or outcome.code in _RETRIED


def _retry_after(value: str) -> float:
    """Seconds of a Retry-After header: a number, or a date."""
    if value.isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
