"""Where a template's text opens a brace that may mean something, in one pass over it.

Nothing here goes back: each character is looked at a fixed number of times, whatever braces and quotes are missing.
What only looks like an opening (``printf '{%s}'``, ``s{#.*}{}``, ``${#x}``) is told apart from what is one, because the
engines would not.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from functions.workflow_renderer.errors import TemplateInvalid, invalid

_OPENING = re.compile(r"\{\{+|\{%|\{#")
_INSIDE = re.compile(r"[\"'`]|\{\{|\}\}")
_STRINGS = {
    '"': re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    "'": re.compile(r"'(?:[^'\\\n]|\\.)*'"),
    "`": re.compile("`[^`]*`"),
}
_GO_COMMENT = re.compile(r"(?:- )?\s*/\*")
_STATEMENT = re.compile(
    r"\{%[-+]?\s*(if|elif|else|for|set|macro|call|filter|with|raw|block|include|import|from|extends|autoescape|do"
    r"|end(?:if|for|set|macro|call|filter|with|raw|block|autoescape))\b"
)
_END_OF_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")


class Kind(Enum):
    """What an opening begins."""

    ACTION = "{{ }}"
    EXPRESSION = "{{= }}, Argo's"
    STATEMENT = "{% %}"
    COMMENT = "{# #}"
    RAW = "the text between {% raw %} and {% endraw %}"
    LITERAL = "nothing"


class Token(NamedTuple):
    """A piece of a template that is more than its own words, or looks so."""

    kind: Kind
    start: int
    end: int
    text: str
    """All of it, as it is spelled."""
    inner: str
    """What stands between the braces, or a statement's keyword, or raw text."""


def line_of(text: str, at: int) -> int:
    """The number of the line in which a position is."""
    return text.count("\n", 0, at) + 1


def scan(text: str) -> Iterator[Token]:
    """The tokens of a template, in order.

    Raises:
        TemplateInvalid: when a ``{{`` or a ``{% raw %}`` is not closed.
    """
    scanner, at = _Scanner(text), 0
    while opening := _OPENING.search(text, at):
        for token in scanner.tokens(opening):
            yield token
            at = token.end


class _Scanner:
    """Finds the end of what an opening begins; remembers what it searched for, so as not to search it twice."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next: dict[str, int] = {}
        self._unquoted_to = 0
        """Up to here quotes are no more than characters: one was not closed in that line."""

    def tokens(self, opening: re.Match[str]) -> Iterator[Token]:
        """What an opening begins; of more than two braces the last two are one."""
        start, end = opening.span()
        if opening.group().startswith("{{"):
            if end - start > len("{{"):
                yield self._token(Kind.LITERAL, start, end - 2)
            yield self._braces(end - 2)
        elif opening.group() == "{%":
            yield from self._statement(start)
        else:
            yield self._comment(start)

    def _token(self, kind: Kind, start: int, end: int, inner: str = "") -> Token:
        return Token(kind, start, end, self._text[start:end], inner)

    def _braces(self, start: int) -> Token:
        inside = start + 2
        argos = self._text.startswith("=", inside)
        close = self._text.find("}}", inside) if argos else self._close(inside)
        if close < 0:
            raise self._unclosed("{{", start, '}} behind it, or {{ "{{" }} for the text')
        inner = self._text[inside:close]
        return self._token(Kind.EXPRESSION if argos else Kind.ACTION, start, close + 2, inner)

    def _close(self, at: int) -> int:
        """Where the }} of an action is, outside of its strings; -1 where it has none."""
        if comment := _GO_COMMENT.match(self._text, at):
            at = max(self._find("*/", comment.end()), at)
        while found := _INSIDE.search(self._text, at):
            at = found.end()
            if found.group() in ("}}", "{{"):
                return found.start() if found.group() == "}}" else -1
            if found.start() >= self._unquoted_to:
                at = self._behind_string(found)
        return -1

    def _behind_string(self, quote: re.Match[str]) -> int:
        """Where the string that a quote begins ends; behind the quote itself where that is none."""
        string = _STRINGS[quote.group()].match(self._text, quote.start())
        if string:
            return string.end()
        line_end = self._text.find("\n", quote.end())
        self._unquoted_to = len(self._text) if line_end < 0 else line_end
        return quote.end()

    def _statement(self, start: int) -> Iterator[Token]:
        keyword = _STATEMENT.match(self._text, start)
        end = self._closed_by("%}", start)
        if keyword and end < 0 and keyword.group().endswith((f" {keyword.group(1)}", f"\t{keyword.group(1)}")):
            raise self._unclosed("{%", start, "%} behind it")
        if not keyword or end < 0:
            yield self._token(Kind.LITERAL, start, start + 2)
        elif keyword.group(1) == "raw":
            yield from self._raw(start, end)
        else:
            yield self._token(Kind.STATEMENT, start, end, keyword.group(1))

    def _raw(self, start: int, inside: int) -> Iterator[Token]:
        close = _END_OF_RAW.search(self._text, inside)
        if not close:
            raise self._unclosed("{% raw %}", start, "{% endraw %} behind it")
        if {"-", "+"}.isdisjoint((self._text[start + 2], self._text[inside - 3], close.group()[2], close.group()[-3])):
            yield self._token(Kind.RAW, start, close.end(), self._text[inside : close.start()])
            return
        yield self._token(Kind.STATEMENT, start, inside, "raw")
        yield self._token(Kind.RAW, inside, close.start(), self._text[inside : close.start()])
        yield self._token(Kind.STATEMENT, close.start(), close.end(), "endraw")

    def _comment(self, start: int) -> Token:
        end = self._closed_by("#}", start)
        if end < 0 or self._text.endswith("$", 0, start):
            return self._token(Kind.LITERAL, start, start + 2)
        return self._token(Kind.COMMENT, start, end)

    def _closed_by(self, close: str, start: int) -> int:
        """Where a statement or comment ends; -1 where another begins before, or none."""
        end = self._find(close, start + 2)
        another = self._text.find(self._text[start : start + 2], start + 2, max(end + 1, start + 2))
        return -1 if end < 0 or another >= 0 else end + 2

    def _find(self, wanted: str, at: int) -> int:
        """Where a text is found next; searched for once, as positions only grow."""
        if at > self._next.get(wanted, -1):
            found = self._text.find(wanted, at)
            self._next[wanted] = found if found >= 0 else len(self._text)
        return -1 if self._next[wanted] == len(self._text) else self._next[wanted]

    def _unclosed(self, what: str, start: int, accepted: str) -> TemplateInvalid:
        return invalid(f"line {line_of(self._text, start)}", f"{what} is not closed", accepted)
