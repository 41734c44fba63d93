"""Label and field selectors: parsed once per request, then asked about each object."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.api.errors import bad_request
from sandbox.api.objects import Object, dig, meta

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.api.resources import Resource

_REQUIREMENT = re.compile(
    r"""\s*(?:
      (?P<absent>!)\s*(?P<absent_key>[^\s,!=<>()]+)
    | (?P<key>[^\s,!=<>()]+)\s*(?:
        (?P<set>\bin\b|\bnotin\b)\s*\((?P<values>[^()]*)\)
      | (?P<op>==|=|!=|>|<)\s*(?P<value>[^\s,!=<>()]*)
      )?
    )\s*(?:,|$)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a label selector."""

    key: str
    operator: str  # in, notin, exists, absent, gt, lt
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet the term."""
        value = labels.get(self.key)
        match self.operator:
            case "in":
                return value in self.values
            case "notin":
                return value not in self.values
            case "exists":
                return value is not None
            case "absent":
                return value is None
        (bound,) = self.values
        try:
            number = int(value or "")
        except ValueError:
            return False
        return number > int(bound) if self.operator == "gt" else number < int(bound)


def _requirement(found: re.Match[str]) -> Requirement:
    if found["absent"]:
        return Requirement(found["absent_key"], "absent")
    if found["set"]:
        values = frozenset(value.strip() for value in found["values"].split(","))
        return Requirement(found["key"], found["set"], values)
    if found["op"] is None:
        return Requirement(found["key"], "exists")
    operator = {"=": "in", "==": "in", "!=": "notin", ">": "gt", "<": "lt"}[found["op"]]
    return Requirement(found["key"], operator, frozenset({found["value"]}))


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """The terms of a label selector in its text form."""
    terms: list[Requirement] = []
    position = 0
    while position < len(text):
        found = _REQUIREMENT.match(text, position)
        if not found:
            message = f"unable to parse requirement: found '{text[position:]}', expected: identifier"
            raise bad_request(message)
        term = _requirement(found)
        if term.operator in ("gt", "lt") and not all(v.lstrip("-").isdigit() for v in term.values):
            message = "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer"
            raise bad_request(message)
        terms.append(term)
        position = found.end()
    return tuple(terms)


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """One term of a field selector."""

    path: str
    equal: bool
    value: str


_FIELDS: dict[str, frozenset[str]] = {
    "pods": frozenset({
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    }),
    "nodes": frozenset({"spec.unschedulable"}),
    "namespaces": frozenset({"status.phase"}),
    "secrets": frozenset({"type"}),
    "jobs": frozenset({"status.successful"}),
    "events": frozenset({
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
        "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid",
        "regarding.apiVersion", "regarding.resourceVersion", "regarding.fieldPath",
        "reason", "reportingComponent", "reportingController", "source", "type",
    }),
}  # fmt: skip
_ALWAYS = frozenset({"metadata.name", "metadata.namespace"})


def parse_fields(text: str, resource: Resource, selectable: frozenset[str] = frozenset()) -> tuple[FieldTerm, ...]:
    """The terms of a field selector; only fields that the kind supports are allowed."""
    known = (
        _ALWAYS | selectable | (_FIELDS.get(resource.plural, frozenset()) if resource.group != "aegis.io" else set())
    )
    terms: list[FieldTerm] = []
    for part in filter(None, re.split(r"(?<!\\),", text)):
        found = re.fullmatch(r"\s*([^=!]+?)\s*(==|=|!=)(.*)", part)
        if not found:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        path, operator, value = found.groups()
        if path not in known:
            raise bad_request(f"field label not supported: {path}")
        terms.append(FieldTerm(path, operator != "!=", re.sub(r"\\(.)", r"\1", value)))
    return tuple(terms)


def _field(obj: Object, path: str) -> str:
    if path == "source" and isinstance(obj.get("source"), dict):
        path = "source.component"
    value = dig(obj, *path.split("."))
    if value is None:
        return {"spec.unschedulable": "false", "spec.hostNetwork": "false"}.get(path, "")
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Selector:
    """A label and a field selector together."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[FieldTerm, ...] = ()

    def matches(self, obj: Object) -> bool:
        """Whether an object meets every term."""
        if self.labels:
            labels = meta(obj).get("labels") or {}
            if not all(term.matches(labels) for term in self.labels):
                return False
        return all((_field(obj, term.path) == term.value) is term.equal for term in self.fields)
