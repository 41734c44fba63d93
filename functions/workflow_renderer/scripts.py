"""The shell scripts of a workflow: where they are, and what each does with the values that are put into it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.workflow_renderer.argo_fields import Typed
from functions.workflow_renderer.document import Path, parse
from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.markers import Marks, Part, Value
from functions.workflow_renderer.shell import OTHER_SHELLS, is_shell, program, script_index
from functions.workflow_renderer.shell_values import VALUES, value_character, values_in, without_values

if TYPE_CHECKING:
    from functions.workflow_renderer.shell_flow import Flow
    from functions.workflow_renderer.shell_quoting import Quoting

_MOST_READ = 262_144
"""How many characters of scripts are read of one workflow."""
_SHEBANG = re.compile(r"#![ \t]*(\S+)(?:[ \t]+(\S+))?")
_ONLY_WORDS = re.compile(rf"[A-Za-z0-9_ ./=,@%+:\n;&|{VALUES}-]*")
_TAKES_NAMES = re.compile(
    r"\b(?:let|declare|typeset|local|read|readarray|mapfile|unset|printf|test|getopts|wait|eval)\b"
)
"""Without any of these, and of these characters alone, a script computes nothing."""
_COMPUTES = re.compile(r"\(\(|\$\[|\[\[|\$\{[^}]*:|\b(?:let|declare|typeset|local)\b|\w\[")
"""What there is in a script that may compute something."""


class Reading:
    """What a script does with its values and with variables; it is read when that is asked."""

    def __init__(self, text: str, quoted: frozenset[int], *, sure: bool, unread: str = "") -> None:
        """Keep a script; ``sure`` says that a shell reads it, and ``unread`` why it is not to be read."""
        self.text, self._quoted, self._sure, self._refused = text, quoted, sure, unread

    @cached_property
    def _read(self) -> "tuple[Flow | None, str]":
        if self._refused:
            return None, self._refused
        from functions.workflow_renderer.shell_cursor import Unreadable  # noqa: PLC0415
        from functions.workflow_renderer.shell_flow import Flow  # noqa: PLC0415  (most templates need none of it)

        try:
            return Flow(self.text, self._quoted), ""
        except Unreadable as reason:
            return None, str(reason)

    @property
    def flow(self) -> "Flow | None":
        """Where its values and variables go; None where it cannot be read."""
        return self._read[0]

    @property
    def unread(self) -> str:
        """Why it cannot be read; empty where it can."""
        return self._read[1]

    @cached_property
    def computed(self) -> frozenset[int | str]:
        """The values and variables that are computed in it."""
        return self.flow.computed() if self.flow else frozenset()

    @cached_property
    def _quoting(self) -> "Quoting | None":
        from functions.workflow_renderer.shell_quoting import Quoting  # noqa: PLC0415

        return Quoting(self.flow) if self.flow and self._sure else None

    def misplaced(self, value: int) -> str:
        """Why a quoted value may not stand where it does; empty where it may."""
        if not self._sure:
            return NO_SHELL
        return self._quoting.misplaced(value) if self._quoting else f"in a script that {self.unread}"

    def reads_as_option(self, value: int) -> bool:
        """Whether a command would take a quoted value for an option if it began with a dash."""
        return self._quoting is not None and self._quoting.reads_as_option(value)

    def computes(self, value: int) -> bool:
        """Whether a value is computed there, or may be."""
        if _ONLY_WORDS.fullmatch(self.text) and not _TAKES_NAMES.search(self.text):
            return False
        return value in self.computed if self.flow else _COMPUTES.search(self.text) is not None


NO_SHELL = "where no shell is known to read the text"


class _Found(NamedTuple):
    """A script that was found."""

    path: Path
    text: str
    """With a character for each value."""
    quoted: frozenset[int]
    shell: str
    """The program that reads it; empty where that is not known."""

    @classmethod
    def of(cls, path: Path, scalar: Any, shell: str) -> "_Found":
        """A field that is a script."""
        parts = parts_of(scalar)
        return cls(path, text_with(parts), frozenset(i for i, part in enumerate(parts) if _is_quoted(part)), shell)


class Scripts:
    """The scripts of one workflow, each read once."""

    def __init__(self, workflow: Any) -> None:
        """Find them."""
        self._found: dict[Path, list[_Found]] = defaultdict(list)
        self._read: dict[Path, list[Reading]] = {}
        self._patched: dict[Path, dict[int, str]] = {}
        self._left = _MOST_READ
        for path, data in _mappings(workflow, ()):
            for found in _own(data, path):
                self._found[found.path].append(found)
            if _is_scalar(data.get("podSpecPatch")):
                self._find_in_patch((*path, "podSpecPatch"), text_with(parts_of(data["podSpecPatch"])))

    def _find_in_patch(self, field: Path, text: str) -> None:
        """The scripts of a pod's patch, as scripts of that field, and the variables that its values are in."""
        try:
            patch = parse(text, Marks())
        except TemplateInvalid:
            return
        variables = self._patched.setdefault(field, {})
        for path, data in _mappings(patch, ()):
            self._found[field] += [found._replace(path=field) for found in _own(data, path, patched=True)]
            if path[-2:-1] == ("env",) and isinstance(data.get("name"), str):
                variables |= dict.fromkeys(values_in(str(data.get("value"))), data["name"])

    def of(self, path: Path) -> Sequence[Reading]:
        """The scripts in a field: that which it is, or those in a pod's patch."""
        if path not in self._read:
            self._read[path] = [self._reading(found) for found in self._found.get(path, ())]
        return self._read[path]

    def all(self) -> Iterator[Reading]:
        """All of them."""
        for path in list(self._found):
            yield from self.of(path)

    def patched_variable(self, path: Path, value: int) -> str | None:
        """The variable that a value in a pod's patch is in."""
        return self._patched.get(path, {}).get(value)

    def _reading(self, found: _Found) -> Reading:
        self._left -= len(found.text)
        unread = "is one of too many or too long ones" if self._left < 0 else ""
        if program(found.shell) in OTHER_SHELLS:
            unread = f"is for {program(found.shell)}"
        return Reading(found.text, found.quoted, sure=bool(found.shell), unread=unread)


