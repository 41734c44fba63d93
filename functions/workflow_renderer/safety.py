"""Puts the values of an alert into a manifest, each judged by the field it lands in.

Whoever can send an alert chooses its values, so none of them may become code. Three things make a value code: a shell
that reads it, Argo that replaces its tags by text before anything runs, and the kubelet that expands ``$(NAME)``.
Argo inserts parameters, labels and annotations of a workflow into scripts later on, where nobody quotes them. So what
may stand in a field is the least that is of use wherever it is not known that the field is only ever data (`places`,
`words`), and what stands beside a value must mean the same with it (`surroundings`).

Where a shell reads a field, ``shquote`` lifts the limits on a value that is a plain argument there (`shell_quoting`).
A variable of the container takes any text, as far as the scripts take it for text (`variables`).
"""

import json
import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from aegis.names import is_label_value
from functions.workflow_renderer.argo_fields import Typed, typed
from functions.workflow_renderer.document import Composite, Path, spelled
from functions.workflow_renderer.errors import Unsafe
from functions.workflow_renderer.markers import Form, Meaning, Part, Value, written
from functions.workflow_renderer.metadata import LABEL_VALUE, is_label
from functions.workflow_renderer.places import Place, is_argument, is_read, is_variable, place_of
from functions.workflow_renderer.scripts import NO_SHELL, Scripts, parts_of
from functions.workflow_renderer.surroundings import NEAR, Surroundings
from functions.workflow_renderer.words import forbidden, is_number, like_option, not_accepted, not_text, too_long

if TYPE_CHECKING:
    from functions.workflow_renderer.variables import Variables

_LONGEST_SCALAR = 120_000
"""The kernel takes no argument over 128 KiB."""
_NEIGHBOURS = 8
"""How many arguments before one, and pieces behind a value, are looked at."""
_POWERS = "may not choose what a pod is allowed to do"
_AS_VARIABLE = 'pass it as a variable: env: [{name: TEXT, value: "{{ … }}"}], and "$TEXT" in the script'

Verdict = tuple[str, bool]
"""Why a value may not stand somewhere, and whether none could; the former is empty where it may."""


class _Site(NamedTuple):
    """Where one value of a scalar stands."""

    value: Value
    parts: tuple[Part, ...]
    position: int
    """The scalar's pieces, and which the value is."""
    in_tag: bool
    """Whether it stands inside one of Argo's tags."""
    before: str
    behind: str
    """What is near."""
    path: Path
    owner: Any

    @property
    def whole(self) -> bool:
        """Whether the value is all of the scalar."""
        return len(self.parts) == 1

    @property
    def surroundings(self) -> Surroundings:
        """What stands beside the value."""
        return Surroundings.of(self.before, self.behind)


