"""Where events go: addresses of Brokers and Knative Services from their manifests, and the way there.

What lives in this process is reached without a detour over the network; its address works from outside as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from sandbox.eventing.delivery import NoResponseError
from sandbox.http import Request, Response, forward

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.eventing.ingress import Ingress
    from sandbox.serving.controller import ServingController

_BROKER, _SERVICE = ("eventing.knative.dev", "Broker"), ("serving.knative.dev", "Service")
_CLUSTER = ".svc.cluster.local"


class UnresolvedSinkError(Exception):
    """A destination that is no address yet; says what is missing."""


class Sinks:
    """Resolves destinations and sends to them."""

    def __init__(self, serving: ServingController, ingress: Ingress, base_url: Callable[[], str]) -> None:
        self._serving = serving
        self._ingress = ingress
        self._base_url = base_url
        self._session: aiohttp.ClientSession | None = None

    def broker_url(self, namespace: str, name: str) -> str:
        """The address of a Broker."""
        return f"{self._base_url()}/{namespace}/{name}"

    def resolve(self, destination: Mapping[str, Any] | None, namespace: str) -> str:
        """The address of a destination: a `ref`, a `uri`, or a `ref` with a relative `uri`.

        Raises:
            UnresolvedSinkError: when what it refers to does not exist or has no address.
        """
        ref, uri = (destination or {}).get("ref"), (destination or {}).get("uri") or ""
        if ref is None:
            if not urlsplit(uri).netloc:
                raise UnresolvedSinkError("a destination needs a ref or an absolute uri")
            return str(uri)
        return urljoin(self._address(ref, ref.get("namespace") or namespace), str(uri))

    async def send(self, url: str, request: Request) -> Response:
        """Send a request to an address, wherever that is.

        Raises:
            NoResponseError: when there is no answer.
        """
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.hostname or ""
        request = Request(request.method, path, (*request.headers, ("host", parts.netloc)), request.body)
        if url.startswith(self._base_url() + "/"):
            return await self._ingress.handle(request)
        if activator := self._serving.route(host):
            return await activator.handle(request)
        if host.endswith(_CLUSTER):
            raise NoResponseError(f"lookup {host}: no such host")
        try:
            return await forward(self._outside(), f"{parts.scheme}://{parts.netloc}", request)
        except (aiohttp.ClientError, OSError) as error:
            raise NoResponseError(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        """Close the connections to the outside."""
        if self._session is not None:
            await self._session.close()

    def _address(self, ref: Mapping[str, Any], namespace: str) -> str:
        group = str(ref.get("apiVersion", "")).partition("/")[0]
        kind, name = ref.get("kind"), ref.get("name", "")
        if (group, kind) == _BROKER:
            if (namespace, name) not in self._ingress.brokers:
                raise UnresolvedSinkError(f'brokers.eventing.knative.dev "{name}" not found in {namespace}')
            return self.broker_url(namespace, name)
        if (group, kind) == _SERVICE:
            if self._serving.find(namespace, name) is None:
                raise UnresolvedSinkError(f'services.serving.knative.dev "{name}" not found in {namespace}')
            return f"http://{name}.{namespace}{_CLUSTER}"
        raise UnresolvedSinkError(f"{ref.get('apiVersion')}/{kind} is not a sink that the sandbox knows")

    def _outside(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        return self._session
