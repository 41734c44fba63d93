"""Saying of a rule, when it is applied, whether it can work."""

import logging

from pydantic import ValidationError

from aegis import clock
from aegis.errors import BadEvent, NotFound
from aegis.events import Event
from aegis.kube import Kube
from aegis.models.rule import AegisAlertOpsRule
from aegis.recorder import record
from aegis.transition import transition
from functions.rule_matcher.validity import INVALID, recorded

_log = logging.getLogger(__name__)


async def record_rule(kube: Kube, event: Event) -> None:
    """Check a rule and write what was found to its status; most updates only count workflows and need nothing.

    Raises:
        BadEvent: when the event's data is no AegisAlertOpsRule.
    """
    try:
        rule = AegisAlertOpsRule.read(event.data)
    except ValidationError as error:
        raise BadEvent(f"data: not an AegisAlertOpsRule: {error}") from error
    if rule.metadata.deletion_timestamp is not None or recorded(rule, now=clock.now()) is None:
        return
    try:
        outcome = await transition(kube, rule, lambda item: recorded(item, now=clock.now()))
    except NotFound:
        return
    state = outcome.item.status
    if not outcome.changed:
        return
    _log.info("rule recorded", extra={"object": rule.reference, "status": state.status})
    if state.status == INVALID:
        message = next((c.message for c in state.conditions if c.type == "Valid"), "")
        await record(kube, outcome.item, reason="InvalidRule", message=message, kind="Warning")
