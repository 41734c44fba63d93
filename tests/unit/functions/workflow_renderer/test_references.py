"""What a workflow names must be in it: Argo would say so only after the alert came."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from functions.workflow_renderer.checking import findings
from functions.workflow_renderer.references import unfound

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n"
STEPS = "{name: s, steps: [[{name: a, %s}]]}"
DAG = "{name: d, dag: {tasks: [{name: a, %s}]}}"


def manifest(*templates: str, **spec: Any) -> str:
    """A workflow with one template that works, and others."""
    good = "{name: start, container: {image: x}}"
    written = yaml.safe_load(f"[{', '.join([good, *templates])}]")
    return HEAD + yaml.safe_dump({"spec": {"entrypoint": "start", "templates": written, **spec}})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (manifest(entrypoint="stort"), "spec.entrypoint: there is no template 'stort'; did you mean start?"),
        (manifest(entrypoint=None), "spec.entrypoint: is missing (accepted: one of spec.templates: start)"),
        (manifest(onExit="gone"), "spec.onExit: there is no template 'gone'"),
        (manifest(hooks={"exit": {"template": "gone"}}), "spec.hooks.exit.template: there is no template 'gone'"),
        (manifest(STEPS % "template: gone"), "spec.templates[1].steps[0][0].template: there is no template 'gone'"),
        (manifest(DAG % "template: gone"), "spec.templates[1].dag.tasks[0].template: there is no template 'gone'"),
        (
            manifest(STEPS % "template: start, hooks: {running: {template: gone, expression: x}}"),
            "spec.templates[1].steps[0][0].hooks.running.template: there is no template 'gone'",
        ),
        (manifest("{name: b, container: {command: [x]}}"), "spec.templates[1].container.image: is missing or empty"),
        (manifest("{name: b, script: {source: x, image: ''}}"), "spec.templates[1].script.image: is missing or empty"),
        (
            manifest("{name: b, container: {image: x}, sidecars: [{name: c}]}"),
            "spec.templates[1].sidecars[0].image: is missing or empty",
        ),
        (
            manifest("{name: b, containerSet: {containers: [{name: c, image: x}, {name: d}]}}"),
            "spec.templates[1].containerSet.containers[1].image: is missing or empty",
        ),
    ],
)
def test_what_is_named_and_is_not_there_is_told_when_the_template_is_applied(text: str, problem: str) -> None:
    (told,) = findings(text).problems
    assert told.startswith(problem)


@pytest.mark.parametrize(
    "text",
    [
        manifest(),
        manifest(onExit="start"),
        manifest(entrypoint="{{ node }}"),
        manifest(entrypoint="{{workflow.parameters.start}}", arguments={"parameters": [{"name": "start"}]}),
        manifest(STEPS % "template: start", DAG % "template: s"),
        manifest(STEPS % "template: '{{item}}', withItems: [start]"),
        manifest(STEPS % "templateRef: {name: library, template: gone}"),
        manifest(STEPS % "inline: {container: {image: x}}"),
        manifest("{name: '{{ node }}', container: {image: x}}", entrypoint="made-by-an-alert"),
        manifest("{name: b, container: {image: '{{ node }}'}}"),
        manifest("{name: b, container: {command: [x]}}", templateDefaults={"container": {"image": "x"}}),
        manifest("{name: b, suspend: {}}"),
        HEAD + "spec: {workflowTemplateRef: {name: library}}",
        HEAD + "spec: {workflowTemplateRef: {name: library}, entrypoint: theirs, templates: []}",
    ],
)
def test_what_is_there_or_cannot_be_known_is_no_fault(text: str) -> None:
    assert findings(text).problems == []


DATA = st.recursive(
    st.none() | st.integers() | st.sampled_from(["start", "gone", "{{x}}", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "template",
                    "templates",
                    "steps",
                    "dag",
                    "tasks",
                    "hooks",
                    "onExit",
                    "container",
                    "image",
                    "spec",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(spec=DATA, templates=DATA)
def test_no_shape_is_too_odd(spec: Any, templates: Any) -> None:
    held = spec if isinstance(spec, dict) else {}
    assert all(str(problem) for problem in unfound({"spec": {**held, "templates": templates}}))
