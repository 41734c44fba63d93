"""Patterns of alert types: what they match, and which literal text a type must hold for them to match.

Rules are written by many hands and alert types come from outside, so a pattern must not be able to hang the function.
RE2 matches in time linear in the text, and in memory that is given to it; it is the syntax that rules were always
written in: look-around and back-references are refused when the rule is applied. It is loaded with the first pattern
that is really tried.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple, Protocol

from aegis.models.base import TEXT_LENGTH

_SMALL, _LARGE = 32 * 1024, 128 * 1024  # bytes; nearly every pattern is small
_SMALL_KEPT, _LARGE_KEPT = 1024, 256
"""How many compiled patterns are kept of each size: 64 MiB together, whatever they are (RE2's own cache holds 128)."""

_READ = 16384

_TOO_LARGE = "pattern too large"  # RE2's words

_SYNTAX = r"""
      (?P<literal> [^\\\[\](){}.*+?^$|] | \\[!-/:-@\[-`{-~] )
    | (?P<one>     \. | \\[dDwWsSbB] | \[\^?+\]?+ (?: \[:\^?\w++:\] | \\. | [^\\\]] )*+ \] )
    | (?P<repeat>  [*+?] | \{\d++(?:,\d*+)?+\} )
    | (?P<open>    \( (?: \?: | \?P?<\w++> )?+ (?!\?) )
    | (?P<close>   \) )
    | (?P<either>  \| )
    | (?P<start>   \^ )
    | (?P<end>     \$ )
    """
"""The part of RE2's syntax whose literals are understood: no flags, no \\Q…\\E, no codes, no Unicode classes."""


class BadPattern(ValueError):
    """The pattern is none that RE2 takes."""


class _TooLarge(Exception):
    """The pattern cannot be compiled within the memory that was given."""


class Regex(Protocol):
    """What is used of a compiled pattern."""

    def fullmatch(self, text: str) -> object | None:
        """A match of the whole text, or nothing."""


class Branch(NamedTuple):
    """One alternative of a pattern, as far as its literal text goes."""

    literals: tuple[str, ...]
    """Texts that each type it matches contains."""
    exact: bool = False
    """Whether it matches its one literal and nothing else."""


_PLAIN = re.compile(r"[^\\\[\](){}.*+?^$|]++")

_GROUPS_NOTHING = re.compile(r"(?<!\\)\(([^()|*+?\[\]{}\\.^$]*)\)(?![*+?{])")
"""A group of plain text that is neither repeated nor one of several."""

ANYTHING = (Branch(()),)
"""Of a pattern whose literals are not understood, nothing is required."""


@cache
def _options(memory: int) -> object:
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = memory
    return options


def _compile(pattern: str, memory: int) -> Regex:
    import re2  # noqa: PLC0415

    try:
        regex: Regex = re2.compile(pattern, _options(memory))  # type: ignore[no-untyped-call]
    except UnicodeEncodeError as error:
        raise BadPattern("not valid Unicode") from error
    except re2.error as error:
        said = error.args[0]
        reason = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        if reason.startswith(_TOO_LARGE):
            raise _TooLarge from error
        raise BadPattern(f"not a regular expression in RE2's syntax: {reason}") from error
    return regex


@lru_cache(_SMALL_KEPT)
def _small(pattern: str) -> Regex:
    return _compile(pattern, _SMALL)


@lru_cache(_LARGE_KEPT)
def _large(pattern: str) -> Regex:
    return _compile(pattern, _LARGE)


class _Finding(NamedTuple):
    """What was found when the pattern was first compiled: where it is kept, or why it is refused."""

    problem: str = ""
    large: bool = False


@lru_cache(_READ)
def _found(pattern: str) -> _Finding:
    if len(pattern) > TEXT_LENGTH:  # what a rule costs is bounded by its length
        return _Finding(f"longer than {TEXT_LENGTH} characters")
    try:
        _small(pattern)
    except BadPattern as error:
        return _Finding(str(error))
    except _TooLarge:
        pass
    else:
        return _Finding()
    try:
        _large(pattern)
    except _TooLarge:
        return _Finding(f"it needs more than {_LARGE // 1024} KiB of memory: repeat less, or smaller classes")
    return _Finding(large=True)


def compiled(pattern: str) -> Regex:
    """The pattern, compiled when it was not used for long.

    Raises:
        BadPattern: with a message for the rule's author.
    """
    found = _found(pattern)
    if found.problem:
        raise BadPattern(found.problem)
    return _large(pattern) if found.large else _small(pattern)


def check(pattern: str) -> None:
    """Say what is wrong with a pattern; RE2 is not asked where there is none.

    Raises:
        BadPattern: with a message for the rule's author.
    """
    if len(pattern) > TEXT_LENGTH or not pattern.isascii() or not _PLAIN.fullmatch(pattern):
        compiled(pattern)


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text; a pattern or text that RE2 cannot take does not."""
    try:
        return compiled(pattern).fullmatch(text) is not None
    except (BadPattern, UnicodeEncodeError):
        return False


def meant_as_text(pattern: str) -> str:
    """The pattern that fits what another one looks like: ``Memory [(]copy[)]``, so to speak, for ``Memory (copy)``.

    Empty unless it has parentheses that group nothing, and so does not fit that text: nobody writes these on purpose.
    """
    escaped = _GROUPS_NOTHING.sub(r"\\(\1\\)", pattern)
    return "" if escaped == pattern or matches(pattern, pattern) else escaped


class _NotUnderstood(Exception):
    pass


class _Token(NamedTuple):
    kind: str
    text: str


@lru_cache(_READ)
def branches(pattern: str) -> tuple[Branch, ...]:
    """The alternatives of a pattern: whatever it matches holds all literals of at least one of them.

    Reads only as much syntax as rules commonly use; of any other pattern it claims nothing.
    """
    if _PLAIN.fullmatch(pattern):
        return (Branch((pattern,), exact=True),)
    if len(pattern) > TEXT_LENGTH:
        return ANYTHING
    try:
        return _Reading(_tokens(pattern)).branches()
    except _NotUnderstood:
        return ANYTHING


@cache
def _token() -> "re.Pattern[str]":
    return re.compile(_SYNTAX, re.VERBOSE | re.DOTALL)


def _tokens(pattern: str) -> list[_Token]:
    tokens, position = [], 0
    while position < len(pattern):
        found = _token().match(pattern, position)
        if found is None or found.lastgroup is None:
            raise _NotUnderstood
        tokens.append(_Token(found.lastgroup, found.group()))
        position = found.end()
    return tokens


class _Reading:
    """A pattern's tokens and which brackets belong together; each is looked at a few times, however deep it lies."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._after: dict[int, int] = {}
        """Of each bracket that opens a group, the position after the one that closes it."""
        opened: list[int] = []
        for position, token in enumerate(tokens):
            if token.kind == "open":
                opened.append(position)
            elif token.kind == "close":
                if not opened:
                    raise _NotUnderstood
                self._after[opened.pop()] = position + 1
        if opened:
            raise _NotUnderstood

    def branches(self) -> tuple[Branch, ...]:
        """The alternatives: split at ``|``, outside groups and inside a group that is all there is."""
        found: list[Branch] = []
        spans = [(0, len(self._tokens))]
        while spans:
            begin, end = spans.pop()
            bars = [position for position in self._top_level(begin, end) if self._kind(position) == "either"]
            if bars:
                spans += [(bar + 1, to) for bar, to in pairwise([begin - 1, *bars, end])][::-1]
                continue
            if begin < end and self._kind(begin) == "start":  # the whole type is matched anyhow
                begin += 1
            if begin < end and self._kind(end - 1) == "end":
                end -= 1
            if begin < end and self._after.get(begin) == end:
                spans.append((begin + 1, end - 1))
            else:
                found.append(self._branch(begin, end))
        return tuple(found)

    def _kind(self, position: int) -> str:
        return self._tokens[position].kind

    def _top_level(self, begin: int, end: int) -> Iterator[int]:
        """The positions outside groups; of a group only what opens it."""
        position = begin
        while position < end:
            yield position
            position = self._after.get(position, position + 1)

    def _branch(self, begin: int, end: int) -> Branch:
        """Collect the runs of characters that are certainly there: not those under ``*``, ``?`` or ``{n}``."""
        runs, run, last = [], "", ""
        for position in self._top_level(begin, end):
            kind, text = self._tokens[position]
            if kind == "literal":
                run += text[-1]
            elif kind == "repeat":
                if last not in ("literal", "one", "open") and not (last == "repeat" and text == "?"):
                    raise _NotUnderstood
                if last == "literal" and text != "+":
                    run = run[:-1]
            if kind != "literal":
                runs.append(run)
                run = ""
            last = kind
        if run and all(self._kind(position) == "literal" for position in range(begin, end)):
            return Branch((run,), exact=True)
        return Branch(tuple(dict.fromkeys(literal for literal in (*runs, run) if literal)))
