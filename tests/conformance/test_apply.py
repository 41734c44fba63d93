"""Server-side apply: who owns which field, and what happens when two want it."""

from __future__ import annotations

import pytest

from tests.conformance.cluster import Cluster, Names, config_map, managers, pod, widget

_OWNED = ("one", "Apply", "")


def test_applying_creates_and_owns_what_it_names(cluster: Cluster, names: Names) -> None:
    answer = cluster.apply(
        f"{names.widgets}/a", widget("a", {"tags": ["x"], "parts": [{"name": "p"}]}, labels={"l": "1"}), "one"
    )
    assert answer.status_code == 201
    assert managers(answer.json()) == {
        _OWNED: {
            "f:metadata": {"f:labels": {"f:l": {}}},
            "f:spec": {"f:parts": {'k:{"name":"p"}': {".": {}, "f:name": {}}}, "f:size": {}, "f:tags": {'v:"x"': {}}},
        }
    }
    assert cluster.apply(f"{names.widgets}/a", widget("a"), "one").status_code == 200


def test_applying_the_same_again_changes_nothing(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a"), "one")
    first = cluster.apply(f"{names.widgets}/a", widget("a"), "one").json()
    assert cluster.apply(f"{names.widgets}/a", widget("a"), "one").json() == first


def test_what_a_manager_leaves_out_goes(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a", {"code": "abc", "labels": {"x": "1", "y": "2"}}), "one")
    obj = cluster.apply(f"{names.widgets}/a", widget("a", {"labels": {"y": "2"}}), "one").json()
    assert "code" not in obj["spec"]
    assert obj["spec"]["labels"] == {"y": "2"}
    obj = cluster.apply(f"{names.widgets}/a", widget("a"), "one").json()
    assert "labels" not in obj["spec"]


def test_what_another_manager_set_stays(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a", {"labels": {"x": "1"}}), "one")
    cluster.patch(f"{names.widgets}/a", {"spec": {"labels": {"y": "2"}}}, fieldManager="hand")
    obj = cluster.apply(f"{names.widgets}/a", widget("a"), "one").json()
    assert obj["spec"]["labels"] == {"y": "2"}


def test_two_managers_conflict_over_a_value(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a", {"code": "abc"}), "one")
    answer = cluster.apply(f"{names.widgets}/a", widget("a", {"code": "xyz"}), "two")
    assert answer.status_code == 409
    body = answer.json()
    assert body["reason"] == "Conflict"
    assert body["message"] == 'Apply failed with 1 conflict: conflict with "one": .spec.code'
    assert body["details"] == {
        "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".spec.code"}]
    }


def test_several_conflicts_are_all_named(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a", {"code": "abc", "color": "green"}), "one")
    answer = cluster.apply(f"{names.widgets}/a", widget("a", {"code": "xyz", "color": "red"}), "two")
    assert answer.json()["message"] == (
        'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.code\n- .spec.color'
    )


def test_conflicts_name_who_updated(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a", {"parts": [{"name": "p", "weight": 2}]}), fieldManager="hand")
    config = widget("a", {"parts": [{"name": "p", "weight": 3}]})
    body = cluster.apply(f"{names.widgets}/a", config, "one").json()
    assert body["message"].startswith(
        'Apply failed with 1 conflict: conflict with "hand" using conformance.aegis.io/v1'
    )
    assert body["details"]["causes"][0]["field"] == '.spec.parts[name="p"].weight'


def test_force_takes_over(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a", {"code": "abc"}), "one")
    obj = cluster.apply(f"{names.widgets}/a", widget("a", {"code": "xyz"}), "two", force="true").json()
    assert obj["spec"]["code"] == "xyz"
    assert managers(obj) == {
        _OWNED: {"f:spec": {"f:size": {}}},
        ("two", "Apply", ""): {"f:spec": {"f:code": {}, "f:size": {}}},
    }


def test_the_same_value_is_shared(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a", {"code": "abc"}), "one")
    assert cluster.apply(f"{names.widgets}/a", widget("a", {"code": "abc"}), "two").status_code == 200
    obj = cluster.apply(f"{names.widgets}/a", widget("a"), "one").json()
    assert obj["spec"]["code"] == "abc"


def test_map_lists_merge_by_key(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a", {"parts": [{"name": "x"}, {"name": "y"}]}), "one")
    obj = cluster.apply(f"{names.widgets}/a", widget("a", {"parts": [{"name": "z", "weight": 5}]}), "two").json()
    assert [part["name"] for part in obj["spec"]["parts"]] == ["x", "y", "z"]
    obj = cluster.apply(f"{names.widgets}/a", widget("a", {"parts": [{"name": "y"}]}), "one").json()
    assert [part["name"] for part in obj["spec"]["parts"]] == ["y", "z"]


def test_sets_merge_by_value(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a", {"tags": ["x", "y"]}), "one")
    obj = cluster.apply(f"{names.widgets}/a", widget("a", {"tags": ["y", "z"]}), "two").json()
    assert sorted(obj["spec"]["tags"]) == ["x", "y", "z"]


def test_atomic_values_have_one_owner(cluster: Cluster, names: Names) -> None:
    cluster.apply(
        f"{names.widgets}/a", widget("a", {"steps": [{"run": "x"}], "ref": {"name": "n", "space": "s"}}), "one"
    )
    answer = cluster.apply(f"{names.widgets}/a", widget("a", {"ref": {"name": "other"}}), "two")
    assert answer.json()["details"]["causes"][0]["field"] == ".spec.ref"
    answer = cluster.apply(f"{names.widgets}/a", widget("a", {"steps": [{"run": "y"}]}), "two", force="true")
    assert answer.json()["spec"]["steps"] == [{"run": "y"}]


def test_status_is_applied_by_itself(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a"), "one")
    config = widget("a", {"size": 7}) | {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    obj = cluster.apply(f"{names.widgets}/a/status", config, "one").json()
    assert obj["spec"]["size"] == 1
    assert obj["status"]["conditions"] == [{"type": "Ready", "status": "True"}]
    fields = managers(obj)[("one", "Apply", "status")]
    assert fields == {"f:status": {"f:conditions": {'k:{"type":"Ready"}': {".": {}, "f:status": {}, "f:type": {}}}}}


def test_updates_are_tracked_too(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a", {"labels": {"x": "1"}}), fieldManager="maker")
    obj = cluster.patch(f"{names.widgets}/a", {"spec": {"size": 2, "labels": None}}, fieldManager="changer").json()
    assert managers(obj) == {
        ("maker", "Update", ""): {"f:spec": {".": {}, "f:color": {}, "f:note": {}}},
        ("changer", "Update", ""): {"f:spec": {"f:size": {}}},
    }


def test_an_apply_needs_a_manager(cluster: Cluster, names: Names) -> None:
    answer = cluster.apply(f"{names.widgets}/a", widget("a"), "")
    assert answer.status_code == 422
    assert answer.json()["message"] == (
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    )


def test_an_apply_knows_the_fields(cluster: Cluster, names: Names) -> None:
    answer = cluster.apply(f"{names.widgets}/a", widget("a", {"extra": 1}), "one")
    assert answer.status_code == 500
    assert answer.json()["message"] == (
        "failed to create typed patch object (/a; conformance.aegis.io/v1, Kind=Widget): .spec.extra: field not "
        "declared in schema"
    )


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"size": "x"}, ".spec.size: expected numeric (int or float), got string"),
        ({"parts": [{"name": "a"}, {"name": "a"}]}, '.spec.parts: duplicate entries for key [name="a"]'),
        (
            {"parts": [{"weight": 1}]},
            ".spec.parts: element 0: associative list with keys has an element that omits all",
        ),
    ],
    ids=["type", "duplicate", "no key"],
)
def test_an_apply_knows_the_types(cluster: Cluster, names: Names, spec: dict[str, object], problem: str) -> None:
    answer = cluster.apply(f"{names.widgets}/a", widget("a", spec), "one")
    assert answer.status_code == 500
    assert problem in answer.json()["message"]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"resourceVersion": "1"}, "please apply your changes to the latest version and try again"),
        ({"uid": "x"}, 'metadata.uid: Invalid value: "x": field is immutable'),
        ({"name": "b"}, "the name of the object (b) does not match the name on the URL (a)"),
    ],
    ids=["resourceVersion", "uid", "name"],
)
def test_an_apply_may_say_which_object_it_means(
    cluster: Cluster, names: Names, metadata: dict[str, str], message: str
) -> None:
    cluster.apply(f"{names.widgets}/a", widget("a"), "one")
    config = widget("a", {"size": 2})
    config["metadata"] |= metadata
    assert message in cluster.apply(f"{names.widgets}/a", config, "one").json()["message"]


def test_managed_fields_cannot_be_applied(cluster: Cluster, names: Names) -> None:
    made = cluster.apply(f"{names.widgets}/a", widget("a"), "one").json()
    config = widget("a", managedFields=made["metadata"]["managedFields"])
    answer = cluster.apply(f"{names.widgets}/a", config, "one")
    assert answer.status_code == 400
    assert answer.json()["message"] == "metadata.managedFields must be nil"


def test_built_in_kinds_know_their_lists(cluster: Cluster, names: Names) -> None:
    containers = [{"name": "main", "image": "i", "env": [{"name": "A", "value": "1"}]}]
    cluster.apply(f"{names.core}/pods/p", {**pod("p"), "spec": {"containers": containers}}, "one")
    obj = cluster.get(f"{names.core}/pods/p").json()
    own = managers(obj)[_OWNED]["f:spec"]["f:containers"]['k:{"name":"main"}']
    assert own == {
        ".": {},
        "f:image": {},
        "f:name": {},
        "f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}},
    }


def test_finalizers_of_two_managers_live_together(cluster: Cluster, names: Names) -> None:
    cluster.apply(f"{names.core}/configmaps/a", config_map("a", {"k": "v"}, finalizers=["a.io/x"]), "one")
    obj = cluster.apply(f"{names.core}/configmaps/a", config_map("a", {"k": "v"}, finalizers=["a.io/y"]), "two").json()
    assert sorted(obj["metadata"]["finalizers"]) == ["a.io/x", "a.io/y"]
    cluster.apply(f"{names.core}/configmaps/a", config_map("a", {"k": "v"}), "one")
    obj = cluster.apply(f"{names.core}/configmaps/a", config_map("a", {"k": "v"}), "two").json()
    assert "finalizers" not in obj["metadata"]