class Insertion:
    """Puts the values into a manifest and notes each that may not stand where it would."""

    def __init__(self, workflow: Any) -> None:
        """Begin with a manifest, and without findings."""
        self.findings: list[Unsafe] = []
        self._workflow = workflow
        self._scripts = Scripts(workflow)

    @cached_property
    def _variables(self) -> "Variables":
        from functions.workflow_renderer.variables import Variables  # noqa: PLC0415  (most templates have none)

        return Variables(self._workflow, self._scripts.all())

    def rendered(self) -> Any:
        """The manifest with its values in place."""
        return self._into(self._workflow, (), None)

    def _into(self, data: Any, path: Path, owner: Any) -> Any:
        """The data with its values in place; ``owner`` is the mapping that the data is in."""
        if isinstance(data, Typed):
            return self._scalar(data, path, owner)
        if isinstance(data, dict):
            return {name: self._into(part, (*path, name), data) for name, part in data.items()}
        if isinstance(data, list):
            return [self._into(item, (*path, index), owner) for index, item in enumerate(data)]
        return data

    def _scalar(self, data: Typed, path: Path, owner: Any) -> Any:
        whole = data.composite.whole
        if whole is None or data.type not in ("integer", "number", "boolean"):
            text = self._text(data.composite, path, owner)
            return text if whole is None else typed(text, data.type, plain=data.composite.plain)
        value = typed(whole.text, data.type, plain=data.composite.plain)
        if place_of(path) is Place.NOTHING:
            self._note(path, whole, _POWERS, always=True)
        elif value is None:
            self._note(path, whole, f"is no {data.type}")
        return value

    def _text(self, composite: Composite, path: Path, owner: Any) -> str:
        pieces: list[str] = []
        tail, in_tag = _line_before(path, owner), False
        for index, part in enumerate(composite.parts):
            if isinstance(part, str):
                pieces.append(part)
                in_tag = _in_tag(part, in_tag)
            else:
                behind = _near(composite.parts[index + 1 : index + 1 + _NEIGHBOURS])
                site = _Site(part, composite.parts, index, in_tag, tail, behind, path, owner)
                problem, always = self._problem(site)
                if problem:
                    self._note(path, part, problem, always=always)
                pieces.append(written(part.text, part.form))
            tail = (tail + pieces[-1])[-NEAR:]
        text = "".join(pieces)
        last = next(part for part in reversed(composite.parts) if isinstance(part, Value))
        if len(text) > _LONGEST_SCALAR:
            self._note(path, last, "makes the field too long")
        if is_variable(path):
            self._variable(composite, text, path, owner)
        if is_label(path) and "{{" not in text and not is_label_value(text):
            self._note(path, last, f"makes no label's value ({LABEL_VALUE})")
        return text

    def _problem(self, site: _Site) -> Verdict:
        place = place_of(site.path)
        if place is Place.NOTHING or site.in_tag:
            return _POWERS if place is Place.NOTHING else "would stand inside one of Argo's tags", True
        if place is Place.NESTED and site.value.form is Form.JSON:
            return self._in_json(site)
        if place is Place.NESTED and site.whole and not site.value.quoted:
            place = Place.TEXT
        if site.value.form is Form.JSON and place is not Place.TEXT:
            return "is JSON, and may stand in a request's body, in an artifact or in a variable alone", True
        if site.value.quoted and place is not Place.TEXT:
            return self._quoted(site)
        if place is Place.TEXT:
            problem = forbidden(site.value, site.before, site.behind)
            problem = problem or not_text(site.value.text, site.before, site.behind)
            return problem or (self._changed(site) if is_variable(site.path) else ""), False
        return self._word(site, Place.WORD if place is Place.NESTED else place)

    def _word(self, site: _Site, place: Place) -> Verdict:
        """Of a value that stands as it is where it may be read by anybody."""
        value, path = site.value, site.path
        if problem := forbidden(value, site.before, site.behind):
            return problem, False
        problem = not_accepted(value, place) or _vanishes(site)
        if problem and place_of(path) is Place.NESTED:
            return f"{problem}; pipe it through tojson where the text is JSON, or shquote where it is a script", False
        if problem:
            return f"{problem}; pipe it through shquote where a shell reads it, or {_AS_VARIABLE}", False
        if not is_number(value.text) and (reason := self._computed(site)):
            return f"is no number, and {reason}", False
        if path[-1] == "image" and not site.whole and not set(":/@").isdisjoint(value.text):
            return "has one of :/@ inside the name of an image", False
        return self._changed(site), False

    def _quoted(self, site: _Site) -> Verdict:
        """Of a value that is quoted for a shell."""
        value, reading = site.value, next(iter(self._scripts.of(site.path)), None)
        misplaced = reading.misplaced(site.position) if reading else NO_SHELL
        if misplaced:
            return f"is quoted, and shquote does not help {misplaced}; {_AS_VARIABLE}", True
        option = reading is not None and reading.reads_as_option(site.position)
        if value.meaning is Meaning.TEXT and option:
            return "may be any text, and the command would read an option in it: put -- before it", True
        problem = forbidden(value, site.before, site.behind) or too_long(value.text) or like_option(value)
        return problem or self._changed(site), False

    def _computed(self, site: _Site) -> str:
        """How a script computes with a value; empty where none does."""
        for reading in self._scripts.of(site.path):
            if reading.computes(site.position):
                return f"the script {reading.unread}" if reading.unread else "the script computes with it"
        name = self._scripts.patched_variable(site.path, site.position)
        return f"a script computes with {name}" if name and self._variables.computes(name) else ""

    def _changed(self, site: _Site) -> str:
        """How a value would change the meaning of what stands beside it."""
        if not {"labels", "annotations"}.isdisjoint(site.path):
            return ""
        around, text = site.surroundings, site.value.text
        return around.changed_by(text) or around.names_file(text)

    def _variable(self, composite: Composite, text: str, path: Path, owner: Any) -> None:
        """Note what of a variable's text may not be in it because of what scripts do with the variable."""
        name = owner.get("name") if isinstance(owner, dict) else None
        for part in composite.parts:
            if not isinstance(part, str):
                problem, always = self._variables.problem(name, part, text)
                problem = problem or like_option(part)
                if problem:
                    self._note(path, part, problem, always=always)

    def _in_json(self, site: _Site) -> Verdict:
        """Of a value that is written as JSON: the rest of the field must be JSON, with a value where this one is."""
        pieces = (_json_piece(part) for part in site.parts)
        try:
            json.loads("".join(pieces))
        except (ValueError, RecursionError):
            return "is JSON, and what is around it is none: tojson brings its own quotes", True
        problem = forbidden(site.value, site.before, site.behind)
        return problem or not_text(site.value.text, site.before, site.behind), False

    def _note(self, path: Path, value: Value, problem: str, *, always: bool = False) -> None:
        self.findings.append(Unsafe(spelled(path), value.key, problem, always))


def _json_piece(part: Part) -> str:
    """A piece of a JSON text, in which a zero stands for a tag of Argo's and for a value in or out of quotes."""
    if isinstance(part, Value):
        return '""' if part.form is Form.JSON else "0"
    return re.sub(r"\{\{[^{}]*\}\}", "0", part)


def _in_tag(text: str, before: bool) -> bool:  # noqa: FBT001
    """Whether a text ends inside one of Argo's tags."""
    opened, closed = text.rfind("{{"), text.rfind("}}")
    return before if opened == closed else opened > closed


def _near(parts: Sequence[Part]) -> str:
    """The text right behind a value."""
    text = ""
    for part in parts:
        if len(text) >= NEAR:
            break
        text += part[:NEAR] if isinstance(part, str) else part.text
    return text


def _line_before(path: Path, owner: Any) -> str:
    """The arguments of a command before that one, as a line."""
    if not is_argument(path) or not isinstance(owner, dict):
        return ""
    before = (owner.get("command") or []) if path[-2] == "args" else []
    before = [*before, *(owner[path[-2]][: path[-1]])][-_NEIGHBOURS:]
    texts = (_near(parts_of(item)) if isinstance(item, str | Typed) else "" for item in before)
    return "".join(f"{text} " for text in texts)[-NEAR:]


def _vanishes(site: _Site) -> str:
    """Reject empty values in scripts: ``rm -rf /data/{{x}}`` would become ``rm -rf /data/``."""
    if site.value.text or not is_read(site.path):
        return ""
    argument = isinstance(site.path[-1], int) and site.whole
    own = site.parts[site.position - 1] if site.position else ""
    beside = own if isinstance(own, str) else own.text
    return "" if argument or beside.endswith(("=", "'", '"')) else "is empty"
