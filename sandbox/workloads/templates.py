"""Runs a template: a pod, or the steps, tasks or pause that it consists of."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.api import ApiError
from sandbox.durations import InvalidDurationError, parse_go_duration
from sandbox.workloads.nodetree import node_id, pod_name
from sandbox.workloads.podspec import pod_for
from sandbox.workloads.variables import holds, substitute
from sandbox.workloads.workflowspec import InvalidSpecError, inputs_of, kind_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from sandbox.api import Object
    from sandbox.workloads.nodetree import NodeTree
    from sandbox.workloads.podboard import PodBoard
    from sandbox.workloads.workflowspec import WorkflowSpec

_RETRIED = {
    "OnFailure": ("Failed",),
    "OnError": ("Error",),
    "Always": ("Failed", "Error"),
    "OnTransientError": (),
}
_GOOD = ("Succeeded", "Skipped")


@dataclass(frozen=True, slots=True)
class Result:
    """How a node ended."""

    phase: str
    message: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether what depends on it may go on."""
        return self.phase in _GOOD


@dataclass(frozen=True, slots=True)
class Call:
    """One step or task, of which items may make several."""

    node: str
    raw: Mapping[str, Any]
    scope: Mapping[str, str]


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

    async def run(self, node: str, name: str, arguments: Mapping[str, Any], boundary: str | None = None) -> Result:
        """Run a template as a node of the workflow.

        Raises:
            InvalidSpecError: when the template cannot run.
            UnresolvedError: when a tag in it has no value.
        """
        template = self._spec.template(name)
        inputs = {f"inputs.parameters.{key}": value for key, value in inputs_of(template, arguments).items()}
        scope = {**self._globals, **inputs}
        kind = kind_of(template)
        if kind in ("container", "script"):
            if template.get("retryStrategy"):
                return await self._retry(node, template, scope, boundary)
            return await self._pod(node, template, scope, boundary)
        self._tree.add(node, {"steps": "Steps", "dag": "DAG", "suspend": "Suspend"}[kind], name, boundary)
        run = {"steps": self._steps, "dag": self._dag, "suspend": self._suspend}[kind]
        return self._finish(node, await run(node, template, scope))

    def _finish(self, node: str, result: Result) -> Result:
        outputs = {"result": result.outputs["outputs.result"]} if "outputs.result" in result.outputs else None
        if "exitCode" in result.outputs:
            outputs = {**(outputs or {}), "exitCode": result.outputs["exitCode"]}
        self._tree.finish(node, result.phase, result.message, outputs)
        self._changed()
        return result

    async def _retry(
        self, node: str, template: Mapping[str, Any], scope: Mapping[str, str], boundary: str | None
    ) -> Result:
        strategy = template["retryStrategy"]
        limit = strategy.get("limit")
        retried = _RETRIED.get(strategy.get("retryPolicy") or "OnFailure", ())
        self._tree.add(node, "Retry", template["name"], boundary)
        attempt = 0
        while True:
            result = await self._pod(f"{node}({attempt})", template, {**scope, "retries": str(attempt)}, node)
            if result.phase not in retried:
                return self._finish(node, result)
            if limit is not None and attempt >= int(limit):
                return self._finish(node, Result(result.phase, "No more retries left", result.outputs))
            await asyncio.sleep(_backoff(strategy.get("backoff") or {}, attempt))
            attempt += 1

    async def _pod(
        self, node: str, template: Mapping[str, Any], scope: Mapping[str, str], boundary: str | None
    ) -> Result:
        name = pod_name(self._workflow["metadata"]["name"], node, template["name"])
        resolved = substitute(dict(template), {"retries": "0", **scope, "pod.name": name, "node.name": node})
        pod = pod_for(self._workflow, self._spec, resolved, name=name, node=node)
        record = self._tree.add(node, "Pod", template["name"], boundary, "Pending")

        async def running(current: Object) -> None:
            record.update(phase="Running", hostNodeName=current["spec"].get("nodeName", ""))
            self._changed()

        try:
            end = await self._pods.finish(pod, running)
        except ApiError as error:
            return self._finish(node, Result("Error", error.message))
        if end is None:
            return self._finish(node, Result("Error", "pod deleted"))
        record["hostNodeName"] = end["spec"].get("nodeName", "")
        return self._finish(node, self._judge(end, script="script" in template))

    def _judge(self, pod: Object, *, script: bool) -> Result:
        status = pod["status"]
        main = next((s for s in status.get("containerStatuses") or [] if s["name"] == "main"), None)
        if main is None:
            return Result("Failed", f"{status.get('reason', '')}: {status.get('message', '')}")
        ended = main["state"]["terminated"]
        outputs = {"exitCode": str(ended["exitCode"])}
        if script:
            outputs["outputs.result"] = self._output_of(pod).strip()
        if status["phase"] == "Succeeded":
            return Result("Succeeded", outputs=outputs)
        detail = f": {ended['message']}" if ended.get("message") else ""
        return Result("Failed", f"{ended['reason']} (exit code {ended['exitCode']}){detail}", outputs)

    async def _suspend(self, node: str, template: Mapping[str, Any], _scope: Mapping[str, str]) -> Result:
        self._changed()
        duration = (template.get("suspend") or {}).get("duration")
        if duration is None:
            await self._resumed(node_id(self._tree.workflow, node))
        else:
            await asyncio.sleep(_seconds(duration))
        return Result("Succeeded")

    async def _steps(self, node: str, template: Mapping[str, Any], scope: Mapping[str, str]) -> Result:
        known = dict(scope)
        for index, group in enumerate(template["steps"]):
            name = f"{node}[{index}]"
            self._tree.add(name, "StepGroup", template["name"], node)
            calls = [call for step in group for call in _expand(f"{name}.{step['name']}", step, known)]
            results = await self._calls(calls, name)
            for call, result in zip(calls, results, strict=True):
                known |= _outputs("steps", call, result)
            failed = _failure(self._tree.workflow, calls, results)
            self._finish(name, failed or Result("Succeeded"))
            if failed is not None:
                return failed
        return Result("Succeeded")

    async def _dag(self, node: str, template: Mapping[str, Any], scope: Mapping[str, str]) -> Result:
        tasks = {task["name"]: task for task in template["dag"]["tasks"]}
        known = dict(scope)
        calls: list[Call] = []
        results: list[Result] = []
        running: dict[str, asyncio.Task[bool]] = {}

        async def run(name: str) -> bool:
            needed = [running[dependency] for dependency in _dependencies(tasks[name])]
            if not all(await asyncio.gather(*needed)):
                self._tree.add(f"{node}.{name}", "Skipped", tasks[name]["template"], node, "Omitted")
                return False
            own = _expand(f"{node}.{name}", tasks[name], known)
            ended = await self._calls(own, node)
            calls.extend(own)
            results.extend(ended)
            for call, result in zip(own, ended, strict=True):
                known.update(_outputs("tasks", call, result))
            return _failure(self._tree.workflow, own, ended) is None

        async with asyncio.TaskGroup() as group:
            for name in _ordered(tasks):
                running[name] = group.create_task(run(name))
        return _failure(self._tree.workflow, calls, results) or Result("Succeeded")

    async def _calls(self, calls: Sequence[Call], boundary: str) -> list[Result]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._call(call, boundary)) for call in calls]
        return [task.result() for task in tasks]

    async def _call(self, call: Call, boundary: str) -> Result:
        when = call.raw.get("when")
        if when is not None and not holds(substitute(when, call.scope)):
            self._tree.add(call.node, "Skipped", call.raw["template"], boundary, "Skipped")
            return Result("Skipped", f"when '{when}' evaluated false")
        arguments = substitute(call.raw.get("arguments") or {}, call.scope)
        return await self.run(call.node, call.raw["template"], arguments, boundary)


