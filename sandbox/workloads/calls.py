"""The calls that steps and tasks are: which there are, on what they wait, and what their ends mean for the rest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from sandbox.workloads.errors import InvalidSpecError
from sandbox.workloads.nodetree import node_id
from sandbox.workloads.variables import substitute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GOOD = ("Succeeded", "Skipped")


@dataclass(frozen=True, slots=True)
class Result:
    """How a node ended."""

    phase: str
    message: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    begun: bool = True
    """False if the API server did not take its pod."""
    lasting: bool = False
    """True if it would end so again, however often it is tried."""

    @property
    def good(self) -> bool:
        """Whether what depends on it may go on."""
        return self.phase in _GOOD


@dataclass(frozen=True, slots=True)
class Place:
    """Where a template runs: as which node, within which, and how deep in templates that call each other."""

    node: str
    boundary: str | None = None
    depth: int = 1

    def inner(self, node: str, boundary: str) -> Place:
        """Where a template runs that this one calls."""
        return Place(node, boundary, self.depth + 1)


@dataclass(frozen=True, slots=True)
class Call:
    """One step or task, of which items may make several."""

    place: Place
    raw: Mapping[str, Any]
    scope: Mapping[str, str]


def calls_of(template: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The steps or tasks that a template consists of."""
    if "dag" in template:
        return list((template["dag"] or {}).get("tasks") or [])
    return [step for group in template.get("steps") or [] for step in group]


def expand(place: Place, raw: Mapping[str, Any], scope: Mapping[str, str]) -> list[Call]:
    """One call, or one for each item.

    Raises:
        InvalidSpecError: when the items are no list.
        UnresolvedError: when a tag has no value.
    """
    if "withParam" in raw:
        items = _listed(substitute(raw["withParam"], scope))
    elif "withItems" in raw:
        items = raw["withItems"]
    else:
        return [Call(place, raw, scope)]
    return [
        Call(replace(place, node=f"{place.node}({index}:{_item(item)})"), raw, {**scope, **_item_scope(item)})
        for index, item in enumerate(items)
    ]


def outputs(kind: str, call: Call, result: Result) -> dict[str, str]:
    """What later calls may refer to."""
    prefix = f"{kind}.{call.raw['name']}"
    return {f"{prefix}.status": result.phase} | {f"{prefix}.{key}": value for key, value in result.outputs.items()}


def failure_of_steps(workflow: str, calls: Sequence[Call], results: Sequence[Result]) -> Result | None:
    """What a failed step makes of its group, unless it may be continued on."""
    for call, result in zip(calls, results, strict=True):
        if not result.begun:
            why = f"step group deemed errored due to child {call.place.node} error: {result.message}"
            return Result("Error", why)
        if not _may_go_on(call, result):
            return Result("Failed", f"child '{node_id(workflow, call.place.node)}' failed")
    return None


def failure_of_tasks(workflow: str, calls: Sequence[Call], results: Sequence[Result]) -> Result | None:
    """What a failed task makes of the whole, unless it may be continued on."""
    for call, result in zip(calls, results, strict=True):
        if not _may_go_on(call, result):
            child = f"child '{node_id(workflow, call.place.node)}' {result.phase.lower()}"
            return Result(result.phase, child if result.begun else result.message)
    return None


def needed(task: Mapping[str, Any]) -> list[str] | None:
    """The tasks that must have succeeded before this one; None if its condition is not known here."""
    depends = task.get("depends")
    if depends is None:
        return task.get("dependencies") or []
    names = [part.strip().removesuffix(".Succeeded") for part in depends.split("&&")]
    return names if all(name.replace("-", "").replace("_", "").isalnum() for name in names) else None


def ordered(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The tasks so that each comes after those it depends on.

    Raises:
        InvalidSpecError: when they depend on each other, or on one that does not exist.
    """
    for name, task in tasks.items():
        for dependency in needed(task) or []:
            if dependency not in tasks:
                raise InvalidSpecError(f"invalid spec: task '{name}' depends on '{dependency}', which does not exist")
    try:
        return list(TopologicalSorter({name: needed(task) or [] for name, task in tasks.items()}).static_order())
    except CycleError as error:
        cycle = " -> ".join(reversed(error.args[1]))
        raise InvalidSpecError(f"invalid spec: tasks depend on each other: {cycle}") from error


def _listed(text: str) -> list[Any]:
    why = "it is no list"
    try:
        items = json.loads(text)
    except ValueError as error:
        items, why = None, str(error)
    if not isinstance(items, list):
        raise InvalidSpecError(f"withParam value could not be parsed as a JSON list: {text.strip()}: {why}")
    return items


def _may_go_on(call: Call, result: Result) -> bool:
    allowed = call.raw.get("continueOn") or {}
    return result.good or bool(allowed.get({"Failed": "failed", "Error": "error"}[result.phase]))


def _item(item: Any) -> str:
    if isinstance(item, dict):
        return ",".join(f"{key}:{_item(value)}" for key, value in sorted(item.items()))
    return item if isinstance(item, str) else json.dumps(item)


def _item_scope(item: Any) -> dict[str, str]:
    if isinstance(item, dict):
        return {"item": json.dumps(item)} | {f"item.{key}": _item(value) for key, value in item.items()}
    return {"item": _item(item)}
