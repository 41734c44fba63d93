"""Telling the Broker. An event is only a hint that a resource changed: what gets lost here, the sweep makes up for."""

import asyncio
import logging
import os
from collections.abc import Sequence
from functools import cache

import httpx

from aegis.events import Event, write_event

_AT_ONCE = 16
# A Broker may be synchronous: its answer comes after every subscriber's. But SIGTERM leaves 30 seconds.
_TIMEOUT_SECONDS = 20.0
_log = logging.getLogger(__name__)


@cache
def _client() -> httpx.AsyncClient:
    timeout = httpx.Timeout(_TIMEOUT_SECONDS, pool=None)  # the pool is what limits all sends of this process
    return httpx.AsyncClient(timeout=timeout, trust_env=False, limits=httpx.Limits(max_connections=_AT_ONCE))


async def send(events: Sequence[Event]) -> None:
    """Send events to the Broker that ``K_SINK`` names, several at a time; failures are logged, not raised."""
    sink = os.environ.get("K_SINK")
    if not sink:
        _log.warning("K_SINK is not set: events are left to the sweep", extra={"events": len(events)})
        return

    async def one(event: Event) -> None:
        headers, body = write_event(event)
        try:
            response = await _client().post(sink, headers=headers, content=body)
            response.raise_for_status()
        except httpx.HTTPError as error:
            _log.warning(
                "the Broker did not take an event: left to the sweep",
                extra={"event": event.id, "type": event.type, "subject": event.subject, "error": str(error)},
            )

    await asyncio.gather(*(one(event) for event in events))
