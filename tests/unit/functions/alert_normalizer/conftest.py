"""An API server in the process, with the project's own CRDs."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import yaml

from aegis.kube import Kube
from sandbox.api import Api
from sandbox.api.http import HttpApi

CRDS = Path(__file__).parents[4] / "crds"


@pytest.fixture
async def api() -> Api:
    api = Api()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}}
    await api.create(api.resource("namespaces"), namespace)
    definitions = api.resource("customresourcedefinitions", "apiextensions.k8s.io")
    for path in CRDS.glob("aegis*alerts.aegis.io.yaml"):
        await api.create(definitions, yaml.safe_load(path.read_text()))
    return api


@pytest.fixture
async def http_api(api: Api) -> HttpApi:
    return HttpApi(api)


@pytest.fixture
async def kube(http_api: HttpApi) -> AsyncIterator[Kube]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=http_api), base_url="http://api") as client:
        yield Kube(client)
