"""Ends its whole process when it is asked anything but its health and `/pid`."""

import os
import signal

from functions_framework.aio import http
from starlette.requests import Request
from starlette.responses import Response


@http
async def answer(request: Request) -> Response:
    if request.url.path.startswith("/health/"):
        return Response()
    if request.url.path == "/pid":
        return Response(str(os.getpid()))
    os.killpg(os.getpgrp(), signal.SIGKILL)
    return Response()
