"""What a manifest may say of metadata: what Kubernetes would take, and nothing of a workflow that ran already.

A manifest that was exported from a cluster or written out by Go code has fields that say nothing (``status: {}``) or
that are of another workflow; the former are left out, the latter named.
"""

from collections.abc import Iterator
from typing import Any

from aegis.names import is_label_key, is_label_value
from functions.workflow_renderer.document import Path, spelled
from functions.workflow_renderer.errors import Problem

LABEL_VALUE = "at most 63 letters, digits and ._-, beginning and ending with a letter or digit"
_KEY = "a name of at most 63 letters, digits and ._-, beginning and ending with a letter or digit; before it prefix/"
_METADATA = frozenset({"metadata", "podMetadata", "workflowMetadata"})
_SET_LATER = frozenset(
    {
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "managedFields",
        "selfLink",
        "ownerReferences",
    }
)
_ARGOS_LABELS = frozenset({"workflows.argoproj.io/completed", "workflows.argoproj.io/phase"})
"""Of these Argo would think that the workflow has ended."""
_LATER = "is set once the workflow is there: leave it out"


def as_new(data: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The manifest without what an exported one leaves empty, and what in it is of a workflow that is there already."""
    kept = _without_times({name: part for name, part in data.items() if name != "status" or not _says_nothing(part)})
    metadata = kept["metadata"] if isinstance(kept.get("metadata"), dict) else {}
    labels = metadata["labels"] if isinstance(metadata.get("labels"), dict) else {}
    later: list[Path] = [("status",)] if "status" in kept else []
    later += [("metadata", name) for name in metadata if name in _SET_LATER]
    later += [("metadata", "labels", name) for name in labels if name in _ARGOS_LABELS]
    kept = {name: part for name, part in kept.items() if name != "status"}
    if metadata:
        kept["metadata"] = {name: part for name, part in metadata.items() if name not in _SET_LATER}
    return kept, [Problem(spelled(path), _LATER) for path in later]


def _says_nothing(status: Any) -> bool:
    return not status or (isinstance(status, dict) and not any(status.values()))


def _without_times(data: Any) -> Any:
    if isinstance(data, list):
        return [_without_times(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {name: _without_times(part) for name, part in data.items() if name != "creationTimestamp" or part}


def is_label(path: Path) -> bool:
    """Whether a field is a label's value."""
    return len(path) > 2 and path[-2] == "labels" and path[-3] in _METADATA  # noqa: PLR2004


def misspelled(data: Any, path: Path = ()) -> Iterator[Problem]:
    """Labels and annotations that Kubernetes would refuse; what holds values or tags is not known yet."""
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from misspelled(item, (*path, index))
    if not isinstance(data, dict):
        return
    for name, part in data.items():
        here = (*path, name)
        yield from misspelled(part, here)
        if is_label((*here, "")) or (here[-1] == "annotations" and here[-2:-1] and here[-2] in _METADATA):
            yield from _of_pairs(part, here)


def _of_pairs(pairs: Any, path: Path) -> Iterator[Problem]:
    if not isinstance(pairs, dict):
        return
    for key, value in pairs.items():
        if not is_label_key(key if path[-1] == "labels" else key.lower()):
            yield Problem(spelled(path), f"the key {key!r:.80} is none", _KEY)
        if path[-1] == "labels" and isinstance(value, str) and "{{" not in value and not is_label_value(value):
            yield Problem(spelled((*path, key)), f"{value!r:.80} is no label's value", LABEL_VALUE)
