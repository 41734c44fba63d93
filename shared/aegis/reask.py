"""Alerts that have no workflow because of what was mended since are looked at again, without waiting for a repeat."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from aegis import broker, clock, hints
from aegis.kube import Kube
from aegis.models.alert import AegisAlert
from aegis.models.base import Object
from aegis.models.states import AlertStatus, TriggerStatus
from aegis.scope import scope

_RECENT = timedelta(hours=1)
_log = logging.getLogger(__name__)


async def ask_again(
    kube: Kube, mended: Object, refused: Iterable[TriggerStatus], *, source: str, concerns: Callable[[AegisAlert], bool]
) -> None:
    """Tell the Broker of alerts that fire, came to one of these, and are concerned by what was mended.

    Only of those for which it counts, by its namespace: whoever edits in a namespace of their own has no others looked
    at. Only of those that were received within ``AEGIS_REASK_SECONDS``: what fires still is repeated by its sender.

    Raises:
        Unavailable: when the API server does not answer.
    """
    namespace = None if scope().is_shared(mended.metadata.namespace) else mended.metadata.namespace
    since = clock.parse(clock.now()) - clock.duration("AEGIS_REASK_SECONDS", default=_RECENT)
    for status in refused:
        selector = f"status.status={AlertStatus.FIRING},status.opsStatus.triggerStatus={status}"
        found = await kube.list(AegisAlert, namespace=namespace, field_selector=selector)
        events = [
            hints.look_at(alert, source=source) for alert in found.items if _is_recent(alert, since) and concerns(alert)
        ]
        if events:
            _log.info("asked again", extra={"status": status, "alerts": len(events)})
            await broker.send(events)


def _is_recent(alert: AegisAlert, since: datetime) -> bool:
    received = clock.read(alert.status.last_received_time or alert.metadata.creation_timestamp)
    return received is not None and received >= since
