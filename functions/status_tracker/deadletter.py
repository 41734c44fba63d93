"""Events that nobody could take: said on the resource that the event names, so that its owner sees it.

What is stuck is set going again by the sweep; this only says so. No event's data goes into logs or messages.
"""

import logging
from collections.abc import Mapping
from typing import Any

from aegis import clock
from aegis.errors import ApiError
from aegis.events import (
    ALERT_COMPLETED,
    ALERT_FIRING,
    ALERT_RESOLVED,
    RAW_ALERT_RECEIVED,
    RESOURCE_ADDED,
    RESOURCE_DELETED,
    RESOURCE_UPDATED,
    RULE_MATCHED,
    WORKFLOW_CREATED,
    Event,
)
from aegis.kube import Kube
from aegis.models.alert import AegisAlert
from aegis.models.base import Object, ObjectMeta
from aegis.models.conditions import Condition, with_condition
from aegis.models.rawalert import AegisRawAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import Workflow
from aegis.names import Uid
from aegis.recorder import record
from aegis.transition import transition
from functions.status_tracker.progress import STALLED

_CODE = "knativeerrorcode"
_REASON = "DeliveryFailed"
_log = logging.getLogger(__name__)

_WHOSE: Mapping[str, type[Object]] = {
    ALERT_FIRING: AegisAlert,
    ALERT_RESOLVED: AegisAlert,
    RULE_MATCHED: AegisAlert,
    WORKFLOW_CREATED: AegisAlert,
    ALERT_COMPLETED: AegisAlert,
    RAW_ALERT_RECEIVED: AegisRawAlert,
}
_RESOURCE_EVENTS = frozenset({RESOURCE_ADDED, RESOURCE_UPDATED, RESOURCE_DELETED})
_KINDS: Mapping[str, type[Object]] = {
    model.resource.kind: model for model in (AegisAlert, AegisAlertOpsRule, AegisOpsTemplate, AegisRawAlert, Workflow)
}


def is_dead_letter(event: Event) -> bool:
    """Whether Knative gave up on the event.

    It marks what it gave up on, but where the Broker's own filter did not answer. What names a resource and is not for
    this function is then one too: no Trigger sends it here.
    """
    return event.undelivered_to is not None or named_by(event) is not None


def named_by(event: Event) -> Object | None:
    """The resource that an event is about, with as much of its metadata as the event gives."""
    if event.type in _RESOURCE_EVENTS:
        model = _KINDS.get(event.extensions.get("kind", ""))
        name, namespace = event.extensions.get("name", ""), event.extensions.get("namespace", "")
    else:
        model = _WHOSE.get(event.type)
        namespace, _, name = event.subject.partition("/")
    if model is None:
        return None
    meta = {"namespace": namespace, "name": name, **_metadata(event.data)}
    if not meta["namespace"] or not meta["name"]:
        return None
    return model(metadata=ObjectMeta(namespace=meta["namespace"], name=meta["name"], uid=Uid(meta.get("uid", ""))))


def _metadata(data: Any) -> dict[str, str]:
    """Namespace, name and uid as the data has them: an object, an alert in it, or these three alone."""
    holder = data.get("alert", data) if isinstance(data, dict) else {}
    meta = holder.get("metadata", holder) if isinstance(holder, dict) else {}
    if not isinstance(meta, dict):
        return {}
    return {key: meta[key] for key in ("namespace", "name", "uid") if isinstance(meta.get(key), str)}


def stall(alert: AegisAlert, *, uid: Uid, message: str, now: str) -> Mapping[str, Any] | None:
    """Mark an alert as stalled, once for each message; not one that was made anew under the name."""
    if uid not in ("", alert.metadata.uid):
        return None
    stalled = Condition(type=STALLED, status="True", reason=_REASON, message=message)
    conditions = with_condition(alert.status.conditions, stalled, now=now)
    if conditions == alert.status.conditions:
        return None
    return {"conditions": [condition.wire() for condition in conditions]}


async def report(kube: Kube, event: Event) -> None:
    """Say on the resource that an event about it was not delivered; refusals of that are logged and no more.

    Raises:
        Unavailable: when the API server is away.
    """
    destination, code = event.undelivered_to or "", event.extensions.get(_CODE, "")
    about = named_by(event)
    extra = {"type": event.type, "subject": event.subject, "destination": destination, "code": code}
    _log.error("an event was not delivered", extra={**extra, "object": about.reference if about else ""})
    if about is None:
        return
    where = f" to {destination}" if destination else ""
    message = f"{event.type} was not delivered{where}: {code or 'no answer'}"
    try:
        if isinstance(about, AegisAlert):
            about = await _stall(kube, about, message)
        if about.metadata.uid:
            await record(kube, about, reason=_REASON, message=message, kind="Warning")
    except ApiError as error:
        _log.warning("a dead letter was not recorded", extra={"object": about.reference, "error": str(error)})


async def _stall(kube: Kube, about: AegisAlert, message: str) -> AegisAlert:
    uid = about.metadata.uid
    outcome = await transition(
        kube, about, lambda alert: stall(alert, uid=uid, message=message, now=clock.now()), fresh=True
    )
    return outcome.item if uid in ("", outcome.item.metadata.uid) else about
