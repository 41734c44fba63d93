"""Values as opaque marks in the text of a manifest, until it is parsed.

A template engine puts out a mark for each inserted value: a word of letters and digits that nobody can guess, the
same to YAML wherever a scalar may stand. So a value, whatever is in it, can neither end a line nor begin a key. Once
the text is parsed, `Marks.split` finds the marks inside scalars and gives back the values.

Whatever an expression puts out is a value, however it was computed; only text that stands in the template is the
author's own.
"""

import re
import secrets
from collections.abc import Callable
from typing import NamedTuple

from functions.workflow_renderer.errors import invalid

_NEEDS_QUOTES = "a value"


class Quoted(str):
    """What ``shquote`` gives: quoted for a shell, with the text it was made of."""

    __slots__ = ("text",)

    text: str

    @classmethod
    def of(cls, value: object) -> "Quoted":
        """Quote a value as one argument of a shell."""
        from functions.workflow_renderer.shell import quote  # noqa: PLC0415  (most templates quote nothing)

        text = value.text if isinstance(value, Quoted) else plain(value, "shquote")
        quoted = cls(quote(text))
        quoted.text = text
        return quoted


class Value(NamedTuple):
    """A value that a template puts into a scalar."""

    text: str
    key: str
    """The parameters it came from, as the template spells them."""
    quoted: bool = False
    """Whether it was piped through ``shquote``; the text is then the unquoted one."""


Part = str | Value
"""A piece of a scalar: the author's text, or a value."""


class Marks:
    """The values of one rendering, by the marks that stand for them."""

    def __init__(self, restore: Callable[[str], str] = str, *, stand_in: bool = False) -> None:
        """Keep values with ``restore`` applied, which puts back what was taken out of the template's own text.

        With ``stand_in`` a quoted value is taken to be one that needs its quotes, whatever it is.
        """
        self._restore, self._stand_in = restore, stand_in
        self._word = f"m{secrets.token_hex(12)}"
        self._pattern = re.compile(rf"{self._word}n(\d+)z")
        self._values: list[Value] = []

    def add(self, value: object, *, key: str, where: str) -> str:
        """The mark that stands for a value.

        Raises:
            TemplateInvalid: when the value is no text, number or truth value.
        """
        if isinstance(value, Quoted):
            text = _NEEDS_QUOTES if self._stand_in else value.text
        else:
            text = plain(value, key, where)
        if self._word in text:
            raise invalid(where, f"{key} puts out text that holds other values", "one expression for each value")
        self._values.append(Value(self._restore(text), key, quoted=isinstance(value, Quoted)))
        return f"{self._word}n{len(self._values) - 1}z"

    def split(self, text: str) -> tuple[Part, ...]:
        """A scalar's text as pieces, in order, none of them empty text."""
        pieces: list[Part] = []
        for index, piece in enumerate(self._pattern.split(text)):
            if index % 2:
                pieces.append(self._values[int(piece)])
            elif piece:
                pieces.append(piece)
        return tuple(pieces)

    def in_text(self, text: str) -> bool:
        """Whether there is a mark in the text."""
        return self._word in text


def plain(value: object, key: str, where: str = "template") -> str:
    """A value as text, spelled as YAML and JSON spell it.

    Raises:
        TemplateInvalid: when it is no text, number or truth value.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | float):
        return str(value)
    if value is None:
        return ""
    raise invalid(where, f"{key} is {_kind(value)}", "text, a number, true or false: name one of its fields")


def _kind(value: object) -> str:
    kinds = ((dict, "a mapping"), (list | tuple, "a list"))
    return next((name for kind, name in kinds if isinstance(value, kind)), f"a {type(value).__name__}")
