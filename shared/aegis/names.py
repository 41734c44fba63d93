"""The strings that must not be mixed up, and how the names of what Aegis creates are derived.

Names are derived, never random: whoever runs a step a second time arrives at the same object.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, NewType

Uid = NewType("Uid", str)
ResourceVersion = NewType("ResourceVersion", str)
Fingerprint = NewType("Fingerprint", str)


class NamespacedName(NamedTuple):
    """Where an object is, among those of its kind."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """As kubectl's messages have it: ``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @classmethod
    def read(cls, text: str) -> "NamespacedName | None":
        """Read ``namespace/name``; nothing where it is something else."""
        namespace, slash, name = text.partition("/")
        return cls(namespace, name) if namespace and slash and name else None


ALERT_NAME_LENGTH = 50
"""So that what derives from an alert's name still fits a label value (63)."""

_HASH_LENGTH = 10
_NOT_DNS = re.compile(r"[^a-z0-9]+")
_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_LABEL_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_FNV = {32: (0x811C9DC5, 0x01000193), 64: (14695981039346656037, 1099511628211)}
"""Offset basis and prime, by size in bits."""
_SEPARATOR = b"\xff"


def digest(*parts: str, length: int = _HASH_LENGTH) -> str:
    """A short, stable hash of several strings, fit for a name; no two lists of parts run together."""
    framed = b"".join(
        len(part).to_bytes(8, "big") + part for part in (p.encode("utf-8", "surrogatepass") for p in parts)
    )
    return hashlib.sha256(framed).hexdigest()[:length]


def _dns(text: str) -> str:
    return _NOT_DNS.sub("-", text.lower()).strip("-")


def alert_name(*, source: str, alert_type: str, fingerprint: Fingerprint, episode: int) -> str:
    """The name of one episode of an alert: ``<source>-<type>-<hash>``, at most 50 characters, a DNS label."""
    began = ""  # once told alerts apart; those without one keep their names
    suffix = digest(source, alert_type, fingerprint, began, str(episode))
    prefix = _dns(f"{source}-{alert_type}")[: ALERT_NAME_LENGTH - len(suffix) - 1].strip("-") or "alert"
    return f"{prefix}-{suffix}"


def workflow_name(alert: str, uid: Uid, phase: str, *, attempt: int = 1) -> str:
    """The name of an alert's workflow in one phase (``firing``, ``resolved``); it starts with the alert's name.

    The uid is in it because an alert made by hand may be deleted and made again under its old name.
    """
    number = (str(attempt),) if attempt > 1 else ()  # there was one attempt only when the first were named
    return f"{alert[:ALERT_NAME_LENGTH].rstrip('-.')}-{digest(alert, uid, phase, *number, length=6)}"


def is_object_name(name: str) -> bool:
    """Whether Kubernetes takes the string as an object's name: a DNS subdomain, as custom resources have."""
    return _SUBDOMAIN.fullmatch(name) is not None


def is_label_value(value: str) -> bool:
    """Whether Kubernetes takes the string as a label's value."""
    return _LABEL_VALUE.fullmatch(value) is not None


def is_label_key(key: str) -> bool:
    """Whether Kubernetes takes the string as a label's key: an optional DNS prefix and a name."""
    prefix, slash, name = key.rpartition("/")
    return _LABEL_NAME.fullmatch(name) is not None and (not slash or is_object_name(prefix))


def label_value(text: str) -> str:
    """The string itself where it is a label value, else a hash of it, so that selecting by it still works."""
    return text if is_label_value(text) else digest(text, length=40)


def alertmanager_fingerprint(labels: Mapping[str, str]) -> Fingerprint:
    """The fingerprint Alertmanager gives a label set: 64-bit FNV-1a over its sorted pairs.

    Source: https://github.com/prometheus/common/blob/main/model/signature.go (labelSetToFingerprint).
    """
    pairs = (name.encode() + _SEPARATOR + labels[name].encode() + _SEPARATOR for name in sorted(labels))
    return Fingerprint(f"{fnv1a(b''.join(pairs), bits=64):016x}")


def fnv1a(data: bytes, *, bits: Literal[32, 64]) -> int:
    """The hash in fingerprints of Alertmanager's (64 bits) and in names of Argo's pods (32).

    Source: https://datatracker.ietf.org/doc/html/rfc9923 (FNV-1a).
    """
    value, prime = _FNV[bits]
    for octet in data:
        value = ((value ^ octet) * prime) % (1 << bits)
    return value
