"""What the functions' tests share."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aegis import broker
from aegis.events import Event, read_event
from tests.unit.transports import Pool


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What the Broker is told."""
    events: list[Event] = []

    async def take(request: Request) -> Response:
        events.append(read_event(request.headers, await request.body()))
        return Response(status_code=202)

    app = Starlette(routes=[Route("/", take, methods=["POST"])])
    pool = Pool(httpx.ASGITransport(app))
    monkeypatch.setenv("K_SINK", "http://broker/")
    monkeypatch.setattr(broker, "_pool", lambda: pool)
    return events
