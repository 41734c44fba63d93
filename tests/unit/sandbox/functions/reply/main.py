"""Answers an event with another one, of the type that REPLY_TYPE names,."""

import os

from functions_framework.aio import http
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


@http
async def answer(request: Request) -> Response:
    if request.url.path.startswith("/health/"):
        return Response()
    await request.body()
    incoming = {key[3:]: value for key, value in request.headers.items() if key.startswith("ce-")}
    event = {
        "specversion": "1.0",
        "id": incoming["id"] + "-reply",
        "source": "/reply",
        "type": os.environ.get("REPLY_TYPE", "test.reply"),
        "data": {"sink": os.environ.get("K_SINK", ""), "got": incoming},
    }
    return JSONResponse(event, media_type="application/cloudevents+json")
