"""The least that a function on functions-framework can be: it reads a CloudEvent and answers with nothing."""

import functions_framework.aio
from cloudevents.http import from_http
from starlette.requests import Request
from starlette.responses import Response


@functions_framework.aio.http
async def hello(request: Request) -> Response:
    """The function's target."""
    from_http(dict(request.headers), await request.body())
    return Response(status_code=204)
