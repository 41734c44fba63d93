"""Creating, reading and replacing objects."""

from __future__ import annotations

import pytest

from tests.conformance.cluster import WIDGETS, Cluster, Names, config_map, pod, widget


def test_create_answers_the_stored_object(cluster: Cluster, names: Names) -> None:
    answer = cluster.post(names.widgets, widget("a"))
    obj = answer.json()
    assert answer.status_code == 201
    assert obj["metadata"]["generation"] == 1
    assert obj["metadata"]["namespace"] == names.namespace
    assert {"uid", "resourceVersion", "creationTimestamp", "managedFields"} <= obj["metadata"].keys()
    assert cluster.get(f"{names.widgets}/a").json() == obj


def test_an_unknown_object_is_not_found(cluster: Cluster, names: Names) -> None:
    answer = cluster.get(f"{names.widgets}/none")
    assert answer.status_code == 404
    assert answer.json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'widgets.conformance.aegis.io "none" not found',
        "reason": "NotFound",
        "details": {"name": "none", "group": "conformance.aegis.io", "kind": "widgets"},
        "code": 404,
    }


def test_an_answer_is_a_line_of_its_own(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    own = (names.widgets, f"{names.widgets}/a", f"{names.widgets}/none")
    for path in (*own, "/apis/conformance.aegis.io", "/nowhere"):
        answer = cluster.get(path)
        assert answer.text.endswith("\n"), path
        assert not answer.text.endswith("\n\n"), path
        assert len(answer.headers.get_list("date")) == 1, path


def test_a_name_is_taken_once(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    answer = cluster.post(names.widgets, widget("a"))
    assert (answer.status_code, answer.json()["reason"]) == (409, "AlreadyExists")
    assert answer.json()["message"] == 'widgets.conformance.aegis.io "a" already exists'


def test_a_namespace_must_exist(cluster: Cluster, names: Names) -> None:
    del names
    answer = cluster.post(f"{WIDGETS}/namespaces/nowhere/widgets", widget("a"))
    assert answer.status_code == 404
    assert answer.json()["message"] == 'namespaces "nowhere" not found'
    answer = cluster.post("/api/v1/namespaces/nowhere/configmaps", config_map("a"))
    assert answer.json()["message"] == 'namespaces "nowhere" not found'


@pytest.mark.parametrize("field", ["serviceAccountName", "serviceAccount"])
def test_a_pod_needs_an_account_that_exists(cluster: Cluster, names: Names, field: str) -> None:
    answer = cluster.post(f"{names.core}/pods", pod("p", **{field: "nobody"}))
    assert (answer.status_code, answer.json()["reason"]) == (403, "Forbidden")
    assert answer.json()["message"] == (
        f'pods "p" is forbidden: error looking up service account {names.namespace}/nobody: '
        'serviceaccount "nobody" not found'
    )
    assert answer.json()["details"] == {"name": "p", "kind": "pods"}
    assert cluster.get(f"{names.core}/pods/p").status_code == 404


def test_a_pod_without_name_and_account_is_named_by_what_it_would_begin_with(cluster: Cluster, names: Names) -> None:
    unnamed = pod("", serviceAccountName="nobody")
    unnamed["metadata"] = {"generateName": "p-"}
    assert cluster.post(f"{names.core}/pods", unnamed).json()["message"].startswith('pods "p-" is forbidden: ')


def test_a_pod_runs_as_the_account_it_names(cluster: Cluster, names: Names) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "somebody"}}
    cluster.post(f"{names.core}/serviceaccounts", account)
    made = cluster.post(f"{names.core}/pods", pod("p", serviceAccount="somebody")).json()
    assert made["spec"]["serviceAccountName"] == made["spec"]["serviceAccount"] == "somebody"


def test_generate_name_makes_names(cluster: Cluster, names: Names) -> None:
    made = [cluster.post(names.widgets, widget("", generateName="w-")).json() for _ in range(3)]
    found = {obj["metadata"]["name"] for obj in made}
    assert len(found) == 3
    assert all(name.startswith("w-") and len(name) == 7 for name in found)
    assert made[0]["metadata"]["generateName"] == "w-"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resourceVersion": "1"}, "resourceVersion should not be set on objects to be created"),
        (
            {"namespace": "other"},
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ],
    ids=["resourceVersion", "namespace"],
)
def test_create_refuses_metadata_that_cannot_be(
    cluster: Cluster, names: Names, change: dict[str, str], message: str
) -> None:
    answer = cluster.post(names.widgets, widget("a", **change))
    assert answer.status_code in (400, 500)
    assert message in answer.json()["message"]


def test_create_ignores_what_only_the_server_sets(cluster: Cluster, names: Names) -> None:
    given = {"uid": "mine", "creationTimestamp": "2001-01-01T00:00:00Z", "generation": 7}
    metadata = cluster.post(names.widgets, widget("a", **given)).json()["metadata"]
    assert metadata["uid"] != "mine"
    assert not metadata["creationTimestamp"].startswith("2001")
    assert metadata["generation"] == 1


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (widget("A_b"), "metadata.name"),
        (widget("a", labels={"x": "not a label"}), "metadata.labels"),
        (widget("a", labels={"not/a/key": "x"}), "metadata.labels"),
        (widget("a", annotations={"not a key": "x"}), "metadata.annotations"),
        (widget("a", finalizers=["not a finalizer"]), "metadata.finalizers"),
        (
            widget("a", ownerReferences=[{"apiVersion": "v1", "kind": "Pod", "name": "", "uid": "u"}]),
            "metadata.ownerReferences.name",
        ),
    ],
    ids=["name", "label value", "label key", "annotation key", "finalizer", "owner"],
)
def test_metadata_is_validated(cluster: Cluster, names: Names, manifest: dict[str, object], field: str) -> None:
    answer = cluster.post(names.widgets, manifest)
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    assert field in {cause["field"] for cause in answer.json()["details"]["causes"]}


