"""What may be in a container's variables, by what the scripts of the workflow do with them.

A variable is text. But a script that computes with it runs what is in it, as does one that hands it to another shell,
and the kubelet puts it into commands that name it as ``$(NAME)``. Which container a script runs in is not asked: what
one does with a variable counts for all of that name.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from functions.workflow_renderer.argo_fields import Typed
from functions.workflow_renderer.markers import Value
from functions.workflow_renderer.places import Place
from functions.workflow_renderer.scripts import Reading
from functions.workflow_renderer.shell_flow import Kind
from functions.workflow_renderer.surroundings import Surroundings
from functions.workflow_renderer.words import is_number, not_accepted

_KUBELETS = re.compile(r"\$\(([^()\s]+)\)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_PLACES = 200
_AS_IT_IS = frozenset({"", "-", ":-", "+", ":+", "?", ":?", "=", ":="})
"""Operators of an expansion that leave a text as it is."""


class Variables:
    """The variables of a workflow's containers."""

    def __init__(self, workflow: Any, readings: Iterable[Reading]) -> None:
        """Look at all of the workflow's text, and at what was read of its scripts."""
        self._expanded = {name for text in _texts(workflow) for name in _KUBELETS.findall(text)}
        self._computed, self._code, self._split = set[object](), set[object](), set[object]()
        self._unread: dict[str, str] = {}
        self._near: dict[str, set[Surroundings]] = defaultdict(set)
        for reading in readings:
            self._note(reading)

    def _note(self, reading: Reading) -> None:
        flow = reading.flow
        if flow is None:
            self._unread |= dict.fromkeys(_NAME.findall(reading.text), reading.unread)
            return
        self._computed |= reading.computed
        self._code |= flow.leading_to(Kind.CODE)
        self._split |= flow.split()
        for name, expansions in flow.expansions.items():
            for item in expansions:
                if item.operator in _AS_IT_IS:
                    self._near[name].add(Surroundings.within(item.script, item.start, item.end))

    def computes(self, name: str) -> bool:
        """Whether a script computes with a variable."""
        return name in self._computed

    def problem(self, name: object, value: Value, text: str) -> tuple[str, bool]:
        """Why a value may not be (a part of) the variable's text, and whether none could."""
        if not isinstance(name, str) or name in self._expanded:
            file = "begins with @, which names a file to read" if text.startswith("@") else ""
            return not_accepted(value, Place.WORD) or file, False
        if name in self._code:
            return f"would be read as code: a script gives ${name} to eval, to another shell or as a program", True
        if name in self._computed and not is_number(value.text):
            return f"is no number, and a script computes with {name}", False
        return self._no_word(name, value) or self._changed(name, text), False

    def _no_word(self, name: str, value: Value) -> str:
        """Why a value is no word, where a script takes it for one."""
        if name in self._split:
            why = f'a script splits ${name} into words: write "${name}"'
        elif name in self._unread:
            why = f"a script with {name} in it {self._unread[name]}"
        else:
            return ""
        problem = not_accepted(value, Place.WORD)
        return problem and f"{problem}, and {why}"

    def _changed(self, name: str, text: str) -> str:
        near = self._near.get(name, ())
        if len(near) > _MOST_PLACES:
            return "would stand in too many places"
        found = (place.changed_by(text) or place.names_file(text) for place in near)
        return next((f"{problem} where a script has ${name}" for problem in found if problem), "")


def _texts(data: Any) -> Iterator[str]:
    """The author's texts in a workflow."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Typed):
        yield "".join(part if isinstance(part, str) else "x" for part in data.composite.parts)
    elif isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _texts(part)
