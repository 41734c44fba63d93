"""A function that replies with what a SinkBinding told it; its reply has the identity and the marks of its event."""

import json
import os

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response


@functions_framework.aio.http
async def tell(request: Request) -> Response:
    """The function's target."""
    told = {name: os.environ[name] for name in ("K_SINK", "K_CE_OVERRIDES") if name in os.environ}
    context = {
        name: value for name, value in request.headers.items() if name in ("ce-specversion", "ce-id", "ce-probe")
    }
    headers = {**context, "ce-source": "/environment", "ce-type": "environment", "content-type": "application/json"}
    return Response(json.dumps(told), headers=headers)
