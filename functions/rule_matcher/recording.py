"""Saying of a rule, when it is applied, whether it can work."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from pydantic import ValidationError

from aegis import clock, hints
from aegis.errors import NotFound, Unreadable
from aegis.events import Event
from aegis.kube import Kube
from aegis.models.alert import AegisAlert, TemplateReference
from aegis.models.conditions import ConditionType
from aegis.models.rule import AegisAlertOpsRule, RuleState
from aegis.models.states import REFUSED_BY_RULES, TriggerStatus
from aegis.models.template import AegisOpsTemplate
from aegis.reask import ask_again
from aegis.recorder import record
from aegis.scope import scope
from aegis.transition import swapped
from functions.rule_matcher.matching import Rule, RuleIndex
from functions.rule_matcher.rules import RuleCache
from functions.rule_matcher.templates import found, is_there, template_found, with_template
from functions.rule_matcher.validity import INVALID, recorded

SOURCE = "/aegis/rule-matcher"
_MOST_RULES = 100
"""That are told of one template; what it means for more of them is said when an alert meets them."""
_NAMED = 3
_TIED = (
    "when it was applied, {} applied to the same alerts with the same priority: none of them runs until they differ "
    "in priority"
)
_Decide = Callable[[AegisAlertOpsRule], Awaitable[RuleState | None]]
_log = logging.getLogger(__name__)


async def record_rule(kube: Kube, rules: RuleCache, event: Event) -> None:
    """Check a rule and write what was found to its status; most updates only count workflows and need nothing.

    Alerts that it may answer are asked again first: what is cut off before the rule is recorded is done over.

    Raises:
        BadEvent: when the event's data names no AegisAlertOpsRule.
        Unavailable: when the API server does not answer.
    """
    hint = hints.named(event.data, AegisAlertOpsRule)
    if _says_recorded(event):
        return
    try:
        rule = await hints.read(kube, hint)
        if not _is_recorded(rule):
            await _ask_again(kube, rule)
        await rules.current()  # rules come in numbers: from here on they are followed, not listed for each
        await _record(kube, rule, rules)
    except NotFound:
        return


async def record_template(kube: Kube, rules: RuleCache, event: Event) -> None:
    """Say on the rules that name a template whether it is there, since it was just applied or deleted.

    A rule that was not recorded yet has an event of its own.

    Raises:
        BadEvent: when the event's data names no AegisOpsTemplate.
        Unavailable: when the API server does not answer.
    """
    template = hints.named(event.data, AegisOpsTemplate).metadata
    named = TemplateReference(namespace=template.namespace, name=template.name)

    async def decide(rule: AegisAlertOpsRule) -> RuleState | None:
        return with_template(rule, found(rule, there=await is_there(kube, named)), now=clock.now())

    naming = [rule.where for rule in await rules.all() if rule.template == named]
    naming.sort(key=lambda where: where.namespace != template.namespace)  # those of others come last
    for namespace, name in naming[:_MOST_RULES]:
        try:
            rule = await kube.get(AegisAlertOpsRule, namespace=namespace, name=name)
            if _is_recorded(rule) and Rule.of(rule).template == named:
                await _write(kube, rule, decide)
        except (NotFound, Unreadable):
            continue


async def _record(kube: Kube, rule: AegisAlertOpsRule, rules: RuleCache) -> None:
    twins = list(islice(rules.tied(Rule.of(rule)), _NAMED))
    noted = [_TIED.format(", ".join(map(str, twins)))] if twins else []

    async def decide(item: AegisAlertOpsRule) -> RuleState | None:
        template = await template_found(kube, item)
        return recorded(item, now=clock.now(), noted=noted, template=template, has_room=rules.has_room(item))

    await _write(kube, rule, decide, noted)


async def _write(kube: Kube, rule: AegisAlertOpsRule, decide: _Decide, noted: Sequence[str] = ()) -> None:
    """Write what is decided on the rule, if it is still the very one; what it became since has an event of its own.

    It is decided at the moment of each try, so that nothing that was seen before is written over what is newer.
    """

    async def write(item: AegisAlertOpsRule, _: None) -> AegisAlertOpsRule:
        meta = item.metadata
        if (meta.uid, meta.generation) != (rule.metadata.uid, rule.metadata.generation) or meta.deletion_timestamp:
            return item
        state = await decide(item)
        if state is None:
            return item
        written = await kube.patch_status(item, state)
        _log.info("rule recorded", extra={"object": item.reference, "status": written.status.status})
        if not _is_recorded(item):
            await _tell(kube, written, noted)
        return written

    await swapped(kube, rule, lambda _: None, write)


async def _tell(kube: Kube, rule: AegisAlertOpsRule, noted: Sequence[str]) -> None:
    state = rule.status
    if state.status == INVALID:
        message = next((c.message for c in state.conditions if c.type == ConditionType.VALID), "")
        await record(kube, rule, reason="InvalidRule", message=message, kind="Warning")
    elif noted:
        await record(kube, rule, reason="TiedRules", message=noted[0], kind="Warning")


async def _ask_again(kube: Kube, rule: AegisAlertOpsRule) -> None:
    """Have alerts looked at that this rule answers now, or that it may have kept from being answered."""
    index = RuleIndex((Rule.of(rule),), scope())

    def concerns(alert: AegisAlert) -> bool:
        is_unknown = alert.status.firing.trigger_status is TriggerStatus.RULE_NOT_FOUND
        return not is_unknown or index.find(alert).rule is not None

    await ask_again(kube, rule, REFUSED_BY_RULES, source=SOURCE, concerns=concerns)


def _is_recorded(rule: AegisAlertOpsRule) -> bool:
    return bool(rule.status.status) and rule.status.observed_generation == rule.metadata.generation


def _says_recorded(event: Event) -> bool:
    """Whether the event itself says that nothing is left to do: all that is believed of one is that it is needless."""
    try:
        return _is_recorded(AegisAlertOpsRule.read(event.data))
    except ValidationError:
        return False
