"""The Broker: hands each event to the Triggers that want it, and their replies on in turn.

It is Knative's channel-based Broker on an in-memory channel, with its manners: the sender's answer comes after every
subscriber, and every subscriber of their replies, has answered; a sender that hangs up cancels what is under way; and
what is under way is lost when the Broker goes.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from sandbox.eventing.cloudevent import CloudEvent, NotAnEventError, is_event, parse, to_binary
from sandbox.eventing.delivery import Outcome, deliver
from sandbox.eventing.values import is_header
from sandbox.http import Request, Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.eventing.delivery import DeliveryPolicy
    from sandbox.eventing.filters import Filter

logger = logging.getLogger(__name__)

TTL = "knativebrokerttl"
ARRIVAL = "knativearrivaltime"
_INITIAL_TTL = 255
_ERROR_DATA_LIMIT = 1024
_ACCEPTED, _BAD_REQUEST, _FAILED = 202, 400, 500
_NOT_AN_EVENT = Response(502)
"""What Knative's filter makes of a 2xx whose body is no event."""


class Sender(Protocol):
    """Sends a request to an address, wherever that is."""

    async def send(self, url: str, request: Request) -> Response:
        """The answer, whatever its status.

        Raises:
            NoResponseError: when there is none.
        """


@dataclass(frozen=True, slots=True)
class Subscription:
    """A Trigger that is ready: what it wants and where that goes."""

    name: str
    wants: Filter
    subscriber: str
    policy: DeliveryPolicy
    dead_letter: str | None


class Broker:
    """One Broker of the cluster."""

    def __init__(self, url: str, sender: Sender, *, duplicate: bool = False) -> None:
        self.url = url
        self.subscriptions: Sequence[Subscription] = ()
        self._sender = sender
        self._copies = 2 if duplicate else 1

    async def receive(self, event: CloudEvent) -> int:
        """Take an event and return the status that its sender gets."""
        ttl = _lowered_ttl(event)
        if ttl <= 0:
            return _BAD_REQUEST
        if not all(map(is_header, event.attributes.values())):
            return _FAILED
        event = event.having(**{TTL: str(ttl), ARRIVAL: datetime.now(UTC).isoformat().replace("+00:00", "Z")})
        wanting = [
            subscription for subscription in self.subscriptions if subscription.wants(event.lacking(TTL))
        ] * self._copies
        if not wanting:
            return _ACCEPTED
        if len(wanting) == 1:
            return _ACCEPTED if await self._dispatch(wanting[0], event) else _FAILED
        # A failure does not stop the deliveries beside it; only the sender's going away does.
        results = await asyncio.gather(*(self._dispatch(subscription, event) for subscription in wanting))
        return _ACCEPTED if all(results) else _FAILED

    async def _dispatch(self, subscription: Subscription, event: CloudEvent) -> bool:
        request = _as_request(event.lacking(TTL))
        outcome = await deliver(lambda: self._call(subscription.subscriber, request), subscription.policy)
        if not outcome.delivered:
            return await self._bury(subscription, event, subscription.subscriber, outcome)
        reply = _reply(outcome)
        if reply is None:
            return True
        reply = reply.having(**{TTL: event.attributes[TTL]})
        forwarded = await deliver(lambda: self._take_reply(reply), subscription.policy)
        return forwarded.delivered or await self._bury(subscription, event, self.url, forwarded)

    async def _call(self, url: str, request: Request) -> Response:
        """One attempt at a subscriber. Whoever answers with anything but an event or nothing has failed."""
        response = await self._sender.send(url, request)
        if not response.ok or not (response.body or is_event(response)):
            return response
        try:
            parse(response)
        except NotAnEventError as error:
            logger.warning("%s answered %d with a body that is no CloudEvent: %s", url, response.status, error)
            return _NOT_AN_EVENT
        return response

    async def _take_reply(self, reply: CloudEvent) -> Response:
        try:
            return Response(await self.receive(reply.checked()))
        except NotAnEventError as error:
            logger.warning("a reply is refused: %s", error)
            return Response(_BAD_REQUEST)

    async def _bury(self, subscription: Subscription, event: CloudEvent, destination: str, outcome: Outcome) -> bool:
        """Send what could not be delivered to the dead-letter sink, saying why; without one it is lost."""
        if subscription.dead_letter is None:
            logger.error(
                "trigger/%s: %s %s lost: %d from %s",
                subscription.name, event.type, event.attributes["id"], outcome.code, destination,
            )  # fmt: skip
            return False
        dead = event.having(**_error_attributes(destination, outcome))
        url = subscription.dead_letter
        buried = await deliver(lambda: self._sender.send(url, _as_request(dead)), subscription.policy)
        return buried.delivered


def _as_request(event: CloudEvent) -> Request:
    headers, body = to_binary(event)
    return Request("POST", "/", (*headers, ("prefer", "reply")), body)


def _reply(outcome: Outcome) -> CloudEvent | None:
    response = outcome.response
    return parse(response) if response is not None and is_event(response) else None


def _lowered_ttl(event: CloudEvent) -> int:
    """How often the event may still pass through a Broker; the first passage sets it."""
    try:
        return max(0, int(float(event.attributes[TTL])) - 1)
    except (KeyError, ValueError, OverflowError):
        return _INITIAL_TTL


def _error_attributes(destination: str, outcome: Outcome) -> dict[str, str]:
    """Why an event is dead.

    Knative's channel has it from the words of its filter. There are none where the filter did not answer in time, and
    where it refused an answer that is no event.
    """
    if outcome.timed_out or outcome.response is _NOT_AN_EVENT:
        return {}
    data = base64.b64encode(outcome.body).decode()[:_ERROR_DATA_LIMIT]
    return {"knativeerrordest": destination, "knativeerrorcode": str(outcome.code), "knativeerrordata": data}
