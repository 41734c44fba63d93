"""Requests for resources: which resource, object and subresource, with what options, and in which form to answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from sandbox.api.errors import bad_request
from sandbox.api.listing import ListOptions
from sandbox.api.objects import encode
from sandbox.api.options import APPLY_PATCH, WriteOptions
from sandbox.api.watching import WatchOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from sandbox.api.resources import Registry, Resource

_TRUE = ("true", "1", "True")
_OWN_SUBRESOURCES = ("status", "finalize")  # of a namespace, where else a resource of it would stand


@dataclass(slots=True)
class Call:
    """One request for a resource."""

    method: str
    resource: Resource
    namespace: str
    name: str
    subresource: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    warnings: list[str] = field(default_factory=list)

    @property
    def watch(self) -> bool:
        """Whether the request opens a watch."""
        return self.method == "GET" and self.query.get("watch") in _TRUE

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return self.headers.get("content-type", "application/json").partition(";")[0].strip()

    def wants(self, form: str) -> bool:
        """Whether the client asks for a form such as `Table`, and would not rather have plain JSON."""
        first = self.headers.get("accept", "").split(",")[0]
        return f"as={form};" in first.replace(" ", "") + ";"

    def write_options(self) -> WriteOptions:
        """How to write."""
        validation = self.query.get("fieldValidation") or "Warn"
        if validation not in ("Ignore", "Warn", "Strict"):
            raise bad_request(
                f'fieldValidation: Unsupported value: "{validation}": supported values: "", "Ignore", "Strict", "Warn"'
            )
        return WriteOptions(
            field_manager=self._field_manager(),
            field_validation=validation,
            dry_run=bool(self.query.get("dryRun")),
            force=self.query.get("force") in _TRUE,
            warn=self.warnings.append,
        )

    def _field_manager(self) -> str:
        """The manager by its own name, or by its program's; who applies must give its own."""
        given = self.query.get("fieldManager", "")
        if given or self.content_type == APPLY_PATCH:
            return given
        return re.split(r"[/ ]", self.headers.get("user-agent", ""), maxsplit=1)[0] or "unknown"

    def list_options(self) -> ListOptions:
        """Which objects to list."""
        return ListOptions(
            label_selector=self.query.get("labelSelector", ""),
            field_selector=self._field_selector(),
            limit=self._number("limit"),
            continue_=self.query.get("continue", ""),
            resource_version=self.query.get("resourceVersion", ""),
            resource_version_match=self.query.get("resourceVersionMatch", ""),
        )

    def watch_options(self) -> WatchOptions:
        """What to watch."""
        initial = self.query.get("sendInitialEvents")
        return WatchOptions(
            resource_version=self.query.get("resourceVersion", ""),
            label_selector=self.query.get("labelSelector", ""),
            field_selector=self._field_selector(),
            timeout_seconds=self._number("timeoutSeconds") or None,
            bookmarks=self.query.get("allowWatchBookmarks") in _TRUE,
            send_initial_events=None if initial is None else initial in _TRUE,
        )

    def _field_selector(self) -> str:
        given = self.query.get("fieldSelector", "")
        if not self.name:
            return given
        own = f"metadata.name={self.name}"  # a watch of one object by its path
        return f"{given},{own}" if given else own

    def _number(self, key: str) -> int:
        text = self.query.get(key) or "0"
        if not text.isdigit():
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        return int(text)


def parse_call(registry: Registry, request: Request, parts: list[str]) -> Call | None:
    """The call that a path such as `/apis/<group>/<version>/namespaces/<ns>/<plural>/<name>` makes, if any."""
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and not (not group and rest[2] in _OWN_SUBRESOURCES):  # noqa: PLR2004
        namespace, rest = rest[1], rest[2:]
    resource = registry.find(group, version, rest[0])
    if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):  # noqa: PLR2004
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    if subresource and subresource not in resource.subresources:
        return None
    return Call(request.method, resource, namespace, name, subresource, request.query_params, request.headers)


def json_response(
    value: Any, code: int = 200, *, headers: Mapping[str, str] | None = None, warnings: list[str] | None = None
) -> Response:
    """A JSON answer, on a line of its own; bytes are JSON already."""
    body = (value if isinstance(value, bytes) else encode(value)) + b"\n"
    response = Response(body, code, headers=headers, media_type=None if headers else "application/json")
    for warning in warnings or ():
        text = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.append("Warning", f'299 - "{text}"')
    return response
