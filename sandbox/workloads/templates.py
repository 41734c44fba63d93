"""Runs a template: a pod, or the steps, tasks or pause that it consists of."""

from __future__ import annotations

import asyncio
import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.api import ApiError
from sandbox.durations import InvalidDurationError, parse_go_duration
from sandbox.workloads.calls import Place, Result, expand, failure_of_steps, failure_of_tasks, needed, ordered, outputs
from sandbox.workloads.errors import InvalidSpecError
from sandbox.workloads.nodetree import node_id, pod_name
from sandbox.workloads.podspec import pod_for
from sandbox.workloads.podstatus import NOT_HONOURED
from sandbox.workloads.variables import holds, substitute
from sandbox.workloads.workflowspec import inputs_of, kind_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from sandbox.api import Object
    from sandbox.workloads.calls import Call
    from sandbox.workloads.nodetree import NodeTree
    from sandbox.workloads.podboard import PodBoard
    from sandbox.workloads.workflowspec import WorkflowSpec

_RETRIED = {
    "OnFailure": ("Failed",),
    "OnError": ("Error",),
    "Always": ("Failed", "Error"),
    "OnTransientError": (),
}
_MAX_DEPTH = 100
_TOO_DEEP = (
    "Maximum recursion depth exceeded. "
    "See https://argo-workflows.readthedocs.io/en/latest/scaling/#maximum-recursion-depth"
)


