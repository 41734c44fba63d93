"""One workflow from its start to its end, and what is left to do after it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.api import ApiError
from sandbox.conditions import now
from sandbox.workloads.calls import Place, Result
from sandbox.workloads.errors import InvalidSpecError, WorkflowTooLargeError
from sandbox.workloads.nodetree import NodeTree
from sandbox.workloads.size import held, nodes_of
from sandbox.workloads.templates import TemplateRunner
from sandbox.workloads.variables import UnresolvedError, substitute
from sandbox.workloads.workflowspec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from sandbox.api import Api, Object
    from sandbox.workloads.podboard import PodBoard
    from sandbox.workloads.workflowspec import WorkflowSpec

logger = logging.getLogger(__name__)

PHASE_LABEL = "workflows.argoproj.io/phase"
COMPLETED_LABEL = "workflows.argoproj.io/completed"
_NOT_FOUND = 404
_PROGRESS_SECONDS = 1.0
_SHUTDOWNS = ("Terminate", "Stop")


def is_completed(workflow: Object) -> bool:
    """Whether the workflow has run to its end."""
    return bool((workflow["metadata"].get("labels") or {}).get(COMPLETED_LABEL) == "true")


class WorkflowRun:
    """A workflow that runs; `workflow` is its object as last seen."""

    def __init__(self, api: Api, workflow: Object, pods: PodBoard, output_of: Callable[[Object], str]) -> None:
        self._api = api
        self._resource = api.resource_of(workflow)
        self.workflow = workflow
        self._pods = pods
        self._output_of = output_of
        self._changed = asyncio.Event()
        self._tree_changed = asyncio.Event()
        self._phase = "Running"
        self._message = ""
        self._started = now()
        self._tree = NodeTree(workflow["metadata"]["name"], lambda nodes: held(self.workflow, nodes))

    def update(self, workflow: Object) -> None:
        """The workflow was changed, by itself or by someone who wants it suspended, resumed or shut down."""
        self.workflow = workflow
        self._changed.set()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Run it to its end and write down how it ended."""
        progress = asyncio.create_task(self._write_progress())
        try:
            await self._play()
        finally:
            progress.cancel()
            with suppress(asyncio.CancelledError):
                await progress
        await self._save(finished=True)
        await self._collect_pods()

    async def _play(self) -> None:
        self._phase = "Running"
        try:
            spec = await self._spec()
            runner = self._runner(spec)
            await self._save()
            await self._until(lambda: not self.workflow["spec"].get("suspend"))
            arguments = {"parameters": [{"name": k, "value": v} for k, v in spec.parameters.items()]}
            main = runner.run(Place(self._tree.workflow), spec.entrypoint, arguments)
            result = await self._bounded(main, spec.raw.get("activeDeadlineSeconds"))
            if not result.begun:
                result = replace(result, message=f"error in entry template execution: {result.message}")
            if spec.on_exit is not None and self._shutdown != "Terminate":
                ended = await self._runner(spec, status=result.phase).run(
                    Place(f"{self._tree.workflow}.onExit"), spec.on_exit, arguments
                )
                result = result if ended.good else ended
        except* (InvalidSpecError, UnresolvedError, WorkflowTooLargeError) as errors:
            result = Result("Error", str(_first(errors)))
        except* Exception as errors:  # what nobody thought of ends the workflow, as it does with Argo
            error, meta = _first(errors), self.workflow["metadata"]
            logger.error("workflow %s/%s: %s", meta["namespace"], meta["name"], error, exc_info=error)  # noqa: TRY400
            result = Result("Error", f"{type(error).__name__}: {error}")
        self._phase, self._message = result.phase, result.message

    @property
    def _shutdown(self) -> str | None:
        shutdown: str | None = self.workflow["spec"].get("shutdown")
        return shutdown

    async def _spec(self) -> WorkflowSpec:
        raw = self.workflow["spec"]
        reference = raw.get("workflowTemplateRef")
        base = None
        if reference is not None:
            templates = self._api.resource("workflowtemplates", "argoproj.io")
            try:
                found = await self._api.get(templates, reference["name"], self.workflow["metadata"]["namespace"])
            except ApiError as error:
                raise InvalidSpecError(f"error in getting workflowtemplate: {error.message}") from error
            base = found["spec"]
        return parse_spec(raw, base)

    def _runner(self, spec: WorkflowSpec, status: str | None = None) -> TemplateRunner:
        scope = self._globals(spec) | ({"workflow.status": status} if status else {})
        return TemplateRunner(
            self.workflow, spec, self._tree, self._pods,
            scope=scope, changed=self._tree_changed.set, resumed=self._resumed, output_of=self._output_of,
        )  # fmt: skip

    def _globals(self, spec: WorkflowSpec) -> dict[str, str]:
        meta = self.workflow["metadata"]
        scope = {
            "workflow.name": meta["name"],
            "workflow.namespace": meta["namespace"],
            "workflow.uid": meta["uid"],
            "workflow.mainEntrypoint": spec.entrypoint,
            "workflow.serviceAccountName": spec.raw.get("serviceAccountName", "default"),
            "workflow.creationTimestamp": meta["creationTimestamp"],
        }
        for kind in ("labels", "annotations"):
            scope |= {f"workflow.{kind}.{key}": str(value) for key, value in (meta.get(kind) or {}).items()}
        given = {name: substitute(value, scope) for name, value in spec.parameters.items()}
        return scope | {f"workflow.parameters.{name}": value for name, value in given.items()}

    async def _bounded(self, main: Coroutine[Any, Any, Result], deadline: float | None) -> Result:
        """The main template's result, unless someone shuts the workflow down or its time is up first."""
        task = asyncio.ensure_future(main)
        stopped = asyncio.ensure_future(self._until(lambda: self._shutdown in _SHUTDOWNS))
        try:
            async with asyncio.timeout(deadline):
                await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            return await self._ended_early(f"Stopped with strategy '{self._shutdown}'")
        except TimeoutError:
            return await self._ended_early("Max duration limit exceeded")
        finally:
            for pending in (task, stopped):
                if not pending.done():
                    pending.cancel()
                    with suppress(asyncio.CancelledError):
                        await pending

    async def _ended_early(self, message: str) -> Result:
        meta = self.workflow["metadata"]
        for pod in self._pods.of_workflow(meta["namespace"], meta["name"]):
            await self._pods.delete(pod)
        for node in self._tree.nodes.values():
            if "finishedAt" not in node:
                node |= {"phase": "Failed", "message": message.lower(), "finishedAt": now()}
        return Result("Failed", message)

    async def _resumed(self, node: str) -> None:
        await self._until(lambda: nodes_of(self.workflow).get(node, {}).get("phase") == "Succeeded")

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._changed.wait()

    async def _write_progress(self) -> None:
        """Write down what became of the nodes, once for all that changes within a second, as Argo does."""
        while True:
            await self._tree_changed.wait()
            await asyncio.sleep(0)
            self._tree_changed.clear()
            await self._save()
            await asyncio.sleep(_PROGRESS_SECONDS)

    async def _save(self, *, finished: bool = False) -> None:
        meta = self.workflow["metadata"]
        status: dict[str, Any] = {"startedAt": self._started, "progress": self._tree.progress}
        try:
            status |= held(self.workflow, self._tree.nodes)
        except WorkflowTooLargeError as error:  # its nodes stay as they were last written
            self._phase, self._message = "Error", str(error)
        status["phase"] = self._phase
        if finished:
            completed = {"type": "Completed", "status": "True"}
            status |= {"finishedAt": now(), "conditions": [completed]}
        if self._message:
            status["message"] = self._message
        labels = {PHASE_LABEL: self._phase, COMPLETED_LABEL: "true" if finished else "false"}
        await self._patch(meta, {"metadata": {"labels": labels}, "status": status})

    async def _patch(self, meta: Mapping[str, Any], change: dict[str, Any]) -> None:
        try:
            self.workflow = await self._api.patch(self._resource, meta["name"], change, meta["namespace"])
        except ApiError as error:
            if error.code != _NOT_FOUND:
                raise

    async def _collect_pods(self) -> None:
        strategy = (self.workflow["spec"].get("podGC") or {}).get("strategy", "")
        meta = self.workflow["metadata"]
        for pod in self._pods.of_workflow(meta["namespace"], meta["name"]):
            succeeded = pod.get("status", {}).get("phase") == "Succeeded"
            if strategy in ("OnWorkflowCompletion", "OnPodCompletion") or (
                strategy in ("OnWorkflowSuccess", "OnPodSuccess")
                and (succeeded if strategy == "OnPodSuccess" else self._phase == "Succeeded")
            ):
                await self._pods.delete(pod)


def _first(errors: BaseExceptionGroup[Exception]) -> Exception:
    error: Exception | BaseExceptionGroup[Exception] = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
