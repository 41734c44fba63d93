"""Whether a manifest has only fields that Argo's Workflow has, each of its type.

The table beside this file is generated from Argo's own CRD (`tools/argo_fields.py`). Argo's API server would drop an
unknown field in silence or, asked to be strict, refuse the workflow without saying which template it came from.

Which release runs in the cluster is not known here. A field that only some releases have passes, with a note.
"""

import json
import re
from functools import cache
from pathlib import Path as File
from typing import Any, NamedTuple

from aegis.nearest import similar
from functions.workflow_renderer.document import Composite, Path, spelled
from functions.workflow_renderer.errors import Problem

_TABLE = File(__file__).with_name("argo_fields.json")
_LISTED = 12
_HINTED = 20
"""As many unknown fields get a hint: each takes a look at all that are known."""
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_RENAMED: dict[str, tuple[str, ...]] = {"ttlSecondsAfterFinished": ("ttlStrategy", "secondsAfterCompletion")}
"""Fields of a workflow's spec that Argo has renamed since, and where they are now."""
_PLURAL = {"mutex": "mutexes", "semaphore": "semaphores"}
"""Fields of ``synchronization`` that have become lists."""

Shape = str | int | list[Any]


class Typed(NamedTuple):
    """A scalar that holds values, and the type that its field has."""

    composite: Composite
    type: str


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


def current(manifest: dict[str, Any], notes: list[Problem] | None = None) -> dict[str, Any]:
    """The manifest with what Argo has renamed carried over; the new name goes before where both are there.

    ``notes`` is added to where a release that a cluster may still run does not have the new name.
    """
    spec = manifest.get("spec")
    if not isinstance(spec, dict):
        return manifest
    renewed = dict(spec)
    for old, (owner, name) in _RENAMED.items():
        held = renewed.get(owner, {})
        if old in renewed and isinstance(held, dict):
            renewed[owner] = {name: renewed.pop(old), **held}
    return {**manifest, "spec": _plural(renewed, ("spec",), [] if notes is None else notes)}


def _plural(data: Any, path: Path, notes: list[Problem]) -> Any:
    """The data with locks that were single in lists, wherever they are."""
    if isinstance(data, list):
        return [_plural(item, (*path, index), notes) for index, item in enumerate(data)]
    if not isinstance(data, dict):
        return data
    renewed = {name: _plural(part, (*path, name), notes) for name, part in data.items()}
    for old, new in _PLURAL.items() if path[-1] == "synchronization" else ():
        if old in renewed and new not in renewed:
            renewed[new] = [renewed.pop(old)]
            notes.append(Problem(spelled((*path, old)), f"is written as {new}, which Argo has since 3.6"))
    return renewed


class Conformity:
    """Holds a manifest against the table and notes every problem."""

    def __init__(self) -> None:
        """Begin without problems."""
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self._objects: list[dict[str, Any]] = _table()["objects"]

    def of(self, manifest: Any) -> Any:
        """The manifest, each scalar that holds values with its field's type."""
        return self._part(manifest, _table()["root"], ())

    def _part(self, data: Any, shape: Shape, path: Path) -> Any:
        if isinstance(shape, int):
            return self._object(data, self._objects[shape], path)
        if isinstance(shape, str):
            return self._any(data) if shape == "any" else self._scalar(data, shape, path)
        kind, inner = shape
        if data is None:
            return None
        if kind == "list" and isinstance(data, list):
            return [self._part(item, inner, (*path, index)) for index, item in enumerate(data)]
        if kind == "map" and isinstance(data, dict):
            return {name: self._part(part, inner, (*path, name)) for name, part in data.items()}
        self._note(path, _described(data), "a list" if kind == "list" else "a mapping")
        return data

    def _object(self, data: Any, shape: dict[str, Any], path: Path) -> Any:
        if data is None and path:
            return None
        if not isinstance(data, dict):
            self._note(path, _described(data), "a mapping")
            return data
        known: dict[str, Shape] = shape["fields"]
        elsewhere: dict[str, Any] = shape.get("elsewhere", {})
        for name in shape.get("required", ()):
            if name not in data:
                self._note((*path, name), "is missing")
        checked = {}
        for name, part in data.items():
            if name in known:
                checked[name] = self._part(part, known[name], (*path, name))
            elif name in elsewhere:
                other, releases = elsewhere[name]
                checked[name] = self._part(part, other, (*path, name))
                self.notes.append(Problem(spelled((*path, name)), f"Argo has it {releases}"))
            else:
                self._unknown((*path, name), known)
        return checked

    def _unknown(self, path: Path, known: dict[str, Shape]) -> None:
        near = similar(str(path[-1]), known) if len(self.problems) < _HINTED else ""
        names = sorted(known)
        listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
        hint = f", did you mean {near}?" if near else ""
        self._note(path, f"Argo knows no such field{hint}", listed)

    def _scalar(self, data: Any, shape: str, path: Path) -> Any:
        if isinstance(data, Composite):
            if shape in ("integer", "number", "boolean") and data.whole is None:
                self._note(path, "text with values in it", _accepted(shape))
            return Typed(data, shape)
        if data is not None and not _fits(data, shape):
            self._note(path, _described(data), _accepted(shape))
        return _written(data, shape)

    def _any(self, data: Any) -> Any:
        if isinstance(data, Composite):
            return Typed(data, "any")
        if isinstance(data, dict):
            return {name: self._any(part) for name, part in data.items()}
        return [self._any(item) for item in data] if isinstance(data, list) else data

    def _note(self, path: Path, problem: str, accepted: str = "") -> None:
        self.problems.append(Problem(spelled(path), problem, accepted))


def typed(text: str, shape: str, *, plain: bool) -> str | int | bool | None:
    """A value as its field's type; None where it is none of it."""
    integer = _INTEGER.fullmatch(text) is not None
    if shape == "boolean":
        return {"true": True, "false": False}.get(text)
    if shape in ("integer", "number"):
        return int(text) if integer else None
    return int(text) if shape == "integer or string" and plain and integer else text


def _written(data: Any, shape: str) -> Any:
    """A constant as Argo's own types read it: a parameter's number is text, and so is a quantity with a fraction."""
    if (shape == "scalar" and isinstance(data, bool | int | float)) or (isinstance(data, float) and "string" in shape):
        return json.dumps(data)
    return data


def _fits(data: Any, shape: str) -> bool:
    if isinstance(data, bool):
        return shape in ("boolean", "scalar")
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (),
        "integer or string": (int, float, str),
        "scalar": (int, float, str),
    }
    return isinstance(data, kinds[shape])


def _accepted(shape: str) -> str:
    return {"string": "text: put it in quotes", "boolean": "true or false"}.get(shape, shape.replace("string", "text"))


def _described(data: Any) -> str:
    if isinstance(data, Composite):
        return "is text"
    kinds = (
        (bool, "is true or false"),
        (int | float, "is a number"),
        (str, "is text"),
        (list, "is a list"),
        (dict, "is a mapping"),
    )
    return next((words for kind, words in kinds if isinstance(data, kind)), "is empty")
