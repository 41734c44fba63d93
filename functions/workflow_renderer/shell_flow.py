"""What becomes of each value and variable in a shell script: an argument, a variable, arithmetic, or code.

It follows them through assignments, command substitutions, pipelines and here-documents, and through scripts that are
written out for another shell (``sh -c '…'``, ``eval``, ``trap``). Nothing is said of order: whatever a variable is
assigned anywhere may be in it everywhere.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from functions.workflow_renderer.shell import script_index
from functions.workflow_renderer.shell_programs import (
    DECLARE,
    FETCH,
    FILTERS,
    NAMED,
    READ,
    command_name,
    is_arithmetic,
    is_code,
    is_compared,
    is_harmless,
    is_interpreter,
    literals,
)
from functions.workflow_renderer.shell_reader import read_script
from functions.workflow_renderer.shell_syntax import (
    Arithmetic,
    Assignment,
    Command,
    Compound,
    Expansion,
    Function,
    Inserted,
    Literal,
    Part,
    Redirect,
    Script,
    Simple,
    Substitution,
    Word,
    commands_of,
)
from functions.workflow_renderer.shell_values import value_character

Source = int | str
"""A value, by its index, or a variable, by its name."""

UNQUOTED = "outside of double quotes"
_ARGUMENTS, _INPUT, _OUTPUT = "@", " input", " output of "
"""Stand for all positional parameters, for whatever is read from a pipe, and for what a function prints."""


class Kind(Enum):
    """What becomes of a text."""

    ARGUMENT = "argument"
    VARIABLE = "variable"
    ARITHMETIC = "arithmetic"
    CODE = "code"
    NOTHING = "nothing"


class Place(NamedTuple):
    """Where in a script a text goes."""

    kind: Kind
    why: str = ""
    """Why no quoted value may stand there; empty where one may."""
    variable: str = ""
    command: Simple | None = None
    argument: int = 0
    """Of an argument, whose it is, and which."""
    outputs: "tuple[Place, ...]" = ()
    """Where the command's output goes."""
    fetches: bool = False
    """Whether that output is only what the command finds out, not the text itself."""
    splits: bool = False
    """Whether the shell splits into words what is expanded there outside of double quotes."""


class Use(NamedTuple):
    """One place to which a value or variable goes."""

    place: Place
    within: str = ""
    """What it stands inside of, where that is no plain word, or of a variable: no double quotes."""
    split: bool = False
    fetched: bool = False


