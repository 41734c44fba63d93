"""A template with its defaults, a workflow with its WorkflowTemplate: joined field by field, as Argo joins them.

What would be lost of the defaults might be a mount, and the command would run against the machine's own files. So
lists of objects that both have, which Argo joins by a key that depends on the field, are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.workloads.errors import InvalidSpecError

if TYPE_CHECKING:
    from collections.abc import Mapping


def joined(defaults: Mapping[str, Any], own: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The defaults with what is said for itself in their place.

    Raises:
        InvalidSpecError: when a list of objects is in both.
    """
    found = dict(defaults)
    for key, value in own.items():
        found[key] = _joined(defaults.get(key), value, f"{path}.{key}")
    return found


def _joined(default: Any, own: Any, path: str) -> Any:
    if isinstance(default, dict) and isinstance(own, dict):
        return joined(default, own, path)
    if isinstance(default, list) and isinstance(own, list) and any(isinstance(item, dict) for item in default):
        raise InvalidSpecError(f"the sandbox does not join lists: {path} has defaults too")
    return own
