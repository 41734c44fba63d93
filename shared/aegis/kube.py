"""The API server over HTTP, for the few verbs that the functions use.

The official client takes longer to import than a function may take to answer from zero: here is one pool of
connections, typed by the models, with the server's refusals as the errors of ``aegis.errors``. Nothing is retried
here: the Broker delivers again, and the sweep starts again what nobody delivers.
"""

import json
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Generic, NamedTuple, TypeVar

import httpcore
from pydantic import ValidationError

from aegis.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OverQuota,
    Unavailable,
    Unreadable,
)
from aegis.models.base import Model, Object, Resource
from aegis.names import ResourceVersion
from aegis.server import Server

_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"
_METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
_JSON_PATCH = "application/json-patch+json"
_MESSAGE_LENGTH = 1024
_PAGE = 500
PAGE_OF_LARGE = 50
"""Of objects that those who write them may make as large as the API server takes: a page of these fits into memory."""
# What a quota says, or one that was just made and not counted yet; told from a missing right by its words alone.
_QUOTA = re.compile(r"(?:^| is forbidden: )(?:exceeded quota|status unknown for quota): ")
_QUOTA_SECONDS = 30  # until something may have been deleted
_REFUSALS: Mapping[int, type[ApiError]] = {
    HTTPStatus.BAD_REQUEST: Invalid,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Invalid,
    HTTPStatus.UNPROCESSABLE_ENTITY: Invalid,
}

_PODS = Resource(group="", version="v1", kind="Pod", plural="pods")

T = TypeVar("T", bound=Object)
_log = logging.getLogger(__name__)


class Collection(NamedTuple, Generic[T]):
    """The objects of a list, and the version of the store they were read at."""

    items: Sequence[T]
    resource_version: ResourceVersion


class Change(NamedTuple, Generic[T]):
    """One change that a watch reports; ``deleted`` says that the object is gone."""

    item: T
    deleted: bool


def _retry_after(answer: httpcore.Response) -> int:
    value = next((value for name, value in answer.headers if name.lower() == b"retry-after"), b"")
    return int(value) if value.isdigit() else 1


def _raise_for(answer: httpcore.Response, asked: str, *, json_patch: bool) -> None:
    """Turn a refusal into the error that its caller treats differently; the body is quoted only if it is a Status."""
    code = answer.status
    if HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
        return
    try:
        status = json.loads(answer.content)
        message, reason = str(status.get("message", ""))[:_MESSAGE_LENGTH], str(status.get("reason", ""))
    except (ValueError, AttributeError):
        message, reason = "", ""
    message = message or f"the API server answered {code} to {asked}"
    if code == HTTPStatus.FORBIDDEN and _QUOTA.search(message):
        raise OverQuota(message, retry_after=_QUOTA_SECONDS)
    if code == HTTPStatus.TOO_MANY_REQUESTS or code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unavailable(message, retry_after=_retry_after(answer))
    raise _refusal(code, reason, json_patch=json_patch)(message, status=code, reason=reason)


def _refusal(code: int, reason: str, *, json_patch: bool) -> type[ApiError]:
    if code == HTTPStatus.CONFLICT:
        return AlreadyExists if reason == "AlreadyExists" else Conflict
    if code == HTTPStatus.UNPROCESSABLE_ENTITY and json_patch:  # how a failed `test` is answered
        return Conflict
    return _REFUSALS.get(code, ApiError)


async def _lines(answer: httpcore.Response) -> AsyncIterator[bytes]:
    rest = b""
    async for part in answer.aiter_stream():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line


def _readable(model: type[T], items: Sequence[Mapping[str, Any]]) -> Iterator[T]:
    """The objects that are what the model says; one that an older schema let through must not hide the others."""
    for item in items:
        try:
            yield model.read(item)
        except ValidationError as error:
            _log.warning("an object cannot be read", extra={"object": _named(model, item), "error": str(error)})


def _named(model: type[Object], item: Mapping[str, Any]) -> str:
    """An object that the model cannot read, as ``Object.reference`` would name it."""
    return f"{model.resource.kind.lower()}/{item['metadata'].get('namespace')}/{item['metadata'].get('name')}"


