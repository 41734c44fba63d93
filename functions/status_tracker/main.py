"""status_tracker: writes what becomes of workflows on their alerts, counts it, and sweeps up what got stuck.

In: Workflows that entered a phase or were deleted; dead letters; the tick. Out: reply ``io.aegis.alert.completed.v1``
for an outcome that was not known before; to the Broker ``io.aegis.alert.resolved.v1`` where a resolve waited for that
outcome, and what the sweep sends again. Of an alert it writes opsStatus (once there is a workflow), the phase's
workflow, workflowUID, outcome and completionTime, over a cancelled match its triggerStatus, and the conditions
Completed and Stalled; of a template status.executeStatus, of a rule status.triggerStatus, of both status.counted; of a
workflow the finalizer aegis.io/outcome. It deletes alerts and raw alerts whose
time is over. Of a step that failed it reads the log of its pod.
"""

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import functions_framework.aio
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from aegis.connection import kube
from aegis.errors import BadEvent
from aegis.events import RESOURCE_ADDED, RESOURCE_DELETED, RESOURCE_UPDATED, TICK, Event
from aegis.function import serve
from aegis.hints import named
from aegis.models.workflow import Workflow
from functions.status_tracker.tracking import Tracker

if TYPE_CHECKING:
    from functions.status_tracker.sweep import Sweeper

WORKFLOW = Workflow.resource.kind


@cache
def tracker() -> Tracker:
    """What this process knows of alerts and counts."""
    return Tracker(kube())


@cache
def sweeper() -> "Sweeper":
    """This process's one sweep at a time."""
    from functions.status_tracker.sweep import Sweeper  # noqa: PLC0415  (a workflow's event need not wait for it)

    return Sweeper(tracker())


@functions_framework.aio.http
async def track_status(request: Request) -> Response:
    """The function's target."""
    return await serve(request, handle)


async def handle(event: Event) -> Event | None:
    """Answer one event.

    Raises:
        BadEvent: for a type or kind that is none of the above, unless it is a dead letter.
    """
    kind = event.extensions.get("kind")
    if event.undelivered_to is None:
        if event.type == TICK:
            await sweeper().tick(now=datetime.now(UTC))
            return None
        if event.type in (RESOURCE_ADDED, RESOURCE_UPDATED, RESOURCE_DELETED) and kind == WORKFLOW:
            return await tracker().follow(_workflow(event), deleted=event.type == RESOURCE_DELETED)
    from functions.status_tracker.deadletter import is_dead_letter, report  # noqa: PLC0415  (the same)

    if is_dead_letter(event):
        await report(kube(), event)
        return None
    accepted = f"{TICK}, dead letters, or {RESOURCE_ADDED}, {RESOURCE_UPDATED} and {RESOURCE_DELETED} of {WORKFLOW}"
    raise BadEvent(f"type: {event.type} of {kind or 'no kind'} is not handled here; accepted are {accepted}")


def _workflow(event: Event) -> Workflow:
    named(event.data, Workflow)
    try:
        return Workflow.read(event.data)
    except ValidationError as error:
        raise BadEvent(f"data: not a Workflow: {error}") from error
