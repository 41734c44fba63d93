"""An API server in the process, with the project's own CRDs; what happens on the way to it is the test's to say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml
from starlette.applications import Starlette
from starlette.routing import Route

from aegis.kube import Kube
from functions.alert_normalizer.intake import Intake
from functions.alert_normalizer.routes import Reception
from functions.alert_normalizer.settings import Settings
from sandbox.api import Api, WriteOptions
from sandbox.api.http import HttpApi
from sandbox.api.options import APPLY_PATCH
from tests.unit.transports import kube_over

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CRDS = Path(__file__).parents[4] / "crds"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **duration: float) -> None:
        self.now += timedelta(**duration)


async def undisturbed(_: httpx.Request) -> httpx.Response | None:
    return None


class Way(httpx.AsyncBaseTransport):
    """The way to the API server: notes each request, and lets a test meddle before it arrives."""

    def __init__(self, api: Api) -> None:
        self._transport = httpx.ASGITransport(app=HttpApi(api))
        self.requests: list[str] = []
        self.meddle: Callable[[httpx.Request], Awaitable[httpx.Response | None]] = undisturbed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request.method)
        return await self.meddle(request) or await self._transport.handle_async_request(request)


@pytest.fixture
async def api() -> Api:
    api = Api()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}}
    await api.create(api.resource("namespaces"), namespace)
    definitions = api.resource("customresourcedefinitions", "apiextensions.k8s.io")
    for path in [*CRDS.glob("aegis*alerts.aegis.io.yaml"), CRDS.parent / "sandbox" / "crds" / "argo.yaml"]:
        for definition in yaml.safe_load_all(path.read_text()):
            await api.create(definitions, definition)
    return api


class Quota:
    """How many alerts and raw alerts the namespace has room for."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def is_(self, alerts: int, raw: int = 0) -> None:
        """Set it."""
        hard = {"count/aegisalerts.aegis.io": str(alerts), "count/aegisrawalerts.aegis.io": str(raw)}
        body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}
        options = WriteOptions(field_manager="test", force=True)
        quotas = self._api.resource("resourcequotas")
        await self._api.patch(quotas, "q", body, "monitoring", content_type=APPLY_PATCH, options=options)


@pytest.fixture
def quota(api: Api) -> Quota:
    return Quota(api)


@pytest.fixture
async def way(api: Api) -> Way:
    return Way(api)


@pytest.fixture
def kube(way: Way) -> Kube:
    return kube_over(way)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def intake(kube: Kube, clock: Clock) -> Intake:
    return Intake(kube, Settings(), now=clock)


@pytest.fixture
def reception(kube: Kube, intake: Intake) -> Reception:
    """The intake as everybody may use it, raw alerts too."""
    return Reception(kube, Settings(raw_alerts=True), intake)


def client_of(reception: Reception) -> httpx.AsyncClient:
    """A sender, with the reception alone before it."""
    app = Starlette(routes=[Route("/{path:path}", reception.serve, methods=METHODS)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://aegis")
