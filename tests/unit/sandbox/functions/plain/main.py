"""Answers an event with a body that is no CloudEvent."""

from functions_framework.aio import http
from starlette.requests import Request
from starlette.responses import Response


@http
async def answer(_: Request) -> Response:
    return Response("thanks", media_type="text/plain")
