"""What a value of an alert may be, by the field it lands in.

Whoever can send an alert chooses its values, so none of them may become code. Three things make a value code: a shell
that reads it, Argo that replaces its tags by text before anything runs, and the kubelet that expands ``$(NAME)``.
Argo inserts parameters, labels and annotations of a workflow into scripts later on, where nobody quotes them. So the
rule is the same wherever it is not known that a field is only ever data:

- *word* (everywhere else: commands, scripts, parameters, labels): letters, digits and ``._:/@%+=,-``, not beginning
  with ``-``, no ``..`` between slashes, at most 253 characters, and in a script not empty where its word would vanish;
- *name* (what names an image, an account, a path, a node; conditions, expressions, patches, manifests in a string):
  the same without ``%+=,``, which mean something there;
- *text* (a variable of a container that its command does not expand, an artifact's raw data, a request's body, a
  pod's annotation): neither control characters nor a tag of Argo's nor an expansion, at most 16 KiB;
- nothing at all, in a security context, in whether a pod shares its host's namespaces or mounts its account's token.

``shquote`` lifts the rule where a shell reads the text, and the place is one for plain words (`shell.not_plain`): a
script whose command is a shell, or the argument behind a shell's ``-c``. A variable of the container is the better
way: ``env`` takes any text, and ``"$NAME"`` in the script is safe.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any

from aegis.names import is_label_value
from functions.workflow_renderer import shell
from functions.workflow_renderer.argo_fields import Typed, typed
from functions.workflow_renderer.document import Composite, Path, spelled
from functions.workflow_renderer.errors import Unsafe
from functions.workflow_renderer.markers import Value
from functions.workflow_renderer.metadata import LABEL_VALUE, is_label

LONGEST_WORD = 253
LONGEST_TEXT = 16_384
_LONGEST_SCALAR = 120_000
"""The kernel takes no argument over 128 KiB."""
_MOST_READ = 2_000_000
"""How many characters of scripts are read to judge quoted values; each has all that stands before it read again."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]|\r(?!\n)")
_UPWARDS = re.compile(r"(?:^|/)\.\.(?:/|$)")
_EXPANSION = re.compile(r"\$\(([^()\s]+)\)")
_POWERS = "may not choose what a pod is allowed to do"


class Place(Enum):
    """What may stand in a field."""

    WORD = "word"
    NAME = "name"
    TEXT = "text"
    NOTHING = "nothing"


_ACCEPTED = {
    Place.WORD: re.compile(r"[A-Za-z0-9._:/@%+=,][A-Za-z0-9._:/@%+=,-]*"),
    Place.NAME: re.compile(r"[A-Za-z0-9._:/@][A-Za-z0-9._:/@-]*"),
}
_CHARACTERS = {Place.WORD: "._:/@%+=,-", Place.NAME: "._:/@-"}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NOTHING = _words("""
    securityContext hostNetwork hostPID hostIPC hostUsers shareProcessNamespace automountServiceAccountToken
""")
_NAMES = _words("""
    image imagePullSecrets serviceAccountName serviceAccount namespace nodeName nodeSelector affinity tolerations
    volumes volumeMounts volumeDevices volumeClaimTemplates hostPath hostAliases dnsConfig schedulerName
    priorityClassName podPriorityClassName workflowTemplateRef templateRef configMapKeyRef secretKeyRef configMapRef
    secretRef podSpecPatch manifest setOwnerReference mergeStrategy flags when expression depends withParam
    withSequence successCondition failureCondition url apiVersion kind name entrypoint onExit template key
    resourceClaims
""")
_COMMANDS = frozenset({"command", "args"})


def place_of(path: Path) -> Place:
    """What may stand in a field."""
    names = [step for step in path if isinstance(step, str)]
    if not _NOTHING.isdisjoint(names):
        return Place.NOTHING
    if _is_text(names):
        return Place.TEXT
    if names[-1] in _COMMANDS or names[-1] == "source":
        return Place.WORD
    return Place.WORD if _NAMES.isdisjoint(names[1:]) else Place.NAME


def _is_text(names: Sequence[str]) -> bool:
    """Whether a field is data to all that read it."""
    match names:
        case [*_, "env", "value"] | [*_, "raw", "data"] | [*_, "http", "body"]:
            return True
        case [*_, "templates" | "templateDefaults" | "inline", "metadata", "annotations", _]:
            return True
    return list(names[:3]) == ["spec", "podMetadata", "annotations"]


