"""Workflows walk through their phases as Argo's controller would take them."""

import asyncio
import json
import re
from random import Random
from typing import Any

import pytest

from sandbox.workloads.nodetree import fnv32a
from sandbox.workloads.size import nodes_of

from .conftest import Workloads

PHASE, COMPLETED = "workflows.argoproj.io/phase", "workflows.argoproj.io/completed"


def container(*command: str, **template: Any) -> dict[str, Any]:
    return {"name": "start", "container": {"image": "x", "command": list(command)}, **template}


def one(*command: str, **template: Any) -> dict[str, Any]:
    return {"entrypoint": "start", "templates": [container(*command, **template)]}


SAY = {
    "name": "say",
    "inputs": {"parameters": [{"name": "what"}]},
    "container": {"image": "x", "command": ["echo", "{{inputs.parameters.what}}"]},
}


def say(name: str, what: str, **call: Any) -> dict[str, Any]:
    return {"name": name, "template": "say", "arguments": {"parameters": [{"name": "what", "value": what}]}, **call}


async def said(workloads: Workloads) -> set[str]:
    logs = [await workloads.log(pod) for pod in await workloads.pods()]
    return {log.splitlines()[1].removeprefix("echo ").strip("'") for log in logs}


async def test_a_container_that_ends_well_makes_a_workflow_succeed(workloads: Workloads) -> None:
    ended = await workloads.run(one("true"))
    status = ended["status"]
    assert status["phase"] == "Succeeded"
    assert ended["metadata"]["labels"][PHASE] == "Succeeded"
    assert ended["metadata"]["labels"][COMPLETED] == "true"
    assert status["progress"] == "1/1"
    assert status["nodes"]["w"]["type"] == "Pod"
    assert status["nodes"]["w"]["hostNodeName"] == "dev1"


async def test_its_pod_is_named_labelled_and_owned_as_argo_does(workloads: Workloads) -> None:
    spec = one("true", retryStrategy={"limit": 1}, nodeSelector={"kubernetes.io/hostname": "dev2"})
    ended = await workloads.run(spec)
    (pod,) = await workloads.pods()
    assert pod["metadata"]["name"] == f"w-start-{fnv32a('w(0)')}"
    assert pod["metadata"]["labels"]["workflows.argoproj.io/workflow"] == "w"
    assert pod["metadata"]["ownerReferences"][0]["uid"] == ended["metadata"]["uid"]
    assert pod["spec"]["nodeName"] == "dev2"
    assert pod["spec"]["containers"][0]["name"] == "main"


async def test_its_pod_carries_the_metadata_of_workflow_and_template(workloads: Workloads) -> None:
    own = {"labels": {"a": "template", "c": "template"}}
    general = {"labels": {"a": "workflow", "b": "workflow"}, "annotations": {"d": "workflow"}}
    await workloads.run({**one("true", metadata=own), "podMetadata": general})
    (pod,) = await workloads.pods()
    labels = pod["metadata"]["labels"]
    assert (labels["a"], labels["b"], labels["c"]) == ("template", "workflow", "template")
    assert pod["metadata"]["annotations"]["d"] == "workflow"


async def test_it_is_running_before_it_has_ended(workloads: Workloads) -> None:
    await workloads.submit(one("sleep", "60"))
    running = await workloads.workflow(lambda found: found.get("status", {}).get("progress") == "0/1")
    assert running["metadata"]["labels"] == {PHASE: "Running", COMPLETED: "false"}


async def test_a_failure_is_repeated_as_often_as_allowed(workloads: Workloads) -> None:
    ended = await workloads.run(one("sh", "-c", "exit 3", retryStrategy={"limit": "2"}))
    assert ended["status"]["phase"] == "Failed"
    assert ended["status"]["message"] == "No more retries left"
    assert len(await workloads.pods()) == 3
    attempts = [node for node in ended["status"]["nodes"].values() if node["type"] == "Pod"]
    assert {node["message"] for node in attempts} == {"main: Error (exit code 3)"}


