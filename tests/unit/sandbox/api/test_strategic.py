"""Strategic merge patches follow the lists' keys and the directives."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.api import models
from sandbox.api.objects import clone
from sandbox.api.strategic import strategic_merge

_POD = {
    "spec": {
        "containers": [
            {"name": "a", "image": "1", "ports": [{"containerPort": 80, "protocol": "TCP"}]},
            {"name": "b", "image": "1"},
        ],
        "tolerations": [{"key": "x"}],
    },
    "metadata": {"finalizers": ["one"], "labels": {"l": "1"}},
}


def _patched(patch: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = strategic_merge(models.node("Pod"), clone(_POD), clone(patch))
    return result


def _names(pod: dict[str, Any]) -> list[str]:
    return [container["name"] for container in pod["spec"]["containers"]]


def test_items_merge_by_their_key() -> None:
    pod = _patched({"spec": {"containers": [{"name": "b", "image": "2"}, {"name": "c"}]}})
    assert [(c["name"], c.get("image")) for c in pod["spec"]["containers"]] == [("a", "1"), ("b", "2"), ("c", None)]


def test_an_item_can_be_deleted() -> None:
    assert _names(_patched({"spec": {"containers": [{"name": "a", "$patch": "delete"}]}})) == ["b"]


def test_a_list_can_be_replaced() -> None:
    assert _names(_patched({"spec": {"containers": [{"name": "z"}, {"$patch": "replace"}]}})) == ["z"]


def test_the_order_can_be_set() -> None:
    order = {"$setElementOrder/containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}]}
    assert _names(_patched({"spec": {**order, "containers": [{"name": "c"}]}})) == ["c", "b", "a"]


def test_a_list_without_a_key_is_replaced() -> None:
    assert _patched({"spec": {"tolerations": [{"key": "y"}]}})["spec"]["tolerations"] == [{"key": "y"}]


def test_sets_grow_and_shrink() -> None:
    assert _patched({"metadata": {"finalizers": ["two"]}})["metadata"]["finalizers"] == ["one", "two"]
    pod = _patched({"metadata": {"$deleteFromPrimitiveList/finalizers": ["one"]}})
    assert pod["metadata"]["finalizers"] == []


def test_null_removes() -> None:
    assert "labels" not in _patched({"metadata": {"labels": None}})["metadata"]


@pytest.mark.parametrize(("directive", "left"), [("replace", {"n": "1"}), ("merge", {"l": "1", "n": "1"})])
def test_a_map_can_be_replaced(directive: str, left: dict[str, str]) -> None:
    assert _patched({"metadata": {"labels": {"$patch": directive, "n": "1"}}})["metadata"]["labels"] == left


def test_only_named_keys_can_be_retained() -> None:
    pod = _patched({"spec": {"$retainKeys": ["containers"], "containers": [{"name": "a"}]}})
    assert pod["spec"].keys() == {"containers"}
