"""Tables: the rows and columns that `kubectl get` prints, made by the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.api.ages import age
from sandbox.api.columns import COLUMNS, NAMELESS, Column
from sandbox.api.custom import CustomKind
from sandbox.api.jsonpath import find
from sandbox.api.objects import Object, encode, meta, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sandbox.api.kinds import Kind
    from sandbox.api.store import Entry

_NAME_DESCRIPTION = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a "
    "client to request the generation of an appropriate name automatically. Name is primarily intended for creation "
    "idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
_NAME = {"name": "Name", "type": "string", "format": "name", "description": _NAME_DESCRIPTION, "priority": 0}


def columns_of(kind: Kind) -> list[Object]:
    """The column definitions of a kind."""
    if isinstance(kind, CustomKind):
        custom = [
            {
                "name": column["name"],
                "type": column["type"],
                "format": column.get("format", ""),
                "description": column.get("description")
                or f"Custom resource definition column (in JSONPath format): {column['jsonPath']}",
                "priority": column.get("priority", 0),
            }
            for column in kind.columns
        ]
        return [_NAME, *custom]
    columns = [_defined(column) for column in _builtin_columns(kind)]
    return columns if kind.resource.kind in NAMELESS else [_NAME, *columns]


def _builtin_columns(kind: Kind) -> Sequence[Column]:
    return COLUMNS.get(kind.resource.kind, COLUMNS[""])


def _defined(column: Column) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": "",
        "description": column.name,
        "priority": 1 if column.wide else 0,
    }


def cells_of(kind: Kind, obj: Object, now: datetime) -> list[Any]:
    """One object's cells."""
    if isinstance(kind, CustomKind):
        return [name_of(obj), *(_custom_cell(column, obj, now) for column in kind.columns)]
    cells = [column.value(obj, now) for column in _builtin_columns(kind)]
    return cells if kind.resource.kind in NAMELESS else [name_of(obj), *cells]


def _custom_cell(column: Object, obj: Object, now: datetime) -> Any:
    found = find(column["jsonPath"], obj)
    if not found:
        return None
    value = found[0]
    match column["type"]:
        case "date":
            return age(value, now)
        case "integer" | "number":
            return value if isinstance(value, (int, float)) else None
        case "boolean":
            return value if isinstance(value, bool) else None
    return ",".join(_text(item) for item in found) if len(found) > 1 else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return encode(value).decode()


class Tables:
    """Makes a kind's tables as one client wants them."""

    def __init__(self, kind: Kind, include: str, now: datetime) -> None:
        self._kind = kind
        self._include = include or "Metadata"
        self._now = now

    def table(self, entries: Sequence[Entry], list_meta: Object, *, headers: bool = True) -> Object:
        """A table of these objects."""
        return {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": list_meta,
            "columnDefinitions": columns_of(self._kind) if headers else None,
            "rows": [self._row(entry.obj) for entry in entries],
        }

    def _row(self, obj: Object) -> Object:
        row: Object = {"cells": cells_of(self._kind, obj, self._now)}
        if self._include == "Object":
            row["object"] = obj
        elif self._include == "Metadata":
            row["object"] = partial(obj)
        return row


def partial(obj: Object) -> Object:
    """Only the object's metadata, as a PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta(obj)}