@pytest.mark.parametrize(
    ("backoff", "message"),
    [
        ({"duration": "1h", "maxDuration": "1m"}, "Backoff would exceed max duration limit"),
        ({"duration": "1h", "cap": "0s", "maxDuration": "1m"}, "No more retries left"),
    ],
    ids=["max-duration", "cap"],
)
async def test_a_failure_is_repeated_no_longer_than_allowed(
    workloads: Workloads, backoff: dict[str, str], message: str
) -> None:
    ended = await workloads.run(one("false", retryStrategy={"limit": 1, "backoff": backoff}))
    assert (ended["status"]["phase"], ended["status"]["message"]) == ("Failed", message)


async def test_a_deleted_pod_is_an_error(workloads: Workloads) -> None:
    await workloads.submit(one("sleep", "60"))
    await workloads.pod(lambda pod: pod["status"]["phase"] == "Running", "w")
    await workloads.api.delete(workloads.api.resource("pods"), "w", "default")
    ended = await workloads.workflow(lambda found: found["status"].get("finishedAt"))
    assert (ended["status"]["phase"], ended["status"]["message"]) == ("Error", "pod deleted")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"templates": [container("true")]}, "spec.entrypoint is required"),
        (one("true") | {"entrypoint": "nope"}, "template name 'nope' undefined"),
        ({"entrypoint": "start", "templates": [{"name": "start", "http": {"url": "x"}}]}, "templates.start.http"),
        ({"entrypoint": "start", "templates": [{"name": "start"}]}, "templates.start"),
        (one("echo", "{{inputs.parameters.x}}"), "failed to resolve {{inputs.parameters.x}}"),
        ({"entrypoint": "say", "templates": [SAY]}, "inputs.parameters.what was not supplied"),
        ({"workflowTemplateRef": {"name": "none"}}, "error in getting workflowtemplate"),
    ],
    ids=["entrypoint", "undefined", "kind", "no-kind", "tag", "parameter", "reference"],
)
async def test_a_bad_spec_is_an_error_that_says_why(workloads: Workloads, spec: dict[str, Any], message: str) -> None:
    ended = await workloads.run(spec)
    assert ended["status"]["phase"] == "Error"
    assert message in ended["status"]["message"]


@pytest.mark.parametrize(
    ("given", "why"), [("no list", "Expecting value: line 1 column 1 (char 0)"), ('{"a": 1}', "it is no list")]
)
async def test_a_parameter_that_is_no_list_is_an_error_in_argos_words(
    workloads: Workloads, given: str, why: str
) -> None:
    main = {"name": "main", "steps": [[say("a", "{{item}}", withParam=given)]]}
    ended = await workloads.run({"entrypoint": "main", "templates": [main, SAY]})
    assert (ended["status"]["phase"], ended["status"]["message"]) == (
        "Error",
        f"withParam value could not be parsed as a JSON list: {given}: {why}",
    )


async def test_what_nobody_thought_of_ends_the_workflow(workloads: Workloads, caplog: pytest.LogCaptureFixture) -> None:
    ended = await workloads.run(one("false", retryStrategy={"limit": "many"}))
    assert ended["status"]["phase"] == "Error"
    assert ended["status"]["message"] == "ValueError: invalid literal for int() with base 10: 'many'"
    assert "workflow default/w" in caplog.text


async def test_an_empty_condition_is_none(workloads: Workloads) -> None:
    main = {"name": "main", "steps": [[say("a", "a", when="")]]}
    ended = await workloads.run({"entrypoint": "main", "templates": [main, SAY]})
    assert ended["status"]["phase"] == "Succeeded"


TOO_DEEP = (
    "Maximum recursion depth exceeded. "
    "See https://argo-workflows.readthedocs.io/en/latest/scaling/#maximum-recursion-depth"
)


