"""What the event sources have in common: the way their adapter sends, and the overrides a manifest may ask for."""

from __future__ import annotations

import asyncio
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.eventing.cloudevent import CloudEvent, to_binary
from sandbox.eventing.delivery import NoResponseError
from sandbox.http import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.eventing.broker import Sender

logger = logging.getLogger(__name__)

# What the SDK that Knative's adapters are built on tries again, and how often; 500 is not among it.
_RETRIED = frozenset({404, 413, 425, 429, 502, 503, 504})
_ATTEMPTS = 5
_FIRST_PAUSE = 0.05


class Adapter:
    """Sends a source's events to its sink."""

    def __init__(self, sender: Sender, sink: str, overrides: Mapping[str, Any] | None) -> None:
        self._sender = sender
        self._sink = sink
        self._extensions = {name: str(value) for name, value in ((overrides or {}).get("extensions") or {}).items()}

    async def emit(self, attributes: Mapping[str, str], data: bytes, content_type: str) -> None:
        """Send one event and wait until it is taken; when it is not, it is lost."""
        event = CloudEvent(
            {
                "specversion": "1.0",
                "id": str(uuid.uuid4()),
                "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                **attributes,
                **self._extensions,
            },
            data,
            content_type,
        )
        headers, body = to_binary(event)
        for attempt in range(_ATTEMPTS + 1):
            status = await self._attempt(Request("POST", "/", headers, body))
            if status not in _RETRIED:
                break
            await asyncio.sleep(_FIRST_PAUSE * 2**attempt)
        if not 200 <= status < 300:  # noqa: PLR2004
            logger.error("%s %s lost: %d from %s", event.type, event.attributes["id"], status, self._sink)

    async def _attempt(self, request: Request) -> int:
        try:
            return (await self._sender.send(self._sink, request)).status
        except NoResponseError:
            return 503
