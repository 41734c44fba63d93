"""rule_matcher: finds the one rule that applies to an alert.

In: ``io.aegis.alert.firing.v1`` and ``.resolved.v1``; AegisAlerts made by hand, added or changed; AegisAlertOpsRules
added or changed. Out: reply ``io.aegis.rule.matched.v1``, or the trigger status that says why not; to the Broker
``io.aegis.alert.firing.v1`` of alerts that a rule that was mended may answer. Of an alert it writes startTime,
opsStatus.triggerStatus and alertOpsStatus (Pending or empty), the phase's triggerStatus, triggerTime, rule and
template, and the condition Triggered; of episode 0 turn; of one made by hand also status and resolvedTime. Of a rule
it writes status, observedGeneration and the condition Valid.
"""

from functools import cache

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from aegis.connection import kube
from aegis.errors import BadEvent
from aegis.events import ALERT_FIRING, ALERT_RESOLVED, RESOURCE_ADDED, RESOURCE_UPDATED, Event
from aegis.function import serve
from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.scope import scope
from functions.rule_matcher.answering import answer_alert
from functions.rule_matcher.recording import record_rule
from functions.rule_matcher.rules import RuleCache

ALERT, RULE = AegisAlert.resource.kind, AegisAlertOpsRule.resource.kind


@cache
def rules() -> RuleCache:
    """The rules that this process knows."""
    return RuleCache(kube(), scope())


@functions_framework.aio.http
async def match_rules(request: Request) -> Response:
    """The function's target."""
    return await serve(request, handle)


async def handle(event: Event) -> Event | None:
    """Answer one event.

    Raises:
        BadEvent: for a type or kind that is none of the above.
    """
    by_source = event.type in (RESOURCE_ADDED, RESOURCE_UPDATED)
    kind = event.extensions.get("kind") if by_source else None
    if event.type in (ALERT_FIRING, ALERT_RESOLVED) or kind == ALERT:
        return await answer_alert(kube(), rules(), event)
    if kind == RULE:
        await record_rule(kube(), event)
        return None
    accepted = f"{ALERT_FIRING}, {ALERT_RESOLVED}, or {RESOURCE_ADDED} and {RESOURCE_UPDATED} of {ALERT} and {RULE}"
    raise BadEvent(f"type: {event.type} of {kind or 'no kind'} is not handled here; accepted are {accepted}")
