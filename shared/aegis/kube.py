"""The API server over HTTP, for the few verbs that the functions use.

The official client takes longer to import than a function may take to answer from zero: here is one pool of
connections, typed by the models, with the server's refusals as the errors of ``aegis.errors``. Nothing is retried
here: the Broker delivers again, and the sweep starts again what nobody delivers.
"""

import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx
from pydantic import ValidationError

from aegis.errors import AlreadyExists, ApiError, Conflict, Forbidden, Invalid, NotFound, Unavailable
from aegis.models.base import Object
from aegis.names import ResourceVersion

_MERGE_PATCH = "application/merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
_MESSAGE_LENGTH = 1024
_PAGE = 500
_QUOTA = "exceeded quota"  # a refusal that passes, told from a missing right by its words alone
_REFUSALS: Mapping[int, type[ApiError]] = {
    httpx.codes.BAD_REQUEST: Invalid,
    httpx.codes.FORBIDDEN: Forbidden,
    httpx.codes.NOT_FOUND: NotFound,
    httpx.codes.UNPROCESSABLE_ENTITY: Invalid,
}

T = TypeVar("T", bound=Object)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Collection(Generic[T]):
    """The objects of a list, and the version of the store they were read at."""

    items: Sequence[T]
    resource_version: ResourceVersion


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One change that a watch reports; ``deleted`` says that the object is gone."""

    item: T
    deleted: bool


def _retry_after(response: httpx.Response) -> int:
    value = response.headers.get("Retry-After", "")
    return int(value) if value.isdigit() else 1


def _raise_for(response: httpx.Response, *, json_patch: bool) -> None:
    """Turn a refusal into the error that its caller treats differently; the body is quoted only if it is a Status."""
    if response.is_success:
        return
    code = response.status_code
    try:
        status = response.json()
        message, reason = str(status.get("message", ""))[:_MESSAGE_LENGTH], str(status.get("reason", ""))
    except (ValueError, AttributeError):
        message, reason = "", ""
    message = message or f"the API server answered {code} to {response.request.method} {response.request.url.path}"
    no_room = code == httpx.codes.FORBIDDEN and _QUOTA in message
    if no_room or code == httpx.codes.TOO_MANY_REQUESTS or code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Unavailable(message, retry_after=_retry_after(response))
    raise _refusal(code, reason, json_patch=json_patch)(message, status=code, reason=reason)


def _refusal(code: int, reason: str, *, json_patch: bool) -> type[ApiError]:
    if code == httpx.codes.CONFLICT:
        return AlreadyExists if reason == "AlreadyExists" else Conflict
    if code == httpx.codes.UNPROCESSABLE_ENTITY and json_patch:  # how a failed `test` is answered
        return Conflict
    return _REFUSALS.get(code, ApiError)


def _readable(model: type[T], items: Sequence[Mapping[str, Any]]) -> Iterator[T]:
    """The objects that are what the model says; one that an older schema let through must not hide the others."""
    for item in items:
        try:
            yield model.read(item)
        except ValidationError as error:
            name = f"{model.resource.kind.lower()}/{item['metadata'].get('namespace')}/{item['metadata'].get('name')}"
            _log.warning("an object cannot be read", extra={"object": name, "error": str(error)})


class Kube:
    """The verbs of the API server; every method may raise ``Unavailable``, and ``ApiError`` for what it refuses."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """Speak through a client whose base URL and credentials are set (``aegis.connection``)."""
        self._client = client

    async def _send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content_type: str = "application/json",
        params: Mapping[str, str] | None = None,
    ) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": content_type}
        try:
            response = await self._client.request(method, path, content=content, headers=headers, params=params)
        except httpx.HTTPError as error:
            raise Unavailable(f"the API server cannot be reached: {type(error).__name__}") from error
        _raise_for(response, json_patch=content_type == _JSON_PATCH)
        try:
            return response.json()
        except ValueError as error:
            raise Unavailable("the API server's answer was cut off") from error

    async def get(self, model: type[T], *, namespace: str, name: str) -> T:
        """Read one object.

        Raises:
            NotFound: when there is none.
        """
        return model.read(await self._send("GET", model.resource.path(namespace, name)))

    async def list(
        self, model: type[T], *, namespace: str | None = None, label_selector: str = "", field_selector: str = ""
    ) -> Collection[T]:
        """Read all objects that the selectors select, in one namespace or in all, page by page."""
        params = {"limit": str(_PAGE), "labelSelector": label_selector, "fieldSelector": field_selector}
        items: list[T] = []
        while True:
            page = await self._send(
                "GET", model.resource.path(namespace), params={key: value for key, value in params.items() if value}
            )
            items += _readable(model, page["items"])
            params["continue"] = page["metadata"].get("continue", "")
            if not params["continue"]:
                return Collection(items, ResourceVersion(page["metadata"]["resourceVersion"]))

    async def watch(self, model: type[T], *, since: ResourceVersion) -> AsyncIterator[Change[T]]:
        """Yield the changes in all namespaces after a version, until the server ends the watch.

        Raises:
            ApiError: with status 410 when the version is too old: list again.
        """
        params = {"watch": "true", "resourceVersion": since}
        try:
            async with self._client.stream("GET", model.resource.path(None), params=params, timeout=None) as response:
                if not response.is_success:
                    await response.aread()
                _raise_for(response, json_patch=False)
                async for line in response.aiter_lines():
                    change = json.loads(line)
                    if change["type"] == "ERROR":
                        status = change["object"]
                        raise ApiError(status.get("message", ""), status=status.get("code", 0))
                    if change["type"] != "BOOKMARK":
                        yield Change(model.read(change["object"]), deleted=change["type"] == "DELETED")
        except httpx.HTTPError as error:
            raise Unavailable(f"the API server cannot be reached: {type(error).__name__}") from error

    async def create(self, model: type[T], manifest: Mapping[str, Any], *, namespace: str) -> T:
        """Create an object; unknown fields are refused, not dropped.

        Raises:
            AlreadyExists: when one of that name is there.
            Invalid: when the object is refused for what it is.
        """
        named = {"apiVersion": model.resource.api_version, "kind": model.resource.kind, **manifest}
        params = {"fieldValidation": "Strict"}
        return model.read(await self._send("POST", model.resource.path(namespace), body=named, params=params))

    async def patch_status(self, known: T, status: Mapping[str, Any]) -> T:
        """Merge into an object's status, if the object is still as it is known: a compare-and-swap.

        The version alone tells: no two writes of the whole store have the same one, so none is another object's.

        Raises:
            Conflict: when it changed since, or was deleted and made again.
            NotFound: when it is gone.
        """
        meta = known.metadata
        body = {"metadata": {"resourceVersion": meta.resource_version}, "status": status}
        path = known.resource.path(meta.namespace, meta.name, "status")
        return type(known).read(await self._send("PATCH", path, body=body, content_type=_MERGE_PATCH))

    async def json_patch(
        self,
        model: type[T],
        operations: Sequence[Mapping[str, Any]],
        *,
        namespace: str,
        name: str,
        subresource: str | None = None,
    ) -> T:
        """Apply a JSON patch (RFC 6902).

        Raises:
            Conflict: when one of its ``test`` operations fails.
            NotFound: when the object is gone.
        """
        path = model.resource.path(namespace, name, subresource)
        return model.read(await self._send("PATCH", path, body=operations, content_type=_JSON_PATCH))

    async def delete(self, known: Object, *, if_unchanged: bool = False) -> bool:
        """Delete the very object that is known, and with ``if_unchanged`` only if it is still as it was read.

        Returns:
            Whether it was there to be deleted; that it was gone, made anew or changed is no error.
        """
        meta = known.metadata
        preconditions = {"uid": meta.uid, **({"resourceVersion": meta.resource_version} if if_unchanged else {})}
        body = {"preconditions": preconditions, "propagationPolicy": "Background"}
        try:
            await self._send("DELETE", known.resource.path(meta.namespace, meta.name), body=body)
        except (NotFound, Conflict):
            return False
        return True
