"""Where a request enters a function: health, reading the event, and what becomes of an error.

Handlers raise and return; only here is that turned into HTTP. A reply is a CloudEvent or nothing: Knative takes any
other body for a failure and delivers the event again.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from gunicorn.config import Keepalive
from starlette.requests import Request
from starlette.responses import Response

from aegis import logs
from aegis.errors import ApiError, BadEvent, Invalid, TooLarge, Unavailable, Unreadable
from aegis.events import Event, read_event, write_event

Handler = Callable[[Event], Awaitable[Event | None]]

HEALTH_PATHS = frozenset({"/health/readiness", "/health/liveness"})
LARGEST_EVENT = 2 * 2**20
"""Bytes of an event's body that are read: of the objects that events hold, etcd keeps none of over 1.5 MiB."""
LONGEST_REFUSAL = 768
"""Bytes that Knative keeps of a refused delivery's answer, as `knativeerrordata` of the dead letter."""
_log = logging.getLogger(__name__)
logs.configure()

# functions-framework leaves gunicorn's 2 seconds, which is also when the Broker tries again for the third time, and has
# no option for it. The proxy in front keeps idle connections for 90 seconds, and a POST over one that is being closed
# is answered with 502: so it is never this side that closes first.
Keepalive.default = 120


def problem(
    status: int, title: str, detail: str, *, headers: dict[str, str] | None = None, **members: object
) -> Response:
    """An error answer as problem details (RFC 9457).

    What is wrong with single fields is said by the member ``errors``, a list of objects, and not by ``detail`` too.
    """
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return Response(_line(told), status_code=status, media_type="application/problem+json", headers=headers)


def unavailable(error: Unavailable, **members: object) -> Response:
    """The answer to what may work later: 503 with Retry-After; never 429, which Alertmanager does not retry."""
    headers = {"Retry-After": str(error.retry_after)}
    return problem(503, "Service Unavailable", str(error), headers=headers, **members)


def brief(answer: Response) -> Response:
    """The answer to an event; of an error as many of its ``errors`` as Knative can take, or its detail, cut.

    The channel's dispatcher panics at an error of more than ``LONGEST_REFUSAL`` bytes, and what is in flight is lost.
    """
    if answer.status_code < HTTPStatus.BAD_REQUEST or len(answer.body) <= LONGEST_REFUSAL:
        return answer
    answer.body = _cut(json.loads(bytes(answer.body)))
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer


def _cut(told: dict[str, Any]) -> bytes:
    first: list[dict[str, str]] = []
    body = b""
    for error in told.get("errors", ()):
        first.append(error)
        longer = _line({**told, "errors": first})
        if len(longer) > LONGEST_REFUSAL:
            break
        body = longer
    return body or _without_members(told, first)


def _without_members(told: Mapping[str, Any], first: Sequence[Mapping[str, str]]) -> bytes:
    """The error with as much of its detail and of its first problem as there is room for."""
    detail = ": ".join([told["detail"], *(text for error in first for text in error.values())])
    cut = {**{name: told[name] for name in ("type", "title", "status")}, "detail": detail}
    while len(body := _line(cut)) > LONGEST_REFUSAL:
        cut["detail"] = cut["detail"][: len(cut["detail"]) * 9 // 10]
    return body


def _line(told: Mapping[str, object]) -> bytes:
    """JSON on a line of its own, as a terminal wants it."""
    return json.dumps(told).encode() + b"\n"


def reply(event: Event | None) -> Response:
    """The answer that hands an event to the Broker; 204 where there is none."""
    if event is None:
        return Response(status_code=204)
    headers, body = write_event(event)
    return Response(body, headers=headers)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_EVENT:
            raise TooLarge(f"the event is over {LARGEST_EVENT} bytes")
    return bytes(body)


async def serve(request: Request, handle: Handler) -> Response:
    """Answer one request: health, or one event and its reply.

    204 for an event that needs no reply, 200 with the reply otherwise; 400 for what cannot be understood or written,
    however often it is delivered, 413 for what is too large; 503 with Retry-After or 500 where delivering it again may
    help.
    """
    if request.url.path in HEALTH_PATHS:
        return Response(status_code=204)
    try:
        event = read_event(request.headers, await _body(request))
        logs.event_id.set(event.id)
        return reply(await handle(event))
    except TooLarge as error:
        _log.warning("too large an event", extra={"error": str(error)})
        refusal = problem(413, "Content Too Large", str(error))
    except BadEvent as error:
        _log.warning("bad event", extra={"error": str(error)})
        refusal = problem(400, "Bad Request", str(error))
    except Unavailable as error:
        _log.warning("not now", extra={"error": str(error)})
        refusal = unavailable(error)
    except (Invalid, Unreadable) as error:
        _log.exception("an object is not what it should be")
        refusal = problem(400, "Bad Request", str(error))
    except ApiError as error:
        _log.exception("the API server refused")
        refusal = problem(500, "Internal Server Error", f"the API server refused: {error}")
    return brief(refusal)