async def test_a_recursion_without_end_meets_the_depth_that_argo_allows(workloads: Workloads) -> None:
    again = {"name": "again", "steps": [[{"name": "again", "template": "again"}]]}
    ended = await workloads.run({"entrypoint": "again", "templates": [again]})
    assert ended["status"]["phase"] == "Failed"
    nodes = ended["status"]["nodes"].values()
    assert [node["message"] for node in nodes if node["phase"] == "Error"] == [TOO_DEEP]
    assert sum(node["type"] == "Steps" for node in nodes) == 99
    (first,) = [node for node in nodes if node["name"] == "w[0].again"]
    assert ended["status"]["message"] == f"child '{first['id']}' failed"


async def test_a_recursion_of_tasks_has_the_same_depth(workloads: Workloads) -> None:
    again = {"name": "again", "dag": {"tasks": [{"name": "again", "template": "again"}]}}
    ended = await workloads.run({"entrypoint": "again", "templates": [again]})
    assert ended["status"]["phase"] == "Error"
    assert TOO_DEEP in {node.get("message") for node in ended["status"]["nodes"].values()}


async def test_a_workflow_that_grows_too_long_ends_in_argos_words(workloads: Workloads) -> None:
    texts = Random(0)
    items = [texts.randbytes(3000).hex() for _ in range(20)]
    inner = {"name": "inner", "steps": [[{"name": "b", "template": "leaf", "withItems": items}]]}
    outer = {"name": "outer", "steps": [[{"name": "a", "template": "inner", "withItems": items}]]}
    ended = await workloads.run({"entrypoint": "outer", "templates": [outer, inner, {"name": "leaf", "steps": []}]})
    assert ended["status"]["phase"] == "Error"
    assert re.fullmatch(
        r"workflow is longer than maximum allowed size\. compressed size \d+ > maxSize 1048576",
        ended["status"]["message"],
    )
    assert len(json.dumps(ended)) <= 1024 * 1024


async def test_a_long_workflow_is_compressed_and_can_still_be_resumed(workloads: Workloads) -> None:
    many = {"name": "many", "template": "leaf", "withItems": ["x" * 6000 + str(number) for number in range(100)]}
    main = {"name": "main", "steps": [[many], [{"name": "pause", "template": "wait"}]]}
    leaf, wait = {"name": "leaf", "steps": []}, {"name": "wait", "suspend": {}}
    await workloads.submit({"entrypoint": "main", "templates": [main, leaf, wait]})

    def paused(workflow: dict[str, Any]) -> list[str]:
        return [key for key, node in nodes_of(workflow).items() if node["type"] == "Suspend"]

    long = await workloads.workflow(paused)
    assert "nodes" not in long["status"]
    (node,) = paused(long)
    change = {"status": {"nodes": {node: {"phase": "Succeeded"}}, "compressedNodes": None}}
    await workloads.api.patch(workloads.api.resource("workflows", "argoproj.io"), "w", change, "default")
    ended = await workloads.workflow(lambda found: found["status"].get("finishedAt"))
    assert ended["status"]["phase"] == "Succeeded"


async def test_what_the_stand_in_does_not_do_ends_a_workflow_before_anything_runs(workloads: Workloads) -> None:
    counted = {"name": "count", "template": "start", "withSequence": {"count": "3"}}
    main = {"name": "main", "steps": [[{"name": "first", "template": "start"}], [counted]]}
    spec = {"entrypoint": "main", "parallelism": 1, "templates": [main, container("true")]}
    ended = await workloads.run(spec)
    assert ended["status"]["phase"] == "Error"
    assert ended["status"]["message"] == (
        "the sandbox does not do spec.parallelism, templates.main.steps[1][count].withSequence; "
        "sandbox/README.md says what it does"
    )
    assert await workloads.pods() == []


async def test_a_workflow_waits_for_a_node_and_says_so(workloads: Workloads) -> None:
    nodes = workloads.api.resource("nodes")
    for name in ("dev1", "dev2"):
        await workloads.api.patch(nodes, name, {"spec": {"unschedulable": True}})
    await workloads.submit(one("true"))
    waiting = await workloads.workflow(
        lambda found: found.get("status", {}).get("nodes", {}).get("w", {}).get("message")
    )
    node = waiting["status"]["nodes"]["w"]
    assert (waiting["status"]["phase"], node["phase"]) == ("Running", "Pending")
    assert node["message"].startswith("Unschedulable: 0/2 nodes are available: 2 node(s) were unschedulable. ")
    await workloads.api.patch(nodes, "dev1", {"spec": {"unschedulable": False}})
    ended = await workloads.workflow(lambda found: found["status"].get("finishedAt"))
    assert ended["status"]["phase"] == "Succeeded"
    assert not ended["status"]["nodes"]["w"].get("message")


