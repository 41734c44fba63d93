"""A manifest has only fields that Argo has, each of its type."""

from typing import Any

import pytest

from functions.workflow_renderer.argo_fields import Conformity, current

META = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}


def workflow(**spec: Any) -> dict[str, Any]:
    return {**META, "spec": spec}


def in_template(**fields: Any) -> dict[str, Any]:
    return workflow(templates=[{"name": "a", **fields}])


def problems(manifest: Any) -> list[str]:
    conformity = Conformity()
    conformity.of(manifest)
    return [f"{problem.where}: {problem.problem}" for problem in conformity.problems]


CONTAINER = {
    "image": "x",
    "command": ["a"],
    "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
    "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
    "ports": [{"containerPort": 80}],
    "livenessProbe": {"httpGet": {"port": "http", "path": "/"}, "periodSeconds": 5},
    "securityContext": {"privileged": True, "capabilities": {"add": ["SYS_ADMIN"]}},
    "volumeMounts": [{"name": "v", "mountPath": "/v"}],
}


@pytest.mark.parametrize(
    "manifest",
    [
        in_template(container=CONTAINER),
        in_template(script={**CONTAINER, "source": "x"}),
        in_template(containerSet={"containers": [{**CONTAINER, "name": "main", "dependencies": ["b"]}]}),
        in_template(initContainers=[{**CONTAINER, "name": "i"}], sidecars=[{**CONTAINER, "name": "s"}], suspend={}),
        in_template(retryStrategy={"limit": 1, "backoff": {"duration": "1m", "factor": "2"}}),
        in_template(
            retryStrategy={"limit": "{{inputs.parameters.x}}"}, activeDeadlineSeconds="{{inputs.parameters.x}}"
        ),
        in_template(
            dag={"tasks": [{"name": "t", "inline": {"container": CONTAINER}, "withItems": [1, "a", {"b": "c"}]}]}
        ),
        in_template(
            steps=[[{"name": "t", "template": "b", "arguments": {"parameters": [{"name": "p", "value": "v"}]}}]]
        ),
        in_template(resource={"action": "get", "manifest": "x"}, metadata={"labels": {"a": "b"}}),
        in_template(inputs={"artifacts": [{"name": "a", "path": "/a", "raw": {"data": "x"}}]}),
        in_template(plugin={"any": {"thing": 5}}),
        workflow(
            volumes=[{"name": "v", "hostPath": {"path": "/"}}],
            nodeSelector={"a": "b"},
            tolerations=[{"operator": "Exists"}],
        ),
        workflow(ttlStrategy={"secondsAfterCompletion": 60}, hooks={"exit": {"template": "a"}}, parallelism=1),
        workflow(synchronization={"mutexes": [{"name": "m"}]}, workflowTemplateRef={"name": "t"}, podGC=None),
    ],
)
def test_what_argo_has_is_no_problem(manifest: dict[str, Any]) -> None:
    assert problems(manifest) == []


@pytest.mark.parametrize(
    ("manifest", "found"),
    [
        (workflow(entrypint="a"), ["spec.entrypint: Argo knows no such field, did you mean entrypoint?"]),
        (in_template(contaner={}), ["spec.templates[0].contaner: Argo knows no such field, did you mean container?"]),
        (
            in_template(container={"image": "x", "comand": []}),
            ["spec.templates[0].container.comand: Argo knows no such field, did you mean command?"],
        ),
        (
            in_template(dag={"tasks": [{"name": "t", "inline": {"contaner": {}}}]}),
            ["spec.templates[0].dag.tasks[0].inline.contaner: Argo knows no such field, did you mean container?"],
        ),
        ({**workflow(), "status": {}}, ["status: Argo knows no such field"]),
        ({**workflow(), "metadata": {"uid": "x"}}, ["metadata.uid: Argo knows no such field"]),
        (workflow(parallelism="5"), ["spec.parallelism: is text"]),
        (workflow(parallelism=1.5), ["spec.parallelism: is a number"]),
        (workflow(parallelism=True), ["spec.parallelism: is true or false"]),
        (workflow(entrypoint=5), ["spec.entrypoint: is a number"]),
        (workflow(suspend="yes"), ["spec.suspend: is text"]),
        (workflow(templates={}), ["spec.templates: is a mapping"]),
        (workflow(templates=["a"]), ["spec.templates[0]: is text"]),
        (workflow(nodeSelector=["a"]), ["spec.nodeSelector: is a list"]),
        (in_template(container={"env": [{"value": "x"}]}), ["spec.templates[0].container.env[0].name: is missing"]),
        ({"kind": "Workflow", "spec": {}}, ["apiVersion: is missing"]),
        ([], ["manifest: is a list"]),
    ],
)
def test_each_field_that_is_not_argos_or_not_of_its_type_is_named(manifest: Any, found: list[str]) -> None:
    assert problems(manifest) == found


def test_a_parameters_number_is_text_as_argos_own_types_read_it() -> None:
    parameters = [
        {"name": "a", "value": 5},
        {"name": "b", "default": True, "enum": [1, "x"]},
        {"name": "c", "value": 1.5},
    ]
    conformity = Conformity()
    checked = conformity.of(workflow(arguments={"parameters": parameters}))
    assert conformity.problems == []
    assert checked["spec"]["arguments"]["parameters"] == [
        {"name": "a", "value": "5"},
        {"name": "b", "default": "true", "enum": ["1", "x"]},
        {"name": "c", "value": "1.5"},
    ]


