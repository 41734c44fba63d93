"""The Brokers' HTTP server: takes CloudEvents at `/<namespace>/<broker>`, and holds what is in flight.

Whatever reaches a Broker, from the network or from a source in this process, is a task here; dropping them all is
what a restart of the in-memory channel does to events.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.eventing.cloudevent import CloudEvent, NotAnEventError, parse
from sandbox.http import Request, Response, SenderGoneError, read_request, send_response, until_disconnect

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sandbox.eventing.broker import Broker

logger = logging.getLogger(__name__)

_PATH_PARTS = 3  # what is before the first slash is one of them, and a query is part of the last


class Ingress:
    """The Brokers by namespace and name, as an ASGI application and as a call."""

    def __init__(self) -> None:
        self.brokers: dict[tuple[str, str], Broker] = {}
        self._in_flight: set[asyncio.Task[int]] = set()
        self._down_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        try:
            request = await read_request(scope, receive)
            answer = await until_disconnect(receive, self.handle(request))
        except SenderGoneError:
            logger.warning("a sender hung up, its event is lost")
            return
        await send_response(send, answer)

    async def handle(self, request: Request) -> Response:
        """Answer a request to a Broker, as Knative's ingress does."""
        answer = await self._answer(request)
        return replace(answer, headers=(("allow", "POST, OPTIONS"), *answer.headers))

    async def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(200, (("webhook-allowed-origin", "*"), ("webhook-allowed-rate", "*")))
        if request.method != "POST":
            return Response(405)
        if request.path == "/":
            return Response(404)
        return await self._pass_on(request)

    async def _pass_on(self, request: Request) -> Response:
        parts = request.path.removesuffix("/").split("/")
        if len(parts) != _PATH_PARTS:
            return _refused(400, f"{request.path} is not /<namespace>/<name>")
        try:
            event = parse(request).checked()
        except NotAnEventError as error:
            return _refused(400, str(error))
        broker = self.brokers.get((parts[1], parts[2]))
        if broker is None:
            return _refused(404, f"there is no Broker {parts[1]}/{parts[2]}")
        return Response(await self._take(broker, event))

    def restart(self, down: float = 0.0) -> int:
        """Lose all that is in flight and refuse what comes for a while; returns how many events were lost."""
        self._down_until = asyncio.get_running_loop().time() + down
        lost = [task for task in self._in_flight if not task.done()]
        for task in lost:
            task.cancel()
        return len(lost)

    async def _take(self, broker: Broker, event: CloudEvent) -> int:
        if asyncio.get_running_loop().time() < self._down_until:
            return 503
        task = asyncio.ensure_future(broker.receive(event))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            raise
        return 503 if task.cancelled() else task.result()


def _refused(status: int, why: str) -> Response:
    """Knative's answers have no words, so these are for the log."""
    logger.warning("refused with %d: %s", status, why)
    return Response(status)