class Kube:
    """The verbs of the API server; every method may raise ``Unavailable``, and ``ApiError`` for what it refuses."""

    def __init__(self, server: Server) -> None:
        """Speak with a server (``aegis.connection``)."""
        self._server = server

    async def _send(
        self,
        method: str,
        path: str,
        *,
        accept: str = _JSON,
        body: object = None,
        content_type: str = _JSON,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        content = None if body is None else json.dumps(body).encode()
        async with self._server.answer(
            method, path, params=params or {}, accept=accept, content_type=content_type, body=content
        ) as answer:
            _raise_for(answer, f"{method} {path}", json_patch=content_type == _JSON_PATCH)
        try:
            return json.loads(answer.content)
        except ValueError as error:
            raise Unavailable("the API server's answer was cut off") from error

    async def get(self, model: type[T], *, namespace: str, name: str) -> T:
        """Read one object.

        Raises:
            NotFound: when there is none.
            Unreadable: when it is not what the model says.
        """
        item = await self._send("GET", model.resource.path(namespace, name))
        try:
            return model.read(item)
        except ValidationError as error:
            raise Unreadable(f"{_named(model, item)} cannot be read: {error}") from error

    async def find(self, model: type[T], *, namespace: str, name: str) -> T | None:
        """Read one object; nothing where there is none.

        Raises:
            Unreadable: when it is not what the model says.
        """
        try:
            return await self.get(model, namespace=namespace, name=name)
        except NotFound:
            return None

    async def list(
        self,
        model: type[T],
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        page_size: int = _PAGE,
        without: str = "",
    ) -> Collection[T]:
        """Read all objects that the selectors select, in one namespace or in all, page by page.

        With ``metadata_only`` that is all that is read of them, however large they are; the field ``without`` is not
        kept of them.
        """
        items: list[T] = []
        read_at = ResourceVersion("")
        selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
        pages = self._pages(model, namespace, selectors, metadata_only=metadata_only, page_size=page_size)
        async for found, version in pages:
            for item in found if without else ():
                item.pop(without, None)
            items += _readable(model, found)
            read_at = version
        return Collection(items, read_at)

    async def pages(self, model: type[T], *, page_size: int = _PAGE) -> AsyncIterator[Collection[T]]:
        """Read all objects in all namespaces, and have one page of them at a time; all are of one version."""
        async for found, version in self._pages(model, None, {}, page_size=page_size):
            yield Collection(list(_readable(model, found)), version)

    async def _pages(
        self,
        model: type[T],
        namespace: str | None,
        selectors: Mapping[str, str],
        *,
        metadata_only: bool = False,
        page_size: int,
    ) -> AsyncIterator[tuple[Sequence[dict[str, Any]], ResourceVersion]]:
        """The objects as they come, and the version that they are of; one page at least."""
        accept = _METADATA if metadata_only else _JSON
        params = {"limit": str(page_size), **{key: value for key, value in selectors.items() if value}}
        while True:
            page = await self._send("GET", model.resource.path(namespace), accept=accept, params=params)
            meta = page["metadata"]
            yield page["items"] or (), ResourceVersion(meta["resourceVersion"])  # metadata of no objects is null
            if not meta.get("continue"):
                return
            params["continue"] = meta["continue"]

    async def watch(self, model: type[T], *, since: ResourceVersion) -> AsyncIterator[Change[T]]:
        """Yield the changes in all namespaces after a version, until the server ends the watch.

        Raises:
            ApiError: with status 410 when the version is too old: list again.
        """
        path, params = model.resource.path(None), {"watch": "true", "resourceVersion": since}
        async with self._server.answer("GET", path, params=params, endless=True) as answer:
            _raise_for(answer, f"GET {path}", json_patch=False)
            async for line in _lines(answer):
                change = json.loads(line)
                if change["type"] == "ERROR":
                    status = change["object"]
                    raise ApiError(status.get("message", ""), status=status.get("code", 0))
                if change["type"] != "BOOKMARK":
                    yield Change(model.read(change["object"]), deleted=change["type"] == "DELETED")

    async def create(self, model: type[T], manifest: Mapping[str, Any], *, namespace: str) -> T:
        """Create an object; unknown fields are refused, not dropped.

        Raises:
            AlreadyExists: when one of that name is there.
            OverQuota: when there is no room for one more, and also then if one of that name is there.
            Invalid: when the object is refused for what it is.
        """
        named = {"apiVersion": model.resource.api_version, "kind": model.resource.kind, **manifest}
        params = {"fieldValidation": "Strict"}
        return model.read(await self._send("POST", model.resource.path(namespace), body=named, params=params))

    async def patch_status(self, known: T, status: Model) -> T:
        """Merge what is set into an object's status, if the object is still as it is known: a compare-and-swap.

        The version alone tells: no two writes of the whole store have the same one, so none is another object's.

        Raises:
            Conflict: when it changed since, or was deleted and made again.
            NotFound: when it is gone.
        """
        return await self._merge(known, {"status": status.changes()}, subresource="status")

    async def patch(self, known: T, changes: Mapping[str, Any]) -> T:
        """Merge into an object beside its status, likewise.

        Raises:
            Conflict: when it changed since, or was deleted and made again.
            Invalid: when it would not be what its kind may be.
            NotFound: when it is gone.
        """
        return await self._merge(known, changes)

    async def _merge(self, known: T, changes: Mapping[str, Any], *, subresource: str | None = None) -> T:
        meta = known.metadata
        versioned = {"metadata": {**changes.get("metadata", {}), "resourceVersion": meta.resource_version}}
        path = known.resource.path(meta.namespace, meta.name, subresource)
        body = {**changes, **versioned}
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

    async def log(self, *, namespace: str, pod: str, container: str, lines: int, most_bytes: int) -> str:
        """The last lines of a container's log, of them the first bytes; what is no UTF-8 is replaced.

        Source: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/#read-log-pod-v1-core

        Raises:
            NotFound: when the pod is gone.
            Invalid: when its container has not started.
        """
        path = _PODS.path(namespace, pod, "log")
        params = {"container": container, "tailLines": str(lines), "limitBytes": str(most_bytes)}
        async with self._server.answer("GET", path, params=params, accept="*/*") as answer:
            _raise_for(answer, f"GET {path}", json_patch=False)
        return answer.content.decode(errors="replace")

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
