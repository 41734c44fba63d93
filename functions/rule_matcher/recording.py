"""Saying of a rule, when it is applied, whether it can work."""

import logging

from pydantic import ValidationError

from aegis import clock, hints
from aegis.errors import NotFound
from aegis.events import Event
from aegis.kube import Kube
from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule, RuleState
from aegis.models.states import REFUSED_BY_RULES, TriggerStatus
from aegis.reask import ask_again
from aegis.recorder import record
from aegis.scope import scope
from aegis.transition import transition
from functions.rule_matcher.matching import Rule, RuleIndex
from functions.rule_matcher.validity import INVALID, recorded

SOURCE = "/aegis/rule-matcher"
_log = logging.getLogger(__name__)


async def record_rule(kube: Kube, event: Event) -> None:
    """Check a rule and write what was found to its status; most updates only count workflows and need nothing.

    Alerts that it may answer are asked again first: what is cut off before the rule is recorded is done over.

    Raises:
        BadEvent: when the event's data names no AegisAlertOpsRule.
    """
    hint = hints.named(event.data, AegisAlertOpsRule)
    if _says_recorded(event):
        return
    try:
        rule = await hints.read(kube, hint)
        if _finding(rule, rule):
            await _ask_again(kube, rule)
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


async def _ask_again(kube: Kube, rule: AegisAlertOpsRule) -> None:
    """Have alerts looked at that this rule answers now, or that it may have kept from being answered."""
    index = RuleIndex((Rule.of(rule),), scope())

    def concerns(alert: AegisAlert) -> bool:
        is_unknown = alert.status.firing.trigger_status is TriggerStatus.RULE_NOT_FOUND
        return not is_unknown or index.find(alert).rule is not None

    await ask_again(kube, rule, REFUSED_BY_RULES, source=SOURCE, concerns=concerns)


def _says_recorded(event: Event) -> bool:
    """Whether the event itself says that nothing is left to do: all that is believed of one is that it is needless."""
    try:
        return recorded(AegisAlertOpsRule.read(event.data), now=clock.now()) is None
    except ValidationError:
        return False


def _finding(item: AegisAlertOpsRule, rule: AegisAlertOpsRule) -> RuleState | None:
    """What to write, if it is still the very rule."""
    meta = item.metadata
    if meta.uid != rule.metadata.uid or meta.deletion_timestamp is not None:
        return None
    return recorded(item, now=clock.now())