NO_ACCOUNT = 'is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found'


async def test_a_pod_without_its_account_is_an_error_of_the_workflow(workloads: Workloads) -> None:
    ended = await workloads.run({**one("true"), "serviceAccountName": "nobody"})
    refused = f'pods "w" {NO_ACCOUNT}'
    assert (ended["status"]["phase"], ended["status"]["message"]) == (
        "Error", f"error in entry template execution: {refused}",
    )  # fmt: skip
    assert ended["status"]["nodes"]["w"]["message"] == refused
    assert await workloads.pods() == []


async def test_a_step_without_its_account_fails_the_steps_with_the_reason(workloads: Workloads) -> None:
    main = {"name": "main", "steps": [[{"name": "a", "template": "start"}]]}
    spec = {"entrypoint": "main", "templates": [main, container("true")], "serviceAccountName": "nobody"}
    ended = await workloads.run(spec)
    assert ended["status"]["phase"] == "Failed"
    assert ended["status"]["message"].startswith("step group deemed errored due to child w[0].a error: pods ")
    assert ended["status"]["message"].endswith(NO_ACCOUNT)


async def test_a_workflow_fails_with_what_its_processes_cannot_honour(executing: Workloads) -> None:
    spec = one("true")
    spec["templates"][0]["container"]["securityContext"] = {"privileged": True}
    ended = await executing.run(spec)
    assert ended["status"]["phase"] == "Failed"
    assert "securityContext.privileged" in ended["status"]["message"]
    assert ended["status"]["nodes"]["w"]["message"] == ended["status"]["message"]


async def test_what_cannot_be_honoured_is_not_tried_again(executing: Workloads) -> None:
    spec = one("true", retryStrategy={"limit": 3, "retryPolicy": "Always"})
    spec["templates"][0]["container"]["workingDir"] = "/"
    ended = await executing.run(spec)
    assert "workingDir" in ended["status"]["message"]
    assert len(await executing.pods()) == 1


async def test_of_a_long_output_only_the_end_is_passed_on(executing: Workloads) -> None:
    source = "head -c 300000 /dev/zero | tr '\\0' x; echo end"
    script = {"name": "start", "script": {"image": "x", "command": ["sh"], "source": source}}
    ended = await executing.run({"entrypoint": "start", "templates": [script]})
    result = ended["status"]["nodes"]["w"]["outputs"]["result"]
    assert len(result) <= 256 * 1024
    assert result.endswith("xend")


async def test_steps_pass_parameters_items_and_conditions(workloads: Workloads) -> None:
    steps = [
        [say("a", "hello {{workflow.parameters.who}}"), say("b", "{{item}}", withItems=["1", {"x": 2}])],
        [say("c", "{{steps.a.status}}", when="{{steps.a.exitCode}} == 0"), say("d", "never", when="1 == 2")],
    ]
    ended = await workloads.run(
        {
            "entrypoint": "main",
            "arguments": {"parameters": [{"name": "who", "value": "world"}]},
            "templates": [{"name": "main", "steps": steps}, SAY],
        }
    )
    assert ended["status"]["phase"] == "Succeeded"
    assert await said(workloads) == {"hello world", "1", '{"x": 2}', "Succeeded"}


async def test_a_failed_step_stops_the_steps_unless_it_may_be_continued_on(workloads: Workloads) -> None:
    fail = {"name": "fail", "container": {"image": "x", "command": ["false"]}}
    failing = {"name": "a", "template": "fail"}
    allowed = {**failing, "continueOn": {"failed": True}}
    for name, first, phase in (("stops", failing, "Failed"), ("goes-on", allowed, "Succeeded")):
        steps = [[first], [say("b", name)]]
        templates = [{"name": "main", "steps": steps}, fail, SAY]
        ended = await workloads.run({"entrypoint": "main", "templates": templates}, name)
        assert ended["status"]["phase"] == phase
    assert "goes-on" in await said(workloads)
    assert "stops" not in await said(workloads)


