"""Nodes and pods are named as Argo names them."""

from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.workloads.errors import WorkflowTooLargeError
from sandbox.workloads.nodetree import NodeTree, fnv32a, node_id, pod_name
from sandbox.workloads.size import LIMIT


@pytest.mark.parametrize(("text", "value"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_the_hash_is_fnv_1a(text: str, value: int) -> None:
    assert fnv32a(text) == value


def test_the_only_pod_of_a_workflow_has_its_name() -> None:
    assert pod_name("w", "w", "start") == "w"
    assert node_id("w", "w") == "w"


def test_a_name_is_cut_so_that_its_hash_fits() -> None:
    assert len(pod_name("w" * 250, "node", "start")) <= 253


def test_children_are_listed_under_what_they_belong_to() -> None:
    tree = NodeTree("w")
    tree.add("w", "Steps", "main", None)
    child = tree.add("w[0].a", "Pod", "say", "w")
    assert tree.nodes["w"]["children"] == [child["id"]]
    assert child["boundaryID"] == "w"
    assert child["displayName"] == "a"
    tree.finish("w[0].a", "Succeeded")
    assert tree.progress == "1/1"


def test_what_has_grown_too_long_takes_no_more() -> None:
    def refuse(_nodes: Mapping[str, Any]) -> None:
        raise WorkflowTooLargeError

    tree = NodeTree("w", refuse)
    with pytest.raises(WorkflowTooLargeError):
        tree.add("x" * LIMIT, "Steps", "again", None)
    with pytest.raises(WorkflowTooLargeError):
        tree.add("w", "Steps", "again", None)
    assert len(tree.nodes) == 1