class Insertion:
    """Puts the values into a manifest and notes each that may not stand where it would."""

    def __init__(self) -> None:
        """Begin without findings."""
        self.findings: list[Unsafe] = []
        self._expanded: frozenset[str] = frozenset()
        self._read = 0

    def into(self, data: Any, path: Path = (), owner: Any = None) -> Any:
        """The data with its values in place; ``owner`` is the mapping that the data is in."""
        if isinstance(data, Typed):
            return self._scalar(data, path, owner)
        if isinstance(data, dict):
            if "env" in data:
                self._expanded = _expanded(data)
            return {name: self.into(part, (*path, name), data) for name, part in data.items()}
        if isinstance(data, list):
            return [self.into(item, (*path, index), owner) for index, item in enumerate(data)]
        return data

    def _scalar(self, data: Typed, path: Path, owner: Any) -> Any:
        whole = data.composite.whole
        if whole is None or data.type not in ("integer", "number", "boolean"):
            text = self._text(data.composite, path, owner)
            return text if whole is None else typed(text, data.type, plain=data.composite.plain)
        value = typed(whole.text, data.type, plain=data.composite.plain)
        if place_of(path) is Place.NOTHING:
            self._note(path, whole, _POWERS, always=True)
        elif value is None:
            self._note(path, whole, f"is no {data.type}")
        return value

    def _text(self, composite: Composite, path: Path, owner: Any) -> str:
        text, parts = "", composite.parts
        for index, part in enumerate(parts):
            if isinstance(part, str):
                text += part
                continue
            following = parts[index + 1] if index + 1 < len(parts) else ""
            after = following if isinstance(following, str) else ""
            problem, always = self._problem(part, text, after, path, owner)
            if problem:
                self._note(path, part, problem, always=always)
            text += shell.quote(part.text) if part.quoted else part.text
        last = next(part for part in reversed(parts) if isinstance(part, Value))
        if len(text) > _LONGEST_SCALAR:
            self._note(path, last, "makes the field too long")
        if is_label(path) and "{{" not in text and not is_label_value(text):
            self._note(path, last, f"makes no label's value ({LABEL_VALUE})")
        return text

    def _problem(self, value: Value, before: str, after: str, path: Path, owner: Any) -> tuple[str, bool]:
        """Why the value may not stand there, and whether none could."""
        place = self._place(path, owner)
        if place is Place.NOTHING:
            return _POWERS, True
        if before.rfind("{{") > before.rfind("}}"):
            return "would stand inside one of Argo's tags", True
        problem = _forbidden(value.text, before, after)
        if problem or place is Place.TEXT:
            return problem or _not_text(value.text, before, after), False
        problem = _not_accepted(value.text, place) or _vanishes(value, before, after, path)
        if problem and value.quoted:
            self._read += len(before)
            if self._read > _MOST_READ:
                return f"is one of too many to be quoted, {problem}", False
            return _not_quoted(value, problem, before, path, owner)
        return problem and f"{problem}; pipe it through shquote where a shell reads it, or pass it as env", False

    def _place(self, path: Path, owner: Any) -> Place:
        place = place_of(path)
        if place is not Place.TEXT or "env" not in path or not isinstance(owner, dict):
            return place
        name = owner.get("name")
        return place if isinstance(name, str) and name not in self._expanded else Place.WORD

    def _note(self, path: Path, value: Value, problem: str, *, always: bool = False) -> None:
        self.findings.append(Unsafe(spelled(path), value.key, problem, always))


def _expanded(container: Any) -> frozenset[str]:
    """The variables that the kubelet would expand in a container's command: they are as good as written there."""
    held = [container.get("command"), container.get("args"), container["env"]]
    return frozenset(name for text in _author_texts(held) for name in _EXPANSION.findall(text))


def _author_texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Typed):
        yield "".join(part if isinstance(part, str) else "x" for part in data.composite.parts)
    elif isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _author_texts(part)


def _forbidden(text: str, before: str, after: str) -> str:
    """Why the value may stand nowhere."""
    control = _CONTROL.search(text)
    if control:
        return f"has the control character U+{ord(control.group()):04X}"
    joined = before[-1:] + text + after[:1]
    return "has {{ or }}, which Argo would read" if "{{" in joined or "}}" in joined else ""


def _not_text(text: str, before: str, after: str) -> str:
    if "$(" in before[-1:] + text + after[:1]:
        return "has $(, which the kubelet would expand"
    return f"is longer than {LONGEST_TEXT} characters" if len(text) > LONGEST_TEXT else ""


def _not_accepted(text: str, place: Place) -> str:
    if not text:
        return ""
    if len(text) > LONGEST_WORD:
        return f"is longer than {LONGEST_WORD} characters"
    if _UPWARDS.search(text):
        return "has .. as a part of a path"
    if _ACCEPTED[place].fullmatch(text):
        return ""
    if text.startswith("-") and _ACCEPTED[place].fullmatch("x" + text):
        return "begins with -, like an option"
    return f"has other characters than letters, digits and {_CHARACTERS[place]}"


def _vanishes(value: Value, before: str, after: str, path: Path) -> str:
    """An empty value takes its word with it, or makes of a path below a folder the folder itself."""
    argument = isinstance(path[-1], int) and not before and not after
    harmless = value.text or argument or before.endswith(("=", "'", '"'))
    read = path[-1] == "source" or not _COMMANDS.isdisjoint(path[-2:])
    return "is empty" if read and not harmless else ""


def _not_quoted(value: Value, problem: str, before: str, path: Path, owner: Any) -> tuple[str, bool]:
    """Why quoting the value does not mend its problem, and whether it mends none there."""
    reason = _not_read_by_shell(path, owner) or shell.not_plain(before)
    if reason:
        return f"{problem}, and shquote does not help {reason}", True
    return (f"is longer than {LONGEST_TEXT} characters" if len(value.text) > LONGEST_TEXT else ""), False


def _not_read_by_shell(path: Path, owner: Any) -> str:
    """Why shquote is of no use in a field; empty where a shell reads it."""
    here = "where no shell is known to read the text"
    if not isinstance(owner, dict):
        return here
    command = owner.get("command") or []
    if path[-1] == "source":
        return "" if command and shell.is_shell(command[0]) else here
    if len(path) < 2 or path[-2] not in _COMMANDS or not isinstance(path[-1], int):  # noqa: PLR2004
        return here
    arguments = [*command, *(owner.get("args") or [])]
    index = path[-1] + (len(command) if path[-2] == "args" else 0)
    return "" if shell.is_script(arguments, index) else here