async def test_tasks_wait_for_those_they_depend_on(workloads: Workloads) -> None:
    tasks = [say("last", "last", dependencies=["a", "b"]), say("a", "a"), say("b", "b", depends="a.Succeeded")]
    ended = await workloads.run({"entrypoint": "main", "templates": [{"name": "main", "dag": {"tasks": tasks}}, SAY]})
    assert ended["status"]["phase"] == "Succeeded"
    nodes = [node["displayName"] for node in ended["status"]["nodes"].values() if node["type"] == "Pod"]
    assert nodes == ["a", "b", "last"]


async def test_what_depends_on_a_failed_task_is_omitted(workloads: Workloads) -> None:
    fail = {"name": "fail", "container": {"image": "x", "command": ["false"]}}
    tasks = [{"name": "a", "template": "fail"}, say("b", "b", dependencies=["a"])]
    templates = [{"name": "main", "dag": {"tasks": tasks}}, fail, SAY]
    ended = await workloads.run({"entrypoint": "main", "templates": templates})
    assert ended["status"]["phase"] == "Failed"
    assert {n["displayName"]: n["phase"] for n in ended["status"]["nodes"].values()}["b"] == "Omitted"


@pytest.mark.parametrize(("fail_fast", "begun"), [(True, False), (False, True)])
async def test_after_a_failed_task_others_begin_only_if_they_may(
    workloads: Workloads,
    fail_fast: bool,  # noqa: FBT001
    begun: bool,  # noqa: FBT001
) -> None:
    tasks = [
        {"name": "a", "template": "fail"}, {"name": "pause", "template": "wait"}, say("after", "x", depends="pause"),
    ]  # fmt: skip
    fail = {"name": "fail", "container": {"image": "x", "command": ["false"]}}
    main = {"name": "main", "dag": {"tasks": tasks, "failFast": fail_fast}}
    templates = [main, fail, {"name": "wait", "suspend": {}}, SAY]
    await workloads.submit({"entrypoint": "main", "templates": templates})
    workflow = await workloads.workflow(
        lambda found: {node["phase"] for node in nodes_of(found).values() if node["name"] == "w.a"} == {"Failed"}
    )
    (pause,) = [node["id"] for node in nodes_of(workflow).values() if node["name"] == "w.pause"]
    change = {"status": {"nodes": {pause: {"phase": "Succeeded"}}}}
    await workloads.api.patch(workloads.api.resource("workflows", "argoproj.io"), "w", change, "default")
    ended = await workloads.workflow(lambda found: found["status"].get("finishedAt"))
    assert ended["status"]["phase"] == "Failed"
    assert ("w.after" in {node["name"] for node in nodes_of(ended).values()}) is begun


async def test_tasks_in_a_circle_are_an_error(workloads: Workloads) -> None:
    tasks = [say("a", "a", dependencies=["b"]), say("b", "b", dependencies=["a"])]
    ended = await workloads.run({"entrypoint": "main", "templates": [{"name": "main", "dag": {"tasks": tasks}}, SAY]})
    assert ended["status"]["phase"] == "Error"
    assert "depend on each other" in ended["status"]["message"]


async def test_the_exit_handler_knows_how_it_went(workloads: Workloads) -> None:
    bye = {"name": "bye", "container": {"image": "x", "command": ["echo", "{{workflow.status}}"]}}
    spec = one("false")
    ended = await workloads.run({**spec, "templates": [*spec["templates"], bye], "onExit": "bye"})
    assert ended["status"]["phase"] == "Failed"
    assert "Failed" in await said(workloads)


