"""Where a template's text stands in the manifest to be: in a comment, in a script, in a metric.

A template is no YAML before it is evaluated. So a stand-in is parsed in which each placeholder is one word and each
statement nothing, and YAML's own parser says where the words are. Of a template that is no YAML even then (half a
field in a branch of a condition) it is not known, and all counts as text.
"""

import re
import secrets
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import yaml

from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.scanner import Kind, Token, scan

_LINE = re.compile(r"[^\n]+")
_HASH = re.compile(r"(?:^|(?<=[ \t]))#")
_FIRST = re.compile(r"^[ \t]*(?=\{\{)", re.MULTILINE)
_LAST = re.compile(r"[ \t]*$", re.MULTILINE)
_OPENINGS = ("{{", "{%", "{#")
_BRACES = str.maketrans("{}%", "xxx")
_METRIC = re.compile(r"status|duration|exitCode|resourcesDuration\.[\w./-]+")
_EXCHANGE = re.compile(r"(?:request|response)\.[\w.-]+")
_SILENT = re.compile(r"-?\s*(?:(?:if|else|end|with|range|define|template|block|break|continue)\b|/\*|\$\w*\s*:?=)")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"?|`[^`]*`?')
_FORGIVING = r"-?\s*(?:else\s+)?(?:if|with|and|or|not|eq|ne)\s"
_ASKS = re.compile(rf"{_FORGIVING}(?:.*[\s(])?\$?\.[A-Z]", re.DOTALL)
_MATTERS = re.compile(rf"metrics|successCondition|\{{\{{{_FORGIVING}")
_CODE = re.compile(r"^[ \t]*[^\s#]", re.MULTILINE)
_SCRIPTS = frozenset({"command", "args", "source"})
_BEGINS = {
    Kind.ACTION: frozenset({"if", "with", "range", "define", "block"}),
    Kind.STATEMENT: frozenset({"if", "for", "macro", "call", "filter", "with", "autoescape"}),
}
_DEEPEST = 10
"""How many levels above a text are looked at."""
_TOO_DEEP = 100
"""More levels than any workflow has; the parser's time grows with their square."""


class Outline(NamedTuple):
    """A template's text without placeholders in comments, and what is known of the rest by where it stands."""

    text: str
    argos: frozenset[int] = frozenset()
    """Where the tags begin that are Argo's in their field, and nowhere else."""
    scripts: frozenset[int] = frozenset()
    """The lines of conditions in scripts, or nobody knows where, that ask for a capitalised name."""


class _Comment(NamedTuple):
    """From a # that may begin a comment to the end of its line."""

    start: int
    end: int


def outline(text: str) -> Outline:
    """What can be said of a template before it is evaluated.

    Raises:
        TemplateInvalid: when a placeholder is not closed.
    """
    comments = list(_comments(text))
    if not comments and not _MATTERS.search(text):
        return Outline(text)
    tokens = list(scan(_blanked(text, comments)))
    places = _Places(_blanked(text, comments), comments, tokens)
    real = [comment for comment in comments if places.of(comment.start) == _NOWHERE]
    lines = [line.start() for line in re.finditer("\n", text)]
    return Outline(
        _blanked(text, _inert(text, real)),
        frozenset(token.start for token in tokens if _is_argos(token, places.of(token.start))),
        frozenset(
            line
            for token in tokens
            if _in_script(token, places.of(token.start))
            for line in range(bisect(lines, token.start) + 1, bisect(lines, token.end - 1) + 2)
        ),
    )


def _comments(text: str) -> Iterator[_Comment]:
    for line in _LINE.finditer(text):
        last = max(line.group().rfind(opening) for opening in _OPENINGS)
        if last > 0:
            for found in _HASH.finditer(line.group(), 0, last):
                yield _Comment(line.start() + found.start(), line.end())


def _blanked(text: str, comments: Iterable[_Comment]) -> str:
    """The text with no braces in the comments, and all else where it was."""
    pieces, at = [], 0
    for start, end in comments:
        if start >= at:
            pieces += [text[at:start], text[start:end].translate(_BRACES)]
            at = end
    return "".join([*pieces, text[at:]])


Keys = tuple[str, ...]
_NOWHERE: Keys = ()
"""In no scalar of the document."""


