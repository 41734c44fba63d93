"""Serves the API on a socket of this machine."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sandbox.api.http import HttpApi
from sandbox.servers import served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.api.api import Api


class Server:
    """A served API: where it is, and how to reach it."""

    def __init__(self, app: HttpApi, url: str) -> None:
        self.app = app
        self.url = url

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
    """Serve the API on 127.0.0.1 until the block ends; port 0 takes any that is free.

    Raises:
        PortTakenError: when the port is not free.
    """
    app = HttpApi(api)
    async with served(app, port) as url:
        try:
            yield Server(app, url)
        finally:
            app.end_watches()