def test_names_are_explained(cluster: Cluster, names: Names) -> None:
    message = cluster.post(names.widgets, widget("A_b")).json()["message"]
    assert message.startswith(
        'Widget.conformance.aegis.io "A_b" is invalid: metadata.name: Invalid value: "A_b": a lowercase RFC 1123 '
        "subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
        "alphanumeric character (e.g. 'example.com', regex used for validation is "
    )


def test_replace_needs_the_newest_version(cluster: Cluster, names: Names) -> None:
    old = cluster.post(names.widgets, widget("a")).json()
    new = cluster.put(f"{names.widgets}/a", {**old, "spec": {"size": 2}}).json()
    assert new["metadata"]["generation"] == 2
    assert new["metadata"]["uid"] == old["metadata"]["uid"]
    answer = cluster.put(f"{names.widgets}/a", {**old, "spec": {"size": 3}})
    assert (answer.status_code, answer.json()["reason"]) == (409, "Conflict")
    assert answer.json()["message"] == (
        'Operation cannot be fulfilled on widgets.conformance.aegis.io "a": the object has been modified; please apply '
        "your changes to the latest version and try again"
    )


def test_replace_of_a_custom_resource_names_a_version(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    answer = cluster.put(f"{names.widgets}/a", widget("a", {"size": 2}))
    assert answer.status_code == 422
    assert answer.json()["message"] == (
        'widgets.conformance.aegis.io "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified '
        "for an update"
    )


def test_replace_of_a_config_map_needs_no_version(cluster: Cluster, names: Names) -> None:
    cluster.post(f"{names.core}/configmaps", config_map("a", {"x": "1"}))
    answer = cluster.put(f"{names.core}/configmaps/a", config_map("a", {"x": "2"}))
    assert answer.json()["data"] == {"x": "2"}


def test_replace_checks_the_uid(cluster: Cluster, names: Names) -> None:
    old = cluster.post(names.widgets, widget("a")).json()
    old["metadata"]["uid"] = "another"
    answer = cluster.put(f"{names.widgets}/a", old)
    assert answer.status_code == 409
    assert "Precondition failed: UID in precondition: another, UID in object meta: " in answer.json()["message"]


def test_replace_checks_the_name(cluster: Cluster, names: Names) -> None:
    old = cluster.post(names.widgets, widget("a")).json()
    answer = cluster.put(f"{names.widgets}/b", old)
    assert answer.status_code == 400
    assert answer.json()["message"] == "the name of the object (a) does not match the name on the URL (b)"


def test_a_write_that_changes_nothing_is_none(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    old = cluster.patch(f"{names.widgets}/a/status", {"status": {"count": 1}}).json()
    new = cluster.put(f"{names.widgets}/a", old).json()
    assert new["metadata"]["resourceVersion"] == old["metadata"]["resourceVersion"]


def test_dry_run_stores_nothing(cluster: Cluster, names: Names) -> None:
    answer = cluster.post(names.widgets, widget("a"), dryRun="All")
    assert answer.status_code == 201
    assert answer.json()["spec"]["color"] == "red"
    assert cluster.get(f"{names.widgets}/a").status_code == 404
    old = cluster.post(names.widgets, widget("a")).json()
    cluster.patch(f"{names.widgets}/a", {"spec": {"size": 5}}, dryRun="All")
    cluster.delete(f"{names.widgets}/a", dryRun="All")
    assert cluster.get(f"{names.widgets}/a").json() == old


def test_kind_and_version_must_be_those_of_the_path(cluster: Cluster, names: Names) -> None:
    answer = cluster.post(names.widgets, {**widget("a"), "apiVersion": "conformance.aegis.io/v2"})
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "the API version in the data (conformance.aegis.io/v2) does not match the expected API version "
        "(conformance.aegis.io/v1)"
    )
    answer = cluster.post(names.widgets, {**widget("a"), "kind": "Gadget"})
    assert answer.status_code == 422
    assert answer.json()["message"] == (
        'Gadget.conformance.aegis.io "a" is invalid: kind: Invalid value: "Gadget": must be Widget'
    )


def test_a_body_that_is_not_json_is_a_bad_request(cluster: Cluster, names: Names) -> None:
    answer = cluster.http.post(names.widgets, content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


def test_yaml_is_taken(cluster: Cluster, names: Names) -> None:
    body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\ndata: {a: b}\n"
    answer = cluster.http.post(f"{names.core}/configmaps", content=body, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 201


def test_secrets_turn_text_into_data(cluster: Cluster, names: Names) -> None:
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    obj = cluster.post(f"{names.core}/secrets", manifest).json()
    assert obj["data"] == {"a": "Yg=="}
    assert obj["type"] == "Opaque"
    assert "stringData" not in obj


def test_a_service_account_gives_tokens(cluster: Cluster, names: Names) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    cluster.post(f"{names.core}/serviceaccounts", account)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    answer = cluster.post(f"{names.core}/serviceaccounts/robot/token", request)
    assert answer.status_code == 201
    assert answer.json()["status"]["token"].count(".") == 2
