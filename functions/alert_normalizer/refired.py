"""The sweep's reminder that an alert which was resolved fires on: nothing of it is believed but which alert to read."""

from collections.abc import Mapping

from aegis import hints
from aegis.errors import NotFound
from aegis.events import ALERT_REFIRED, Event
from aegis.kube import Kube
from aegis.models.alert import AegisAlert
from aegis.models.states import AlertStatus
from aegis.series import is_episode
from functions.alert_normalizer.custom import read_custom
from functions.alert_normalizer.incoming import Incoming
from functions.alert_normalizer.intake import Intake

LARGEST_REMINDER = 64 * 1024


def is_reminder(headers: Mapping[str, str]) -> bool:
    """Whether a request is one, in the mode in which Knative delivers."""
    return headers.get("ce-type") == ALERT_REFIRED


async def reopen(kube: Kube, intake: Intake, event: Event) -> Event | None:
    """Open the next episode of the alert if it is due; the reply tells of it.

    Raises:
        BadEvent: when the event's data names no AegisAlert.
        Unavailable: when it cannot be stored now.
    """
    hint = hints.named(event.data, AegisAlert)
    try:
        noted = await hints.read(kube, hint)
        alert = stored(noted)
        return None if alert is None else await intake.reopen(alert, noted)
    except NotFound:
        return None


def stored(alert: AegisAlert) -> Incoming | None:
    """What an episode holds, as if it were sent again; nothing of an alert that the intake did not store."""
    (entry,) = read_custom(alert.spec.wire()).entries
    if not isinstance(entry, Incoming) or not is_episode(alert):
        return None
    return entry._replace(
        status=AlertStatus.FIRING, starts_at=alert.status.latest_starts_at or alert.spec.starts_at, ends_at=""
    )
