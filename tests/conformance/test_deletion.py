"""Deletion: preconditions, finalizers, owners and namespaces."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.cluster import Cluster, Names, config_map, widget


def _gone(cluster: Cluster, path: str) -> bool:
    return cluster.get(path).status_code == 404


def _owner(obj: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = {"apiVersion": obj["apiVersion"], "kind": obj["kind"]}
    return {**found, "name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"], **more}


def test_deleting_answers_what_went(cluster: Cluster, names: Names) -> None:
    uid = cluster.post(names.widgets, widget("a")).json()["metadata"]["uid"]
    answer = cluster.delete(f"{names.widgets}/a")
    assert answer.json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "a", "group": "conformance.aegis.io", "kind": "widgets", "uid": uid},
    }
    assert cluster.delete(f"{names.widgets}/a").status_code == 404


@pytest.mark.parametrize(
    ("precondition", "message"),
    [
        ({"uid": "x"}, "the UID in the precondition (x) does not match the UID in record"),
        (
            {"resourceVersion": "3"},
            "the ResourceVersion in the precondition (3) does not match the ResourceVersion in record",
        ),
    ],
    ids=["uid", "resourceVersion"],
)
def test_preconditions_must_hold(cluster: Cluster, names: Names, precondition: dict[str, str], message: str) -> None:
    cluster.post(names.widgets, widget("a"))
    answer = cluster.delete(f"{names.widgets}/a", {"preconditions": precondition})
    assert (answer.status_code, answer.json()["reason"]) == (409, "Conflict")
    assert message in answer.json()["message"]


def test_finalizers_hold_an_object(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a", finalizers=["a.io/x", "a.io/y"]))
    held = cluster.delete(f"{names.widgets}/a").json()
    assert held["metadata"]["deletionTimestamp"]
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    assert held["metadata"]["generation"] == 2
    again = cluster.delete(f"{names.widgets}/a").json()
    assert again["metadata"]["resourceVersion"] == held["metadata"]["resourceVersion"]
    answer = cluster.patch(f"{names.widgets}/a", {"metadata": {"finalizers": ["a.io/x", "a.io/z"]}})
    assert answer.status_code == 422
    assert (
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new "
        'finalizers []string{"a.io/z"}'
    ) in answer.json()["message"]
    cluster.patch(f"{names.widgets}/a", {"metadata": {"finalizers": ["a.io/y"]}})
    assert cluster.patch(f"{names.widgets}/a", {"metadata": {"finalizers": []}}).status_code == 200
    assert _gone(cluster, f"{names.widgets}/a")


def test_what_went_is_told_as_it_was_stored(cluster: Cluster, names: Names) -> None:
    version = cluster.post(names.widgets, widget("a", finalizers=["a.io/x"])).json()["metadata"]["resourceVersion"]
    cluster.delete(f"{names.widgets}/a")
    cluster.patch(f"{names.widgets}/a", {"metadata": {"finalizers": None}})
    events = cluster.watch(names.widgets, resourceVersion=version)
    assert [event["type"] for event in events] == ["MODIFIED", "DELETED"]
    assert events[-1]["object"]["metadata"]["finalizers"] == ["a.io/x"]


def test_an_object_that_is_going_still_has_its_name(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a", finalizers=["a.io/x"]))
    cluster.delete(f"{names.widgets}/a")
    answer = cluster.post(names.widgets, widget("a"))
    assert answer.json()["reason"] == "AlreadyExists"
    cluster.patch(f"{names.widgets}/a", {"metadata": {"finalizers": None}})


def test_dependents_follow_their_owner(cluster: Cluster, names: Names) -> None:
    owner = cluster.post(names.widgets, widget("owner")).json()
    child = cluster.post(names.widgets, widget("child", ownerReferences=[_owner(owner)])).json()
    cluster.post(f"{names.core}/configmaps", config_map("grandchild", ownerReferences=[_owner(child)]))
    cluster.delete(f"{names.widgets}/owner", {"propagationPolicy": "Background"})
    assert _gone(cluster, f"{names.widgets}/owner")
    cluster.until(lambda: _gone(cluster, f"{names.core}/configmaps/grandchild"))
    assert _gone(cluster, f"{names.widgets}/child")


def test_an_owner_can_wait_for_its_dependents(cluster: Cluster, names: Names) -> None:
    owner = cluster.post(names.widgets, widget("owner")).json()
    reference = _owner(owner, blockOwnerDeletion=True)
    cluster.post(names.widgets, widget("child", ownerReferences=[reference], finalizers=["a.io/x"]))
    held = cluster.delete(f"{names.widgets}/owner", {"propagationPolicy": "Foreground"}).json()
    assert held["metadata"]["finalizers"] == ["foregroundDeletion"]
    cluster.until(lambda: "deletionTimestamp" in cluster.get(f"{names.widgets}/child").json()["metadata"])
    assert not _gone(cluster, f"{names.widgets}/owner")
    cluster.patch(f"{names.widgets}/child", {"metadata": {"finalizers": None}})
    cluster.until(lambda: _gone(cluster, f"{names.widgets}/owner"))


def test_dependents_can_be_orphaned(cluster: Cluster, names: Names) -> None:
    owner = cluster.post(names.widgets, widget("owner")).json()
    cluster.post(names.widgets, widget("child", ownerReferences=[_owner(owner)]))
    cluster.delete(f"{names.widgets}/owner", {"propagationPolicy": "Orphan"})
    cluster.until(lambda: _gone(cluster, f"{names.widgets}/owner"))
    assert "ownerReferences" not in cluster.get(f"{names.widgets}/child").json()["metadata"]


def test_one_of_two_owners_is_enough(cluster: Cluster, names: Names) -> None:
    owners = [_owner(cluster.post(names.widgets, widget(name)).json()) for name in ("one", "two")]
    cluster.post(names.widgets, widget("child", ownerReferences=owners))
    cluster.delete(f"{names.widgets}/one", {"propagationPolicy": "Background"})
    child = f"{names.widgets}/child"
    cluster.until(lambda: len(cluster.get(child).json()["metadata"]["ownerReferences"]) == 1)
    cluster.delete(f"{names.widgets}/two", {"propagationPolicy": "Background"})
    cluster.until(lambda: _gone(cluster, child))


def test_an_owner_that_never_was_takes_its_dependent(cluster: Cluster, names: Names) -> None:
    owner = cluster.post(names.widgets, widget("owner")).json()
    absent = {**_owner(owner), "uid": "00000000-0000-0000-0000-000000000000"}
    cluster.post(names.widgets, widget("child", ownerReferences=[absent]))
    cluster.until(lambda: _gone(cluster, f"{names.widgets}/child"))


def test_a_namespace_goes_with_all_that_is_in_it(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("free"))
    cluster.post(names.widgets, widget("held", finalizers=["a.io/x"]))
    answer = cluster.delete(names.core)
    assert answer.json()["status"]["phase"] == "Terminating"
    cluster.until(lambda: _gone(cluster, f"{names.widgets}/free"))
    answer = cluster.post(names.widgets, widget("late"))
    assert answer.status_code == 403
    assert (
        f'widgets.conformance.aegis.io "late" is forbidden: unable to create new content in namespace {names.namespace}'
        " because it is being terminated"
    ) == answer.json()["message"]
    assert not _gone(cluster, names.core)
    cluster.patch(f"{names.widgets}/held", {"metadata": {"finalizers": None}})
    cluster.until(lambda: _gone(cluster, names.core))
