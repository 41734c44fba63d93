"""Discovery, documents and tables: what kubectl asks before it does anything, and what it prints afterwards."""

from __future__ import annotations

import re

import pytest

from tests.conformance.cluster import WIDGETS, Cluster, Names, pod, widget

_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


def test_the_core_group(cluster: Cluster) -> None:
    assert cluster.get("/api").json()["versions"] == ["v1"]
    found = {item["name"]: item for item in cluster.get("/api/v1").json()["resources"]}
    assert found["pods"]["kind"] == "Pod"
    assert found["pods"]["namespaced"] is True
    assert found["pods"]["shortNames"] == ["po"]
    assert "watch" in found["pods"]["verbs"]
    assert {"pods/status", "pods/log", "namespaces/status", "serviceaccounts/token"} <= found.keys()
    assert found["namespaces"]["namespaced"] is False


def test_groups_and_their_resources(cluster: Cluster) -> None:
    groups = {group["name"]: group for group in cluster.get("/apis").json()["groups"]}
    assert {"apps", "batch", "apiextensions.k8s.io", "rbac.authorization.k8s.io"} <= groups.keys()
    own = groups["conformance.aegis.io"]
    assert own["preferredVersion"] == {"groupVersion": "conformance.aegis.io/v1", "version": "v1"}
    assert cluster.get("/apis/conformance.aegis.io").json()["kind"] == "APIGroup"
    listed = {item["name"]: item for item in cluster.get(WIDGETS).json()["resources"]}
    assert listed["widgets"]["singularName"] == "widget"
    assert listed["widgets"]["shortNames"] == ["wg"]
    assert listed["widgets"]["categories"] == ["gadgets"]
    assert set(listed["widgets/status"]["verbs"]) == {"get", "patch", "update"}


def test_aggregated_discovery(cluster: Cluster) -> None:
    answer = cluster.get("/apis", _AGGREGATED)
    assert "as=APIGroupDiscoveryList" in answer.headers["content-type"]
    groups = {item["metadata"]["name"]: item for item in answer.json()["items"]}
    (version,) = groups["conformance.aegis.io"]["versions"]
    (resource,) = version["resources"]
    assert (resource["resource"], resource["scope"], resource["singularResource"]) == (
        "widgets",
        "Namespaced",
        "widget",
    )
    assert resource["responseKind"] == {"group": "conformance.aegis.io", "version": "v1", "kind": "Widget"}
    assert [sub["subresource"] for sub in resource["subresources"]] == ["status"]


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_a_client_gets_no_version_of_aggregated_discovery_that_it_did_not_ask_for(cluster: Cluster, path: str) -> None:
    """As kubectl 1.27 to 1.29 ask, which know v2beta1 alone and find no resource in a v2 document."""
    answer = cluster.get(path, _AGGREGATED.replace("v=v2;", "v=v2beta1;"))
    assert answer.json()["kind"] in ("APIVersions", "APIGroupList") or "v=v2beta1" in answer.headers["content-type"]


def test_of_several_versions_of_aggregated_discovery_the_newest_is_answered(cluster: Cluster) -> None:
    older = _AGGREGATED.replace("v=v2;", "v=v2beta1;")
    assert "v=v2;" in cluster.get("/apis", f"{_AGGREGATED},{older}").headers["content-type"]


@pytest.mark.parametrize("path", ["/readyz", "/livez", "/healthz"])
def test_health(cluster: Cluster, path: str) -> None:
    assert cluster.get(path, "*/*").text == "ok"


def test_the_version(cluster: Cluster) -> None:
    assert re.match(r"v1\.\d+\.\d+", cluster.get("/version").json()["gitVersion"])


@pytest.mark.parametrize(
    "path", ["/apis/nowhere.io/v1", "/apis/conformance.aegis.io/v1/gadgets", "/api/v1/namespaces/default/gadgets"]
)
def test_what_is_not_served_is_not_found(cluster: Cluster, path: str) -> None:
    assert cluster.get(path).status_code == 404


def test_openapi_describes_custom_kinds(cluster: Cluster) -> None:
    group = "apis/conformance.aegis.io/v1"
    cluster.until(lambda: group in cluster.get("/openapi/v3").json()["paths"])
    index = cluster.get("/openapi/v3").json()["paths"]
    document = cluster.get(index[group]["serverRelativeURL"]).json()
    schema = document["components"]["schemas"]["io.aegis.conformance.v1.Widget"]
    assert schema["properties"]["spec"]["properties"]["size"]["type"] == "integer"
    gvk = {"group": "conformance.aegis.io", "version": "v1", "kind": "Widget"}
    assert gvk in schema["x-kubernetes-group-version-kind"]
    path = document["paths"]["/apis/conformance.aegis.io/v1/namespaces/{namespace}/widgets/{name}"]
    assert {"fieldValidation", "dryRun"} <= {p["name"] for p in path["patch"]["parameters"] if "name" in p}


def test_a_custom_table_has_the_definitions_columns(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a", {"size": 4, "tags": ["x"]}))
    cluster.patch(f"{names.widgets}/a/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    table = cluster.get(names.widgets, _TABLE).json()
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    columns = [(c["name"], c["type"], c["priority"]) for c in table["columnDefinitions"]]
    assert columns == [
        ("Name", "string", 0),
        ("Size", "integer", 0),
        ("Color", "string", 0),
        ("Ready", "string", 0),
        ("Tags", "string", 1),
        ("Age", "date", 0),
    ]
    assert table["columnDefinitions"][1]["description"] == "How large it is"
    (row,) = table["rows"]
    assert row["cells"][:5] == ["a", 4, "red", "True", '["x"]']
    assert re.fullmatch(r"\d+s", row["cells"][5])
    assert row["object"]["kind"] == "PartialObjectMetadata"
    assert row["object"]["metadata"]["name"] == "a"


def test_cells_of_absent_values(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    (row,) = cluster.get(names.widgets, _TABLE).json()["rows"]
    assert row["cells"][3:5] == [None, None]


def test_a_table_can_carry_whole_objects_or_none(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    whole = cluster.get(names.widgets, _TABLE, includeObject="Object").json()["rows"][0]
    assert whole["object"]["spec"]["size"] == 1
    bare = cluster.get(names.widgets, _TABLE, includeObject="None").json()["rows"][0]
    assert bare.get("object") is None


def test_a_watched_table_names_its_columns_once(cluster: Cluster, names: Names) -> None:
    for name in "ab":
        cluster.post(names.widgets, widget(name))
    first, second = cluster.watch(names.widgets, _TABLE)
    assert first["object"]["columnDefinitions"]
    assert not second["object"]["columnDefinitions"]
    assert second["object"]["rows"][0]["cells"][0] == "b"


def test_pods_have_their_own_columns(cluster: Cluster, names: Names) -> None:
    cluster.post(f"{names.core}/pods", pod("p"))
    table = cluster.get(f"{names.core}/pods", _TABLE).json()
    shown = [c["name"] for c in table["columnDefinitions"] if c["priority"] == 0]
    assert shown == ["Name", "Ready", "Status", "Restarts", "Age"]
    assert table["rows"][0]["cells"][:3] == ["p", "0/1", "Pending"]
