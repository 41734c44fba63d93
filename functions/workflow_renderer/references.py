"""Whether what a workflow names is there: its templates, wherever they are named, and an image for each container.

Argo says so only once the workflow was made, and the alert is Failed then. What holds values or Argo's tags is not
known here, nor is what comes from a WorkflowTemplate.
Source: Argo's ``workflow/validate``.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any

from aegis.nearest import similar
from functions.workflow_renderer.document import Path, spelled
from functions.workflow_renderer.errors import Problem

_RUN_IMAGES = ("container", "script")
_LISTS_OF_IMAGES = ("initContainers", "sidecars")
_ELSEWHERE = ("templateRef", "inline")
_LISTED = 12

_Templates = Sequence[tuple[Path, dict[str, Any]]]


def unfound(workflow: dict[str, Any]) -> Iterator[Problem]:
    """Everything that a workflow names and has not, or has not said; nothing where a WorkflowTemplate says it."""
    spec = workflow.get("spec")
    if not isinstance(spec, dict) or "workflowTemplateRef" in spec or not isinstance(spec.get("templates"), list):
        return
    templates: _Templates = [
        (("spec", "templates", at), each) for at, each in enumerate(spec["templates"]) if isinstance(each, dict)
    ]
    names = [template.get("name") for _, template in templates]
    if all(map(_is_known, names)):
        yield from _unnamed(spec, templates, [str(name) for name in names])
    if "templateDefaults" not in spec:
        yield from chain.from_iterable(_without_image(template, path) for path, template in templates)


def _unnamed(spec: dict[str, Any], templates: _Templates, names: list[str]) -> Iterator[Problem]:
    if not spec.get("entrypoint"):
        yield Problem("spec.entrypoint", "is missing", _one_of(names))
    yield from _unless_there(spec.get("entrypoint"), ("spec", "entrypoint"), names)
    for path, template in ((("spec",), spec), *templates):
        for at, step in chain([(path, template)], _steps(template, path)):
            yield from _unless_there(step.get("onExit"), (*at, "onExit"), names)
            for where, named in ((at, step), *_hooks(step, at)):
                if not any(named.get(name) for name in _ELSEWHERE):
                    yield from _unless_there(named.get("template"), (*where, "template"), names)


def _hooks(data: dict[str, Any], path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for name, hook in _map(data.get("hooks")).items():
        yield (*path, "hooks", name), _map(hook)


def _steps(template: dict[str, Any], path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for at, group in enumerate(_items(template.get("steps"))):
        for position, step in enumerate(_items(group)):
            yield (*path, "steps", at, position), _map(step)
    dag = _map(template.get("dag"))
    for at, task in enumerate(_items(dag.get("tasks"))):
        yield (*path, "dag", "tasks", at), _map(task)


def _unless_there(name: Any, path: Path, names: Collection[str]) -> Iterator[Problem]:
    if name and _is_known(name) and name not in names:
        near = similar(name, names)
        meant = f"; did you mean {near}?" if near else ""
        yield Problem(spelled(path), f"there is no template {name!r:.80}{meant}", _one_of(names))


def _one_of(names: Collection[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"one of spec.templates: {', '.join(list(names)[:_LISTED])}{more}"


def _without_image(template: dict[str, Any], path: Path) -> Iterator[Problem]:
    single = [((*path, name), template[name]) for name in _RUN_IMAGES if name in template]
    lists = [((*path, name), template.get(name)) for name in _LISTS_OF_IMAGES]
    lists.append(((*path, "containerSet", "containers"), _map(template.get("containerSet")).get("containers")))
    several = [((*where, at), each) for where, items in lists for at, each in enumerate(_items(items))]
    for where, container in (*single, *several):
        if isinstance(container, dict) and not container.get("image"):
            yield Problem(spelled((*where, "image")), "is missing or empty", "the image that the container runs")


def _items(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []


def _map(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}


def _is_known(name: Any) -> bool:
    """Whether a name is what it will be: it holds no value, and none of Argo's tags."""
    return isinstance(name, str) and "{{" not in name
