"""Letting a workflow go: the finalizer that held it until its outcome was recorded and counted is removed."""

from aegis.errors import Conflict, NotFound, Unavailable
from aegis.kube import Kube
from aegis.models.workflow import OUTCOME_FINALIZER, Workflow
from functions.status_tracker.progress import is_held

_ATTEMPTS = 5


async def release(kube: Kube, workflow: Workflow) -> None:
    """Remove our finalizer, and only ours; ``workflow`` may be an old copy.

    Raises:
        Unavailable: when others changed the finalizers every time.
    """
    meta = workflow.metadata
    for _ in range(_ATTEMPTS):
        if workflow.metadata.uid != meta.uid or not is_held(workflow):
            return
        path = f"/metadata/finalizers/{workflow.metadata.finalizers.index(OUTCOME_FINALIZER)}"
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": meta.uid},
            {"op": "test", "path": path, "value": OUTCOME_FINALIZER},
            {"op": "remove", "path": path},
        ]
        try:
            await kube.json_patch(Workflow, patch, namespace=meta.namespace, name=meta.name)
        except NotFound:
            return
        except Conflict:
            found = await read(kube, workflow)
            if found is None:
                return
            workflow = found
        else:
            return
    raise Unavailable(f"{workflow.reference} changed {_ATTEMPTS} times while it was released")


async def read(kube: Kube, workflow: Workflow) -> Workflow | None:
    """The very workflow as it is now, if it is still there."""
    meta = workflow.metadata
    try:
        found = await kube.get(Workflow, namespace=meta.namespace, name=meta.name)
    except NotFound:
        return None
    return found if found.metadata.uid == meta.uid else None
