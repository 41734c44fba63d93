"""A container's environment and command line as a kubelet makes them: fields of the pod, and `$(NAME)` replaced."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.api import Object

_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName")
_KEYED_FIELD = re.compile(r"metadata\.(?P<kind>labels|annotations)\['(?P<key>[^']+)'\]")
_REFERENCE = re.compile(r"\$(?:\$|\((?P<name>[^)]*)\))")


def is_known_field(path: str) -> bool:
    """Whether a variable can have this field of its pod as its value."""
    return path in _FIELDS or _KEYED_FIELD.fullmatch(path) is not None


def variables_of(pod: Object, container: Mapping[str, Any]) -> dict[str, str]:
    """The variables that the container's manifest gives, each able to refer to those before it."""
    found: dict[str, str] = {}
    for variable in container.get("env") or []:
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        value = _field(pod, reference["fieldPath"]) if reference else expanded(variable.get("value") or "", found)
        found[variable["name"]] = value
    return found


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """The text with each `$(NAME)` of a known variable replaced; `$$` is a dollar sign that begins none."""

    def value(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        return variables.get(match["name"], match[0])

    return _REFERENCE.sub(value, text)


def _field(pod: Object, path: str) -> str:
    if keyed := _KEYED_FIELD.fullmatch(path):
        return str((pod["metadata"].get(keyed["kind"]) or {}).get(keyed["key"], ""))
    part, _, key = path.partition(".")
    return str(pod[part].get(key, ""))