def parts_of(scalar: Any) -> Sequence[Part]:
    """A scalar's pieces."""
    return scalar.composite.parts if isinstance(scalar, Typed) else (scalar,)


def text_with(parts: Sequence[Part]) -> str:
    """The author's text with a character for each value, and one for each tag of Argo's."""
    pieces = (
        value_character(index) if isinstance(part, Value) else without_values(_without_tags(part))
        for index, part in enumerate(parts)
    )
    return "".join(pieces)


def _is_quoted(part: Part) -> bool:
    return isinstance(part, Value) and part.quoted


def _without_tags(text: str) -> str:
    pieces, at = [], 0
    while (begin := text.find("{{", at)) >= 0 and (end := text.find("}}", begin)) >= 0:
        tag = text[begin : end + 2]
        pieces += [text[at:begin], tag if "\n" in tag and not tag.startswith("{{=") else "\ufffd"]
        at = end + 2
    return "".join([*pieces, text[at:]])


def _mappings(data: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """All mappings in some data, with where they are."""
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from _mappings(item, (*path, index))
    elif isinstance(data, dict):
        yield path, data
        for name, part in data.items():
            yield from _mappings(part, (*path, name))


def _own(data: Mapping[str, Any], path: Path, *, patched: bool = False) -> Iterator[_Found]:
    """The scripts that are fields of a mapping itself; in a patch, characters stand for values already."""
    made = _patched if patched else _Found.of
    command, args = ([*held] if isinstance(held := data.get(name), list) else [] for name in ("command", "args"))
    arguments = [*(command or ["sh"]), *args]
    known = [item if isinstance(item, str) else None for item in arguments]
    if _is_scalar(data.get("source")) and (not command or _is_any_shell(known[0])):
        yield made((*path, "source"), data["source"], (known[0] or "") if command else "")
    index = script_index(known)
    if index is not None and _is_scalar(arguments[index]):
        shell = next(name for name in known if _is_any_shell(name)) or ""
        end = len(command or ["sh"])
        place = ("command", index) if index < end else ("args", index - end)
        yield made((*path, *place), arguments[index], shell if command else "")
    if path[-1:] == ("raw",) and _is_scalar(data.get("data")):
        yield from _of_artifact(data["data"], (*path, "data"))


def _patched(path: Path, text: str, shell: str) -> _Found:
    return _Found(path, text, frozenset(), shell)


def _of_artifact(scalar: Any, path: Path) -> Iterator[_Found]:
    """An artifact that says that it is a script, or in which a value is quoted for one."""
    parts = parts_of(scalar)
    shebang = _SHEBANG.match(parts[0]) if isinstance(parts[0], str) else None
    names = [name for name in (shebang.groups() if shebang else ()) if name]
    if any(map(is_shell, names)) or (not shebang and any(map(_is_quoted, parts))):
        yield _Found.of(path, scalar, "sh")


def _is_any_shell(name: object) -> bool:
    return is_shell(name) or program(name) in OTHER_SHELLS


def _is_scalar(data: Any) -> bool:
    return isinstance(data, str | Typed)