_LOG = Place(Kind.NOTHING)
_ARITHMETIC = Place(Kind.ARITHMETIC, "in shell arithmetic")
_CODE = Place(Kind.CODE, "where a shell would read it as a script")
_FILE = Place(Kind.NOTHING, "for a command whose output goes to a file")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SUBSCRIPTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\[")
_EXPORTS_ALL = re.compile(r"-[a-z]*[ak][a-z]*|allexport|keyword")
_DEFAULTS = frozenset({"-", "=", "+", "?", ":-", ":=", ":+", ":?"})
_LAST_ARGUMENTS = frozenset({"_", "BASH_COMMAND", "BASH_EXECUTION_STRING", "BASH_ARGV"})
_REDEFINING = frozenset({"alias", "enable", "hash", "source", "."})
_DEEPEST = 5


class Flow:
    """Where the values and variables of a script go."""

    def __init__(self, text: str, quoted: Collection[int] = ()) -> None:
        """Read the script; ``quoted`` are the values that are quoted in it.

        Raises:
            Unreadable: when it cannot be read.
        """
        self.uses: dict[Source, list[Use]] = defaultdict(list)
        self.expansions: dict[str, list[Expansion]] = defaultdict(list)
        self.hazards: list[str] = []
        """Why nothing can be said of quoted values anywhere in the script."""
        self._quoted = quoted
        self._nested = 0
        self._functions: set[str] = set()
        self._shifts = False
        self._read(text)

    def computed(self) -> frozenset[Source]:
        """The sources that are computed somewhere."""
        return self.leading_to(Kind.ARITHMETIC)

    def leading_to(self, kind: Kind) -> frozenset[Source]:
        """The sources that end in such a place, over however many variables."""
        return self._leading(
            source
            for source, uses in self.uses.items()
            if any(use.place.kind is kind and not use.fetched for use in uses)
        )

    def split(self) -> frozenset[Source]:
        """The sources that are split into words somewhere."""
        return self._leading(
            source for source, uses in self.uses.items() if any(use.split and not use.fetched for use in uses)
        )

    def _leading(self, sources: Iterable[Source]) -> frozenset[Source]:
        assigned: dict[Source, list[Source]] = defaultdict(list)
        for source, uses in self.uses.items():
            for use in uses:
                if use.place.kind is Kind.VARIABLE and not use.fetched:
                    assigned[use.place.variable].append(source)
        found, waiting = set[Source](), list(sources)
        while waiting:
            source = waiting.pop()
            if source not in found:
                found.add(source)
                waiting += assigned.get(source, ())
        return frozenset(found)

    # -- commands

    def _read(self, text: str) -> None:
        script = read_script(text)
        for command in commands_of(script):
            if isinstance(command, Function):
                self._functions.add(command.name)
            elif isinstance(command, Simple):
                self._shifts = self._shifts or command_name(command.words) in ("shift", "set")
        self._script(script, (_LOG,))

    def _script(self, script: Script, outputs: tuple[Place, ...]) -> None:
        for pipeline in script:
            after = outputs
            for number, command in reversed(list(enumerate(pipeline))):
                self._command(command, after)
                after = self._input(command, after) if number else outputs

    def _command(self, command: Command, outputs: tuple[Place, ...]) -> None:
        if isinstance(command, Function):
            self._command(command.body, (Place(Kind.VARIABLE, "inside a function", variable=_OUTPUT + command.name),))
            return
        inputs = self._input(command, outputs) if command.redirects else ()
        for redirect in command.redirects:
            outputs = self._redirect(redirect, inputs, outputs)
        if isinstance(command, Simple):
            self._simple(command, outputs)
        else:
            self._compound(command, outputs)

    def _input(self, command: Command, outputs: tuple[Place, ...]) -> tuple[Place, ...]:
        """Where goes what a command reads from its input."""
        if not isinstance(command, Simple):
            code = any(is_interpreter(inner) for inner in commands_of(((command,),)))
            read = Place(Kind.VARIABLE, "on its way into a compound command", variable=_INPUT)
            return (read, _CODE) if code else (read,)
        if is_interpreter(command):
            return (_CODE,)
        name = command_name(command.words)
        if name in FILTERS:
            return outputs if all(map(is_harmless, command.redirects)) else (*outputs, _FILE)
        return (Place(Kind.VARIABLE, f"on its way into {name or 'a command'}", variable=_INPUT),)

    def _redirect(self, redirect: Redirect, inputs: tuple[Place, ...], outputs: tuple[Place, ...]) -> tuple[Place, ...]:
        """Note what a redirection does, and say where the output goes with it."""
        if "<<" in redirect.operator:
            for place in inputs:
                here = place._replace(why="in a here-document or here-string", splits=False)
                self._parts((*redirect.target.parts, *redirect.body), here)
            return outputs
        for place in inputs if redirect.operator.endswith("<") else (_LOG,):  # of <(…) it is the output that is read
            self._parts(redirect.target.parts, place._replace(why="in a redirection"))
        if is_harmless(redirect):
            return outputs
        read = [
            place
            for part in redirect.target.parts
            if isinstance(part, Substitution)
            for pipeline in part.body
            for place in self._input(pipeline[0], (_LOG,))
        ]
        return tuple({(place.kind, place.variable, place.why): place for place in (*outputs, _FILE, *read)}.values())

    def _compound(self, compound: Compound, outputs: tuple[Place, ...]) -> None:
        place = Place(Kind.NOTHING, f"behind {compound.keyword}")
        if compound.keyword == "for":
            place = Place(Kind.VARIABLE, "in the list of a loop", variable=compound.name, splits=True)
        for index, word in enumerate(compound.words):
            if compound.keyword == "[[" and is_compared(compound.words, index):
                self._arithmetic(word.parts)
            else:
                self._parts(word.parts, place)
        self._arithmetic(compound.arithmetic)
        for body in compound.bodies:
            self._script(body, outputs)

    # -- simple commands

    def _simple(self, command: Simple, outputs: tuple[Place, ...]) -> None:
        words = command.words
        declares = bool(words) and command_name(words) in DECLARE
        for assignment in command.assignments:
            self._assign(assignment, "in a declaration" if declares else "in front of a command" if words else "")
        if not words:
            return
        self._parts(words[0].parts, Place(Kind.CODE, "as the name of a command", splits=True))
        self._note_hazards(command)
        if (name := command_name(words)) in self._functions:
            self._emit(_OUTPUT + name, Use(Place(Kind.NOTHING, outputs=outputs)))
        for index, place in self._arguments(command, outputs):
            self._parts(words[index].parts, place)

    def _arguments(self, command: Simple, outputs: tuple[Place, ...]) -> Iterator[tuple[int, Place]]:
        """Each argument's index and place, but for those that are dealt with otherwise."""
        words, name = command.words, command_name(command.words)
        script = script_index([word.literal for word in words])
        operand = next((i for i, word in enumerate(words) if i and not word.prefix.startswith("-")), 0)
        numbers = any(word.startswith("-") and "i" in word for word in literals(words))
        for index, word in enumerate(words[1:], start=1):
            if index == script or (name == "trap" and index == operand):
                self._code((word,))
            elif name == "eval":
                self._code(words[1:])
                return
            elif name in self._functions or name == "set" or (script is not None and index > script):
                why = "as an argument of a function or script"
                yield index, Place(Kind.VARIABLE, why, variable=_ARGUMENTS, splits=True)
                position = index if script is None else index - script - 1
                yield index, Place(Kind.VARIABLE, why, variable=str(position), splits=True)
            elif name in DECLARE:
                self._declared(word, numbers=numbers)
            elif is_arithmetic(words, index):
                self._computed(name, word)
            elif is_code(words, index):
                yield index, _CODE
            else:
                why = "" if name else "behind a command whose name is no plain word"
                place = Place(Kind.ARGUMENT, why, "", command, index, outputs, name in FETCH, splits=True)
                if name == "printenv":
                    self._emit(word.literal or "", Use(place))
                yield index, place

    def _assign(self, assignment: Assignment, why: str) -> None:
        if assignment.subscript:
            self._arithmetic(assignment.subscript)
        place = Place(Kind.VARIABLE, why or ("in a list" if assignment.array else ""), variable=assignment.name)
        for word in assignment.values:
            self._parts(word.parts, place)
            named = (word.literal or "").removeprefix(f"{assignment.name}=")
            if _IDENTIFIER.fullmatch(named):  # where that is computed it stands for the variable of that name
                self._emit(named, Use(place, UNQUOTED))

    def _declared(self, word: Word, *, numbers: bool) -> None:
        named = NAMED.match(word.prefix)
        name = named[1] if named else word.literal or ""
        if _SUBSCRIPTED.match(word.prefix):
            self._arithmetic(word.parts)
        elif named:
            self._assign(Assignment(name, (word,)), "in a declaration")
        else:
            self._parts(word.parts, Place(Kind.CODE, "in a declaration", splits=True))
        self._emit(name, Use(_ARITHMETIC if numbers else Place(Kind.NOTHING, "in a variable that is declared")))

    def _computed(self, name: str, word: Word) -> None:
        """An argument that is computed, or that names a variable."""
        if name == "let":
            self._arithmetic(word.parts)
            return
        self._parts(word.parts, _ARITHMETIC)
        named = word.literal or ""
        if name in READ and _IDENTIFIER.fullmatch(named):
            self._emit(_INPUT, Use(Place(Kind.VARIABLE, variable=named)))

    def _code(self, words: Sequence[Word]) -> None:
        """A script for another shell: what is written out of it is read, whatever is put into it is code."""
        text = " ".join("".join(self._written(part) for part in word.parts) for word in words)
        if any(not isinstance(part, Literal) for word in words for part in word.parts):
            self.hazards.append("in a script that builds another one")
            for word in words:
                self._parts(word.parts, _CODE)
        if text.strip("- ") and self._nested < _DEEPEST:
            self._nested += 1
            self._read(text)
            self._nested -= 1

    def _written(self, part: Part) -> str:
        if isinstance(part, Literal):
            return part.text
        plain = isinstance(part, Inserted) and part.value not in self._quoted
        return value_character(part.value) if isinstance(part, Inserted) and plain else "\ufffd"

    def _note_hazards(self, command: Simple) -> None:
        name, options = command_name(command.words), literals(command.words[1:])
        if name in _REDEFINING:
            self.hazards.append(f"in a script that uses {name}")
        if name == "exec" and not options and not all(map(is_harmless, command.redirects)):
            self.hazards.append("in a script that redirects all of its output")
        if name == "set" and any(map(_EXPORTS_ALL.fullmatch, options)):
            self.hazards.append("in a script that exports all of its variables")

    # -- the parts of words

    def _parts(self, parts: Iterable[Part], place: Place) -> None:
        for part in parts:
            if isinstance(part, Inserted):
                self._emit(part.value, Use(place, part.within))
            elif isinstance(part, Expansion):
                self._expansion(part, place)
            elif isinstance(part, Arithmetic):
                self._arithmetic(part.parts)
            elif isinstance(part, Substitution):
                unquoted = place.splits and not part.quoted
                why = place.why or (f"in a command substitution {UNQUOTED}" if unquoted else "")
                self._script(part.body, (place._replace(why=why, splits=unquoted),))

    def _expansion(self, part: Expansion, place: Place) -> None:
        name = _ARGUMENTS if part.name == "*" or (self._shifts and part.name.isdecimal()) else part.name
        self.expansions[name].append(part)
        self._emit(name, Use(place, "" if part.quoted else UNQUOTED, split=place.splits and not part.quoted))
        if part.indirect:
            self.hazards.append("in a script that expands a variable whose name is in another")
            self._emit(name, Use(_ARITHMETIC))
        if part.operator.startswith("@"):
            self._emit(name, Use(_CODE))
        inside = "inside an expansion"
        if part.operator == ":":
            self._arithmetic(part.operand)
        elif part.operator in _DEFAULTS:
            self._parts(part.operand, place._replace(why=inside))
            if "=" in part.operator:
                self._parts(part.operand, Place(Kind.VARIABLE, inside, variable=name))
        else:
            self._parts(part.operand, Place(Kind.NOTHING, inside))
        self._arithmetic(part.subscript)

    def _arithmetic(self, parts: Iterable[Part]) -> None:
        """Parts that are computed, in which a variable needs no dollar sign."""
        for part in parts:
            if isinstance(part, Literal):
                for name in _IDENTIFIER.findall(part.text):
                    self._emit(name, Use(_ARITHMETIC, UNQUOTED))
        self._parts(parts, _ARITHMETIC)

    def _emit(self, source: Source, use: Use) -> None:
        """Note a use, and what becomes of the output of the command that gets it."""
        self.uses[source].append(use)
        if source in _LAST_ARGUMENTS:
            self.hazards.append(f"in a script that uses ${source}")
        fetched = use.fetched or use.place.fetches
        for output in use.place.outputs:
            if output is not _LOG:
                self._emit(source, Use(output, split=output.splits, fetched=fetched))
