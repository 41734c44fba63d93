"""Telling the Broker. An event is only a hint that a resource changed: what gets lost here, the sweep makes up for."""

import asyncio
import logging
import os
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from urllib.parse import urlsplit

import httpcore

from aegis.events import Event, write_event
from aegis.server import FAILURES, KEEPALIVE_SECONDS

_AT_ONCE = 16
# A Broker may be synchronous: its answer comes after every subscriber's. But SIGTERM leaves 30 seconds.
_TIMEOUT_SECONDS = 20.0
_TIMEOUTS = dict.fromkeys(("connect", "write", "read"), _TIMEOUT_SECONDS)  # none for the pool: it is what limits sends
_log = logging.getLogger(__name__)


@cache
def _pool() -> httpcore.AsyncConnectionPool:
    """The process's one pool, which limits how much it sends at once."""
    return httpcore.AsyncConnectionPool(max_connections=_AT_ONCE, keepalive_expiry=KEEPALIVE_SECONDS)


async def send(events: Sequence[Event]) -> None:
    """Send events to the Broker that ``K_SINK`` names, several at a time; failures are logged, not raised."""
    sink = os.environ.get("K_SINK")
    if not sink:
        _log.warning("K_SINK is not set: events are left to the sweep", extra={"events": len(events)})
        return
    await asyncio.gather(*(_send(event, sink) for event in events))


async def _send(event: Event, sink: str) -> None:
    headers, body = write_event(event)
    try:
        answer = await _pool().request(
            "POST",
            sink,
            headers=[("Host", urlsplit(sink).netloc), *headers.items()],
            content=body,
            extensions={"timeout": _TIMEOUTS},
        )
        error = "" if answer.status < HTTPStatus.MULTIPLE_CHOICES else f"it answered {answer.status}"
    except FAILURES as failure:
        error = str(failure) or type(failure).__name__
    if error:
        _log.warning(
            "the Broker did not take an event: left to the sweep",
            extra={"event": event.id, "type": event.type, "subject": event.subject, "error": error},
        )
