"""The node that is repaired is not there to wake on: the loop runs on another, and undoes its work from there."""

import pytest

from tests.e2e.driver import NODES, PODS, Cluster, custom


def nodes_of_functions(cluster: Cluster) -> set[str]:
    """The nodes that functions run on now."""
    pods = cluster.api.items(PODS, labelSelector="serving.knative.dev/service")
    return {pod["spec"]["nodeName"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}


@pytest.mark.usefixtures("schedulable")
def test_from_zero_a_cordoned_node_is_uncordoned_from_another(cluster: Cluster, node: str) -> None:
    cluster.apply_example("nodehasemergencyevent")
    cluster.apply_example("resolved")
    firing = custom("NodeHasEmergencyEvent", node=node)
    name = cluster.result(firing)["name"]
    cluster.settled(name, "Succeeded")
    assert cluster.api.get(f"{NODES}/{node}")["spec"]["unschedulable"] is True

    cluster.until_zero()
    assert cluster.result({**firing, "status": "Resolved"})["name"] == name
    undone = cluster.resolved(name, "Succeeded")
    assert node not in nodes_of_functions(cluster)
    (pod,) = cluster.pods_of(undone["status"]["resolved"]["workflow"])
    assert pod["status"]["phase"] == "Succeeded"  # on any node: the undo tolerates the taint that it takes away
    assert "unschedulable" not in cluster.api.get(f"{NODES}/{node}")["spec"]
