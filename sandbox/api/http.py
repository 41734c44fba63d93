"""The API over HTTP: what the path, query and headers ask for, put to `Api` and answered in Kubernetes' forms."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import yaml
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sandbox.api import discovery, openapi, protobuf
from sandbox.api.accounting import Accounting
from sandbox.api.errors import ApiError, bad_request, no_such_resource, status_error, unsupported_media_type
from sandbox.api.objectcalls import Collections
from sandbox.api.requests import Call, json_response, parse_call
from sandbox.api.resources import BUILT_IN
from sandbox.api.subresources import Subresources

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sandbox.api.api import Api
    from sandbox.api.watching import Watch

_LARGEST_BODY = 3 * 1024 * 1024
_BUILT_IN_GROUPS = frozenset(resource.group for resource in BUILT_IN)
_TEXT = "text/plain; charset=utf-8"


class HttpApi:
    """The API as an ASGI application.

    Attributes:
        accounting: counts requests by user agent, verb and resource.
        watches: those that are open; whoever stops the server ends them.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self.accounting = Accounting()
        self.watches: set[Watch] = set()
        self._openapi = openapi.OpenApi(api.catalog)
        self._collections = Collections(api, self.watches)
        self._subresources = Subresources(api)

    def end_watches(self) -> None:
        """End every open watch, so that connections can close."""
        for watch in list(self.watches):
            watch.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ApiError as error:
            response = json_response(error.status, error.code)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            raise
        except Exception as error:
            status = status_error(500, "InternalError", f"Internal error occurred: {type(error).__name__}: {error}")
            await json_response(status.status, 500)(scope, receive, send)
            raise
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        parts = [part for part in path.split("/") if part]
        if (parts[:1] == ["api"] and len(parts) > 2) or (parts[:1] == ["apis"] and len(parts) > 3):  # noqa: PLR2004
            return await self._resource(request, parts)
        return self._document(request, path, parts)

    async def _resource(self, request: Request, parts: list[str]) -> Response:
        call = parse_call(self._api.catalog.registry, request, parts)
        if call is None:
            if parts[0] == "api" or parts[1] in _BUILT_IN_GROUPS:
                raise no_such_resource()
            return Response("404 page not found\n", 404, media_type=_TEXT)
        self.accounting.count(request, call)
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            call.body = await _body(request)
        if call.subresource:
            return await self._subresources.answer(call)
        return await self._collections.answer(call)

    def _document(self, request: Request, path: str, parts: list[str]) -> Response:  # noqa: C901 -- a case for each path
        registry = self._api.catalog.registry
        accept = request.headers.get("accept", "")
        if discovery.asks_for_aggregated(accept) and path.rstrip("/") in ("/api", "/apis"):
            document = discovery.aggregated(registry, core=path.rstrip("/") == "/api")
            return json_response(document, headers={"content-type": discovery.AGGREGATED_TYPE})
        found: Any = None
        match parts:
            case ["api"]:
                found = discovery.core_versions(request.url.netloc)
            case ["api", version]:
                found = discovery.resource_list(registry, "", version)
            case ["apis"]:
                found = discovery.group_list(registry)
            case ["apis", group]:
                found = discovery.group(registry, group)
            case ["apis", group, version]:
                found = discovery.resource_list(registry, group, version)
            case ["version"]:
                found = discovery.version_info()
            case ["openapi", "v2"]:
                return _openapi_v2(accept)
            case ["openapi", "v3", *rest]:
                found = self._openapi.document("/".join(rest)) if rest else self._openapi.index()
            case ["readyz" | "livez" | "healthz", *_]:
                return Response("ok", media_type=_TEXT)
            case ["debug", "requests"]:
                found = self.accounting.report(reset=request.method == "DELETE")
        if found is None:
            return Response("404 page not found\n", 404, media_type=_TEXT)
        return json_response(found)


def _openapi_v2(accept: str) -> Response:
    if "protobuf" in accept:
        return Response(openapi.v2_protobuf(), media_type=openapi.V2_PROTOBUF)
    return json_response(openapi.v2())


async def _body(request: Request) -> Any:
    """The body as JSON or YAML; an apply configuration is left to whoever applies it."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LARGEST_BODY:
            message = f"Request entity too large: limit is {_LARGEST_BODY}"
            raise status_error(413, "RequestEntityTooLarge", message)
    if not raw.strip():
        return None
    media = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media == "application/apply-patch+yaml":
        return raw
    if media == protobuf.MEDIA_TYPE:
        return protobuf.decode(raw)
    try:
        if media in ("application/yaml", "application/x-yaml"):
            return yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- both are safe
        if "json" in media or media == "*/*":
            return json.loads(raw)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"error decoding the request body: {error}") from error
    raise unsupported_media_type(["application/json", "application/yaml", protobuf.MEDIA_TYPE])


__all__ = ["Call", "HttpApi"]
