"""Requests for objects and collections of a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from sandbox.api.errors import ApiError, bad_request, method_not_allowed
from sandbox.api.objects import Object, encode, name_of, namespace_of, uid_of
from sandbox.api.options import DeleteOptions
from sandbox.api.requests import Call, json_response
from sandbox.api.table import Tables, partial
from sandbox.api.watching import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.api.api import Api
    from sandbox.api.store import Entry

_RETURNED_WHEN_DELETED = frozenset({"pods", "services", "serviceaccounts", "persistentvolumeclaims"})


class Collections:
    """Answers get, list, watch, create, update, patch and delete."""

    def __init__(self, api: Api, watches: set[Watch]) -> None:
        self._api = api
        self._watches = watches

    async def answer(self, call: Call) -> Response:  # noqa: PLR0911 -- one for each verb
        """The answer to a call."""
        match call.method, bool(call.name):
            case ("GET", _) if call.watch:
                return self._watch(call)
            case "GET" | "HEAD", True:
                return self._one(call, self._api.entry(call.resource, call.name, call.namespace))
            case "GET" | "HEAD", False:
                return self._list(call)
            case "POST", False:
                return self._create(call)
            case "PUT", True:
                return self._replace(call)
            case "PATCH", True:
                return self._patch(call)
            case "DELETE", True:
                return self._delete(call)
            case "DELETE", False:
                return self._delete_collection(call)
        raise method_not_allowed()

    def _one(self, call: Call, entry: Entry, code: int = 200) -> Response:
        if call.wants("Table"):
            list_meta = {"resourceVersion": entry.obj["metadata"].get("resourceVersion", "")}
            return json_response(self._tables(call).table([entry], list_meta), code, warnings=call.warnings)
        if call.wants("PartialObjectMetadata"):
            return json_response(partial(entry.obj), code, warnings=call.warnings)
        return json_response(entry.json, code, warnings=call.warnings)

    def _list(self, call: Call) -> Response:
        page = self._api.page(call.resource, call.namespace, call.list_options())
        list_meta: Object = {"resourceVersion": str(page.revision)}
        if page.continue_:
            list_meta["continue"] = page.continue_
        if page.remaining is not None:
            list_meta["remainingItemCount"] = page.remaining
        if call.wants("Table"):
            return json_response(self._tables(call).table(page.entries, list_meta))
        if call.wants("PartialObjectMetadataList"):
            items = [partial(entry.obj) for entry in page.entries] or None  # as in Go, whose empty slice is null
            kind, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
            return json_response({"kind": kind, "apiVersion": version, "metadata": list_meta, "items": items})
        head = encode({"kind": call.resource.list_kind, "apiVersion": call.resource.api_version, "metadata": list_meta})
        return json_response(head[:-1] + b',"items":[' + b",".join(entry.json for entry in page.entries) + b"]}")

    def _create(self, call: Call) -> Response:
        body = _object(call)
        entry = self._api.writer.create(call.resource, body, call.namespace, call.write_options())
        return self._one(call, entry, 201)

    def _replace(self, call: Call) -> Response:
        body, options = _object(call), call.write_options()
        return self._one(
            call,
            self._api.writer.replace(
                call.resource, body, namespace=call.namespace, name=call.name, subresource="", options=options
            ),
        )

    def _patch(self, call: Call) -> Response:
        entry, created = self._api.writer.patch(
            call.resource,
            call.name,
            call.body,
            namespace=call.namespace,
            content_type=call.content_type,
            subresource="",
            options=call.write_options(),
        )
        return self._one(call, entry, 201 if created else 200)

    def _delete(self, call: Call) -> Response:
        options = DeleteOptions.from_body(call.body or {}, call.query)
        entry, gone = self._api.deleter.delete(call.resource, call.name, call.namespace, options)
        if not gone or (call.resource.plural in _RETURNED_WHEN_DELETED and not call.resource.group):
            return self._one(call, entry)
        details = {
            "name": name_of(entry.obj),
            "group": call.resource.group,
            "kind": call.resource.plural,
            "uid": uid_of(entry.obj),
        }
        details = {key: value for key, value in details.items() if value}
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return json_response(status)

    def _delete_collection(self, call: Call) -> Response:
        options = DeleteOptions.from_body(call.body or {}, call.query)
        page = self._api.page(call.resource, call.namespace, call.list_options())
        for entry in page.entries:
            self._api.deleter.delete(call.resource, name_of(entry.obj), namespace_of(entry.obj), options)
        return self._list_of(call, page.entries)

    def _list_of(self, call: Call, entries: list[Entry]) -> Response:
        list_meta = {"resourceVersion": str(self._api.store.revision)}
        kind, version = call.resource.list_kind, call.resource.api_version
        items = [entry.obj for entry in entries]
        return json_response({"kind": kind, "apiVersion": version, "metadata": list_meta, "items": items})

    def _watch(self, call: Call) -> Response:
        options = call.watch_options()
        try:
            watch = Watch(self._api.store, self._api.catalog, call.resource, call.namespace, options)
        except ApiError as error:
            if error.reason != "Expired":
                raise
            return Response(_line("ERROR", encode(error.status)), media_type="application/json")
        return StreamingResponse(self._lines(call, watch), media_type="application/json")

    async def _lines(self, call: Call, watch: Watch) -> AsyncIterator[bytes]:
        table, as_partial, first = call.wants("Table"), call.wants("PartialObjectMetadata"), True
        with watch:
            self._watches.add(watch)
            try:
                async for kind, entry in watch:
                    if kind == "BOOKMARK" and not table:
                        yield _line(kind, entry.json)
                    elif table:
                        rows = [] if kind == "BOOKMARK" else [entry]
                        list_meta = {"resourceVersion": entry.obj["metadata"]["resourceVersion"]}
                        yield _line(kind, encode(self._tables(call).table(rows, list_meta, headers=first)))
                        first = False
                    else:
                        yield _line(kind, encode(partial(entry.obj)) if as_partial else entry.json)
            finally:
                self._watches.discard(watch)

    def _tables(self, call: Call) -> Tables:
        kind = self._api.catalog.kind(call.resource)
        return Tables(kind, call.query.get("includeObject", ""), self._api.clock())


def _line(kind: str, body: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + body + b"}\n"


def _object(call: Call) -> dict[str, Any]:
    if not isinstance(call.body, dict):
        raise bad_request("the body of the request must be an object")
    return call.body