class _Places:
    """The keys above each token and each # of a template."""

    def __init__(self, text: str, comments: Sequence[_Comment], tokens: Sequence[Token]) -> None:
        self._word = f"o{secrets.token_hex(12)}n"
        first = {found.end() for found in _FIRST.finditer(text)}
        edits = [(start + 1, start + 1, self._named(start)) for start, _ in comments]
        for token in tokens:
            alone = token.start in first and _LAST.match(text, token.end) is not None
            edits.append((token.start, token.end, self._stand_in(token, alone=alone)))
        self._found: dict[str, Keys] = {}
        self._complete = self._read(_edited(text, edits))

    def of(self, start: int) -> Keys | None:
        """The keys above what stood there, `_NOWHERE` for a comment; None where it is not known."""
        return self._found.get(self._named(start), _NOWHERE if self._complete else None)

    def _named(self, start: int) -> str:
        return f"{self._word}{start}z"

    def _stand_in(self, token: Token, *, alone: bool) -> str:
        """A word for what puts something out; a statement alone in its line is a comment, unless in a block of text."""
        if token.kind in (Kind.STATEMENT, Kind.COMMENT):
            return ""
        if token.kind is not Kind.ACTION or not _SILENT.match(token.inner):
            return self._named(token.start)
        if not _asks(token):
            return ""
        return f"#{self._named(token.start)}" if alone else self._named(token.start)

    def _read(self, text: str) -> bool:
        """Note where the words are; whether all of the text is YAML."""
        word = re.compile(rf"{self._word}\d+z")
        levels: list[_Level] = []
        try:
            for event in yaml.parse(text, Loader=yaml.CSafeLoader):
                if len(levels) > _TOO_DEEP:
                    return False
                if isinstance(event, yaml.CollectionStartEvent):
                    levels.append(_Level(mapping=isinstance(event, yaml.MappingStartEvent)))
                    continue
                if isinstance(event, yaml.ScalarEvent):
                    keys = tuple(level.key for level in levels[-_DEEPEST:]) or ("",)
                    self._found.update(dict.fromkeys(word.findall(event.value), keys))
                elif isinstance(event, yaml.CollectionEndEvent):
                    levels.pop()
                if levels and isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                    levels[-1].step(getattr(event, "value", ""))
        except yaml.YAMLError:
            return False
        return True


class _Level:
    """A mapping or list that the parser is in, and the key at which it is."""

    def __init__(self, *, mapping: bool) -> None:
        self.key = ""
        self._mapping, self._at_key = mapping, True

    def step(self, value: str) -> None:
        """Go on behind an item."""
        if self._mapping:
            self.key = value if self._at_key else ""
            self._at_key = not self._at_key


def _edited(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    pieces, at = [], 0
    for start, end, replacement in sorted(edits):
        if start >= at:
            pieces += [text[at:start], replacement]
            at = end
    return "".join([*pieces, text[at:]])


def _is_argos(token: Token, keys: Keys | None) -> bool:
    """Whether a tag is one that Argo knows in its field alone."""
    known = (("metrics", _METRIC), ("successCondition", _EXCHANGE))
    tag = token.inner.strip(" \t")
    return token.kind is Kind.ACTION and any(key in (keys or ()) and form.fullmatch(tag) for key, form in known)


def _in_script(token: Token, keys: Keys | None) -> bool:
    return _asks(token) and (keys is None or not _SCRIPTS.isdisjoint(keys[-2:]))


def _asks(token: Token) -> bool:
    """Whether it is a condition on a capitalised name."""
    return token.kind is Kind.ACTION and _ASKS.match(_STRING.sub('""', token.inner)) is not None


def _inert(text: str, comments: Sequence[_Comment]) -> list[_Comment]:
    """The comments without those that hold one half of a condition: it counts, as it does to Go."""
    runs: list[list[_Comment]] = []
    for comment in comments:
        if runs and (comment.start < runs[-1][-1].end or not _CODE.search(text, runs[-1][-1].end, comment.start)):
            runs[-1].append(comment)
        else:
            runs.append([comment])
    return [comment for run in runs if _is_balanced(text[run[0].start : run[-1].end]) for comment in run]


def _is_balanced(text: str) -> bool:
    """Whether each statement that begins in a text ends there too."""
    depth = 0
    try:
        for token in scan(text):
            words = token.inner.strip("- \t").split(maxsplit=1)
            first = words[0] if words else ""
            if first in _BEGINS.get(token.kind, ()) and (len(words) > 1 or token.kind is Kind.STATEMENT):
                depth += 1
            elif first == "end" or (token.kind is Kind.STATEMENT and first.startswith("end")):
                depth -= 1
            if depth < 0 or (first == "else" and not depth):
                return False
    except TemplateInvalid:
        return True
    return not depth
