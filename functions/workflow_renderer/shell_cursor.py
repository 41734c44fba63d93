"""A position in the text of a shell script, how deep in others that text is, and the operator that stands there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

_DEEPEST = 30
_OPERATOR = re.compile(
    r"&>>|&>|&&|&|\|\||\|&|\||;;&|;;|;&|;|<<<|<<-|<<|<&|<>|<|>>|>&|>\||>|\(|\)|\n",
)
_CONTINUED = re.compile(r"(?:\\\n)+[;&|<>()-]")


class Unreadable(Exception):
    """The script is none that is read here; says why, as in "the script …"."""


class Cursor:
    """Stands at a position in a text; whoever reads moves it on."""

    def __init__(self, text: str, depth: int) -> None:
        """Begin at the text's beginning, so many levels deep in others."""
        self._text, self._at, self._depth = text, 0, depth

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable("is nested too deeply")
        yield
        self._depth -= 1

    @property
    def _more(self) -> bool:
        return self._at < len(self._text)

    def _peek(self) -> str:
        operator = _OPERATOR.match(self._text, self._at)
        return operator.group() if operator else ""

    def _check_joined(self) -> None:
        """Refuse a continued line between two operators: joined they may be another one."""
        if joined := _CONTINUED.match(self._text, self._at):
            raise Unreadable(f"has a line that is continued inside an operator ({joined.group()[-1]})")

    def _unexpected(self) -> Unreadable:
        line = self._text.count("\n", 0, self._at) + 1
        here = self._text[self._at : self._at + 1]
        return Unreadable(
            f"cannot be read behind line {line}" if not here else f"has an unexpected {here!r} in line {line}"
        )