async def test_a_workflow_that_is_shut_down_fails_and_its_pods_go(workloads: Workloads) -> None:
    await workloads.submit(one("sleep", "60"))
    await workloads.pod(lambda pod: pod["status"]["phase"] == "Running", "w")
    change = {"spec": {"shutdown": "Terminate"}}
    await workloads.api.patch(workloads.api.resource("workflows", "argoproj.io"), "w", change, "default")
    ended = await workloads.workflow(lambda found: found["status"].get("finishedAt"))
    assert (ended["status"]["phase"], ended["status"]["message"]) == ("Failed", "Stopped with strategy 'Terminate'")
    assert await workloads.pods() == []


async def test_a_workflow_whose_time_is_up_fails(workloads: Workloads) -> None:
    ended = await workloads.run({**one("sleep", "60"), "activeDeadlineSeconds": 0.05})
    assert ended["status"]["message"] == "Max duration limit exceeded"


async def test_a_suspended_workflow_starts_when_it_is_resumed(workloads: Workloads) -> None:
    await workloads.submit({**one("true"), "suspend": True})
    await workloads.workflow(lambda found: found.get("status", {}).get("phase") == "Running")
    assert await workloads.pods() == []
    change = {"spec": {"suspend": False}}
    await workloads.api.patch(workloads.api.resource("workflows", "argoproj.io"), "w", change, "default")
    ended = await workloads.workflow(lambda found: found["status"].get("finishedAt"))
    assert ended["status"]["phase"] == "Succeeded"


async def test_a_suspend_template_waits_until_its_node_is_marked(workloads: Workloads) -> None:
    await workloads.submit({"entrypoint": "wait", "templates": [{"name": "wait", "suspend": {}}]})
    await workloads.workflow(lambda found: "w" in found.get("status", {}).get("nodes", {}))
    change = {"status": {"nodes": {"w": {"phase": "Succeeded"}}}}
    await workloads.api.patch(workloads.api.resource("workflows", "argoproj.io"), "w", change, "default")
    ended = await workloads.workflow(lambda found: found["status"].get("finishedAt"))
    assert ended["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize(
    ("strategy", "command"),
    [
        ({"secondsAfterCompletion": 0}, "true"),
        ({"secondsAfterSuccess": 0, "secondsAfterCompletion": 999}, "true"),
        ({"secondsAfterFailure": 0, "secondsAfterSuccess": 999}, "false"),
    ],
)
async def test_a_finished_workflow_is_deleted_when_its_time_is_over(
    workloads: Workloads, strategy: dict[str, int], command: str
) -> None:
    gone = asyncio.create_task(workloads.gone("workflows", "argoproj.io", "w"))
    await asyncio.sleep(0)
    await workloads.submit({**one(command), "ttlStrategy": strategy})
    await gone


async def test_a_finalizer_holds_an_expired_workflow(workloads: Workloads) -> None:
    resource = workloads.api.resource("workflows", "argoproj.io")
    await workloads.submit({**one("true"), "ttlStrategy": {"secondsAfterCompletion": 0}}, finalizers=["x/y"])
    held = await workloads.workflow(lambda found: found["metadata"].get("deletionTimestamp"))
    assert held["status"]["phase"] == "Succeeded"
    gone = asyncio.create_task(workloads.gone("workflows", "argoproj.io", "w"))
    await asyncio.sleep(0)
    await workloads.api.patch(resource, "w", {"metadata": {"finalizers": None}}, "default")
    await gone


async def test_pods_are_collected_if_asked_for(workloads: Workloads) -> None:
    gone = asyncio.create_task(workloads.gone("pods", "", "w"))
    await asyncio.sleep(0)
    await workloads.submit({**one("true"), "podGC": {"strategy": "OnWorkflowCompletion"}})
    await gone


async def test_a_template_is_taken_from_where_it_is_kept(workloads: Workloads) -> None:
    kept = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": {"name": "kept"}}
    resource = workloads.api.resource("workflowtemplates", "argoproj.io")
    await workloads.api.create(resource, {**kept, "spec": one("true")}, "default")
    ended = await workloads.run({"workflowTemplateRef": {"name": "kept"}})
    assert ended["status"]["phase"] == "Succeeded"
