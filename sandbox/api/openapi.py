"""OpenAPI documents: what `kubectl explain` shows and `kubectl apply` checks for.

All is told in version 3. Version 2 is asked for by kubectl before it applies a `v1` List or a kind that version 3 does
not have; it takes a kind that is not described there for one to leave to the server, so none is.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sandbox.api.custom import CustomKind
from sandbox.api.options import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH

if TYPE_CHECKING:
    from sandbox.api.catalog import Catalog
    from sandbox.api.objects import Object
    from sandbox.api.resources import Resource

_INFO = {"title": "Kubernetes", "version": "v1.36.3"}
V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_CONVENTIONS = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"


def v2() -> Object:
    """The document of version 2."""
    return {"swagger": "2.0", "info": _INFO, "paths": {}}


def v2_protobuf() -> bytes:
    """The same as a Document of gnostic's openapiv2, which is the form that kubectl reads."""
    info = _text(1, _INFO["title"].encode()) + _text(2, _INFO["version"].encode())
    return _text(1, b"2.0") + _text(2, info)


def _text(field: int, value: bytes) -> bytes:
    """A Protobuf field of fewer than 128 bytes."""
    return bytes((field << 3 | 2, len(value))) + value


class OpenApi:
    """Makes the documents when they are asked for, and keeps them until the kinds change."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._documents: dict[str, Object] = {}
        self._generation = -1

    def index(self) -> Object:
        """Where each group version's document is."""
        paths = {}
        for resource in self._catalog.registry:
            path = _path(resource)
            kinds = f"{self._catalog.registry.generation}/{path}"
            mark = hashlib.sha256(kinds.encode()).hexdigest()[:16]
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={mark}"}
        return {"paths": paths}

    def document(self, path: str) -> Object | None:
        """The document of one group version."""
        if self._generation != self._catalog.registry.generation:
            self._documents.clear()
            self._generation = self._catalog.registry.generation
        found = self._documents.get(path)
        if found is None:
            resources = [resource for resource in self._catalog.registry if _path(resource) == path]
            if not resources:
                return None
            found = self._documents[path] = self._make(resources)
        return found

    def _make(self, resources: list[Resource]) -> Object:
        schemas: dict[str, Object] = {}
        paths: dict[str, Object] = {}
        for resource in resources:
            name = self._describe(resource, schemas)
            paths |= _paths(resource, name, custom=isinstance(self._catalog.kind(resource), CustomKind))
        return {
            "openapi": "3.0.0",
            "info": _INFO,
            "paths": paths,
            "components": {"schemas": schemas},
        }

    def _describe(self, resource: Resource, schemas: dict[str, Object]) -> str:
        from sandbox.api import models  # noqa: PLC0415 -- brings the client library, half a second

        kind = self._catalog.kind(resource)
        if isinstance(kind, CustomKind):
            name = ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])
            meta = models.describe("ObjectMeta", schemas)
            properties: dict[str, Any] = {
                **(kind.schema_source.get("properties") or {}),
                **models.type_meta(),
                "metadata": {
                    "description": "Standard object's metadata. More info: " + _CONVENTIONS + "#metadata",
                    "allOf": [{"$ref": f"#/components/schemas/{meta}"}],
                },
            }
            schemas[name] = {**kind.schema_source, "properties": properties}
        else:
            name = models.describe(models.model_name(resource), schemas)
        gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        schemas[name]["x-kubernetes-group-version-kind"] = [gvk]
        return name


def _path(resource: Resource) -> str:
    return f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"


def _paths(resource: Resource, schema: str, *, custom: bool) -> dict[str, Object]:
    base = f"/{_path(resource)}/" + ("namespaces/{namespace}/" if resource.namespaced else "") + resource.plural
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    patches = [JSON_PATCH, MERGE_PATCH, *([] if custom else [STRATEGIC_MERGE_PATCH]), APPLY_PATCH]
    shown = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    answer = {"200": {"description": "OK", "content": shown}}
    options = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for name in ("dryRun", "fieldManager", "fieldValidation")
    ]

    def operation(action: str, content: list[str], *parameters: Object) -> Object:
        made: Object = {
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": gvk,
            "parameters": list(parameters),
            "responses": answer,
        }
        if content:
            made["requestBody"] = {"content": {media: {"schema": {"type": "object"}} for media in content}}
        return made

    json_only = ["application/json"]
    return {
        base: {"get": operation("list", []), "post": operation("post", json_only, *options)},
        f"{base}/{{name}}": {
            "get": operation("get", []),
            "put": operation("put", json_only, *options),
            "patch": operation("patch", patches, *options),
            "delete": operation("delete", []),
        },
    }
