"""What may stand in a field of a workflow."""

from collections.abc import Sequence
from enum import Enum

from functions.workflow_renderer.document import Path


class Place(Enum):
    """What may stand in a field."""

    WORD = "word"
    NAME = "name"
    TEXT = "text"
    NESTED = "nested"
    """Text in a language of its own: any as a whole, otherwise words and what is written for that language."""
    NOTHING = "nothing"


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
COMMANDS = frozenset({"command", "args"})


def place_of(path: Path) -> Place:
    """What may stand in a field."""
    names = [step for step in path if isinstance(step, str)]
    if not _NOTHING.isdisjoint(names):
        return Place.NOTHING
    if _is_nested(names):
        return Place.NESTED
    if is_variable(path) or _is_annotation(names):
        return Place.TEXT
    if is_read(path):
        return Place.WORD
    return Place.WORD if _NAMES.isdisjoint(names[1:]) else Place.NAME


def is_read(path: Path) -> bool:
    """Whether a field is a script or an argument of a command."""
    names = [step for step in path if isinstance(step, str)]
    return names[-1] == "source" or names[-1] in COMMANDS


def is_argument(path: Path) -> bool:
    """Whether a field is one of the arguments of a command."""
    return path[-2:-1] in (("command",), ("args",)) and isinstance(path[-1], int)


def is_variable(path: Path) -> bool:
    """Whether a field is the value of a container's variable."""
    return path[-1] == "value" and "env" in path[-3:-1]


def _is_nested(names: Sequence[str]) -> bool:
    return names[-2:] in (["raw", "data"], ["http", "body"])


def _is_annotation(names: Sequence[str]) -> bool:
    match names:
        case [*_, "templates" | "templateDefaults" | "inline", "metadata", "annotations", _]:
            return True
    return list(names[:3]) == ["spec", "podMetadata", "annotations"]
