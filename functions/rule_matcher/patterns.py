"""Patterns of alert types: what they match, and which literal text a type must hold for them to match.

Rules are written by many hands and alert types come from outside, so a pattern must not be able to hang the function.
RE2 matches in time linear in the text, and it is the syntax that rules were always written in: look-around and
back-references are refused when the rule is applied. It is loaded with the first pattern that is really tried.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple, Protocol

PATTERN_LENGTH = 1024
"""A longer pattern is refused: what a rule costs is bounded by its length."""

_COMPILED = 4096
_READ = 16384

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

ANYTHING = (Branch(()),)
"""Of a pattern whose literals are not understood, nothing is required."""


@cache
def _options() -> object:
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    return options


@lru_cache(_COMPILED)
def compiled(pattern: str) -> Regex:
    """The pattern, compiled once.

    Raises:
        BadPattern: with a message for the rule's author.
    """
    import re2  # noqa: PLC0415

    if len(pattern) > PATTERN_LENGTH:
        raise BadPattern(f"longer than {PATTERN_LENGTH} characters")
    try:
        regex: Regex = re2.compile(pattern, _options())  # type: ignore[no-untyped-call]
    except UnicodeEncodeError as error:
        raise BadPattern("not valid Unicode") from error
    except re2.error as error:
        said = error.args[0]
        reason = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise BadPattern(f"not a regular expression in RE2's syntax: {reason}") from error
    return regex


def check(pattern: str) -> None:
    """Say what is wrong with a pattern; RE2 is not asked where there is none.

    Raises:
        BadPattern: with a message for the rule's author.
    """
    if len(pattern) > PATTERN_LENGTH or not pattern.isascii() or not _PLAIN.fullmatch(pattern):
        compiled(pattern)


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text; a pattern or text that RE2 cannot take does not."""
    try:
        return compiled(pattern).fullmatch(text) is not None
    except (BadPattern, UnicodeEncodeError):
        return False


class _NotUnderstood(Exception):
    pass


class _Token(NamedTuple):
    kind: str
    text: str


_Tokens = Sequence[_Token]


@lru_cache(_READ)
def branches(pattern: str) -> tuple[Branch, ...]:
    """The alternatives of a pattern: whatever it matches holds all literals of at least one of them.

    Reads only as much syntax as rules commonly use; of any other pattern it claims nothing.
    """
    if _PLAIN.fullmatch(pattern):
        return (Branch((pattern,), exact=True),)
    if len(pattern) > PATTERN_LENGTH:
        return ANYTHING
    try:
        return tuple(_branch(tokens) for tokens in _alternatives(_tokens(pattern)))
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


def _after_group(tokens: _Tokens, opening: int) -> int:
    """The position after the bracket that closes the group."""
    depth = 0
    for position in range(opening, len(tokens)):
        depth += {"open": 1, "close": -1}.get(tokens[position].kind, 0)
        if not depth:
            return position + 1
    raise _NotUnderstood


def _top_level(tokens: _Tokens) -> Iterator[tuple[int, _Token]]:
    """The tokens outside groups; of a group only what opens it."""
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.kind == "close":
            raise _NotUnderstood
        yield position, token
        position = _after_group(tokens, position) if token.kind == "open" else position + 1


def _alternatives(tokens: _Tokens) -> Iterator[_Tokens]:
    """Split at ``|``, outside groups and inside a group that is all there is."""
    bars = [position for position, token in _top_level(tokens) if token.kind == "either"]
    if bars:
        for begin, end in zip([-1, *bars], [*bars, len(tokens)], strict=True):
            yield from _alternatives(tokens[begin + 1 : end])
        return
    if tokens and tokens[0].kind == "start":  # the whole type is matched anyhow
        tokens = tokens[1:]
    if tokens and tokens[-1].kind == "end":
        tokens = tokens[:-1]
    if tokens and tokens[0].kind == "open" and _after_group(tokens, 0) == len(tokens):
        yield from _alternatives(tokens[1:-1])
    else:
        yield tokens


def _branch(tokens: _Tokens) -> Branch:
    """Collect the runs of characters that are certainly there: not those under ``*``, ``?`` or ``{n}``."""
    runs, run, last = [], "", ""
    for _, token in _top_level(tokens):
        if token.kind == "literal":
            run += token.text[-1]
        elif token.kind == "repeat":
            if last not in ("literal", "one", "open") and not (last == "repeat" and token.text == "?"):
                raise _NotUnderstood
            if last == "literal" and token.text != "+":
                run = run[:-1]
        if token.kind != "literal":
            runs.append(run)
            run = ""
        last = token.kind
    if run and all(token.kind == "literal" for token in tokens):
        return Branch((run,), exact=True)
    return Branch(tuple(dict.fromkeys(literal for literal in (*runs, run) if literal)))
