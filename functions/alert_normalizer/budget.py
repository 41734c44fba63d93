"""How much of senders' bodies this process holds at one time: what is read takes many times its size in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from aegis.errors import Unavailable
from functions.alert_normalizer.incoming import BadContent, Problem

IN_FLIGHT = 6 * 1024 * 1024
"""Bytes: one of the largest bodies, and many of the usual ones beside it. The pod's limit of memory goes by it."""
_READING_SECONDS = 20.0  # a sender that takes longer holds what others wait for
_RETRY_SECONDS = 5


class Budget:
    """The bytes that bodies may still take, until their requests are answered."""

    def __init__(self, size: int = IN_FLIGHT) -> None:
        """Begin with all of it left."""
        self._left = size

    @asynccontextmanager
    async def body(self, request: Request, limit: int) -> AsyncIterator[bytes]:
        """A request's body, read no further than ``limit`` bytes; its bytes are given back when the block ends.

        Raises:
            BadContent: when it is longer (413).
            Unavailable: when others hold too much at the moment, or it does not come.
        """
        too_large = BadContent(Problem("body", "is too large", f"at most {limit // 1024} KiB"), status=413)
        length = request.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > limit:
            raise too_large
        body = bytearray()
        try:
            try:
                async with asyncio.timeout(_READING_SECONDS):
                    async for chunk in request.stream():
                        if len(body) + len(chunk) > limit:
                            raise too_large
                        if len(chunk) > self._left:
                            raise Unavailable("too much is being read at the moment", retry_after=_RETRY_SECONDS)
                        self._left -= len(chunk)
                        body += chunk
            except TimeoutError as error:
                raise Unavailable("the body did not come in time", retry_after=_RETRY_SECONDS) from error
            yield bytes(body)
        finally:
            self._left += len(body)
