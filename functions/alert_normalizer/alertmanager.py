"""Alertmanager's webhook: version 4, and 3, which differs in what is not read here (its groupKey is a number).

Each alert has a status of its own: the envelope says firing as soon as any of them is, and is not asked.
Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from aegis.models.states import AlertStatus
from aegis.names import Fingerprint, alertmanager_fingerprint
from functions.alert_normalizer.fields import Fields, kind_of, unfit
from functions.alert_normalizer.incoming import BadContent, Batch, Entry, Incoming, Problem, Rejection, batch_of
from functions.alert_normalizer.measurer import told_apart
from functions.alert_normalizer.own_subjects import own_rows
from functions.alert_normalizer.senders import ANYBODY, Sender
from functions.alert_normalizer.subject import subject_of

SOURCE = "AlertManager"
_ANNOTATIONS_KEPT = ("description", "summary")


def read_webhook(data: object, sender: Sender = ANYBODY) -> Batch:
    """Read the alerts of one notification.

    Raises:
        BadContent: when it is no notification at all, or alerts of this source are not the sender's.
    """
    sender.must_be(SOURCE)
    if not isinstance(data, dict):
        raise BadContent(Problem("body", f"is {kind_of(data)}", "the object of an Alertmanager webhook, version 4"))
    alerts = data.get("alerts")
    if not isinstance(alerts, list):
        problem = f"is {kind_of(alerts)}" if "alerts" in data else "is missing"
        raise BadContent(Problem("alerts", problem, "a list of alerts, as in an Alertmanager webhook, version 4"))
    truncated = data.get("truncatedAlerts")
    batch = batch_of(alerts, lambda alert, position: _read(alert, f"alerts[{position}]"), where="alerts")
    return batch._replace(truncated=truncated if isinstance(truncated, int) and truncated > 0 else 0)


def _read(alert: object, at: str) -> Entry:
    if not isinstance(alert, dict):
        return Rejection((Problem(at, f"is {kind_of(alert)}", "an object"),))
    if rejection := unfit(alert, at):
        return rejection
    fields = Fields(at)
    labels = fields.texts("labels", alert.get("labels"))
    annotations = fields.texts("annotations", alert.get("annotations"))
    status = fields.status("status", alert.get("status"))
    alert_type = fields.text("labels.alertname", labels.get("alertname"), required=True)
    fingerprint = fields.text("fingerprint", alert.get("fingerprint"))
    starts_at = fields.moment("startsAt", alert.get("startsAt"))
    ends_at = fields.moment("endsAt", alert.get("endsAt")) if status is AlertStatus.RESOLVED else ""
    if rejection := fields.rejection():
        return rejection
    apart = told_apart(labels)
    subject, node_address = subject_of(apart, own_rows())
    return Incoming(
        source=SOURCE,
        type=alert_type,
        status=status,
        severity=labels.get("severity", ""),
        involved_object=subject,
        details={key: annotations[key] for key in _ANNOTATIONS_KEPT if key in annotations} | apart,
        fingerprint=Fingerprint(fingerprint) if fingerprint else alertmanager_fingerprint(labels),
        starts_at=starts_at,
        ends_at=ends_at,
        node_address=node_address,
    )
