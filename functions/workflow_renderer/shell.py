"""Quoting a value as one argument of a shell, and finding the scripts that shells are given as arguments."""

import re
import shlex
from collections.abc import Sequence

SHELLS = frozenset({"sh", "bash", "dash", "ash"})
"""The shells whose reading of a script is known (`shell_reader`)."""
OTHER_SHELLS = frozenset({"ksh", "mksh", "zsh", "fish", "csh", "tcsh"})

_SHORT_OPTIONS = re.compile(r"[-+][A-Za-z]+")
_LONG_WITH_FILE = frozenset({"--rcfile", "--init-file"})


def quote(text: str) -> str:
    """One argument of a shell, whatever the text.

    No ``$`` is followed by a parenthesis or another ``$``: the kubelet would expand ``$(NAME)`` in a container's
    command also inside a shell's quotes.
    """
    return shlex.quote(text).replace("$", "$''")


def program(name: object) -> str:
    """A program's name without its folder; empty where it is not known."""
    return name.rpartition("/")[2] if isinstance(name, str) else ""


def is_shell(name: object) -> bool:
    """Whether a program is a shell that `quote` quotes for."""
    return program(name) in SHELLS


def script_index(arguments: Sequence[object]) -> int | None:
    """Which argument is the script that a shell among those before it runs with ``-c``."""
    for index, argument in enumerate(arguments):
        if program(argument) in SHELLS | OTHER_SHELLS:
            return _operand_of_c(arguments, index + 1)
    return None


def _operand_of_c(arguments: Sequence[object], index: int) -> int | None:
    """The first argument that is no option of the shell, if one of those before it is ``-c``.

    One that is not known is taken for an option before ``-c``, and for the script behind it.
    """
    commands = False
    while index < len(arguments):
        option = arguments[index]
        if option in ("--", "-"):
            index += 1
            break
        if commands if not isinstance(option, str) else not option.startswith(("-", "+")):
            break
        if isinstance(option, str) and _SHORT_OPTIONS.fullmatch(option):
            commands = commands or (option.startswith("-") and "c" in option)
            index += not {"o", "O"}.isdisjoint(option)
        index += 2 if option in _LONG_WITH_FILE else 1
    return index if commands and index < len(arguments) else None
