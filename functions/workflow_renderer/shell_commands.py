"""Which arguments of which commands are data to them, so that a quoted value may be one.

Lists of what is known: a command, verb or option that is not here takes no quoted value.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from functions.workflow_renderer.shell_programs import command_name, listed, literals
from functions.workflow_renderer.shell_syntax import Simple, Word

READ_NO_OPTIONS = listed("echo printf : true false test [")
"""Commands to which an argument that begins with a dash is one like any other."""

_PLAIN = READ_NO_OPTIONS - listed("printf test [") | listed("""
    basename cat chmod chown cp date df dirname du fgrep grep head journalctl kill ln logger ls md5sum mkdir mv
    nvidia-smi readlink realpath rm rmdir sha256sum sleep smartctl stat sync tail touch truncate umount wc
""")
_KUBECTL = listed("""
    annotate api-resources cordon delete describe drain events get label logs rollout scale taint top uncordon wait
""")
_KUBECTL_TAKE = listed("""
    -n --namespace -l --selector --field-selector -c --container --reason --for --timeout --grace-period --replicas
    --current-replicas --since --tail --sort-by --label-columns -L --pod-selector --types
""")
_KUBECTL_FLAGS = listed("""
    -A --all-namespaces --all --overwrite --force --now --ignore-daemonsets --delete-emptydir-data --wait
    --ignore-not-found --disable-eviction --no-headers --show-labels --previous -p --timestamps --list --dry-run --
""")
_VERBS = {
    "systemctl": listed(
        "is-active is-enabled is-failed kill reload reset-failed restart show start status stop try-restart"
    ),
    "docker": listed("inspect kill logs pause restart rm start stop top unpause"),
    "crictl": listed("inspect inspectp logs rm rmi rmp start stop stopp"),
}
_CURL_DATA = listed("-d --data --data-ascii --data-raw --data-binary --json -H --header")
_CURL_FLAGS = re.compile(r"-[fgiIkLsSv]+|--(?:fail|silent|show-error|location|insecure|globoff)")
_UNARY = listed("-n -z -e -f -d -s -r -w -x -L -h -p -S -b")
_BINARY = listed("= == != -eq -ne -lt -le -gt -ge -nt -ot -ef")
_PROGRAM = re.compile(r"[A-Za-z_./][A-Za-z0-9_./+-]*")
_FOLDER = re.compile(r"/\S*")
_OF_NSENTER = re.compile(r"-\S+|[0-9]+")
_DURATION = re.compile(r"[0-9]+(?:\.[0-9]+)?[smhd]?")
_SOURCE = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?/.*", re.DOTALL)

Judge = Callable[[Sequence[Word], int], str]
"""Says of the words of a command and one of its arguments why that may not be a quoted value."""


def not_data(command: Simple, index: int) -> str:
    """Why an argument of a command is not known to be data; empty where it is."""
    words = command.words
    while True:
        name = command_name(words)
        inner = _wrapped(name, words)
        if not inner:
            break
        if index <= inner:
            return f"as an argument of {name}"
        words, index = words[inner:], index - inner
    judge = _JUDGES.get(name)
    return judge(words, index) if judge else f"as an argument of {name or 'a command that is no plain word'}"


def reads_options(command: Simple, index: int) -> bool:
    """Whether a command would take an argument for an option if it began with a dash."""
    if any(word.literal == "--" for word in command.words[1:index]):
        return False
    return command_name(command.words) not in READ_NO_OPTIONS


def _wrapped(name: str, words: Sequence[Word]) -> int:
    """Where the command begins that another one runs as it stands; 0 where there is none."""
    texts = literals(words)
    if name in ("command", "exec", "nohup", "sudo"):
        begin = 1 if _PROGRAM.fullmatch("".join(texts[1:2])) else 0
    elif name == "nsenter":
        begin = texts.index("--") + 1 if "--" in texts else 0
        begin = begin if all(map(_OF_NSENTER.fullmatch, texts[1:begin])) else 0
    else:
        taken = {"timeout": _DURATION, "chroot": _FOLDER}.get(name)
        begin = 2 if taken and taken.fullmatch("".join(texts[1:2])) else 0
    return begin if begin < len(words) else 0


def _anywhere(_words: Sequence[Word], _index: int) -> str:
    return ""


def _of_printf(words: Sequence[Word], index: int) -> str:
    form = words[1].literal
    plain = index > 1 and form is not None and not form.startswith("-")
    return "" if plain else "as the format of printf, or behind one that is not written out"


def _of_test(words: Sequence[Word], _index: int) -> str:
    """``[ a = b ]``, ``[ -n a ]`` and their negations."""
    end = len(words) - (command_name(words) == "[")
    operands = [word.literal for word in words[1:end]]
    if operands[:1] == ["!"]:
        operands = operands[1:]
    match operands:
        case [_, operator, _] if operator in _BINARY:
            return ""
        case [operator, _] if operator in _UNARY:
            return ""
    return "in a test other than of one value, or of two with an operator between"


def _of_kubectl(words: Sequence[Word], index: int) -> str:
    verb = 1
    while verb < len(words) and (option := words[verb].literal or "").startswith("-"):
        verb += 2 if option in _KUBECTL_TAKE else 1
    name = words[verb].literal if verb < len(words) else None
    if name not in _KUBECTL:
        return f"as an argument of kubectl {name or '(its verb is to stand before)'}"
    return _of_option(words, index, _KUBECTL_TAKE, _KUBECTL_FLAGS)


def _of_option(words: Sequence[Word], index: int, take: frozenset[str], flags: frozenset[str]) -> str:
    """Why a value may not stand behind or in an option."""
    if any(word.literal == "--" for word in words[:index]):
        return ""
    before, own = words[index - 1].literal or "", words[index].prefix
    option, _, _ = own.partition("=")
    if option.startswith("-"):
        return "" if option in take and "=" in own else f"in the option {option}"
    behind = before.startswith("-") and "=" not in before and before not in take | flags
    return f"behind the option {before}" if behind else ""


def _of_verb(verbs: Mapping[str, frozenset[str]]) -> Judge:
    def judge(words: Sequence[Word], index: int) -> str:
        name, verb = command_name(words), words[1].literal or ""
        if verb not in verbs[name]:
            return f"as an argument of {name} {verb}".rstrip()
        return _of_option(words, index, frozenset(), frozenset({"-f", "--force", "--now", "-q", "--quiet", "--"}))

    return judge


def _of_curl(words: Sequence[Word], index: int) -> str:
    before, word = words[index - 1].literal or "", words[index]
    option, equals, _ = word.prefix.partition("=")
    data = "=" in word.prefix if before == "--data-urlencode" else before in _CURL_DATA
    if data or (_SOURCE.fullmatch(word.prefix) and (not before.startswith("-") or _CURL_FLAGS.fullmatch(before))):
        return ""
    return f"as an argument of curl {option if equals else before}".rstrip() + ", which may name files and options"


_JUDGES: dict[str, Judge] = (
    dict.fromkeys(_PLAIN, _anywhere)
    | dict.fromkeys(_VERBS, _of_verb(_VERBS))
    | dict.fromkeys(("test", "["), _of_test)
    | {"printf": _of_printf, "kubectl": _of_kubectl, "curl": _of_curl}
)
