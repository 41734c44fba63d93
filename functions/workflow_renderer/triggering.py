"""From a match to a Workflow: read again what was matched, render, create; or say on the alert why not."""

import logging
from time import monotonic

from pydantic import Field

from aegis import clock, hints, payloads
from aegis.errors import AlreadyExists, Forbidden, Invalid, NotFound, Unavailable
from aegis.events import WORKFLOW_CREATED, Event, derived_id
from aegis.kube import Kube
from aegis.lifecycle.match import CREATED_WITHIN, is_as_matched, is_wanted, refused, unmatched
from aegis.models.alert import AegisAlert, TemplateReference
from aegis.models.base import Object
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import Phase, TriggerStatus
from aegis.models.template import AegisOpsTemplate, TemplateSpec
from aegis.models.workflow import ALERT_UID_ANNOTATION, Workflow
from aegis.payloads import Matched, Reference
from aegis.recorder import record
from aegis.scope import scope
from aegis.transition import transition
from functions.workflow_renderer.decision import SOURCE
from functions.workflow_renderer.workflow import build_workflow

_log = logging.getLogger(__name__)


class Rule(Object):
    """Of a rule only which it is: no more is read than used, a cold start pays for it."""

    resource = AegisAlertOpsRule.resource


class Template(Object):
    """Of a template only which it is, and what to make of it."""

    resource = AegisOpsTemplate.resource

    spec: TemplateSpec = Field(default_factory=TemplateSpec)


class Created(Object):
    """Of a workflow only which it is, and whose."""

    resource = Workflow.resource


class Refused(Exception):
    """There will be no workflow, however often it is tried; ``reason`` goes on the alert."""

    def __init__(self, reason: TriggerStatus, message: str) -> None:
        """Keep the reason beside the message."""
        super().__init__(message)
        self.reason = reason


async def trigger(kube: Kube, event: Event) -> Event | None:
    """Create the workflow of a match.

    Raises:
        BadEvent: when the event's data is no match.
        Unavailable: when the API server does not answer, or it took so long that the match may not be wanted any more.
    """
    match = payloads.read(Matched, event)
    hint, phase = hints.named(match.alert.wire(), AegisAlert), match.phase
    until = monotonic() + CREATED_WITHIN.total_seconds()
    try:
        alert = await hints.read(kube, hint)
    except NotFound:
        return None
    record_ = alert.status.record(phase)
    if not is_wanted(alert, phase) or record_.rule is None or record_.template is None:
        _log.info("no longer wanted", extra={"object": alert.reference, "phase": phase})
        return None
    rule = await kube.find(Rule, namespace=record_.rule.namespace, name=record_.rule.name)
    if rule is None or not is_as_matched(alert, phase, rule):
        return await _match_again(kube, alert, phase)
    try:
        workflow = await _create(kube, alert, phase, rule, record_.template, until=until)
    except Refused as refusal:
        await _refuse(kube, alert, phase, refusal)
        return None
    message = f"Created ops workflow {workflow.metadata.name}"
    await record(kube, alert, reason="SucceededCreateOpsWorkflow", message=message)
    _log.info("workflow created", extra={"object": alert.reference, "workflow": workflow.reference, "phase": phase})
    return Event(
        type=WORKFLOW_CREATED,
        source=SOURCE,
        id=derived_id(workflow.metadata.uid),
        subject=f"{workflow.metadata.namespace}/{workflow.metadata.name}",
        data=payloads.Created(phase=phase, alert=Reference.of(alert), workflow=Reference.of(workflow)).wire(),
    )


async def _create(
    kube: Kube, alert: AegisAlert, phase: Phase, rule: Rule, reference: TemplateReference, *, until: float
) -> Created:
    from aegis.nearest import similar  # noqa: PLC0415
    from functions.workflow_renderer.bounded import render  # noqa: PLC0415  (it loads when a match comes)
    from functions.workflow_renderer.errors import TemplateInvalid, UnsafeValue  # noqa: PLC0415

    if refusal := scope().refusal(reference, alert_namespace=alert.metadata.namespace):
        raise Refused(TriggerStatus.TEMPLATE_NOT_FOUND, refusal)
    where = f"{reference.namespace}/{reference.name}"
    try:
        template = await kube.get(Template, namespace=reference.namespace, name=reference.name)
    except NotFound as error:
        near = similar(reference.name, await _templates(kube, reference.namespace))
        meant = f"; did you mean {near}?" if near else ""
        message = f"rule {rule.metadata.namespace}/{rule.metadata.name}: there is no AegisOpsTemplate {where}{meant}"
        raise Refused(TriggerStatus.TEMPLATE_NOT_FOUND, message) from error
    try:
        rendered = await render(template.spec.manifest, alert)
    except TemplateInvalid as error:
        raise Refused(TriggerStatus.TEMPLATE_INVALID, f"template {where}: {error}") from error
    except UnsafeValue as error:
        raise Refused(TriggerStatus.UNSAFE_VALUE, f"template {where}: {error}") from error
    manifest = build_workflow(rendered, alert=alert, phase=phase, rule=rule, template=template)
    namespace, name = alert.metadata.namespace, manifest["metadata"]["name"]
    if monotonic() > until:
        raise Unavailable(f"the match of {alert.reference} was read too long ago")
    try:
        return await kube.create(Created, manifest, namespace=namespace)
    except AlreadyExists as error:
        existing = await kube.get(Created, namespace=namespace, name=name)
        if existing.metadata.deletion_timestamp is not None:
            raise Unavailable(f"workflow {name} is being deleted") from error
        if existing.metadata.annotations.get(ALERT_UID_ANNOTATION) == alert.metadata.uid:
            return existing
        raise Refused(TriggerStatus.TRIGGER_FAILED, f"workflow {name} exists and is not this alert's") from error
    except (Forbidden, Invalid) as error:
        raise Refused(TriggerStatus.TRIGGER_FAILED, f"template {where}: the workflow was refused: {error}") from error


async def _templates(kube: Kube, namespace: str) -> list[str]:
    """The names of a namespace's templates."""
    found = await kube.list(Template, namespace=namespace, metadata_only=True)
    return [template.metadata.name for template in found.items]


async def _match_again(kube: Kube, alert: AegisAlert, phase: Phase) -> Event | None:
    """The rule was edited or deleted since, or the alert says something else: the match may not hold any more."""
    outcome = await transition(kube, alert, lambda item: unmatched(item, phase))
    if not outcome.changed:
        return None
    _log.info("rule or alert changed since the match", extra={"object": alert.reference, "phase": phase})
    return hints.look_at(outcome.item, source=SOURCE)


async def _refuse(kube: Kube, alert: AegisAlert, phase: Phase, refusal: Refused) -> None:
    message = str(refusal)
    outcome = await transition(
        kube, alert, lambda item: refused(item, phase, reason=refusal.reason, message=message, now=clock.now())
    )
    if outcome.changed:
        _log.warning("no workflow", extra={"object": alert.reference, "reason": refusal.reason, "detail": message})
        await record(
            kube, alert, reason="FailedCreateOpsWorkflow", message=f"{refusal.reason}: {message}", kind="Warning"
        )
