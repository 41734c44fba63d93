"""A spec is read as Argo reads it: with the defaults of its templates in them, or not at all."""

from typing import Any

import pytest

from sandbox.workloads.calls import ordered
from sandbox.workloads.errors import InvalidSpecError
from sandbox.workloads.workflowspec import parse_spec

CONTAINER = {"image": "x", "command": ["true"]}


def spec(*templates: Any, **fields: Any) -> dict[str, Any]:
    return {"entrypoint": "main", "templates": list(templates), **fields}


def main(**fields: Any) -> dict[str, Any]:
    return {"name": "main", **fields}


def test_a_template_has_what_the_defaults_say_of_its_parts() -> None:
    mounts = [{"name": "v", "mountPath": "/srv"}]
    defaults = {"container": {"image": "y", "volumeMounts": mounts}, "nodeSelector": {"a": "b"}}
    read = parse_spec(spec(main(container=CONTAINER), templateDefaults=defaults))
    assert read.template("main") == main(container={**CONTAINER, "volumeMounts": mounts}, nodeSelector={"a": "b"})


def test_defaults_of_another_kind_of_template_are_not_its_own() -> None:
    leaf = {"name": "leaf", "container": CONTAINER}
    steps = [[{"name": "a", "template": "leaf"}]]
    read = parse_spec(spec(main(steps=steps), leaf, templateDefaults={"container": {"image": "y"}}))
    assert read.template("main") == main(steps=steps)


def test_a_workflow_has_what_its_template_says_of_its_parts() -> None:
    base = spec(main(container=CONTAINER), securityContext={"runAsUser": 1})
    read = parse_spec({"securityContext": {"runAsNonRoot": True}}, base)
    assert read.raw["securityContext"] == {"runAsUser": 1, "runAsNonRoot": True}


@pytest.mark.parametrize(
    "given",
    [
        spec(
            main(container={**CONTAINER, "env": [{"name": "A", "value": "1"}]}),
            templateDefaults={"container": {"env": [{"name": "B", "value": "2"}]}},
        ),
        spec(main(container=CONTAINER, suspend={})),
        spec(main(container=CONTAINER, steps=[])),
        {"entrypoint": "main", "templates": "x"},
        spec("x"),
        spec(None),
        spec({"name": ["main"]}),
        spec(main(steps="x")),
        spec(main(steps=[["x"]])),
        spec(main(dag={"tasks": [{"template": "main"}]})),
        spec(main(container=CONTAINER), arguments={"parameters": ["x"]}),
        spec(main(container=CONTAINER), arguments={"parameters": [{"value": 1}]}),
    ],
)
def test_what_is_no_workflow_is_an_invalid_spec(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpecError):
        parse_spec(given)


def test_tasks_are_ordered_however_long_their_chain() -> None:
    tasks = {f"t{n}": {"dependencies": [f"t{n - 1}"] if n else []} for n in reversed(range(3_000))}
    assert ordered(tasks) == [f"t{n}" for n in range(3_000)]


@pytest.mark.parametrize(
    ("dependencies", "problem"),
    [({"a": ["b"], "b": ["a"]}, "depend on each other: "), ({"a": ["b"]}, "'a' depends on 'b', which does not exist")],
)
def test_tasks_that_cannot_be_ordered_are_named(dependencies: dict[str, list[str]], problem: str) -> None:
    with pytest.raises(InvalidSpecError, match=problem):
        ordered({name: {"dependencies": needed} for name, needed in dependencies.items()})
