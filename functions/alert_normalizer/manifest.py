"""The AegisAlert that an alert is stored as: labels that rules select by, annotations, and how long it is kept."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aegis.models.alert import STATUS_LABEL, AegisAlert
from aegis.models.selectors import LabelSelector
from aegis.names import is_label_key, label_value
from functions.alert_normalizer.incoming import Incoming, Subject
from functions.alert_normalizer.settings import Settings

MANAGED_BY = {"aegis.io/managed-by": "alert-normalizer"}
RECEIVED_EVENTS = "aegis.io/received-events"
"""Annotation: hashes of the events counted before the alert had a status to note them in."""

_RESERVED = ("aegis.io", "kubernetes.io", "k8s.io")


def manifest(alert: Incoming, settings: Settings, *, episode: int, events: Sequence[str]) -> dict[str, Any]:
    """The AegisAlert of one episode; ``events`` are hashes of the events that are counted with it."""
    name = alert.name(episode)
    labels = _labels(alert, name)
    annotations = dict(settings.system_parameters)
    if events:
        annotations[RECEIVED_EVENTS] = " ".join(events)
    return {
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": {
            "type": alert.type,
            "status": alert.status.value,
            "source": alert.source,
            "severity": alert.severity,
            "involvedObject": _involved_object(alert.involved_object),
            "details": dict(alert.details),
            "selector": {"matchLabels": labels},
            "ttlStrategy": {
                "secondsAfterSuccess": settings.seconds_after_success,
                "secondsAfterFailure": settings.seconds_after_failure,
                "secondsAfterNoOps": settings.seconds_after_no_ops,
            },
            "fingerprint": alert.fingerprint,
            "startsAt": alert.starts_at,
            "episode": episode,
        },
    }


def refreshed(stored: AegisAlert, alert: Incoming) -> dict[str, Any] | None:
    """The merge patch that has a stored alert say what a repeat of it says; nothing where it does.

    A node that cannot be looked up now is still the one that it was.
    """
    spec = stored.spec
    known = Subject(*(getattr(spec.involved_object, name) for name in Subject._fields))
    subject = known if alert.node_address else alert.involved_object
    if (spec.severity, spec.details, known) == (alert.severity, alert.details, subject):
        return None
    labels = _labels(alert, stored.metadata.name)
    return {
        "metadata": {"labels": _replacing(_as_labels(spec.details), labels)},  # what others labelled it with stays
        "spec": {
            "severity": alert.severity,
            "involvedObject": {"inferredFrom": None, **_involved_object(subject)},
            "details": _replacing(spec.details, alert.details),
            "selector": {"matchLabels": _replacing((spec.selector or LabelSelector()).match_labels, labels)},
        },
    }


def _replacing(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str | None]:
    """What a merge patch says to replace a map as a whole."""
    return {**dict.fromkeys(old), **new}


def _involved_object(subject: Subject) -> dict[str, str]:
    given = subject._asdict()
    inferred_from = given.pop("inferred_from")
    return given | ({"inferredFrom": inferred_from} if inferred_from else {})


def _labels(alert: Incoming, name: str) -> dict[str, str]:
    return {
        **_as_labels(alert.details),
        "alert-source-type": alert.source,
        "alert-type": label_value(alert.type),
        STATUS_LABEL: alert.status.value,
        "fingerprint": label_value(alert.fingerprint),
        "uuid": str(uuid5(NAMESPACE_URL, name)),
        **MANAGED_BY,
    }


def _as_labels(details: Mapping[str, str]) -> dict[str, str]:
    """The details as labels; a sender cannot set those that Kubernetes or Aegis acts on.

    A value that Kubernetes does not take is there with another in its place: a rule may ask that there is none.
    """
    return {key: label_value(value) for key, value in details.items() if is_label_key(key) and not _is_reserved(key)}


def _is_reserved(key: str) -> bool:
    prefix = key.rpartition("/")[0]
    return any(prefix == domain or prefix.endswith(f".{domain}") for domain in _RESERVED)