def test_a_quantity_with_a_fraction_is_text() -> None:
    checked = Conformity().of(in_template(container={"resources": {"limits": {"cpu": 0.5, "memory": 5}}}))
    assert checked["spec"]["templates"][0]["container"]["resources"]["limits"] == {"cpu": "0.5", "memory": 5}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"ttlSecondsAfterFinished": 60}, {"ttlStrategy": {"secondsAfterCompletion": 60}}),
        (
            {"ttlSecondsAfterFinished": 60, "ttlStrategy": {"secondsAfterFailure": 5}},
            {"ttlStrategy": {"secondsAfterCompletion": 60, "secondsAfterFailure": 5}},
        ),
        (
            {"ttlSecondsAfterFinished": 60, "ttlStrategy": {"secondsAfterCompletion": 5}},
            {"ttlStrategy": {"secondsAfterCompletion": 5}},
        ),
        ({"synchronization": {"mutex": {"name": "m"}}}, {"synchronization": {"mutexes": [{"name": "m"}]}}),
        (
            {"templates": [{"synchronization": {"semaphore": {"namespace": "n"}}}]},
            {"templates": [{"synchronization": {"semaphores": [{"namespace": "n"}]}}]},
        ),
    ],
)
def test_what_argo_has_renamed_is_carried_over(old: dict[str, Any], new: dict[str, Any]) -> None:
    given = {**META, "spec": dict(old)}
    assert current(given) == {**META, "spec": new}
    assert given == {**META, "spec": old}
    assert problems(current(given)) == []


@pytest.mark.parametrize(
    ("manifest", "notes"),
    [
        (
            in_template(pendingTimeout="5m"),
            ["spec.templates[0].pendingTimeout: Argo has it since 4.1 and drops it before"],
        ),
        (
            workflow(podResources={"limits": {"cpu": 1}}, resourceClaims=[{"name": "gpu"}], executorPlugins=[{}]),
            [
                "spec.podResources: Argo has it since 4.1 and drops it before",
                "spec.resourceClaims: Argo has it since 4.1 and drops it before",
                "spec.executorPlugins: Argo has it since 4.1 and drops it before",
            ],
        ),
        (
            workflow(templateDefaults={"podResources": {"requests": {"memory": "1Gi"}}}),
            ["spec.templateDefaults.podResources: Argo has it since 4.1 and drops it before"],
        ),
        (
            in_template(outputs={"artifacts": [{"name": "a", "s3": {"key": "k", "addressingStyle": "path"}}]}),
            ["spec.templates[0].outputs.artifacts[0].s3.addressingStyle: Argo has it since 4.1 and drops it before"],
        ),
        (
            workflow(arguments={"artifacts": [{"name": "a", "http": {"url": "u", "saveStreamViaFile": True}}]}),
            ["spec.arguments.artifacts[0].http.saveStreamViaFile: Argo has it since 4.1 and drops it before"],
        ),
        (
            in_template(memoize={"key": "k", "maxAge": "1h", "cache": {"configMap": {"name": "c", "key": "k"}}}),
            ["spec.templates[0].memoize.cache.configMap.key: Argo has it until 3.7 and drops it after"],
        ),
        (workflow(podPriority=5), ["spec.podPriority: Argo has it until 3.6 and drops it after"]),
        (in_template(priority=5), ["spec.templates[0].priority: Argo has it until 3.6 and drops it after"]),
    ],
)
def test_a_field_of_another_release_passes_with_a_note(manifest: Any, notes: list[str]) -> None:
    conformity = Conformity()
    assert conformity.of(manifest) == manifest
    assert [str(note) for note in conformity.notes] == notes
    assert conformity.problems == []


@pytest.mark.parametrize(
    ("manifest", "found"),
    [
        (workflow(pendingTimeout="5m"), ["spec.pendingTimeout: Argo knows no such field"]),
        (in_template(executorPlugins=[]), ["spec.templates[0].executorPlugins: Argo knows no such field"]),
        (in_template(pendingTimeout=5), ["spec.templates[0].pendingTimeout: is a number"]),
        (
            in_template(podResources={"limts": {}}),
            ["spec.templates[0].podResources.limts: Argo knows no such field, did"],
        ),
        (in_template(http={"url": "u", "saveStreamViaFile": True}), ["spec.templates[0].http.saveStreamViaFile: Argo"]),
        (workflow(imagePullSecrets=[{"name": "a", "key": "b"}]), ["spec.imagePullSecrets[0].key: Argo knows no such"]),
    ],
)
def test_of_another_release_too_each_field_has_its_place_and_type(manifest: Any, found: list[str]) -> None:
    assert [problem[: len(text)] for problem, text in zip(problems(manifest), found, strict=True)] == found


def test_locks_that_became_lists_are_noted() -> None:
    mutex = {"synchronization": {"mutex": {"name": "m"}}}
    conformity = Conformity()
    current({**META, "spec": {**mutex, "templates": [mutex]}}, conformity.notes)
    assert [str(note) for note in conformity.notes] == [
        "spec.synchronization.mutex: is written as mutexes, which Argo has since 3.6",
        "spec.templates[0].synchronization.mutex: is written as mutexes, which Argo has since 3.6",
    ]
