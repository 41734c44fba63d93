"""The few HTTP shapes that gateway, activator and Broker hand to each other.

Whatever in the sandbox answers a request (a function, a Broker, an address outside) is reached through the same two
frozen values, so that an event delivered inside the process and a request from the network are one thing.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import aiohttp
    from starlette.types import Receive, Scope, Send

    Headers = tuple[tuple[str, str], ...]

T = TypeVar("T")

_OF_EACH_SERVER = frozenset({"date", "server"})  # uvicorn adds its own
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
    }
)


class SenderGoneError(Exception):
    """The client hung up before it had its answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request with its whole body; header names are lower case."""

    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return _first(self.headers, name)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with its whole body; header names are lower case."""

    status: int
    headers: Headers = field(default=())
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return _first(self.headers, name)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004


def text(status: int, message: str) -> Response:
    """A plain-text answer."""
    return Response(status, (("content-type", "text/plain; charset=utf-8"),), message.encode())


async def forward(session: aiohttp.ClientSession, origin: str, request: Request) -> Response:
    """Send a request to an origin (`http://host:port`) and read the whole answer.

    Raises:
        aiohttp.ClientError: when there is no answer.
        OSError: when there is no connection.
    """
    # aiohttp takes headers for UTF-8, and ASGI for Latin-1; a content type that nobody gave is none.
    headers = [
        (name, value.encode("latin-1").decode("utf-8", "replace"))
        for name, value in request.headers
        if name not in _HOP_BY_HOP
    ]
    async with session.request(
        request.method,
        origin + request.path,
        headers=headers,
        data=request.body or None,
        allow_redirects=False,
        skip_auto_headers=("content-type",),
    ) as response:
        body = await response.read()
        kept = tuple(
            (name.lower(), value.encode("utf-8", "surrogateescape").decode("latin-1"))
            for name, value in response.headers.items()
            if name.lower() not in _HOP_BY_HOP
        )
        return Response(response.status, kept, body)


async def read_request(scope: Scope, receive: Receive) -> Request:
    """Read an ASGI request to its end.

    Raises:
        SenderGoneError: when the client hung up in the middle.
    """
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise SenderGoneError
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    query = scope.get("query_string", b"")
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw_path.split(b"?", 1)[0] + (b"?" + query if query else b"")
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    return Request(scope["method"], path.decode("latin-1"), headers, b"".join(chunks))


async def send_response(send: Send, response: Response) -> None:
    """Write an answer to an ASGI client."""
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers
        if name not in _OF_EACH_SERVER
    ]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def until_disconnect(receive: Receive, work: Coroutine[object, object, T]) -> T:
    """Run the work for as long as its client is there, and cancel it when the client hangs up.

    Raises:
        SenderGoneError: when the client hung up first.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise SenderGoneError
    finally:
        for pending in (task, gone):
            if not pending.done():
                pending.cancel()
                with suppress(asyncio.CancelledError):
                    await pending


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _first(headers: Headers, name: str) -> str | None:
    return next((value for key, value in headers if key == name), None)
