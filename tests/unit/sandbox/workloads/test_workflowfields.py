"""What the stand-in for Argo does not do is known by a list of what it does."""

from typing import Any

import pytest

from sandbox.workloads.workflowfields import not_done

LEAF = {"name": "leaf", "container": {"image": "x", "command": ["true"]}}


def spec(*templates: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"entrypoint": "main", **fields, "templates": list(templates)}


def found(checked: dict[str, Any]) -> list[str]:
    return not_done(checked, {template["name"]: template for template in checked["templates"]})


def step(**fields: Any) -> dict[str, Any]:
    return spec({"name": "main", "steps": [[{"name": "a", "template": "leaf", **fields}]]}, LEAF)


def task(**fields: Any) -> dict[str, Any]:
    first = {"name": "first", "template": "leaf"}
    return spec({"name": "main", "dag": {"tasks": [first, {"name": "a", "template": "leaf", **fields}]}}, LEAF)


def leaf(**fields: Any) -> dict[str, Any]:
    return spec({**LEAF, "name": "main", **fields})


@pytest.mark.parametrize(
    ("checked", "field"),
    [
        (spec(LEAF, synchronization={"mutexes": [{"name": "m"}]}), "spec.synchronization"),
        (spec(LEAF, podSpecPatch="{}"), "spec.podSpecPatch"),
        (spec(LEAF, hooks={"exit": {"template": "leaf"}}), "spec.hooks"),
        (spec(LEAF, arguments={"artifacts": [{"name": "a"}]}), "spec.arguments.artifacts"),
        (spec(LEAF, invented=1), "spec.invented"),
        (spec(LEAF, podGC={"labelSelector": {"matchLabels": {"a": "b"}}}), "spec.podGC.labelSelector"),
        (step(withSequence={"count": 2}), "templates.main.steps[0][a].withSequence"),
        (step(template=None, templateRef={"name": "x", "template": "y"}), "templates.main.steps[0][a].templateRef"),
        (step(template=None, inline={"suspend": {}}), "templates.main.steps[0][a].inline"),
        (step(hooks={"running": {"template": "leaf"}}), "templates.main.steps[0][a].hooks"),
        (spec(LEAF, podGC="OnPodSuccess"), "spec.podGC"),
        (step(when=True), "templates.main.steps[0][a].when"),
        (step(when="{{workflow.name}} =~ w"), "templates.main.steps[0][a].when"),
        (task(depends="first || first.Failed"), "templates.main.dag.tasks[a].depends"),
        (task(depends="first.Failed"), "templates.main.dag.tasks[a].depends"),
        (spec({"name": "main", "dag": {"target": "a", "tasks": []}}), "templates.main.dag.target"),
        (spec({"name": "main", "http": {"url": "x"}}), "templates.main.http"),
        (spec({"name": "main", "resource": {"action": "get"}}), "templates.main.resource"),
        (spec({"name": "main", "containerSet": {"containers": [LEAF]}}), "templates.main.containerSet"),
        (spec({"name": "main", "steps": [], "retryStrategy": {"limit": 1}}), "templates.main.retryStrategy"),
        (spec({"name": "main", "suspend": {}, "activeDeadlineSeconds": 5}), "templates.main.activeDeadlineSeconds"),
        (leaf(outputs={"parameters": [{"name": "o", "valueFrom": {"path": "/x"}}]}), "templates.main.outputs"),
        (leaf(inputs={"artifacts": [{"name": "a", "path": "/a"}]}), "templates.main.inputs.artifacts"),
        (leaf(sidecars=[LEAF]), "templates.main.sidecars"),
        (leaf(daemon=True), "templates.main.daemon"),
        (leaf(retryStrategy={"expression": "true"}), "templates.main.retryStrategy.expression"),
        (leaf(container={"image": "x", "args": ["{{=1 + 1}}"]}), "templates.main.container.args[0] (an expression)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_done_is_named(checked: dict[str, Any], field: str) -> None:
    assert found(checked) == [field]


@pytest.mark.parametrize(
    "checked",
    [
        spec({"name": "main", "suspend": {}}, ttlStrategy={"secondsAfterFailure": 5}, podGC={"strategy": "OnPodGone"}),
        spec({"name": "main", "suspend": {"duration": "1s"}}, priority=5, metrics={"prometheus": [{"name": "m"}]}),
        leaf(metadata={"labels": {"a": "b"}}, retryStrategy={"backoff": {"duration": 1, "maxDuration": "1m"}}),
        leaf(volumes=[{"name": "v", "emptyDir": {}}], securityContext={"runAsUser": 5}, tolerations=[{"key": "k"}]),
        step(withItems=[1, {"a": 2}], when="1 == 2", continueOn={"failed": True}),
        task(depends="first.Succeeded && first", withParam="[1]"),
        task(dependencies=["first"], arguments={"parameters": [{"name": "p", "value": "v"}]}),
        spec({"name": "main", "suspend": {}}, {"name": "never-called", "http": {"url": "x"}}),
    ],
)  # fmt: skip
def test_what_is_done_or_needs_no_doing_is_not(checked: dict[str, Any]) -> None:
    assert found(checked) == []
