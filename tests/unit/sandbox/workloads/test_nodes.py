"""A pod goes where the scheduler would put it."""

from typing import Any

import pytest

from sandbox.api import Api
from sandbox.workloads.nodes import choose, ensure_nodes


def node(name: str, *, ready: bool = True, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": spec, "status": {"conditions": [condition]}}


def pod(**spec: Any) -> dict[str, Any]:
    return {"spec": spec}


TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
EQUAL = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
CORDON = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}


def affinity(**expression: Any) -> dict[str, Any]:
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


@pytest.mark.parametrize(
    ("wanted", "there", "taken"),
    [
        (pod(), node("n"), True),
        (pod(), node("n", ready=False), False),
        (pod(), node("n", unschedulable=True), False),
        (pod(tolerations=[CORDON]), node("n", unschedulable=True), True),
        (pod(tolerations=[{"operator": "Exists"}]), node("n", taints=[TAINT]), True),
        (pod(), node("n", taints=[TAINT]), False),
        (pod(tolerations=[EQUAL]), node("n", taints=[TAINT]), True),
        (pod(tolerations=[EQUAL | {"value": "no"}]), node("n", taints=[TAINT]), False),
        (pod(), node("n", taints=[TAINT | {"effect": "PreferNoSchedule"}]), True),
        (pod(nodeSelector={"disk": "ssd"}), node("n", labels={"disk": "ssd"}), True),
        (pod(nodeSelector={"disk": "ssd"}), node("n"), False),
        (pod(affinity=affinity(key="disk", operator="In", values=["ssd"])), node("n", labels={"disk": "ssd"}), True),
        (
            pod(affinity=affinity(key="disk", operator="NotIn", values=["ssd"])),
            node("n", labels={"disk": "ssd"}),
            False,
        ),
        (pod(affinity=affinity(key="disk", operator="DoesNotExist")), node("n"), True),
        (pod(affinity=affinity(key="age", operator="Gt", values=["3"])), node("n", labels={"age": "4"}), True),
    ],
)
def test_scheduling(wanted: dict[str, Any], there: dict[str, Any], taken: bool) -> None:  # noqa: FBT001
    assert (choose(wanted, [there])[0] == "n") is taken


def test_the_reasons_of_all_nodes_are_told_as_the_scheduler_does() -> None:
    name, message = choose(pod(), [node("a", ready=False), node("b", unschedulable=True), node("c", ready=False)])
    assert name is None
    assert message == (
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s). "
        "no new claims to deallocate, preemption: 0/3 nodes are available: "
        "3 Preemption is not helpful for scheduling."
    )


def test_a_cluster_without_nodes_takes_nothing() -> None:
    assert choose(pod(), []) == (None, "no nodes available to schedule pods")


async def test_the_sandbox_has_two_ready_nodes_and_keeps_what_became_of_them() -> None:
    api = Api()
    nodes = api.resource("nodes")
    await ensure_nodes(api)
    await api.patch(nodes, "dev1", {"spec": {"unschedulable": True}})
    await ensure_nodes(api)
    found = await api.list(nodes)
    assert [n["metadata"]["name"] for n in found] == ["dev1", "dev2"]
    assert found[0]["spec"]["unschedulable"] is True
    assert choose(pod(), found)[0] == "dev2"
