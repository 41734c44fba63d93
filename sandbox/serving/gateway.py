"""The way in from outside: an HTTP server that passes each request to a Knative Service.

A Host header of `<service>.<namespace>…` chooses the Service, as an ingress does; any other goes to the public one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sandbox.http import SenderGoneError, read_request, send_response, text, until_disconnect

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sandbox.serving.controller import ServingController

logger = logging.getLogger(__name__)


class Gateway:
    """An ASGI application in front of the Services."""

    def __init__(self, serving: ServingController) -> None:
        self._serving = serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one HTTP request on."""
        if scope["type"] != "http":
            return
        try:
            request = await read_request(scope, receive)
            activator = self._serving.route(request.header("host") or "") or self._serving.public
            if activator is None:
                answer = text(404, "no Knative Service takes requests from outside\n")
            else:
                answer = await until_disconnect(receive, activator.handle(request))
        except SenderGoneError:
            return
        await send_response(send, answer)
