"""Events that nobody could take: said on the resource that the event names, so that its owner sees it.

What is stuck is set going again by the sweep; this only says so. Anyone who reaches the Broker can send a dead letter,
so it is said only of a resource that really waits for such an event, and in words of our own: no event's data goes into
logs or messages.
"""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from aegis import clock, hints
from aegis.errors import ApiError, BadEvent
from aegis.events import (
    ALERT_COMPLETED,
    ALERT_FIRING,
    ALERT_REFIRED,
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
from aegis.lifecycle.work import stalled
from aegis.models.alert import AegisAlert, AlertState
from aegis.models.base import Object
from aegis.models.rawalert import AegisRawAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import Phase
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import Workflow
from aegis.recorder import record
from aegis.transition import transition
from functions.status_tracker.progress import is_held

_CODE = "knativeerrorcode"
_CODE_LENGTH = 3
_TAKERS = frozenset({"alert-normalizer", "rule-matcher", "status-tracker", "workflow-renderer"})
"""Who takes events."""
_REASON = "DeliveryFailed"
_log = logging.getLogger(__name__)

_WHOSE: Mapping[str, type[Object]] = {
    ALERT_FIRING: AegisAlert,
    ALERT_REFIRED: AegisAlert,
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
    try:
        return hints.named({"metadata": {"namespace": namespace, "name": name, **_metadata(event.data)}}, model)
    except BadEvent:
        return None


def _metadata(data: Any) -> dict[str, str]:
    """Namespace, name and uid as the data has them: an object, an alert in it, or these three alone."""
    holder = data.get("alert", data) if isinstance(data, dict) else {}
    meta = holder.get("metadata", holder) if isinstance(holder, dict) else {}
    if not isinstance(meta, dict):
        return {}
    return {key: meta[key] for key in ("namespace", "name", "uid") if isinstance(meta.get(key), str)}


async def report(kube: Kube, event: Event) -> None:
    """Say on the resource that an event about it was not delivered; refusals of that are logged and no more.

    Raises:
        Unavailable: when the API server is away.
    """
    taker, code = _taker(event), _code(event)
    about = named_by(event)
    extra = {"destination": taker, "code": code, "object": about.reference if about else ""}
    _log.error("an event was not delivered", extra=extra)
    if about is None or isinstance(about, AegisRawAlert):  # nobody waits for those, and they are not ours to read
        return
    message = f"{event.type} was not delivered{f' to {taker}' if taker else ''}: {code or 'no answer'}"
    try:
        found = await hints.read(kube, about)
        if not _waits(found, event.type):
            return
        if isinstance(found, AegisAlert):
            await transition(kube, found, partial(_stalled, typ=event.type, message=message))
        await record(kube, found, reason=_REASON, message=message, kind="Warning")
    except ApiError as error:
        _log.warning("a dead letter was not recorded", extra={"object": about.reference, "error": str(error)})


def _stalled(alert: AegisAlert, *, typ: str, message: str) -> AlertState | None:
    return stalled(alert, reason=_REASON, message=message, now=clock.now()) if _waits(alert, typ) else None


def _waits(item: Object, typ: str) -> bool:
    """Whether an object's next step is up to an event of that type."""
    match item:
        case AegisAlert() if typ == RULE_MATCHED:
            return any(item.status.record(phase).awaits_workflow for phase in Phase)
        case AegisAlert() if typ == ALERT_REFIRED:
            return item.status.reopens_at is not None
        case AegisAlert() if typ in (ALERT_FIRING, ALERT_RESOLVED) or typ in _RESOURCE_EVENTS:
            return bool(item.retry) or not item.status.record(item.phase).trigger_status.stands
        case AegisAlertOpsRule() | AegisOpsTemplate():
            return item.status.observed_generation != item.metadata.generation
        case Workflow():
            return is_held(item)
    return False


def _taker(event: Event) -> str:
    """Which of our functions did not take it, if it was one of them."""
    try:
        host = urlsplit(event.undelivered_to or "").hostname or ""
    except ValueError:
        return ""
    name = host.partition(".")[0]
    return name if name in _TAKERS else ""


def _code(event: Event) -> str:
    """The status that was answered, if that is what the event says."""
    code = event.extensions.get(_CODE, "")
    return code if len(code) == _CODE_LENGTH and code.isascii() and code.isdigit() else ""
