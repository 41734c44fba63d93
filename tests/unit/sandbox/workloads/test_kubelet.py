"""Pods walk through their phases on the nodes, whoever made them."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.workloads.containers import EXIT_CODE_ANNOTATION

from .conftest import Workloads


async def create(
    workloads: Workloads,
    *command: str,
    name: str = "p",
    annotations: dict[str, str] | None = None,
    mounts: list[dict[str, str]] | None = None,
    **spec: Any,
) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "c", "image": "x", "command": list(command), "volumeMounts": mounts or []}],
            **spec,
        },
    }
    await workloads.api.create(workloads.api.resource("pods"), pod, "default")


def phase(wanted: str) -> Any:
    return lambda pod: pod["status"]["phase"] == wanted


async def test_a_pod_succeeds_and_its_log_says_what_would_have_run(workloads: Workloads) -> None:
    await create(workloads, "kubectl", "cordon", "a b")
    pod = await workloads.pod(phase("Succeeded"), "p")
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (state["exitCode"], state["reason"]) == (0, "Completed")
    assert pod["spec"]["nodeName"] == "dev1"
    log = await workloads.log(pod)
    assert "Nothing ran" in log
    assert "EXECUTE=1" in log
    assert "kubectl cordon 'a b'" in log


async def test_a_pod_may_say_how_it_pretends_to_end(workloads: Workloads) -> None:
    await create(workloads, "anything", annotations={EXIT_CODE_ANNOTATION: "7"})
    pod = await workloads.pod(phase("Failed"), "p")
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 7


async def test_a_pod_waits_until_a_node_takes_it_and_says_why(workloads: Workloads) -> None:
    nodes = workloads.api.resource("nodes")
    for name in ("dev1", "dev2"):
        await workloads.api.patch(nodes, name, {"spec": {"unschedulable": True}})
    await create(workloads, "true")
    waiting = await workloads.pod(lambda pod: pod["status"].get("conditions"), "p")
    (condition,) = waiting["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "Unschedulable")
    assert condition["message"].startswith("0/2 nodes are available: 2 node(s) were unschedulable. ")
    event = await workloads.event("p")
    assert (event["type"], event["reason"], event["message"]) == ("Warning", "FailedScheduling", condition["message"])
    assert event["source"] == {"component": "default-scheduler"}
    await workloads.api.patch(nodes, "dev2", {"spec": {"unschedulable": False}})
    assert (await workloads.pod(phase("Succeeded"), "p"))["spec"]["nodeName"] == "dev2"


async def test_a_pod_with_the_longest_name_waits_too(workloads: Workloads) -> None:
    nodes, name = workloads.api.resource("nodes"), "p" * 253
    for node in ("dev1", "dev2"):
        await workloads.api.patch(nodes, node, {"spec": {"unschedulable": True}})
    await create(workloads, "true", name=name)
    assert (await workloads.event(name))["reason"] == "FailedScheduling"
    await workloads.api.patch(nodes, "dev2", {"spec": {"unschedulable": False}})
    await workloads.pod(phase("Succeeded"), name)


async def test_a_pod_that_names_its_node_runs_there_even_when_it_is_cordoned(workloads: Workloads) -> None:
    await workloads.api.patch(workloads.api.resource("nodes"), "dev1", {"spec": {"unschedulable": True}})
    await create(workloads, "true", nodeName="dev1")
    assert (await workloads.pod(phase("Succeeded"), "p"))["spec"]["nodeName"] == "dev1"


async def test_a_pod_has_no_more_time_than_its_deadline(workloads: Workloads) -> None:
    await create(workloads, "sleep", "60", activeDeadlineSeconds=1)
    assert (await workloads.pod(phase("Failed"), "p"))["status"]["reason"] == "DeadlineExceeded"


async def test_a_failed_init_container_fails_the_pod(workloads: Workloads) -> None:
    await create(workloads, "true", initContainers=[{"name": "i", "image": "x", "command": ["false"]}])
    await workloads.pod(phase("Failed"), "p")


async def test_a_pod_that_always_restarts_goes_on(workloads: Workloads) -> None:
    await create(workloads, "true", restartPolicy="Always")
    pod = await workloads.pod(phase("Running"), "p")
    assert pod["status"]["containerStatuses"][0]["ready"] is True


async def test_the_end_of_a_log_can_be_asked_for(workloads: Workloads) -> None:
    await create(workloads, "echo", "hi")
    pod = await workloads.pod(phase("Succeeded"), "p")
    assert await workloads.log(pod, tailLines="1") == "echo hi\n"
    assert await workloads.log(pod, follow="true") == await workloads.log(pod)


async def test_a_process_that_cannot_have_its_mounts_never_starts(executing: Workloads, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "precious").touch()
    await create(
        executing, "sh", "-c", f"rm -rf {kept}/*",
        volumes=[{"name": "scratch", "emptyDir": {}}], mounts=[{"name": "scratch", "mountPath": str(kept)}],
    )  # fmt: skip
    pod = await executing.pod(phase("Failed"), "p")
    assert (kept / "precious").exists()
    assert pod["status"]["reason"] == "NotHonoured"
    assert "spec.containers[c].volumeMounts" in pod["status"]["message"]
    event = await executing.event("p")
    assert (event["type"], event["reason"]) == ("Warning", "NotHonoured")
    assert event["message"] == pod["status"]["message"]


async def test_what_only_pretends_may_ask_for_anything(workloads: Workloads) -> None:
    await create(workloads, "true", hostPID=True, volumes=[{"name": "root", "hostPath": {"path": "/"}}])
    await workloads.pod(phase("Succeeded"), "p")


async def test_a_process_that_is_asked_for_nothing_more_runs(executing: Workloads) -> None:
    await create(executing, "echo", "hi")
    assert await executing.log(await executing.pod(phase("Succeeded"), "p")) == "hi\n"


def named(pod: str, container: str, **fields: Any) -> dict[str, Any]:
    spec = {"restartPolicy": "Never", "containers": [{"name": container, "image": "x", "command": ["true"], **fields}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod}, "spec": spec}


@pytest.mark.parametrize("name", ["../../{}", "{}/x", "/{}"])
async def test_a_containers_name_is_no_path_on_the_machine(workloads: Workloads, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.with_suffix(".log").write_text("the machine's own")
    container = name.format(elsewhere if name == "{}/x" else elsewhere.name)
    await workloads.api.create(workloads.api.resource("pods"), named("p", container), "default")
    pod = await workloads.pod(phase("Succeeded"), "p")
    assert "would have run" in await workloads.log(pod, container=container)
    assert elsewhere.with_suffix(".log").read_text() == "the machine's own"


@pytest.mark.parametrize(
    "fields",
    [
        {"command": ["echo", "a\0b"]},
        {"env": [{"name": "A=B", "value": "x"}]},
        {"env": [{"name": "A\0", "value": "x"}]},
    ],
)
async def test_what_no_process_can_be_started_with_fails_the_pod(executing: Workloads, fields: dict[str, Any]) -> None:
    pods = executing.api.resource("pods")
    await executing.api.create(pods, named("p", "main", **fields), "default")
    ended = await executing.pod(lambda pod: pod.get("status", {}).get("phase") in ("Failed", "Succeeded"), "p")
    assert ended["status"]["phase"] == "Failed"