class TemplateRunner:
    """Runs the templates of one workflow."""

    def __init__(
        self,
        workflow: Object,
        spec: WorkflowSpec,
        tree: NodeTree,
        pods: PodBoard,
        *,
        scope: Mapping[str, str],
        changed: Callable[[], None],
        resumed: Callable[[str], Awaitable[None]],
        output_of: Callable[[Object], str],
    ) -> None:
        self._workflow = workflow
        self._spec = spec
        self._tree = tree
        self._pods = pods
        self._globals = scope
        self._changed = changed
        self._resumed = resumed
        self._output_of = output_of

    async def run(self, place: Place, name: str, arguments: Mapping[str, Any]) -> Result:
        """Run a template as a node of the workflow.

        Raises:
            InvalidSpecError: when the template cannot run.
            UnresolvedError: when a tag in it has no value.
            WorkflowTooLargeError: when the workflow has become too long to be stored.
        """
        if place.depth >= _MAX_DEPTH:
            self._tree.add(place.node, "Skipped", name, place.boundary)
            return self._finish(place.node, Result("Error", _TOO_DEEP))
        template = self._spec.template(name)
        inputs = {f"inputs.parameters.{key}": value for key, value in inputs_of(template, arguments).items()}
        scope = {**self._globals, **inputs}
        kind = kind_of(template)
        if kind in ("container", "script"):
            play = self._retry if template.get("retryStrategy") else self._pod
            return await play(place, template, scope)
        self._tree.add(place.node, {"steps": "Steps", "dag": "DAG", "suspend": "Suspend"}[kind], name, place.boundary)
        run = {"steps": self._steps, "dag": self._dag, "suspend": self._suspend}[kind]
        return self._finish(place.node, await run(place, template, scope))

    def _finish(self, node: str, result: Result) -> Result:
        outputs = {"result": result.outputs["outputs.result"]} if "outputs.result" in result.outputs else None
        if "exitCode" in result.outputs:
            outputs = {**(outputs or {}), "exitCode": result.outputs["exitCode"]}
        self._tree.finish(node, result.phase, result.message, outputs)
        self._changed()
        return result

    async def _retry(self, place: Place, template: Mapping[str, Any], scope: Mapping[str, str]) -> Result:
        strategy = template["retryStrategy"]
        limit, backoff = strategy.get("limit"), strategy.get("backoff") or {}
        retried = _RETRIED.get(strategy.get("retryPolicy") or "OnFailure", ())
        clock = asyncio.get_running_loop().time
        end = clock() + _seconds(backoff["maxDuration"]) if backoff.get("maxDuration") else math.inf
        self._tree.add(place.node, "Retry", template["name"], place.boundary)
        for attempt in itertools.count():
            inner = replace(place, node=f"{place.node}({attempt})", boundary=place.node)
            result = await self._pod(inner, template, {**scope, "retries": str(attempt)})
            if result.lasting or result.phase not in retried:
                break
            wait = _backoff(backoff, attempt)
            message = ""
            if limit is not None and attempt >= int(limit):
                message = "No more retries left"
            elif clock() > end:
                message = "Max duration limit exceeded"
            elif clock() + wait > end:
                message = "Backoff would exceed max duration limit"
            if message:
                result = replace(result, message=message)
                break
            await asyncio.sleep(wait)
        return self._finish(place.node, result)

    async def _pod(self, place: Place, template: Mapping[str, Any], scope: Mapping[str, str]) -> Result:
        name = pod_name(self._workflow["metadata"]["name"], place.node, template["name"])
        resolved = substitute(dict(template), {"retries": "0", **scope, "pod.name": name, "node.name": place.node})
        pod = pod_for(self._workflow, self._spec, resolved, name=name, node=place.node)
        record = self._tree.add(place.node, "Pod", template["name"], place.boundary, "Pending")

        def progressed(current: Object) -> None:
            if _note(record, current):
                self._changed()

        try:
            end = await self._pods.finish(pod, progressed)
        except ApiError as error:
            return self._finish(place.node, Result("Error", error.message, begun=False))
        if end is None:
            return self._finish(place.node, Result("Error", "pod deleted"))
        record["hostNodeName"] = end["spec"].get("nodeName", "")
        return self._finish(place.node, self._judge(end, script="script" in template))

    def _judge(self, pod: Object, *, script: bool) -> Result:
        status = pod["status"]
        main = next((s for s in status.get("containerStatuses") or [] if s["name"] == "main"), None)
        if main is None:
            return Result("Failed", status.get("message", ""), lasting=status.get("reason") == NOT_HONOURED)
        ended = main["state"]["terminated"]
        outputs = {"exitCode": str(ended["exitCode"])}
        if script:
            outputs["outputs.result"] = self._output_of(pod).strip()
        if status["phase"] == "Succeeded":
            return Result("Succeeded", outputs=outputs)
        detail = f": {ended['message']}" if ended.get("message") else ""
        return Result("Failed", f"main: {ended['reason']} (exit code {ended['exitCode']}){detail}", outputs)

    async def _suspend(self, place: Place, template: Mapping[str, Any], _scope: Mapping[str, str]) -> Result:
        self._changed()
        duration = (template.get("suspend") or {}).get("duration")
        if duration is None:
            await self._resumed(node_id(self._tree.workflow, place.node))
        else:
            await asyncio.sleep(_seconds(duration))
        return Result("Succeeded")

    async def _steps(self, place: Place, template: Mapping[str, Any], scope: Mapping[str, str]) -> Result:
        known = dict(scope)
        for index, group in enumerate(template["steps"]):
            name = f"{place.node}[{index}]"
            self._tree.add(name, "StepGroup", template["name"], place.node)
            calls = [
                call for step in group for call in expand(place.inner(f"{name}.{step['name']}", name), step, known)
            ]
            results = await self._calls(calls)
            for call, result in zip(calls, results, strict=True):
                known |= outputs("steps", call, result)
            failed = failure_of_steps(self._tree.workflow, calls, results)
            self._finish(name, failed or Result("Succeeded"))
            if failed is not None:
                return Result("Failed", failed.message)
        return Result("Succeeded")

    async def _dag(self, place: Place, template: Mapping[str, Any], scope: Mapping[str, str]) -> Result:
        tasks = {task["name"]: task for task in template["dag"]["tasks"]}
        known = dict(scope)
        calls: list[Call] = []
        results: list[Result] = []
        running: dict[str, asyncio.Task[bool]] = {}
        fail_fast = template["dag"].get("failFast") is not False

        async def run(name: str) -> bool:
            inner = place.inner(f"{place.node}.{name}", place.node)
            waited = [running[dependency] for dependency in needed(tasks[name]) or []]
            if not all(await asyncio.gather(*waited)):
                self._tree.add(inner.node, "Skipped", tasks[name]["template"], place.node, "Omitted")
                return False
            if fail_fast and failure_of_tasks(self._tree.workflow, calls, results):
                return False
            own = expand(inner, tasks[name], known)
            ended = await self._calls(own)
            calls.extend(own)
            results.extend(ended)
            for call, result in zip(own, ended, strict=True):
                known.update(outputs("tasks", call, result))
            return failure_of_tasks(self._tree.workflow, own, ended) is None

        async with asyncio.TaskGroup() as group:
            for name in ordered(tasks):
                running[name] = group.create_task(run(name))
        return failure_of_tasks(self._tree.workflow, calls, results) or Result("Succeeded")

    async def _calls(self, calls: Sequence[Call]) -> list[Result]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._call(call)) for call in calls]
        return [task.result() for task in tasks]

    async def _call(self, call: Call) -> Result:
        when = call.raw.get("when")
        if when and not holds(when, call.scope):
            self._tree.add(call.place.node, "Skipped", call.raw["template"], call.place.boundary, "Skipped")
            return Result("Skipped", f"when '{when}' evaluated false")
        arguments = substitute(call.raw.get("arguments") or {}, call.scope)
        return await self.run(call.place, call.raw["template"], arguments)


def _note(record: dict[str, Any], pod: Object) -> bool:
    """Note in the node what has become of its pod, before its end; tells whether that is new."""
    status = pod.get("status") or {}
    before = dict(record)
    if status.get("phase") == "Running":
        record |= {"phase": "Running", "hostNodeName": pod["spec"].get("nodeName", "")}
        if "message" in record:
            record["message"] = None  # taken away by the patch
    for condition in status.get("conditions") or []:
        if condition.get("reason") == "Unschedulable":
            record["message"] = f"Unschedulable: {condition.get('message', '')}"
    return record != before


def _backoff(backoff: Mapping[str, Any], attempt: int) -> float:
    wait = _seconds(backoff.get("duration") or "0") * float(backoff.get("factor") or 1) ** attempt
    return min(wait, _seconds(backoff["cap"])) if backoff.get("cap") else wait


def _seconds(text: Any) -> float:
    """A duration as Argo reads it: bare numbers are seconds."""
    try:
        return float(text) if str(text).replace(".", "", 1).isdigit() else parse_go_duration(str(text))
    except InvalidDurationError as error:
        raise InvalidSpecError(str(error)) from error
