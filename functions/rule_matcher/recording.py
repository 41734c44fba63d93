"""Saying of a rule, when it is applied, whether it can work."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from aegis import clock, hints
from aegis.errors import NotFound
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
        BadEvent: when the event's data names no AegisAlertOpsRule.
    """
    hint = hints.named(event.data, AegisAlertOpsRule)
    if _says_recorded(event):
        return
    try:
        rule = await hints.read(kube, hint)
        outcome = await transition(kube, rule, lambda item: _finding(item, rule))
    except NotFound:
        return
    state = outcome.item.status
    if not outcome.changed:
        return
    _log.info("rule recorded", extra={"object": rule.reference, "status": state.status})
    if state.status == INVALID:
        message = next((c.message for c in state.conditions if c.type == "Valid"), "")
        await record(kube, outcome.item, reason="InvalidRule", message=message, kind="Warning")


def _says_recorded(event: Event) -> bool:
    """Whether the event itself says that nothing is left to do: all that is believed of one is that it is needless."""
    try:
        return recorded(AegisAlertOpsRule.read(event.data), now=clock.now()) is None
    except ValidationError:
        return False


def _finding(item: AegisAlertOpsRule, rule: AegisAlertOpsRule) -> Mapping[str, Any] | None:
    """What to write, if it is still the very rule."""
    meta = item.metadata
    if meta.uid != rule.metadata.uid or meta.deletion_timestamp is not None:
        return None
    return recorded(item, now=clock.now())
