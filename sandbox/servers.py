"""ASGI applications on sockets of this machine, in the loop that runs already."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp


class PortTakenError(Exception):
    """The port cannot be listened on, as a rule because another program does; says what to do."""


@asynccontextmanager
async def served(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve on 127.0.0.1 until the block ends, and give the URL; port 0 takes any that is free.

    Raises:
        PortTakenError: when the port is not free.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # accepted sockets inherit it; without it each answer waits 40 ms for a delayed ACK
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(1024)
        except OSError as error:
            raise PortTakenError(
                f"port {port} of 127.0.0.1 cannot be used: {error.strerror} "
                "(PORT=… takes another, --api-port=… for the Kubernetes API)"
            ) from error
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve([listener]))  # noqa: SLF001 -- `serve` would take over the signals
        while not server.started and not task.done():  # noqa: ASYNC110 -- uvicorn has no event to wait for
            await asyncio.sleep(0.001)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
