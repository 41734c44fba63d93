"""Schemas compiled once: what each field of a kind may be, in the form that decoding, validation and apply walk.

Custom kinds bring theirs as `openAPIV3Schema`; for the built-in ones `builtin` builds nodes from the client library's
models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.api.objects import Object

_MISSING: Any = object()


@dataclass(slots=True)
class Node:
    """One place in a schema."""

    type: str = ""
    properties: dict[str, Node] = field(default_factory=dict)
    additional: Node | None = None
    items: Node | None = None
    required: tuple[str, ...] = ()
    default: Any = _MISSING
    nullable: bool = False
    int_or_string: bool = False
    open: bool = False  # unknown fields are kept
    embedded: bool = False  # a whole object, with metadata of its own
    list_type: str = "atomic"
    list_keys: tuple[str, ...] = ()
    map_type: str = "granular"
    merge_key: str = ""  # of a list under strategic merge patch
    merge: bool = False  # whether a strategic merge patch merges the list rather than replacing it
    checks: Object = field(default_factory=dict)  # the value validations, by their schema keyword
    pattern: re.Pattern[str] | None = None
    rules: tuple[Object, ...] = ()
    go_type: str = ""  # what decoding errors call it
    has_defaults: bool = False  # somewhere in or below
    has_checks: bool = False  # somewhere in or below

    @property
    def has_default(self) -> bool:
        """Whether an absent value is filled in."""
        return self.default is not _MISSING

    def child(self, key: str) -> Node | None:
        """The node of a field; None where the schema says nothing."""
        return self.properties.get(key) or self.additional

    def seal(self) -> Node:
        """Work out, once all children are there, what a walk may skip."""
        below = [*self.properties.values(), *filter(None, (self.additional, self.items))]
        self.has_defaults = self.has_default or any(node.has_defaults for node in below)
        own = self.type or self.int_or_string or self.checks or self.required or self.rules or self.pattern
        self.has_checks = bool(own) or any(node.has_checks for node in below)
        return self


_CHECKS = (
    "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "format",
)  # fmt: skip
_COMBINED = ("allOf", "anyOf", "oneOf")


def compile_schema(schema: Object) -> Node:
    """A JSON schema of a CustomResourceDefinition as nodes."""
    node = Node(
        type=schema.get("type", ""),
        properties={key: compile_schema(value) for key, value in (schema.get("properties") or {}).items()},
        required=tuple(schema.get("required") or ()),
        nullable=bool(schema.get("nullable")),
        int_or_string=bool(schema.get("x-kubernetes-int-or-string")),
        open=bool(schema.get("x-kubernetes-preserve-unknown-fields")),
        embedded=bool(schema.get("x-kubernetes-embedded-resource")),
        list_type=schema.get("x-kubernetes-list-type", "atomic"),
        list_keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()),
        map_type=schema.get("x-kubernetes-map-type", "granular"),
        checks={key: schema[key] for key in _CHECKS if schema.get(key) is not None},
        rules=tuple(schema.get("x-kubernetes-validations") or ()),
    )
    if schema.get("default") is not None:
        node.default = schema["default"]
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        node.additional = compile_schema(additional)
    elif additional is True:
        node.additional = Node(open=True)
    if isinstance(schema.get("items"), dict):
        node.items = compile_schema(schema["items"])
    if schema.get("pattern"):
        node.pattern = re.compile(_python_pattern(schema["pattern"]))
        node.checks["pattern"] = schema["pattern"]
    for key in _COMBINED:
        if schema.get(key):
            node.checks[key] = [compile_schema(part) for part in schema[key]]
    if schema.get("not"):
        node.checks["not"] = compile_schema(schema["not"])
    return node.seal()


def _python_pattern(pattern: str) -> str:
    """Go's regular expressions are Python's but for a few spellings; `$` there is the very end of the text."""
    pattern = re.sub(r"(?<!\\)\$(?=$|[|)])", r"\\Z", pattern)
    return pattern.replace("[[:alnum:]]", "[0-9A-Za-z]").replace(r"\z", r"\Z")


class Schema:
    """A kind's schema: the tree for its own fields, and the source it was compiled from, for `kubectl explain`."""

    def __init__(self, source: Object | None) -> None:
        self.source = source or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

    @cached_property
    def root(self) -> Node:
        """The compiled tree."""
        return compile_schema(self.source)
