"""All functions in one process, as functions-framework serves them, and what they must keep to whatever comes."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, process_time
from typing import Any, TypeVar

import httpx
import pytest
import yaml
from functions_framework.aio import create_asgi_app
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from aegis.connection import kube
from aegis.models.base import Object
from functions.alert_normalizer.settings import settings as intake_settings
from sandbox.api import Api, ApiError
from sandbox.api.serve import serve
from tests.samples import FUNCTIONS, ROOT, STRUCTURED

NAMESPACE = "monitoring"
SECONDS = 3.0
"""Of computing for each 100 KiB: functions may take one; the API server and a busy machine take the rest."""
MEMORY = 256 * 2**20
"""Bytes that answering once may take; a function's pod has as many in all."""

T = TypeVar("T", bound=Object)
E = TypeVar("E")


@asynccontextmanager
async def running(
    folder: Path, environment: pytest.MonkeyPatch
) -> AsyncIterator[tuple[dict[str, httpx.AsyncClient], Api]]:
    """The functions' clients, and the API server that the functions speak with."""
    api = Api()
    for file in [*sorted(ROOT.glob("crds/aegis*.yaml")), ROOT / "sandbox" / "crds" / "argo.yaml"]:
        for crd in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            await api.create(api.resource("customresourcedefinitions", "apiextensions.k8s.io"), crd)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    await api.create(api.resource("namespaces"), namespace)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(api))
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(server.kubeconfig(namespace=NAMESPACE))
        environment.setenv("KUBECONFIG", str(kubeconfig))
        environment.setenv("AEGIS_OPEN_SOURCES", "*")
        environment.setenv("AEGIS_RAW_ALERTS", "true")
        environment.delenv("K_SINK", raising=False)
        for cached in (kube, intake_settings):
            cached.cache_clear()
            stack.callback(cached.cache_clear)
        stack.push_async_callback(kube()._server._pool.aclose)
        clients = {name: await stack.enter_async_context(_served(name)) for name in FUNCTIONS}
        yield clients, api


def _served(function: str) -> httpx.AsyncClient:
    folder = ROOT / "functions" / function
    declared = yaml.safe_load((folder / "func.yaml").read_text(encoding="utf-8"))
    target = next(each["value"] for each in declared["run"]["envs"] if each["name"] == "FUNCTION_TARGET")
    app = create_asgi_app(target, folder / "main.py", "http")  # type: ignore[no-untyped-call]
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://f", timeout=None)


@dataclass(frozen=True)
class System:
    """What tests do with it; they are no coroutines, as hypothesis calls them."""

    runner: asyncio.Runner
    clients: Mapping[str, httpx.AsyncClient]
    api: Api

    def post(self, function: str, body: bytes, *, path: str = "/", **headers: str) -> httpx.Response:
        """Send something to a function, which answers in time, and not that it failed."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        before = _computed()
        with _limited_memory():
            answer = self.runner.run(self.clients[function].post(path, content=body, headers=named))
        took = _computed() - before
        assert answer.status_code < 500, answer.text
        assert took <= SECONDS * max(1, len(body) / 102_400), f"{took:.1f} s for {len(body)} bytes"
        return answer

    def tell(self, function: str, event: bytes) -> httpx.Response:
        """Send an event in structured mode."""
        return self.post(function, event, content_type=STRUCTURED)

    def store(self, model: type[T], name: str, spec: Mapping[str, Any]) -> T | None:
        """Put an object in the place of any of that name; nothing where the API server does not take it."""
        resource_ = self.api.resource(model.resource.plural, model.resource.group)
        meta = {"name": name, "namespace": NAMESPACE}
        named = {"apiVersion": model.resource.api_version, "kind": model.resource.kind, "metadata": meta, "spec": spec}

        async def replace() -> Any:
            with suppress(ApiError):
                await self.api.delete(resource_, name, NAMESPACE)
            try:
                return await self.api.create(resource_, named, NAMESPACE)
            except ApiError:
                return None

        stored = self.runner.run(replace())
        return stored and model.read(stored)

    def now(self, item: T) -> T:
        """The object as it is now."""
        resource_ = self.api.resource(item.resource.plural, item.resource.group)
        return type(item).read(self.runner.run(self.api.get(resource_, item.metadata.name, NAMESPACE)))

    def write(self, item: T, status: Mapping[str, Any]) -> T:
        """The object with a status that another function wrote."""
        resource_ = self.api.resource(item.resource.plural, item.resource.group)
        patch = self.api.patch(resource_, item.metadata.name, {"status": status}, NAMESPACE, subresource="status")
        return type(item).read(self.runner.run(patch))


@contextmanager
def _limited_memory() -> Iterator[None]:
    """No more than ``MEMORY`` on top of what the process has; the API server and the test keep what came before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _computed() -> float:
    """Seconds that this process and its children computed."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def fuzz(examples: SearchStrategy[E], check: Callable[[E], None], *, seconds: float) -> None:
    """Try examples for some time; one that fails is made small, and kept in ``.hypothesis`` to be tried again."""

    @settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
    @given(examples)
    def some(example: E) -> None:
        if monotonic() < end:
            check(example)

    end = monotonic() + seconds
    while monotonic() < end:
        some()
