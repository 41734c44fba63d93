"""Letting a workflow go: the finalizer that held it until its outcome was recorded and counted is removed."""

from collections.abc import Awaitable
from contextlib import suppress

from aegis.errors import NotFound
from aegis.kube import Kube
from aegis.models.base import ObjectMeta
from aegis.models.workflow import OUTCOME_FINALIZER, Workflow
from aegis.transition import swapped
from functions.status_tracker.progress import is_held


async def release(kube: Kube, workflow: Workflow) -> None:
    """Remove our finalizer, and only ours; ``workflow`` may be an old copy.

    Raises:
        Unavailable: when others changed the finalizers every time.
    """

    def is_due(item: Workflow) -> bool:
        return item.metadata.uid == workflow.metadata.uid and is_held(item)

    def remove(item: Workflow, due: bool) -> Awaitable[Workflow] | None:  # noqa: FBT001
        if not due:
            return None
        meta = item.metadata
        path = f"/metadata/finalizers/{meta.finalizers.index(OUTCOME_FINALIZER)}"
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": meta.uid},
            {"op": "test", "path": path, "value": OUTCOME_FINALIZER},
            {"op": "remove", "path": path},
        ]
        return kube.json_patch(Workflow, patch, namespace=meta.namespace, name=meta.name)

    with suppress(NotFound):
        await swapped(kube, workflow, is_due, remove)


async def read(kube: Kube, known: ObjectMeta) -> Workflow | None:
    """The very workflow as it is now, if it is still there."""
    found = await kube.find(Workflow, namespace=known.namespace, name=known.name)
    return found if found and found.metadata.uid == known.uid else None
