"""CustomResourceDefinitions: what follows from what they say, and what they must say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.api.errors import Cause
from sandbox.api.objects import Object, name_of, timestamp

if TYPE_CHECKING:
    from datetime import datetime

_REQUIRED = "Required value"
_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")


def complete_definition(crd: Object) -> None:
    """Fill in the names that follow from others."""
    spec = crd.get("spec")
    if not isinstance(spec, dict):
        return
    spec.setdefault("conversion", {"strategy": "None"})
    names = spec.get("names")
    if isinstance(names, dict) and names.get("kind"):
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", names["kind"] + "List")


def refresh_definition(crd: Object, now: datetime) -> None:
    """The status of a definition that is accepted and served."""
    spec = crd.get("spec") or {}
    status = crd.setdefault("status", {})
    status["acceptedNames"] = dict(spec.get("names") or {})
    stored = status.setdefault("storedVersions", [])
    for version in spec.get("versions") or ():
        if version.get("storage") and version["name"] not in stored:
            stored.append(version["name"])
    if not status.get("conditions"):
        status["conditions"] = [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
            _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
        ]


def _condition(kind: str, reason: str, message: str, now: datetime) -> Object:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": timestamp(now),
    }


def check_definition(crd: Object, old: Object | None) -> list[Cause]:
    """What is wrong with a definition."""
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    group, plural = spec.get("group"), names.get("plural")
    causes = [
        Cause(field, _REQUIRED, "FieldValueRequired")
        for field, value in (
            ("spec.group", group),
            ("spec.names.plural", plural),
            ("spec.names.kind", names.get("kind")),
        )
        if not value
    ]
    if group and plural and name_of(crd) != f"{plural}.{group}":
        message = f'Invalid value: "{name_of(crd)}": must be spec.names.plural+"."+spec.group'
        causes.append(Cause("metadata.name", message))
    if spec.get("scope") not in ("Cluster", "Namespaced"):
        given = f'Unsupported value: "{spec.get("scope") or ""}": supported values: "Cluster", "Namespaced"'
        causes.append(Cause("spec.scope", given, "FieldValueNotSupported"))
    versions = spec.get("versions") or []
    if sum(bool(version.get("storage")) for version in versions) != 1:
        causes.append(
            Cause("spec.versions", 'Invalid value: "array": must have exactly one version marked as storage version')
        )
    for index, version in enumerate(versions):  # a single version's schema is spoken of as that of all versions
        place = "spec.validation" if len(versions) == 1 else f"spec.versions[{index}].schema"
        causes += _check_version(version, place)
    if old is not None:
        causes += _check_immutable(spec, old["spec"])
    return causes


def _check_version(version: Object, path: str) -> list[Cause]:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if not isinstance(schema, dict):
        return [Cause(f"{path}.openAPIV3Schema", f"{_REQUIRED}: schemas are required", "FieldValueRequired")]
    place = f"{path}.openAPIV3Schema"
    if schema.get("type") != "object":
        return [Cause(f"{place}.type", f'Invalid value: "{schema.get("type", "")}": must be object at the root')]
    causes: list[Cause] = []
    _check_structural(schema, place, causes)
    return causes


def _check_structural(schema: Object, path: str, causes: list[Cause]) -> None:
    """Every place in a structural schema has a type, and a map list has its keys."""
    free = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("x-kubernetes-int-or-string")
    if not schema.get("type") and not free:
        causes.append(
            Cause(f"{path}.type", f"{_REQUIRED}: must not be empty for specified object fields", "FieldValueRequired")
        )
    if schema.get("type") == "array" and not isinstance(schema.get("items"), dict):
        causes.append(Cause(f"{path}.items", f"{_REQUIRED}: must be specified", "FieldValueRequired"))
    if schema.get("x-kubernetes-list-type") == "map" and not schema.get("x-kubernetes-list-map-keys"):
        field = f"{path}.x-kubernetes-list-map-keys"
        message = f"{_REQUIRED}: must not be empty if x-kubernetes-list-type is map"
        causes.append(Cause(field, message, "FieldValueRequired"))
    for key, child in (schema.get("properties") or {}).items():
        if path.endswith("openAPIV3Schema") and key in ("metadata", "apiVersion", "kind"):
            continue
        _check_structural(child, f"{path}.properties[{key}]", causes)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            _check_structural(schema[key], f"{path}.{key}", causes)


def _check_immutable(new: Object, old: Object) -> list[Cause]:
    causes = []
    for path in (("group",), ("scope",), ("names", "plural"), ("names", "kind")):
        before, after = old, new
        for key in path:
            before, after = before[key], (after or {}).get(key)  # type: ignore[assignment]
        if before != after:
            causes.append(Cause("spec." + ".".join(path), f'Invalid value: "{after}": field is immutable'))
    return causes


def version_priority(name: str) -> tuple[int, int, int]:
    """Sorts versions as Kubernetes prefers them: stable before beta before alpha, newer before older."""
    found = _VERSION.fullmatch(name)
    if not found:
        return (3, 0, 0)
    stage = {None: 0, "beta": 1, "alpha": 2}[found[2]]
    return (stage, -int(found[1]), -int(found[3] or 0))
