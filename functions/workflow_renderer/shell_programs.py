"""What shells and common programs do with their arguments and their input: whether they read them as code.

Where a quoted value may stand is not decided by this (`shell_commands` is); it says where variables would be evaluated
again, and finds the scripts that are written out inside of others.
"""

import re
from collections.abc import Sequence

from functions.workflow_renderer.shell import is_shell, program, script_index
from functions.workflow_renderer.shell_syntax import Command, Redirect, Simple, Word


def listed(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


DECLARE = listed("declare typeset local export readonly")
READ = listed("read mapfile readarray")
FETCH = listed("kubectl curl wget crictl docker systemctl journalctl nvidia-smi wc df du stat date id pgrep")
"""Commands that print what they find out, not what they are told."""
FILTERS = listed("cat grep fgrep egrep head tail wc tr cut sort uniq fold nl rev base64 md5sum sha256sum logger")
"""Commands to which their input is data, and that print it or a part of it at most."""
NAMED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")
"""An argument that assigns."""

_FOLDERS = listed("/bin /usr/bin /sbin /usr/sbin /usr/local/bin")
_HARMLESS_FILES = listed("""
    /dev/null /dev/stdout /dev/stderr /dev/termination-log /proc/1/fd/1 /proc/1/fd/2 /proc/self/fd/1 /proc/self/fd/2
""")
_COMPARE_NUMBERS = listed("-eq -ne -lt -le -gt -ge")
_VARIABLE_TESTS = listed("-v -R")
_PROGRAMMED = listed("awk gawk mawk sed jq")
_LANGUAGES = re.compile(r"python[0-9.]*|perl|ruby|node|php|lua")
_READ_INPUT = listed("ssh rsh su at batch crontab parallel")
_CODE_OPTION = re.compile(r"-[A-Za-z]*[ceE]|--eval|--command|--expression")
_OPTIONS_WITH_ARGUMENT = {
    "ssh": listed("-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w"),
    "rsh": listed("-l"),
    "awk": listed("-v -F -f"),
    "gawk": listed("-v -F -f"),
    "mawk": listed("-v -F -f"),
    "sed": listed("-f -l"),
    "jq": listed("-f --tab --indent"),
}
_OPTIONS_WITH_TWO = listed("--arg --argjson --slurpfile --rawfile")


def command_name(words: Sequence[Word]) -> str:
    """The program that a command calls, without its standard folder; empty where that is no literal word."""
    name = (words[0].literal or "") if words else ""
    folder, _, last = name.rpartition("/")
    return last if folder in _FOLDERS else name


def literals(words: Sequence[Word]) -> list[str]:
    """The words' texts, those that are no literals empty."""
    return [word.literal or "" for word in words]


def is_harmless(redirect: Redirect) -> bool:
    """Whether a redirection leads no output to where something else might read it."""
    target, operator = redirect.target.literal or "", redirect.operator.lstrip("0123456789")
    return operator.startswith("<") or target in _HARMLESS_FILES or (operator == ">&" and target in ("1", "2"))


def is_interpreter(command: Command) -> bool:
    """Whether a command reads its input as code."""
    if not isinstance(command, Simple):
        return False
    words, name = literals(command.words), command_name(command.words)
    if name == "xargs":
        return any(is_shell(word) for word in words)
    if name in _READ_INPUT:
        return True
    begin = next((i for i, word in enumerate(words) if is_shell(word) or _LANGUAGES.fullmatch(program(word))), None)
    if begin is None or script_index(words) is not None:
        return False
    operands = [
        word for word, before in zip(words[begin + 1 :], words[begin:], strict=False) if _is_operand(word, before)
    ]
    return not operands or "-s" in words


def _is_operand(word: str, before: str) -> bool:
    return word[:1] not in ("-", "+") and before not in ("-o", "-O")


def is_compared(words: Sequence[Word], index: int) -> bool:
    """Whether ``[[`` computes a word: beside a comparison of numbers, or as the name of a variable."""
    before, after = literals(words[max(0, index - 1) : index]), literals(words[index + 1 : index + 2])
    return not _COMPARE_NUMBERS.isdisjoint(before + after) or not _VARIABLE_TESTS.isdisjoint(before)


def is_arithmetic(words: Sequence[Word], index: int) -> bool:
    """Whether a command computes an argument, or a subscript in it."""
    name, before = command_name(words), words[index - 1].literal
    if name in ("test", "["):
        return before in _VARIABLE_TESTS
    if name == "printf":
        return (index == 1 and words[1].prefix.startswith("-v")) or (index > 1 and before == "-v")
    if name in READ:
        return before not in ("-p", "-d", "-i")
    return name in ("let", "unset", "getopts") or (name == "wait" and before == "-p")


def is_code(words: Sequence[Word], index: int) -> bool:  # noqa: PLR0911 - one for each kind of program
    """Whether a command reads an argument as code, or takes it for the name of a program."""
    name, before = command_name(words), words[index - 1].literal or ""
    if name in ("source", ".", "alias", "watch", "parallel"):
        return True
    if name == "env":
        return before in ("-S", "--split-string") or (index <= _operand(words) and not NAMED.match(words[index].plain))
    if name == "su":
        return _CODE_OPTION.fullmatch(before) is not None
    if name in ("ssh", "rsh"):
        return index > _operand(words)
    if _LANGUAGES.fullmatch(name):
        return _CODE_OPTION.fullmatch(before) is not None
    if name not in _PROGRAMMED:
        return False
    given = name == "sed" and any(word in ("-e", "--expression") for word in literals(words))
    return before in ("-e", "--expression") if given else index == _operand(words)


def _operand(words: Sequence[Word]) -> int:
    """The first argument that is neither an option nor one's argument, nor an assignment of env's."""
    name, index = command_name(words), 1
    while index < len(words):
        option = words[index].prefix
        if not option.startswith("-") and not (name == "env" and NAMED.match(words[index].plain)):
            return index
        index += 1 + (option in _OPTIONS_WITH_ARGUMENT.get(name, ())) + 2 * (option in _OPTIONS_WITH_TWO)
    return index
