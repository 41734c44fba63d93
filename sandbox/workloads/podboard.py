"""The pods that workflows wait for: created, adopted after a restart, and followed to their end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sandbox.api import ApiError
from sandbox.informer import Informer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.api import Api, Object

WORKFLOW_LABEL = "workflows.argoproj.io/workflow"
_FINISHED = ("Succeeded", "Failed")
_NOT_FOUND, _CONFLICT = 404, 409


class PodBoard:
    """Pods by uid, and who waits for them."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._resource = api.resource("pods")
        self._informer = Informer(api, self._resource, self._changed)
        self._waiting: dict[str, asyncio.Queue[Object | None]] = {}

    async def run(self) -> None:
        """Follow the pods until cancelled."""
        await self._informer.run()

    async def finish(self, pod: Object, progressed: Callable[[Object], None]) -> Object | None:
        """Create the pod, or take the one of the same owner, and wait for its end; None if it is deleted.

        Until then each of its states is told.

        Raises:
            ApiError: when it cannot be created.
        """
        stored = await self._ensure(pod)
        uid = stored["metadata"]["uid"]
        queue = self._waiting[uid] = asyncio.Queue()
        try:
            current: Object | None = await self._now(stored)
            while current is not None:
                if current.get("status", {}).get("phase") in _FINISHED:
                    return current
                progressed(current)
                current = await queue.get()
            return None
        finally:
            del self._waiting[uid]

    async def delete(self, pod: Object) -> None:
        """Delete a pod that may be gone already."""
        try:
            await self._api.delete(self._resource, pod["metadata"]["name"], pod["metadata"]["namespace"])
        except ApiError as error:
            if error.code != _NOT_FOUND:
                raise

    def of_workflow(self, namespace: str, workflow: str) -> list[Object]:
        """The pods that a workflow has."""
        return [
            pod
            for pod in self._informer.objects
            if pod["metadata"]["namespace"] == namespace
            and (pod["metadata"].get("labels") or {}).get(WORKFLOW_LABEL) == workflow
        ]

    async def _ensure(self, pod: Object) -> Object:
        meta = pod["metadata"]
        try:
            return await self._api.create(self._resource, pod, meta["namespace"])
        except ApiError as error:
            if error.code != _CONFLICT:
                raise
            existing = await self._api.get(self._resource, meta["name"], meta["namespace"])
            owners = [owner["uid"] for owner in existing["metadata"].get("ownerReferences") or []]
            if meta["ownerReferences"][0]["uid"] not in owners:
                raise
            return existing

    async def _now(self, pod: Object) -> Object | None:
        """The pod as it is, since it may have moved on before anyone waited for it."""
        try:
            return await self._api.get(self._resource, pod["metadata"]["name"], pod["metadata"]["namespace"])
        except ApiError as error:
            if error.code != _NOT_FOUND:
                raise
            return None

    def _changed(self, kind: str, pod: Object) -> None:
        if queue := self._waiting.get(pod["metadata"]["uid"]):
            queue.put_nowait(None if kind == "DELETED" else pod)