def _expand(node: str, raw: Mapping[str, Any], scope: Mapping[str, str]) -> list[Call]:
    """One call, or one for each item."""
    if "withParam" in raw:
        items = json.loads(substitute(raw["withParam"], scope))
    elif "withItems" in raw:
        items = raw["withItems"]
    else:
        return [Call(node, raw, scope)]
    return [Call(f"{node}({i}:{_item(item)})", raw, {**scope, **_item_scope(item)}) for i, item in enumerate(items)]


def _item(item: Any) -> str:
    if isinstance(item, dict):
        return ",".join(f"{key}:{_item(value)}" for key, value in sorted(item.items()))
    return item if isinstance(item, str) else json.dumps(item)


def _item_scope(item: Any) -> dict[str, str]:
    if isinstance(item, dict):
        return {"item": json.dumps(item)} | {f"item.{key}": _item(value) for key, value in item.items()}
    return {"item": _item(item)}


def _outputs(kind: str, call: Call, result: Result) -> dict[str, str]:
    prefix = f"{kind}.{call.raw['name']}"
    return {f"{prefix}.status": result.phase} | {f"{prefix}.{key}": value for key, value in result.outputs.items()}


def _failure(workflow: str, calls: Sequence[Call], results: Sequence[Result]) -> Result | None:
    """What a failed call makes of the whole, unless it may be continued on."""
    for call, result in zip(calls, results, strict=True):
        allowed = call.raw.get("continueOn") or {}
        if result.good or allowed.get({"Failed": "failed", "Error": "error"}[result.phase]):
            continue
        return Result(result.phase, f"child '{node_id(workflow, call.node)}' {result.phase.lower()}")
    return None


def _dependencies(task: Mapping[str, Any]) -> list[str]:
    depends = task.get("depends")
    if depends is None:
        return task.get("dependencies") or []
    names = [part.strip().removesuffix(".Succeeded") for part in depends.split("&&")]
    if any(not name.replace("-", "").replace("_", "").isalnum() for name in names):
        raise InvalidSpecError(f"invalid spec: the sandbox knows only && in depends: {depends}")
    return names


def _ordered(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The tasks so that each comes after those it depends on."""
    ordered: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise InvalidSpecError(f"invalid spec: tasks depend on each other: {' -> '.join((*path, name))}")
        if name in ordered:
            return
        if name not in tasks:
            raise InvalidSpecError(f"invalid spec: task '{path[-1]}' depends on '{name}', which does not exist")
        for dependency in _dependencies(tasks[name]):
            visit(dependency, (*path, name))
        ordered.append(name)

    for name in tasks:
        visit(name, ())
    return ordered


def _backoff(backoff: Mapping[str, Any], attempt: int) -> float:
    return _seconds(backoff.get("duration") or "0") * float(backoff.get("factor") or 1) ** attempt


def _seconds(text: Any) -> float:
    """A duration as Argo reads it: bare numbers are seconds."""
    try:
        return float(text) if str(text).replace(".", "", 1).isdigit() else parse_go_duration(str(text))
    except InvalidDurationError as error:
        raise InvalidSpecError(str(error)) from error
