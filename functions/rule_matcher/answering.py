"""From an alert to its match: read it and what the decision lacks, write what it says, pass on a match that stands."""

import logging
from functools import partial

from pydantic import ValidationError

from aegis import clock, hints
from aegis.errors import NotFound, Unavailable
from aegis.events import RESOURCE_UPDATED, RULE_MATCHED, Event, derived_id
from aegis.kube import Kube
from aegis.models.alert import AegisAlert
from aegis.models.states import Phase
from aegis.models.workflow import Workflow
from aegis.payloads import Matched, Reference
from aegis.recorder import record
from aegis.transition import decided
from functions.rule_matcher.attempts import begin_another_attempt
from functions.rule_matcher.decision import (
    NOTHING,
    Decision,
    Known,
    Missing,
    Unsure,
    awaits_workflow,
    decide,
    give_up,
)
from functions.rule_matcher.episodes import read_series, take_turn
from functions.rule_matcher.recording import SOURCE
from functions.rule_matcher.rules import RuleCache

_ATTEMPTS = 20
_log = logging.getLogger(__name__)


async def answer_alert(kube: Kube, rules: RuleCache, event: Event) -> Event | None:
    """Take the alert's next step; an alert that is gone needs none.

    Raises:
        BadEvent: when the event's data names no AegisAlert.
        Unavailable: when the API server does not answer.
    """
    hint = hints.named(event.data, AegisAlert)
    if event.type == RESOURCE_UPDATED and _says_answered(event):
        return None
    try:
        alert = await hints.read(kube, hint)
        if alert.retry:
            alert = await begin_another_attempt(kube, alert)
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
        data=Matched(phase=item.phase, alert=Reference.of(item)).wire(),
    )


def _says_answered(event: Event) -> bool:
    """Whether the event itself says that nothing is left to do: all that is believed of one is that it is needless."""
    try:
        alert = AegisAlert.read(event.data)
    except ValidationError:
        return False
    return alert.is_as_judged and not alert.retry


async def _settle(kube: Kube, rules: RuleCache, alert: AegisAlert) -> AegisAlert:
    """Decide, learning what is missing, until it is written or nothing is to be."""
    known = Known(rules=await rules.current())
    for _ in range(_ATTEMPTS):
        try:
            item, made, changed = await decided(kube, alert, partial(_decide, alert, known), lambda made: made.status)
        except Unsure as unsure:
            match unsure.missing:
                case Missing.RULES:
                    known = known._replace(rules=await rules.reread(), up_to_date=True)
                case Missing.WORKFLOW:
                    known = known._replace(workflow_exists=await _workflow_exists(kube, unsure.alert))
                case Missing.SERIES:
                    series = await read_series(kube, unsure.alert)
                    known = known._replace(series=series, is_alone=series is None)
                case Missing.TURN if known.series:
                    known = known._replace(series=await take_turn(kube, known.series._replace(own=unsure.alert)))
        else:
            await _tell(kube, item, made, changed=changed)
            return item
    raise Unavailable(f"the episodes of {alert.reference} changed {_ATTEMPTS} times while it was decided on")


def _decide(alert: AegisAlert, known: Known, item: AegisAlert) -> Decision:
    """Decide on the alert as it is now, if it is still the very one."""
    if not _same(item, alert):
        return NOTHING
    now = clock.now()
    try:
        return decide(item, known, now=now)
    except Unsure:
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, it ends on the alert: no alert comes back for ever)
        _log.exception("deciding failed", extra={"object": item.reference})
        return give_up(item, error, now=now)


def _same(item: AegisAlert, alert: AegisAlert) -> bool:
    """Whether it is the very alert, not one made anew under its name: that has an event of its own."""
    return item.metadata.uid == alert.metadata.uid


async def _workflow_exists(kube: Kube, alert: AegisAlert) -> bool:
    """Whether the firing's workflow was made in its newest attempt, though nothing may be on the alert yet."""
    namespace, name = alert.metadata.namespace, alert.workflow_name(Phase.FIRING)
    return await kube.find(Workflow, namespace=namespace, name=name) is not None


async def _tell(kube: Kube, item: AegisAlert, made: Decision, *, changed: bool) -> None:
    state = {"object": item.reference, "phase": item.phase, "status": item.status.record(item.phase).trigger_status}
    if not changed:
        _log.info("nothing to do", extra=state)
        return
    _log.info("decided", extra=state)
    if made.note:
        await record(kube, item, reason=made.note.reason, message=made.note.message, kind=made.note.kind)
