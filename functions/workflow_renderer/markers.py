"""Values as opaque marks in the text of a manifest, until it is parsed.

A template engine puts out a mark for each inserted value: a word of letters and digits that nobody can guess, the
same to YAML wherever a scalar may stand. So a value, whatever is in it, can neither end a line nor begin a key. Once
the text is parsed, `Marks.split` finds the marks inside scalars and gives back the values.

Whatever an expression puts out is a value, however it was computed; only text that stands in the template is the
author's own.
"""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from functions.workflow_renderer.errors import invalid


class Form(Enum):
    """How a value is written where it stands."""

    PLAIN = "plain"
    SHELL = "shquote"
    JSON = "tojson"


class Meaning(Enum):
    """What a template's author says that a value is; the filter of that name says it."""

    NAME = "name"
    NUMBER = "number"
    TEXT = "text"


class Filtered(str):
    """What the filters of `FILTERS` give: a value as it is written, with the text it was made of."""

    __slots__ = ("form", "meaning", "text")

    text: str
    form: Form
    meaning: Meaning | None

    @classmethod
    def of(cls, value: object, form: Form | None = None, meaning: Meaning | None = None) -> "Filtered":
        """A value in this form and with this meaning; those that it has already stay where none is given."""
        known = value if isinstance(value, Filtered) else None
        text = known.text if known is not None else plain(value, form.value if form else "a filter")
        form = form or (known.form if known is not None else Form.PLAIN)
        filtered = cls(written(text, form))
        filtered.text, filtered.form = text, form
        filtered.meaning = meaning or (known.meaning if known is not None else None)
        return filtered


def written(text: str, form: Form) -> str:
    """A value's text in a form."""
    if form is Form.SHELL:
        from functions.workflow_renderer.shell import quote  # noqa: PLC0415  (most templates quote nothing)

        return quote(text)
    return json.dumps(text) if form is Form.JSON else text


def _filter(form: Form | None, meaning: Meaning | None) -> Callable[[object], Filtered]:
    return lambda value: Filtered.of(value, form, meaning)


FILTERS: Mapping[str, Callable[[object], Filtered]] = {
    **{form.value: _filter(form, None) for form in (Form.SHELL, Form.JSON)},
    **{meaning.value: _filter(None, meaning) for meaning in Meaning},
}
"""The filters that say how a value is written or what it is, in both spellings of templates."""


class Value(NamedTuple):
    """A value that a template puts into a scalar."""

    text: str
    key: str
    """The parameters it came from, as the template spells them."""
    form: Form = Form.PLAIN
    """How it is written; the text is the one before that."""
    meaning: Meaning | None = None

    @property
    def quoted(self) -> bool:
        """Whether it was piped through ``shquote``."""
        return self.form is Form.SHELL


Part = str | Value
"""A piece of a scalar: the author's text, or a value."""


class Marks:
    """The values of one rendering, by the marks that stand for them."""

    def __init__(self, restore: Callable[[str], str] = str) -> None:
        """Keep values with ``restore`` applied, which puts back what was taken out of the template's own text."""
        self._restore = restore
        self._word = f"m{secrets.token_hex(12)}"
        self._pattern = re.compile(rf"{self._word}n(\d+)z")
        self._values: list[Value] = []

    def add(self, value: object, *, key: str, where: str) -> str:
        """The mark that stands for a value.

        Raises:
            TemplateInvalid: when the value is no text, number or truth value.
        """
        if isinstance(value, Filtered):
            text, form, meaning = value.text, value.form, value.meaning
        else:
            text, form, meaning = plain(value, key, where), Form.PLAIN, None
        if self._word in text:
            raise invalid(where, f"{key} puts out text that holds other values", "one expression for each value")
        self._values.append(Value(self._restore(text), key, form, meaning))
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
