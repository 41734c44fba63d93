"""workflow_renderer: turns a match into an Argo Workflow.

In: ``io.aegis.rule.matched.v1``; AegisOpsTemplates added or changed. Out: the Workflow and, as reply,
``io.aegis.workflow.created.v1``; or the firing or resolved event again, where rule or alert are no longer what was
matched, and to the Broker where a template was mended. Of an alert it writes, and only while the match stands, the
trigger status that says why there is no workflow; of a template its status, observedGeneration and condition Valid.
"""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from aegis.connection import kube
from aegis.errors import BadEvent
from aegis.events import RESOURCE_ADDED, RESOURCE_UPDATED, RULE_MATCHED, Event
from aegis.function import serve
from aegis.models.template import AegisOpsTemplate
from functions.workflow_renderer.recording import record_template
from functions.workflow_renderer.triggering import trigger


@functions_framework.aio.http
async def render_workflow(request: Request) -> Response:
    """The function's target."""
    return await serve(request, handle)


async def handle(event: Event) -> Event | None:
    """Answer one event.

    Raises:
        BadEvent: for a type that is none of the above.
    """
    match event.type, event.extensions.get("kind"):
        case (typ, _) if typ == RULE_MATCHED:
            return await trigger(kube(), event)
        case (typ, kind) if typ in (RESOURCE_ADDED, RESOURCE_UPDATED) and kind == AegisOpsTemplate.resource.kind:
            await record_template(kube(), event)
            return None
    accepted = f"{RULE_MATCHED}, or {RESOURCE_ADDED} and {RESOURCE_UPDATED} of {AegisOpsTemplate.resource.kind}"
    raise BadEvent(f"type: {event.type} is not handled here; accepted are {accepted}")
