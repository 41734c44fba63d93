"""Argo's workflow-controller in small: runs each Workflow once, and deletes it when its time to live is over."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.api import ApiError
from sandbox.informer import Informer
from sandbox.workloads.podboard import PodBoard
from sandbox.workloads.workflowrun import WorkflowRun, is_completed

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from sandbox.api import Api, Object
    from sandbox.workloads.logs import LogBook

logger = logging.getLogger(__name__)

_NOT_FOUND = 404
_OUTPUT_LIMIT = 256 * 1024


class WorkflowController:
    """The workflows of the cluster."""

    def __init__(self, api: Api, logs: LogBook) -> None:
        self._api = api
        self._logs = logs
        self._resource = api.resource("workflows", "argoproj.io")
        self._pods = PodBoard(api)
        self._workflows = Informer(api, self._resource, self._workflow_changed)
        self._runs: dict[str, WorkflowRun] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Follow the workflows until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pods.run())
                group.create_task(self._workflows.run())
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _workflow_changed(self, kind: str, workflow: Object) -> None:
        meta = workflow["metadata"]
        uid = meta["uid"]
        if kind == "DELETED":  # one that only a finalizer holds goes on
            self._runs.pop(uid, None)
            if task := self._tasks.pop(uid, None):
                task.cancel()
        elif uid in self._runs:
            self._runs[uid].update(workflow)
        elif uid not in self._tasks:
            if is_completed(workflow):
                self._start(uid, self._expire(workflow))
            else:
                self._runs[uid] = WorkflowRun(self._api, workflow, self._pods, self._output_of)
                self._start(uid, self._runs[uid].run())

    def _start(self, uid: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[uid] = task
        task.add_done_callback(lambda done: self._ended(uid, done))

    def _ended(self, uid: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(uid) is task:
            self._tasks.pop(uid)
            run = self._runs.pop(uid, None)
            if run is not None and is_completed(run.workflow):
                self._start(uid, self._expire(run.workflow))
        if not task.cancelled() and (error := task.exception()):
            logger.error("workflow %s: %s", uid, error, exc_info=error)

    async def _expire(self, workflow: Object) -> None:
        meta, status = workflow["metadata"], workflow.get("status") or {}
        lifetime = _lifetime(workflow["spec"].get("ttlStrategy") or {}, status.get("phase", ""))
        if lifetime is None or "finishedAt" not in status:
            return
        finished = datetime.fromisoformat(status["finishedAt"])
        await asyncio.sleep(max(0.0, lifetime - (datetime.now(UTC) - finished).total_seconds()))
        try:
            await self._api.delete(self._resource, meta["name"], meta["namespace"])
        except ApiError as error:
            if error.code != _NOT_FOUND:
                raise

    def _output_of(self, pod: Object) -> str:
        """What the pod has printed; of much only the end, as Argo's executor passes it on."""
        path = self._logs.file(pod["metadata"]["uid"], "main")
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _OUTPUT_LIMIT))
            return file.read(_OUTPUT_LIMIT).decode(errors="replace")


def _lifetime(strategy: Mapping[str, Any], phase: str) -> float | None:
    """Seconds that a finished workflow is kept; the outcome's own value first."""
    own = strategy.get("secondsAfterSuccess" if phase == "Succeeded" else "secondsAfterFailure")
    seconds = own if own is not None else strategy.get("secondsAfterCompletion")
    return None if seconds is None else float(seconds)
