"""rule_matcher: finds the one rule that applies to an alert.

In: ``io.aegis.alert.firing.v1`` and ``.resolved.v1``; AegisAlerts made by hand, added or changed; AegisAlertOpsRules
added or changed; AegisOpsTemplates added or deleted. Out: reply ``io.aegis.rule.matched.v1``, or the trigger status
that says why not; to the Broker ``io.aegis.alert.firing.v1`` of alerts that a rule that was mended may answer. Of an
alert it writes startTime, opsStatus.triggerStatus and alertOpsStatus (Pending or empty), the phase's triggerStatus,
triggerTime, rule and template, the condition Triggered, and where another attempt is asked for observedRetry and with
it the attempt; of episode 0 turn; of one made by hand also status and resolvedTime. Of a rule it writes status,
observedGeneration and the conditions Valid and TemplateFound.
"""

from functools import cache

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from aegis.connection import kube
from aegis.errors import BadEvent
from aegis.events import ALERT_FIRING, ALERT_RESOLVED, RESOURCE_ADDED, RESOURCE_DELETED, RESOURCE_UPDATED, Event
from aegis.function import serve
from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from aegis.scope import scope
from functions.rule_matcher.answering import answer_alert
from functions.rule_matcher.recording import record_rule, record_template
from functions.rule_matcher.rules import RuleCache

_ACCEPTED = (
    f"{ALERT_FIRING}, {ALERT_RESOLVED}, {RESOURCE_ADDED} and {RESOURCE_UPDATED} of {AegisAlert.resource.kind} and "
    f"{AegisAlertOpsRule.resource.kind}, or {RESOURCE_ADDED} and {RESOURCE_DELETED} of {AegisOpsTemplate.resource.kind}"
)


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
    kind = event.extensions.get("kind")
    match event.type, kind:
        case (typ, _) if typ in (ALERT_FIRING, ALERT_RESOLVED):
            return await answer_alert(kube(), rules(), event)
        case (typ, AegisAlert.resource.kind) if typ in (RESOURCE_ADDED, RESOURCE_UPDATED):
            return await answer_alert(kube(), rules(), event)
        case (typ, AegisAlertOpsRule.resource.kind) if typ in (RESOURCE_ADDED, RESOURCE_UPDATED):
            await record_rule(kube(), rules(), event)
            return None
        case (typ, AegisOpsTemplate.resource.kind) if typ in (RESOURCE_ADDED, RESOURCE_DELETED):
            await record_template(kube(), rules(), event)
            return None
    raise BadEvent(f"type: {event.type} of {kind or 'no kind'} is not handled here; accepted are {_ACCEPTED}")
