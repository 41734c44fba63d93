"""Patches of all kinds, the status subresource, and optimistic concurrency in patches."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.cluster import JSON_PATCH, MERGE_PATCH, STRATEGIC, Cluster, Names, config_map, pod, widget

_REJECTED = "the server rejected our request due to an error in our request"


def test_a_merge_patch_merges_and_null_removes(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a", {"labels": {"x": "1", "y": "2"}, "tags": ["a"]}))
    obj = cluster.patch(f"{names.widgets}/a", {"spec": {"labels": {"x": None, "z": "3"}, "tags": ["b", "c"]}}).json()
    assert obj["spec"]["labels"] == {"y": "2", "z": "3"}
    assert obj["spec"]["tags"] == ["b", "c"]
    assert obj["metadata"]["generation"] == 2


def test_a_json_patch_follows_its_operations(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a", {"steps": [{"run": "x"}]}))
    operations = [
        {"op": "test", "path": "/spec/size", "value": 1},
        {"op": "replace", "path": "/spec/size", "value": 2},
        {"op": "add", "path": "/spec/steps/-", "value": {"run": "y"}},
        {"op": "copy", "from": "/spec/size", "path": "/spec/ratio"},
        {"op": "remove", "path": "/spec/steps/0"},
    ]
    obj = cluster.patch(f"{names.widgets}/a", operations, JSON_PATCH).json()
    assert (obj["spec"]["size"], obj["spec"]["ratio"], obj["spec"]["steps"]) == (2, 2, [{"run": "y"}])


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/size", "value": 3},
        {"op": "remove", "path": "/spec/none"},
        {"op": "add", "path": "/spec/none/deeper", "value": 1},
    ],
    ids=["test", "remove", "add"],
)
def test_a_json_patch_that_fails_changes_nothing(cluster: Cluster, names: Names, operation: dict[str, Any]) -> None:
    before = cluster.post(names.widgets, widget("a")).json()
    answer = cluster.patch(f"{names.widgets}/a", [operation], JSON_PATCH)
    assert (answer.status_code, answer.json()["reason"], answer.json()["message"]) == (422, "Invalid", _REJECTED)
    assert cluster.get(f"{names.widgets}/a").json() == before


def test_a_json_patch_may_replace_what_is_not_there(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    answer = cluster.patch(f"{names.widgets}/a", [{"op": "replace", "path": "/spec/code", "value": "abc"}], JSON_PATCH)
    assert answer.json()["spec"]["code"] == "abc"


def test_json_patch_tests_read_the_stored_metadata(cluster: Cluster, names: Names) -> None:
    obj = cluster.post(names.widgets, widget("a")).json()
    uid = {"op": "test", "path": "/metadata/uid", "value": obj["metadata"]["uid"]}
    version = {"op": "test", "path": "/metadata/resourceVersion", "value": obj["metadata"]["resourceVersion"]}
    change = {"op": "replace", "path": "/spec/size", "value": 2}
    assert cluster.patch(f"{names.widgets}/a", [uid, version, change], JSON_PATCH).status_code == 200
    assert cluster.patch(f"{names.widgets}/a", [uid, version, change], JSON_PATCH).status_code == 422


def test_a_version_in_a_merge_patch_must_be_the_newest(cluster: Cluster, names: Names) -> None:
    old = cluster.post(names.widgets, widget("a")).json()["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": old}, "spec": {"size": 2}}
    assert cluster.patch(f"{names.widgets}/a", patch).status_code == 200
    answer = cluster.patch(f"{names.widgets}/a", {**patch, "spec": {"size": 3}})
    assert (answer.status_code, answer.json()["reason"]) == (409, "Conflict")
    assert "please apply your changes to the latest version and try again" in answer.json()["message"]


def test_a_uid_in_a_merge_patch_must_be_the_objects(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    answer = cluster.patch(f"{names.widgets}/a", {"metadata": {"uid": "another"}, "spec": {"size": 2}})
    assert answer.status_code == 422
    assert answer.json()["message"] == (
        'Widget.conformance.aegis.io "a" is invalid: metadata.uid: Invalid value: "another": field is immutable'
    )


def test_a_patch_cannot_rename(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    answer = cluster.patch(f"{names.widgets}/a", {"metadata": {"name": "b"}})
    assert answer.status_code == 400
    assert answer.json()["message"] == "the name of the object (b) does not match the name on the URL (a)"


def test_patching_what_is_not_there_is_not_found(cluster: Cluster, names: Names) -> None:
    answer = cluster.patch(f"{names.widgets}/none", {"spec": {"size": 2}})
    assert (answer.status_code, answer.json()["reason"]) == (404, "NotFound")


def test_a_custom_resource_takes_no_strategic_merge_patch(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    answer = cluster.patch(f"{names.widgets}/a", {"spec": {"size": 2}}, STRATEGIC)
    assert (answer.status_code, answer.json()["reason"]) == (415, "UnsupportedMediaType")
    assert answer.json()["message"] == (
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
        "application/merge-patch+json, application/apply-patch+yaml"
    )


def test_a_strategic_merge_patch_merges_lists_by_key(cluster: Cluster, names: Names) -> None:
    containers = [{"name": "a", "image": "i", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "i"}]
    cluster.post(f"{names.core}/pods", {**pod("p"), "spec": {"containers": containers}})
    patch = {"spec": {"containers": [{"name": "a", "image": "new"}]}}
    obj = cluster.patch(f"{names.core}/pods/p", patch, STRATEGIC).json()
    assert [(c["name"], c["image"]) for c in obj["spec"]["containers"]] == [("a", "new"), ("b", "i")]
    assert obj["spec"]["containers"][0]["env"] == [{"name": "X", "value": "1"}]


def test_strategic_merge_directives(cluster: Cluster, names: Names) -> None:
    conditions = [{"type": "A", "status": "True"}, {"type": "B", "status": "True"}]
    cluster.post(f"{names.core}/pods", pod("p"))
    obj = cluster.patch(f"{names.core}/pods/p/status", {"status": {"conditions": conditions}}, STRATEGIC).json()
    assert [c["type"] for c in obj["status"]["conditions"]] == ["A", "B"]
    patch = {"status": {"conditions": [{"type": "A", "$patch": "delete"}, {"type": "B", "status": "False"}]}}
    obj = cluster.patch(f"{names.core}/pods/p/status", patch, STRATEGIC).json()
    assert [(c["type"], c["status"]) for c in obj["status"]["conditions"]] == [("B", "False")]
    cluster.patch(f"{names.core}/pods/p", {"metadata": {"labels": {"other": "that"}}})
    labels = {"metadata": {"labels": {"$patch": "replace", "only": "this"}}}
    obj = cluster.patch(f"{names.core}/pods/p", labels, STRATEGIC).json()
    assert obj["metadata"]["labels"] == {"only": "this"}


def test_a_merge_patch_replaces_lists_of_built_in_kinds(cluster: Cluster, names: Names) -> None:
    cluster.post(f"{names.core}/pods", pod("p"))
    patch = {"status": {"conditions": [{"type": "A", "status": "True"}]}}
    cluster.patch(f"{names.core}/pods/p/status", patch)
    patch = {"status": {"conditions": [{"type": "B", "status": "True"}]}}
    obj = cluster.patch(f"{names.core}/pods/p/status", patch).json()
    assert [c["type"] for c in obj["status"]["conditions"]] == ["B"]


def test_status_and_the_rest_are_written_apart(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    change = {"metadata": {"labels": {"x": "y"}}, "spec": {"size": 5}, "status": {"phase": "Done"}}
    obj = cluster.patch(f"{names.widgets}/a/status", change).json()
    assert obj["status"]["phase"] == "Done"
    assert obj["spec"]["size"] == 1
    assert "labels" not in obj["metadata"]
    assert obj["metadata"]["generation"] == 1
    change["status"] = {"phase": "New"}
    obj = cluster.patch(f"{names.widgets}/a", change).json()
    assert (obj["status"]["phase"], obj["spec"]["size"], obj["metadata"]["generation"]) == ("Done", 5, 2)


def test_metadata_alone_is_no_new_generation(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    obj = cluster.patch(f"{names.widgets}/a", {"metadata": {"labels": {"x": "y"}}}).json()
    assert obj["metadata"]["generation"] == 1


def test_status_is_replaced_with_its_version(cluster: Cluster, names: Names) -> None:
    old = cluster.post(names.widgets, widget("a")).json()
    new = cluster.put(f"{names.widgets}/a/status", {**old, "status": {"count": 4}}).json()
    assert new["status"] == {"count": 4, "phase": "New"}
    answer = cluster.put(f"{names.widgets}/a/status", {**old, "status": {"count": 5}})
    assert (answer.status_code, answer.json()["reason"]) == (409, "Conflict")


def test_a_kind_without_status_has_no_such_path(cluster: Cluster, names: Names) -> None:
    cluster.post(f"{names.core}/configmaps", config_map("a"))
    answer = cluster.patch(f"{names.core}/configmaps/a/status", {"data": {"x": "y"}}, MERGE_PATCH)
    assert answer.status_code == 404


def test_a_pods_specification_is_fixed(cluster: Cluster, names: Names) -> None:
    cluster.post(f"{names.core}/pods", pod("p"))
    answer = cluster.patch(f"{names.core}/pods/p", {"spec": {"restartPolicy": "Never"}})
    assert answer.status_code == 422
    assert "spec: Forbidden: pod updates may not change fields other than" in answer.json()["message"]
