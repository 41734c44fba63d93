"""Serves the API on a socket of this machine."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from sandbox.api.http import HttpApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.api.api import Api


class Server:
    """A served API: where it is, and how to reach it."""

    def __init__(self, app: HttpApi, port: int) -> None:
        self.app = app
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def kubeconfig(self, *, namespace: str = "default") -> str:
        """A kubeconfig for this server."""
        config: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": self.url}}],
            "users": [{"name": "sandbox", "user": {}}],
            "contexts": [
                {"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox", "namespace": namespace}}
            ],
            "current-context": "sandbox",
        }
        return json.dumps(config, indent=2) + "\n"  # which YAML is, and quicker to read


@asynccontextmanager
async def serve(api: Api, port: int = 0) -> AsyncIterator[Server]:
    """Serve the API on 127.0.0.1 until the block ends; port 0 takes any that is free. A busy port is an OSError."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # accepted sockets inherit it; without it each answer waits 40 ms for a delayed ACK
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    app = HttpApi(api)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))  # noqa: SLF001 -- `serve` would take over the signals
    while not server.started and not task.done():  # noqa: ASYNC110 -- uvicorn has no event for it
        await asyncio.sleep(0.001)
    try:
        yield Server(app, listener.getsockname()[1])
    finally:
        app.end_watches()
        server.should_exit = True
        await task
        listener.close()
