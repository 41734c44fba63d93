"""The custom alert in JSON, as the Go system reads it: keys without regard to case, except inside ``details``.

It also carries what Aegis adds (source, severity, startsAt, endsAt), and so is the form in which other functions send
alerts: the spec of a stored AegisAlert, read as a custom alert, gives that alert again.
"""

from collections.abc import Mapping
from http import HTTPStatus

from aegis.models.states import AlertStatus
from aegis.names import Fingerprint, digest, is_label_value
from functions.alert_normalizer.fields import Fields, kind_of, unfit
from functions.alert_normalizer.incoming import (
    BadContent,
    Batch,
    Entry,
    Incoming,
    Problem,
    Rejection,
    Subject,
    batch_of,
)
from functions.alert_normalizer.senders import ANYBODY, Sender
from functions.alert_normalizer.subject import normalised

SOURCE = "Default"
_FINGERPRINT_LENGTH = 16


def read_custom(data: object, sender: Sender = ANYBODY) -> Batch:
    """Read one alert, a list of alerts, or an object whose ``alerts`` is such a list; of a source of the sender's.

    Raises:
        BadContent: when it is none of these.
    """
    if isinstance(data, dict):
        folded = _folded(data)
        alerts = folded.get("alerts")
        if isinstance(alerts, list):
            return batch_of(alerts, lambda alert, at: _read(alert, f"alerts[{at}]", sender), where="alerts")
        if "alerts" in folded and "type" not in folded:
            raise BadContent(Problem("alerts", f"is {kind_of(alerts)}", "a list of alerts"))
        return Batch([_read(data, "", sender)])
    if isinstance(data, list):
        return batch_of(data, lambda alert, at: _read(alert, f"[{at}]", sender), where="body")
    raise BadContent(Problem("body", f"is {kind_of(data)}", "an alert, or a list of alerts"))


def _folded(data: Mapping[str, object]) -> dict[str, object]:
    """The object by its keys without case; of keys that differ in case alone the last counts, as in Go."""
    return {key.casefold(): value for key, value in data.items()}


def _read(alert: object, at: str, sender: Sender) -> Entry:
    if not isinstance(alert, dict):
        return Rejection((Problem(at, f"is {kind_of(alert)}", "an object"),))
    if rejection := unfit(alert, at):
        return rejection
    fields, given = Fields(at), _folded(alert)
    alert_type = fields.text("type", given.get("type"), required=True)
    status = fields.status("status", given.get("status"))
    involved = _involved_object(fields, given.get("involvedobject"))
    details = fields.texts("details", given.get("details"))
    severity = fields.text("severity", given.get("severity")) or details.get("severity", "")
    fingerprint = fields.text("fingerprint", given.get("fingerprint"))
    starts_at = fields.moment("startsAt", given.get("startsat"))
    ends_at = fields.moment("endsAt", given.get("endsat")) if status is AlertStatus.RESOLVED else ""
    source = fields.text("source", given.get("source")) or SOURCE
    refusal = HTTPStatus.UNPROCESSABLE_ENTITY
    if not is_label_value(source):
        fields.wrong("source", "is no label value", "at most 63 letters, digits, '-', '_' and '.'")
    elif not sender.may_store(source):
        refusal = HTTPStatus.FORBIDDEN
        fields.note(sender.problem(fields.path("source"), source))
    if rejection := fields.rejection(refusal):
        return rejection
    return Incoming(
        source=source,
        type=alert_type,
        status=status,
        severity=severity,
        involved_object=involved,
        details=details,
        fingerprint=Fingerprint(fingerprint) if fingerprint else _fingerprint(alert_type, involved, details),
        starts_at=starts_at,
        ends_at=ends_at,
    )


def _involved_object(fields: Fields, value: object) -> Subject:
    if value is None:
        return Subject()
    if not isinstance(value, dict):
        fields.wrong("involvedObject", f"is {kind_of(value)}", "an object with kind, name, namespace and node")
        return Subject()
    given = _folded(value)
    keys = ("kind", "name", "namespace", "node", "inferredFrom")
    said = normalised(Subject(*(fields.text(f"involvedObject.{key}", given.get(key.casefold())) for key in keys)))
    if said.name and not said.kind:
        fields.wrong("involvedObject.kind", "is missing or empty", "the kind of the object that is named")
    if said.kind == "Pod" and said.name and not said.namespace:
        fields.wrong("involvedObject.namespace", "is missing or empty", "the namespace of the pod")
    return said


def _fingerprint(alert_type: str, involved: Subject, details: Mapping[str, str]) -> Fingerprint:
    """What identifies an alert whose sender does not say: everything that it says of it."""
    pairs = [text for key in sorted(details) for text in (key, details[key])]
    subject = (involved.kind, involved.name, involved.namespace, involved.node)
    return Fingerprint(digest(alert_type, *subject, *pairs, length=_FINGERPRINT_LENGTH))
