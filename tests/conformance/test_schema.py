"""Structural schemas: validation messages, defaulting, pruning, rules, and strictness about fields."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.cluster import Cluster, Names, pod, widget


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"size": "big"}, 'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'),
        ({"size": 1.5}, 'spec.size: Invalid value: "number": spec.size in body must be of type integer: "number"'),
        ({"size": 0}, "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"),
        ({"size": 10}, "spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9"),
        ({"color": "blue"}, 'spec.color: Unsupported value: "blue": supported values: "red", "green"'),
        ({"code": "AB"}, "spec.code: Invalid value: \"AB\": spec.code in body should match '^[a-z]+$'"),
        ({"code": "a"}, 'spec.code: Invalid value: "a": spec.code in body should be at least 2 chars long'),
        ({"code": "abcdef"}, "spec.code: Too long: may not be more than 5 bytes"),
        (
            {"since": "today"},
            'spec.since: Invalid value: "today": spec.since in body must be of type date-time: "today"',
        ),
        (
            {"port": True},
            'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
        ),
        ({"tags": ["a", "b", "a"]}, 'spec.tags[2]: Duplicate value: "a"'),
        ({"tags": list("abcd")}, "spec.tags: Too many: 4: must have at most 3 items"),
        ({"tags": "a"}, 'spec.tags: Invalid value: "string": spec.tags in body must be of type array: "string"'),
        (
            {"labels": {"a": 1}},
            'spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"',
        ),
        ({"parts": [{"name": "a"}, {"name": "a"}]}, 'spec.parts[1]: Duplicate value: {"name":"a"}'),
        ({"parts": [{"weight": 1}]}, "spec.parts[0].name: Required value"),
        ({"limits": {"low": 3, "high": 2}}, "spec.limits: Invalid value: low must not exceed high"),
        (
            {"active": "yes"},
            'spec.active: Invalid value: "string": spec.active in body must be of type boolean: "string"',
        ),
    ],
)
def test_a_value_that_breaks_the_schema_is_named(
    cluster: Cluster, names: Names, spec: dict[str, Any], message: str
) -> None:
    answer = cluster.post(names.widgets, widget("a", spec))
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    assert message in answer.json()["message"]


def test_a_missing_field_is_required(cluster: Cluster, names: Names) -> None:
    answer = cluster.post(names.widgets, {**widget("a"), "spec": {}})
    body = answer.json()
    assert body["message"].startswith('Widget.conformance.aegis.io "a" is invalid: ')
    assert {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.size"} in body["details"][
        "causes"
    ]
    assert body["details"] | {"causes": []} == {
        "name": "a",
        "group": "conformance.aegis.io",
        "kind": "Widget",
        "causes": [],
    }


def test_every_problem_is_reported_and_rules_wait(cluster: Cluster, names: Names) -> None:
    body = cluster.post(names.widgets, widget("a", {"size": "x", "color": "blue"})).json()
    fields = {cause["field"] for cause in body["details"]["causes"]}
    assert fields == {"spec.size", "spec.color", "<nil>"}
    assert body["message"].startswith('Widget.conformance.aegis.io "a" is invalid: [')
    assert "some validation rules were not checked because the object was invalid" in body["message"]


def test_defaults_are_filled_in(cluster: Cluster, names: Names) -> None:
    obj = cluster.post(names.widgets, widget("a", {"parts": [{"name": "x"}], "note": None})).json()
    assert obj["spec"]["color"] == "red"
    assert obj["spec"]["parts"] == [{"name": "x", "weight": 1}]
    assert obj["spec"]["note"] is None
    assert cluster.post(names.widgets, widget("b")).json()["spec"]["note"] == "none"


def test_a_null_stands_aside_for_a_default(cluster: Cluster, names: Names) -> None:
    assert cluster.post(names.widgets, widget("a", {"color": None})).json()["spec"]["color"] == "red"


def test_status_is_defaulted_though_create_drops_it(cluster: Cluster, names: Names) -> None:
    manifest = {**widget("a"), "status": {"phase": "Done", "count": 3}}
    assert cluster.post(names.widgets, manifest).json()["status"] == {"phase": "New"}
    assert cluster.get(f"{names.widgets}/a").json()["status"] == {"phase": "New"}


def test_unknown_fields_are_pruned_with_a_warning(cluster: Cluster, names: Names) -> None:
    answer = cluster.post(names.widgets, widget("a", {"extra": 1, "free": {"any": {"thing": 1}}}))
    assert answer.status_code == 201
    assert answer.headers["warning"] == '299 - "unknown field \\"spec.extra\\""'
    assert "extra" not in answer.json()["spec"]
    assert answer.json()["spec"]["free"] == {"any": {"thing": 1}}


def test_ignored_fields_make_no_warning(cluster: Cluster, names: Names) -> None:
    answer = cluster.post(names.widgets, widget("a", {"extra": 1}), fieldValidation="Ignore")
    assert answer.status_code == 201
    assert "warning" not in answer.headers


def test_strict_validation_refuses_unknown_fields(cluster: Cluster, names: Names) -> None:
    answer = cluster.post(names.widgets, widget("a", {"extra": 1}), fieldValidation="Strict")
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.extra"'
    )


def test_strict_validation_knows_the_built_in_kinds(cluster: Cluster, names: Names) -> None:
    manifest = pod("p", restartPolice="Never")
    answer = cluster.post(f"{names.core}/pods", manifest, fieldValidation="Strict")
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.restartPolice"'
    )
    answer = cluster.post(f"{names.core}/pods", manifest)
    assert answer.headers["warning"] == '299 - "unknown field \\"spec.restartPolice\\""'
    assert "restartPolice" not in answer.json()["spec"]


def test_strict_validation_holds_for_patches(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    answer = cluster.patch(f"{names.widgets}/a", {"spec": {"extra": 1}}, fieldValidation="Strict")
    assert answer.status_code in (400, 422)
    assert 'strict decoding error: unknown field "spec.extra"' in answer.json()["message"]


def test_unknown_metadata_is_named(cluster: Cluster, names: Names) -> None:
    answer = cluster.post(names.widgets, widget("a", lables={"a": "b"}), fieldValidation="Strict")
    assert 'unknown field "metadata.lables"' in answer.json()["message"]


def test_labels_must_be_text(cluster: Cluster, names: Names) -> None:
    answer = cluster.post(names.widgets, widget("a", labels={"a": 1}))
    assert answer.status_code == 400
    assert (
        "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"
        in answer.json()["message"]
    )


def test_embedded_objects_keep_their_head(cluster: Cluster, names: Names) -> None:
    template = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"anything": 1}}
    assert cluster.post(names.widgets, widget("a", {"template": template})).json()["spec"]["template"] == template


def test_ints_and_strings_stay_what_they_are(cluster: Cluster, names: Names) -> None:
    assert cluster.post(names.widgets, widget("a", {"port": 80})).json()["spec"]["port"] == 80
    assert cluster.post(names.widgets, widget("b", {"port": "http"})).json()["spec"]["port"] == "http"
    assert cluster.post(names.widgets, widget("c", {"ratio": 2})).json()["spec"]["ratio"] == 2


def test_a_transition_rule_compares_with_the_old_value(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a", {"fixed": "x"}))
    answer = cluster.patch(f"{names.widgets}/a", {"spec": {"fixed": "y"}})
    assert answer.status_code == 422
    assert answer.json()["message"] == (
        'Widget.conformance.aegis.io "a" is invalid: spec.fixed: Invalid value: "y": fixed cannot change'
    )
    assert cluster.patch(f"{names.widgets}/a", {"spec": {"fixed": None}}).status_code == 200


def test_status_is_validated_by_itself(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    answer = cluster.patch(f"{names.widgets}/a/status", {"status": {"phase": "Odd"}})
    assert 'status.phase: Unsupported value: "Odd": supported values: "New", "Done"' in answer.json()["message"]
    answer = cluster.patch(f"{names.widgets}/a/status", {"status": {"count": "x"}})
    assert (
        'status.count: Invalid value: "string": count in body must be of type integer: "string"'
        in answer.json()["message"]
    )


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({**pod("p"), "spec": {"containers": []}}, "spec.containers: Required value"),
        ({**pod("p"), "spec": {"containers": [{"name": "a"}]}}, "spec.containers[0].image: Required value"),
    ],
    ids=["containers", "image"],
)
def test_pods_need_containers(cluster: Cluster, names: Names, manifest: dict[str, Any], message: str) -> None:
    answer = cluster.post(f"{names.core}/pods", manifest)
    assert answer.status_code == 422
    assert message in answer.json()["message"]


def test_a_built_in_field_of_the_wrong_type_cannot_be_decoded(cluster: Cluster, names: Names) -> None:
    answer = cluster.post(f"{names.core}/pods", {**pod("p"), "spec": {"containers": "none"}})
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field '
        "PodSpec.spec.containers of type []v1.Container"
    )
