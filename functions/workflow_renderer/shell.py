"""Quoting a value as one argument of a shell, and knowing where in a script that holds.

A quoted value is one argument only where the shell reads plain words. Inside quotes, a comment or a here-document
its own quotes would end what they stand in, so the place is judged by reading the script up to it. What is hard to
read (backquotes, here-documents, arithmetic, lists, nested parameter expansions) counts as not plain.
"""

import re
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})

_COMMAND_OPTION = re.compile(r"-[a-z]*c")
_SIMPLE_EXPANSION = re.compile(
    r"\$\{[#!]?[A-Za-z0-9_@*?]+(?:[-:=+?/,^%#.][^\s{}'\"`$\\()<>]*)?\}",
)
_READ_AGAIN = re.compile(
    r"(?:^|[\s;&|(])(?:source|\.|trap|(?:ba|da|a|k|z)?sh|-[a-z]*c)[ \t]+$"
    r"|(?:^|[\s;&|(/])(?:eval|ssh|rsh|pdsh|su|xargs|watch|parallel)\s[^\n;&|()]*$"
)
_WORD_END = " \t\n;&|()<>"
_CASE = re.compile(r"case\s")


def quote(text: str) -> str:
    """One argument of a shell, whatever the text.

    No ``$`` is followed by a parenthesis or another ``$``: the kubelet would expand ``$(NAME)`` in a container's
    command also inside a shell's quotes.
    """
    return shlex.quote(text).replace("$", "$''")


def is_shell(program: object) -> bool:
    """Whether a program is a shell that `quote` quotes for."""
    return isinstance(program, str) and PurePosixPath(program).name in SHELLS


def is_script(arguments: Sequence[object], index: int) -> bool:
    """Whether an argument is the script that a shell among those before it runs with ``-c``."""
    before = [argument if isinstance(argument, str) else "" for argument in arguments[:index]]
    if not before or not _COMMAND_OPTION.fullmatch(before.pop()):
        return False
    while before and (before[-1] == "pipefail" or before[-1].startswith(("-", "+"))):
        before.pop()
    return bool(before) and is_shell(before[-1])


def not_plain(script: str) -> str:
    """Why the end of the script is no place for a quoted value; empty where it is one."""
    if _READ_AGAIN.search(script):
        return "where a shell would read it as a script"
    return _Reader(script).read()


class _Reader:
    """Reads a script up to its end and says in what the end stands."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._at = 0
        self._within: list[str] = []

    def read(self) -> str:
        """The reason why the end is not plain, or nothing."""
        while self._at < len(self._script):
            quoted = bool(self._within) and self._within[-1] == '"'
            reason = self._in_double_quotes() if quoted else self._in_words()
            if reason:
                return reason
        return "inside double quotes" if '"' in self._within[-1:] else ""

    def _in_double_quotes(self) -> str:
        character = self._script[self._at]
        if character in "\\$`":
            return self._special(character)
        if character == '"':
            self._within.pop()
        self._at += 1
        return ""

    def _in_words(self) -> str:
        character = self._script[self._at]
        if character in "\\$`":
            return self._special(character)
        if character == "'":
            return self._skip_to("'", "inside single quotes")
        if character == "#" and self._begins_word():
            return self._skip_to("\n", "in a comment")
        reason = self._hard_to_read()
        if not reason:
            self._step(character)
        return reason

    def _hard_to_read(self) -> str:
        """What begins here and cannot be followed to its end."""
        here = self._script[self._at : self._at + 3]
        if here.startswith("<<") and here != "<<<":
            return "after the beginning of a here-document"
        if here.startswith("(("):
            return "after shell arithmetic"
        if here.startswith("=("):  # bash reads on in the next line, even of a quoted text, where a list has an error
            return "after a list"
        case = self._within and self._begins_word() and _CASE.match(self._script, self._at)
        return "after a case statement in parentheses" if case else ""

    def _step(self, character: str) -> None:
        if character in '"(':
            self._within.append(character)
        elif character == ")" and self._within:
            self._within.pop()
        self._at += 3 if self._script.startswith("<<<", self._at) else 1

    def _special(self, character: str) -> str:
        """A backslash, dollar sign or backquote, the same inside double quotes and out."""
        if character == "`":
            return "after a backquote"
        if character == "\\":
            if self._script.startswith("\n", self._at + 1) and not self._script[: self._at].endswith((" ", "\t")):
                return "after a line that is continued inside a word"
            self._at += 2
            return "after a backslash" if self._at > len(self._script) else ""
        return self._dollar()

    def _dollar(self) -> str:
        following = self._script[self._at + 1 : self._at + 3]
        expansion = _SIMPLE_EXPANSION.match(self._script, self._at)
        if following.startswith(("((", "[")):
            return "after shell arithmetic"
        if not expansion and following[:1] in ("", "{", "'", '"'):
            return "after an expansion that is hard to read" if following else "after a dollar sign"
        if following.startswith("("):
            self._within.append("(")
        self._at = expansion.end() if expansion else self._at + (2 if following.startswith("(") else 1)
        return ""

    def _skip_to(self, end: str, reason: str) -> str:
        found = self._script.find(end, self._at + 1)
        if found < 0:
            return reason
        self._at = found + 1
        return ""

    def _begins_word(self) -> bool:
        return self._at == 0 or self._script[self._at - 1] in _WORD_END
