"""Kinds that a CustomResourceDefinition describes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sandbox.api.cel import check_rules, has_rules
from sandbox.api.decoding import apply_defaults, prune
from sandbox.api.errors import Cause
from sandbox.api.kinds import Kind
from sandbox.api.resources import Resource
from sandbox.api.structural import Node, Schema
from sandbox.api.validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.api.objects import Object


def served_versions(crd: Object) -> Iterator[tuple[Resource, Object]]:
    """The resources that a definition adds, each with its version's part of the definition; storage version last."""
    spec = crd["spec"]
    names = spec["names"]
    for version in sorted(spec["versions"], key=lambda version: bool(version.get("storage"))):
        if not version.get("served", True):
            continue
        resource = Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=frozenset(version.get("subresources") or ()),
            singular=names.get("singular", ""),
            list_kind=names.get("listKind", ""),
        )
        yield resource, version


_BLOCKING = frozenset({
    "FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid",
})  # fmt: skip
_RULES_UNCHECKED = Cause(
    "<nil>",
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing "
    "errors to complete validation",
)


class CustomKind(Kind):
    """A kind with the schema, subresources and columns of its definition."""

    strategic_merge = False

    def __init__(self, resource: Resource, version: Object, crd: Object) -> None:
        super().__init__(resource)
        self._schema = Schema((version.get("schema") or {}).get("openAPIV3Schema"))
        self.columns: list[Object] = version.get("additionalPrinterColumns") or [
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
        ]
        self.preserves = bool(crd["spec"].get("preserveUnknownFields"))
        fields = version.get("selectableFields") or ()
        self.selectable = frozenset(field["jsonPath"].lstrip(".") for field in fields)

    @property
    def schema(self) -> Node:
        """What the fields are."""
        return self._schema.root

    @property
    def schema_source(self) -> Object:
        """The schema as the definition has it."""
        return self._schema.source

    def default(self, obj: Object) -> None:
        """Fill in what the schema has defaults for."""
        if self.schema.has_defaults:
            apply_defaults(self.schema, obj)

    def reread(self, obj: Object) -> Object:
        """A stored object as this definition reads it."""
        prune(self.schema, obj, [], root=True)
        self.default(obj)
        return obj

    def prepare_create(self, obj: Object) -> None:
        """Put a new object into its initial state: its status is for the status subresource."""
        if self.has_status:
            obj.pop("status", None)

    def validate(self, new: Object, old: Object | None, subresource: str = "") -> list[Cause]:
        """What the schema has against the object, and if nothing, what its rules have."""
        causes = validate(self.schema, new) if subresource != "status" else self._validate_status(new)
        if not self.has_rules:
            return causes
        if any(cause.reason in _BLOCKING for cause in causes):
            return [*causes, _RULES_UNCHECKED]
        if subresource == "status" and not self.schema.rules:
            # The rest is as it was, and was accepted so; to ask again would cost more than the write itself.
            return causes + self._check_status_rules(new, old or {})
        return causes + (check_rules(self.schema, new) if old is None else check_rules(self.schema, new, old))

    def _check_status_rules(self, new: Object, old: Object) -> list[Cause]:
        node = self.schema.properties.get("status")
        if node is None or "status" not in new:
            return []
        before = {"old": old["status"]} if "status" in old else {}
        return check_rules(node, new["status"], **before, path="status")

    def _validate_status(self, obj: Object) -> list[Cause]:
        """The status by itself; messages leave out where it stands, fields do not."""
        node = self.schema.properties.get("status")
        if node is None or "status" not in obj:
            return []
        return [
            Cause(f"status.{cause.field}" if cause.field else "status", cause.message, cause.reason)
            for cause in validate(node, obj["status"])
        ]

    @cached_property
    def has_rules(self) -> bool:
        """Whether the schema has rules in CEL."""
        return has_rules(self.schema)

    def counts_generation(self) -> bool:
        """Whether metadata.generation says how often the specification changed."""
        return True
