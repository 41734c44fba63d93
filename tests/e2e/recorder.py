"""A function that prints each event it gets and answers as the path says; it runs in the image of another function.

``/503,503,204/name`` answers the first two attempts at an event with 503 and each further one with 204. What shows that
events arrive at all is always taken.
"""

import json
from collections import Counter

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

import aegis.function  # noqa: F401 - serves it as it serves the functions
from aegis.events import read_event

REACHED = "io.aegis.e2e.reached"

_attempts = Counter[tuple[str, str]]()


@functions_framework.aio.http
async def record(request: Request) -> Response:
    """The function's target."""
    if request.method == "GET":
        return Response(status_code=204)
    answers, observer = request.url.path.strip("/").split("/")
    event = read_event(request.headers, await request.body())
    attempt = _attempts[observer, event.identity]
    _attempts[observer, event.identity] += 1
    statuses = [int(status) for status in answers.split(",")]
    status = 204 if event.type == REACHED else statuses[min(attempt, len(statuses) - 1)]
    line = {"observer": observer, "status": status, "id": event.id, "type": event.type, "subject": event.subject}
    print(json.dumps({**line, "extensions": dict(event.extensions)}), flush=True)  # noqa: T201
    return Response(status_code=status)
