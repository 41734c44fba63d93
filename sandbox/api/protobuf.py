"""Reads the Protobuf in which kubectl's `create` subcommands send the built-in kinds.

Only the messages and fields that those commands fill in are known; what else comes is refused, so that nothing is
dropped in silence. Answers are always JSON, which every client accepts beside Protobuf.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.api.errors import status_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.api.objects import Object

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    type: str = "string"  # string, bytes, int, bool, map, bytesmap, or a message
    repeated: bool = False


def _message(*fields: tuple[int, str] | tuple[int, str, str]) -> dict[int, _Field]:
    """Fields as (number, name) or (number, name, type); a type in brackets is repeated."""
    result = {}
    for number, name, *rest in fields:
        kind = rest[0] if rest else "string"
        result[number] = _Field(name, kind.strip("[]"), kind.startswith("["))
    return result


_META = (1, "metadata", "ObjectMeta")
_RULES = _message(_META, (2, "rules", "[PolicyRule]"))
_BINDING = _message(_META, (2, "subjects", "[Subject]"), (3, "roleRef", "RoleRef"))

_MESSAGES: dict[str, dict[int, _Field]] = {
    "ObjectMeta": _message(
        (1, "name"),
        (2, "generateName"),
        (3, "namespace"),
        (5, "uid"),
        (6, "resourceVersion"),
        (8, "creationTimestamp", "Time"),
        (11, "labels", "map"),
        (12, "annotations", "map"),
        (13, "ownerReferences", "[OwnerReference]"),
        (14, "finalizers", "[string]"),
    ),
    "OwnerReference": _message(
        (1, "kind"), (3, "name"), (4, "uid"), (5, "apiVersion"), (6, "controller", "bool"),
        (7, "blockOwnerDeletion", "bool"),
    ),
    "Time": _message((1, "seconds", "int"), (2, "nanos", "int")),
    "Namespace": _message(_META, (2, "spec", "Empty"), (3, "status", "Empty")),
    "Empty": {},
    "ConfigMap": _message(_META, (2, "data", "map"), (3, "binaryData", "bytesmap"), (4, "immutable", "bool")),
    "Secret": _message(_META, (2, "data", "bytesmap"), (3, "type"), (4, "stringData", "map"), (5, "immutable", "bool")),
    "ServiceAccount": _message(_META),
    "Role": _RULES,
    "ClusterRole": _RULES,
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "PolicyRule": _message(
        (1, "verbs", "[string]"),
        (2, "apiGroups", "[string]"),
        (3, "resources", "[string]"),
        (4, "resourceNames", "[string]"),
        (5, "nonResourceURLs", "[string]"),
    ),
    "Subject": _message((1, "kind"), (2, "apiGroup"), (3, "name"), (4, "namespace")),
    "RoleRef": _message((1, "apiGroup"), (2, "kind"), (3, "name")),
    "Eviction": _message(_META, (2, "deleteOptions", "DeleteOptions")),
    "DeleteOptions": _message(
        (1, "gracePeriodSeconds", "int"), (2, "preconditions", "Preconditions"), (4, "propagationPolicy"),
        (5, "dryRun", "[string]"),
    ),
    "Preconditions": _message((1, "uid"), (2, "resourceVersion")),
    "TokenRequest": _message(_META, (2, "spec", "TokenRequestSpec"), (3, "status", "TokenRequestStatus")),
    "TokenRequestSpec": _message((1, "audiences", "[string]"), (4, "expirationSeconds", "int")),
    "TokenRequestStatus": _message((1, "token"), (2, "expirationTimestamp", "Time")),
    "Deployment": _message(_META, (2, "spec", "DeploymentSpec"), (3, "status", "Empty")),
    "DeploymentSpec": _message(
        (1, "replicas", "int"), (2, "selector", "LabelSelector"), (3, "template", "PodTemplateSpec"),
        (4, "strategy", "Empty"),
    ),
    "Job": _message(_META, (2, "spec", "JobSpec"), (3, "status", "Empty")),
    "JobSpec": _message((4, "selector", "LabelSelector"), (6, "template", "PodTemplateSpec")),
    "Service": _message(_META, (2, "spec", "ServiceSpec"), (3, "status", "Empty")),
    "ServiceSpec": _message(
        (1, "ports", "[ServicePort]"), (2, "selector", "map"), (3, "clusterIP"), (4, "type"), (10, "externalName"),
    ),
    "ServicePort": _message(
        (1, "name"), (2, "protocol"), (3, "port", "int"), (4, "targetPort", "IntOrString"), (5, "nodePort", "int"),
    ),
    "LabelSelector": _message((1, "matchLabels", "map")),
    "PodTemplateSpec": _message(_META, (2, "spec", "PodSpec")),
    "PodSpec": _message((2, "containers", "[Container]"), (3, "restartPolicy")),
    "Container": _message(
        (1, "name"), (2, "image"), (3, "command", "[string]"), (4, "args", "[string]"), (6, "ports", "[ContainerPort]"),
        (8, "resources", "Empty"),
    ),
    "ContainerPort": _message((1, "name"), (3, "containerPort", "int"), (4, "protocol")),
}  # fmt: skip


def decode(body: bytes) -> Object:
    """The object in a Protobuf body."""
    if not body.startswith(_MAGIC):
        raise _refusal("the body does not start as Kubernetes' Protobuf does")
    envelope = {number: value for number, _, value in _fields(body[len(_MAGIC) :])}
    types = {number: value.decode() for number, _, value in _fields(envelope.get(1, b""))}
    api_version, kind = types.get(1, ""), types.get(2, "")
    if kind not in _MESSAGES:
        raise _refusal(f"Protobuf is not understood for the kind {kind}")
    return {"apiVersion": api_version, "kind": kind, **_decode(kind, envelope.get(2, b""))}


def _refusal(why: str) -> Exception:
    return status_error(415, "UnsupportedMediaType", f"{why}; send application/json")


def _decode(message: str, body: bytes) -> Object:
    known = _MESSAGES[message]
    result: Object = {}
    for number, wire, raw in _fields(body):
        field = known.get(number)
        if field is None:
            if raw in (b"", 0) or message == "Empty":
                continue
            raise _refusal(f"field {number} of {message} is not understood in Protobuf")
        value = _value(field.type, wire, raw)
        if field.type in ("map", "bytesmap"):
            result.setdefault(field.name, {}).update(value)
        elif field.repeated:
            result.setdefault(field.name, []).append(value)
        elif value not in ("", None) and (value != {} or field.type == "ObjectMeta"):
            result[field.name] = value
    return result


def _value(kind: str, wire: int, raw: Any) -> Any:  # noqa: PLR0911 -- one for each type
    match kind:
        case "string":
            return raw.decode()
        case "bytes":
            return base64.b64encode(raw).decode()
        case "int":
            return raw - (1 << 64) if raw >= 1 << 63 else raw
        case "bool":
            return bool(raw)
        case "map" | "bytesmap":
            pair = {number: value for number, _, value in _fields(raw)}
            value = pair.get(2, b"")
            return {pair.get(1, b"").decode(): value.decode() if kind == "map" else base64.b64encode(value).decode()}
        case "Time":
            return None  # the server's to say
        case "IntOrString":
            of_kind = {number: value for number, _, value in _fields(raw)}
            return of_kind.get(3, b"").decode() if of_kind.get(1) else of_kind.get(2, 0)
    if wire != _BYTES:
        raise _refusal("a message is expected")
    return _decode(kind, raw)


def _fields(body: bytes) -> Iterator[tuple[int, int, Any]]:
    """The fields of a message: number, wire type, and number or bytes."""
    position = 0
    try:
        while position < len(body):
            tag, position = _varint(body, position)
            number, wire = tag >> 3, tag & 7
            if wire == _VARINT:
                value, position = _varint(body, position)
                yield number, wire, value
            elif wire == _BYTES:
                size, position = _varint(body, position)
                yield number, wire, body[position : position + size]
                position += size
            elif wire in (_FIXED64, _FIXED32):
                size = 8 if wire == _FIXED64 else 4
                yield number, wire, body[position : position + size]
                position += size
            else:
                raise _refusal(f"wire type {wire} is not understood")
    except IndexError as error:
        raise _refusal("the Protobuf body ends too early") from error


def _varint(body: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 -- the bit that says whether more follows
            return value, position
        shift += 7
