"""Takes as long as its path says, in seconds."""

import asyncio

from functions_framework.aio import http
from starlette.requests import Request
from starlette.responses import Response


@http
async def answer(request: Request) -> Response:
    if request.url.path.startswith("/health/"):
        return Response()
    await asyncio.sleep(float(request.url.path.strip("/") or 1))
    return Response("done")
