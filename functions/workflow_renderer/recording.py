"""Saying of a template, when it is applied, whether it can work."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from aegis import clock, hints
from aegis.errors import NotFound
from aegis.events import Event
from aegis.kube import Kube
from aegis.models.template import AegisOpsTemplate
from aegis.recorder import record
from aegis.transition import transition
from functions.workflow_renderer.decision import recorded

_log = logging.getLogger(__name__)


async def record_template(kube: Kube, event: Event) -> None:
    """Check a template and write what was found to its status; a template that is gone needs none.

    Raises:
        BadEvent: when the event's data names no AegisOpsTemplate.
    """
    hint = hints.named(event.data, AegisOpsTemplate)
    if _says_recorded(event):
        return
    from functions.workflow_renderer.checking import check, notes  # noqa: PLC0415  (the engines load when a template comes)

    def decide(item: AegisOpsTemplate) -> Mapping[str, Any] | None:
        if item.metadata.uid != hint.metadata.uid or item.metadata.deletion_timestamp is not None:
            return None
        problems = check(item.spec.manifest)
        return recorded(item, problems=problems, notes=[] if problems else notes(item.spec.manifest), now=clock.now())

    try:
        outcome = await transition(kube, await hints.read(kube, hint), decide)
    except NotFound:
        return
    state = outcome.item.status
    if outcome.changed:
        _log.info("template recorded", extra={"object": hint.reference, "status": state.status})
    if outcome.changed and state.status == "Invalid":
        message = next((c.message for c in state.conditions if c.type == "Valid"), "")
        await record(kube, outcome.item, reason="InvalidTemplate", message=message, kind="Warning")


def _says_recorded(event: Event) -> bool:
    """Whether the event itself says that it only counted a workflow: that it is needless is believed of one."""
    try:
        template = AegisOpsTemplate.read(event.data)
    except ValidationError:
        return False
    return bool(template.status.status) and template.status.observed_generation == template.metadata.generation
