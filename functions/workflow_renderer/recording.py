"""Saying of a template, when it is applied, whether it can work."""

import logging
from typing import TYPE_CHECKING

from pydantic import ValidationError

from aegis import clock, hints
from aegis.errors import NotFound
from aegis.events import Event
from aegis.kube import Kube
from aegis.models.alert import TemplateReference
from aegis.models.states import REFUSED_BY_TEMPLATE
from aegis.models.template import AegisOpsTemplate, TemplateState
from aegis.reask import ask_again
from aegis.recorder import record
from aegis.transition import transition
from functions.workflow_renderer.decision import SOURCE, recorded

if TYPE_CHECKING:
    from functions.workflow_renderer.checking import Findings

_log = logging.getLogger(__name__)


async def record_template(kube: Kube, event: Event) -> None:
    """Check a template and write what was found to its status; a template that is gone needs none.

    Alerts that it kept from a workflow are asked again first: what is cut off before it is recorded is done over.

    Raises:
        BadEvent: when the event's data names no AegisOpsTemplate.
        Unavailable: when the API server does not answer, or the machine is too busy to check it.
    """
    hint = hints.named(event.data, AegisOpsTemplate)
    if _says_recorded(event):
        return
    from functions.workflow_renderer.bounded import findings  # noqa: PLC0415  (it loads when a template comes)

    try:
        template = await hints.read(kube, hint)
        if _is_recorded(template):
            return
        found = await findings(template.spec.manifest)
        if not found.problems:
            await _ask_again(kube, template)
        outcome = await transition(kube, template, lambda item: _finding(item, template, found))
    except NotFound:
        return
    state = outcome.item.status
    if outcome.changed:
        _log.info("template recorded", extra={"object": hint.reference, "status": state.status})
    if outcome.changed and state.status == "Invalid":
        message = next((c.message for c in state.conditions if c.type == "Valid"), "")
        await record(kube, outcome.item, reason="InvalidTemplate", message=message, kind="Warning")


async def _ask_again(kube: Kube, template: AegisOpsTemplate) -> None:
    meta = template.metadata
    own = TemplateReference(namespace=meta.namespace, name=meta.name)
    await ask_again(
        kube, template, REFUSED_BY_TEMPLATE, source=SOURCE, concerns=lambda alert: alert.status.firing.template == own
    )


def _is_recorded(template: AegisOpsTemplate) -> bool:
    return bool(template.status.status) and template.status.observed_generation == template.metadata.generation


def _says_recorded(event: Event) -> bool:
    """Whether the event itself says that nothing is left to do: all that is believed of one is that it is needless."""
    try:
        return _is_recorded(AegisOpsTemplate.read(event.data))
    except ValidationError:
        return False


def _finding(item: AegisOpsTemplate, checked: AegisOpsTemplate, found: "Findings") -> TemplateState | None:
    """What to write, if it is still what was checked; what it became since has an event of its own."""
    meta = item.metadata
    if (meta.uid, meta.generation) != (checked.metadata.uid, checked.metadata.generation) or meta.deletion_timestamp:
        return None
    return recorded(item, problems=found.problems, notes=found.notes, now=clock.now())
