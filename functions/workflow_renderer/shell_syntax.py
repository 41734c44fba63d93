"""The parts of a shell script as `shell_reader` reads them: pipelines of commands of words.

The names are those of POSIX' *Shell Command Language* (XCU chapter 2).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Literal(NamedTuple):
    """Text of the script's own; its quotes are gone."""

    text: str
    quoted: bool


class Inserted(NamedTuple):
    """A value that the template puts there."""

    value: int
    within: str
    """What it stands inside of, as a person says it; empty where the shell reads plain words."""


class Expansion(NamedTuple):
    """A parameter expansion: ``$name`` or ``${name…}``."""

    name: str
    quoted: bool
    """Whether it stands in double quotes."""
    script: str
    start: int
    end: int
    """Where in the script it stands."""
    operator: str = ""
    operand: "tuple[Part, ...]" = ()
    subscript: "tuple[Part, ...]" = ()
    indirect: bool = False


class Arithmetic(NamedTuple):
    """``$((…))``."""

    parts: "tuple[Part, ...]"


class Substitution(NamedTuple):
    """``$(…)``, backquotes, ``<(…)`` or ``>(…)``."""

    body: "Script"
    quoted: bool
    opening: str


Part = Literal | Inserted | Expansion | Arithmetic | Substitution


class Word(NamedTuple):
    """What is one word before expansions."""

    parts: tuple[Part, ...]
    literal: str | None
    """Its text; None where something in it is expanded or inserted."""
    prefix: str
    """Its text up to what is expanded or inserted."""

    @classmethod
    def of(cls, parts: Iterable[Part]) -> "Word":
        """The word of these parts."""
        held = tuple(parts)
        texts = []
        for part in held:
            if not isinstance(part, Literal):
                break
            texts.append(part.text)
        prefix = "".join(texts)
        return cls(held, prefix if len(texts) == len(held) else None, prefix)

    @property
    def plain(self) -> str:
        """The text that it begins with, outside of quotes."""
        first = self.parts[0] if self.parts else None
        return first.text if isinstance(first, Literal) and not first.quoted else ""


class Assignment(NamedTuple):
    """``name=value`` or ``name=(elements)``."""

    name: str
    values: tuple[Word, ...]
    subscript: tuple[Part, ...] = ()
    array: bool = False


class Redirect(NamedTuple):
    """One redirection; a here-document's text is in ``body``, filled once its line has ended."""

    operator: str
    target: Word
    body: list[Part]


class Simple(NamedTuple):
    """A simple command."""

    assignments: tuple[Assignment, ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


class Compound(NamedTuple):
    """A command of commands: a group, a loop, a condition; ``[[`` and ``((`` too."""

    keyword: str
    bodies: "tuple[Script, ...]" = ()
    words: tuple[Word, ...] = ()
    name: str = ""
    arithmetic: tuple[Part, ...] = ()
    redirects: tuple[Redirect, ...] = ()


class Function(NamedTuple):
    """The definition of a function."""

    name: str
    body: "Compound"


Command = Simple | Compound | Function
Pipeline = tuple[Command, ...]
Script = tuple[Pipeline, ...]


def commands_of(script: Script) -> Iterator[Command]:
    """All commands that are written in a script, those inside of compound ones too."""
    waiting: list[Script] = [script]
    while waiting:
        for pipeline in waiting.pop():
            for command in pipeline:
                yield command
                if isinstance(command, Function):
                    waiting.append(((command.body,),))
                elif isinstance(command, Compound):
                    waiting += command.bodies
