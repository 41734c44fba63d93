"""From an alert to its match: read only what the decision lacks, write what it says, pass on a match that stands."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from aegis import clock
from aegis.errors import BadEvent, NotFound
from aegis.events import RESOURCE_UPDATED, RULE_MATCHED, Event, derived_id
from aegis.kube import Kube
from aegis.models.alert import AegisAlert, Phase
from aegis.models.workflow import Workflow
from aegis.names import workflow_name
from aegis.recorder import record
from aegis.transition import Outcome, transition
from functions.rule_matcher.decision import (
    NOTHING,
    Decision,
    Known,
    Missing,
    Unsure,
    awaits_workflow,
    decide,
    is_answered,
)
from functions.rule_matcher.rules import RuleCache

SOURCE = "/aegis/rule-matcher"
_log = logging.getLogger(__name__)


async def answer_alert(kube: Kube, rules: RuleCache, event: Event) -> Event | None:
    """Take the alert's next step; an alert that is gone needs none.

    Raises:
        BadEvent: when the event's data is no AegisAlert as the API server stores it.
        Unavailable: when the API server does not answer.
    """
    alert = _read(event)
    if event.type == RESOURCE_UPDATED and is_answered(alert):
        return None
    try:
        item = await _settle(kube, rules, alert)
    except NotFound:
        return None
    if not (_same(item, alert) and awaits_workflow(item)):
        return None
    meta = item.metadata
    return Event(
        type=RULE_MATCHED,
        source=SOURCE,
        id=derived_id(event.identity, meta.uid, item.phase),
        subject=f"{meta.namespace}/{meta.name}",
        data={"phase": item.phase.value, "alert": item.manifest()},
    )


def _read(event: Event) -> AegisAlert:
    try:
        alert = AegisAlert.read(event.data)
    except ValidationError as error:
        raise BadEvent(f"data: not an AegisAlert: {error}") from error
    meta = alert.metadata
    if not (meta.namespace and meta.name and meta.uid and meta.resource_version):
        raise BadEvent("data: not an AegisAlert as it is stored: namespace, name, uid and resourceVersion are needed")
    return alert


async def _settle(kube: Kube, rules: RuleCache, alert: AegisAlert) -> AegisAlert:
    """Decide, learning what is missing, until it is written or nothing is to be."""
    known = Known(rules=await rules.current())
    while True:
        made = NOTHING

        def step(item: AegisAlert, known: Known = known) -> Mapping[str, Any] | None:
            nonlocal made
            made = decide(item, known, now=clock.now()) if _same(item, alert) else NOTHING
            return made.status

        try:
            outcome = await transition(kube, alert, step)
        except Unsure as unsure:
            match unsure.missing:
                case Missing.RULES:
                    known = known._replace(rules=await rules.reread(), up_to_date=True)
                case Missing.WORKFLOW:
                    known = known._replace(workflow_exists=await _workflow_exists(kube, alert))
        else:
            await _tell(kube, outcome, made)
            return outcome.item


def _same(item: AegisAlert, alert: AegisAlert) -> bool:
    """Whether it is the very alert, not one made anew under its name: that has an event of its own."""
    return item.metadata.uid == alert.metadata.uid


async def _workflow_exists(kube: Kube, alert: AegisAlert) -> bool:
    name = workflow_name(alert.metadata.name, alert.metadata.uid, Phase.FIRING.value)
    try:
        await kube.get(Workflow, namespace=alert.metadata.namespace, name=name)
    except NotFound:
        return False
    return True


async def _tell(kube: Kube, outcome: Outcome[AegisAlert], made: Decision) -> None:
    item = outcome.item
    state = {"object": item.reference, "phase": item.phase, "status": item.status.record(item.phase).trigger_status}
    if not outcome.changed:
        _log.info("nothing to do", extra=state)
        return
    _log.info("decided", extra=state)
    if made.note:
        await record(kube, item, reason=made.note.reason, message=made.note.message, kind=made.note.kind)
