"""Fails an event once with 500, then takes it."""

from functions_framework.aio import http
from starlette.requests import Request
from starlette.responses import Response

SEEN: set[str] = set()


@http
async def answer(request: Request) -> Response:
    if request.url.path.startswith("/health/"):
        return Response()
    event = request.headers.get("ce-id", "")
    if event in SEEN:
        return Response(status_code=204)
    SEEN.add(event)
    return Response("not yet", status_code=500)
