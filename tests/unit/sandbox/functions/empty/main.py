"""Answers an event with nothing and tells a GET what it has seen."""

from typing import Any

from functions_framework.aio import http
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

SEEN: list[dict[str, Any]] = []


@http
async def answer(request: Request) -> Response:
    if request.url.path.startswith("/health/"):
        return Response()
    if request.method == "GET":
        return JSONResponse(SEEN)
    attributes = {key[3:]: value for key, value in request.headers.items() if key.startswith("ce-")}
    SEEN.append({"attributes": attributes, "body": (await request.body()).decode()})
    return Response(status_code=202)
