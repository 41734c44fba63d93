"""Lists and watches: selectors, pages, resourceVersions and their expiry, bookmarks."""

from __future__ import annotations

import pytest

from tests.conformance.cluster import WIDGETS, Cluster, Names, config_map, pod, widget


def _kinds(events: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(event["type"], event["object"]["metadata"]["name"]) for event in events]  # type: ignore[index]


def test_a_list_tells_its_version(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("b"))
    newest = cluster.post(names.widgets, widget("a")).json()
    found = cluster.get(names.widgets).json()
    assert (found["kind"], found["apiVersion"]) == ("WidgetList", "conformance.aegis.io/v1")
    assert [item["metadata"]["name"] for item in found["items"]] == ["a", "b"]
    assert int(found["metadata"]["resourceVersion"]) >= int(newest["metadata"]["resourceVersion"])
    everywhere = cluster.get(f"{WIDGETS}/widgets").json()["items"]
    assert {"a", "b"} <= {item["metadata"]["name"] for item in everywhere}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("team=x", ["a"]),
        ("team==x", ["a"]),
        ("team!=x", ["b", "c"]),
        ("team", ["a", "b"]),
        ("!team", ["c"]),
        ("team in (x,y)", ["a", "b"]),
        ("team notin (x)", ["b", "c"]),
        ("team,tier=1", ["b"]),
        ("tier>0", ["b", "c"]),
        ("tier<2", ["b"]),
    ],
)
def test_label_selectors(cluster: Cluster, names: Names, selector: str, expected: list[str]) -> None:
    for name, labels in (("a", {"team": "x"}), ("b", {"team": "y", "tier": "1"}), ("c", {"tier": "2"})):
        cluster.post(names.widgets, widget(name, labels=labels))
    found = cluster.get(names.widgets, labelSelector=selector).json()["items"]
    assert [item["metadata"]["name"] for item in found] == expected


def test_a_label_selector_that_makes_no_sense(cluster: Cluster, names: Names) -> None:
    answer = cluster.get(names.widgets, labelSelector="a in x)(")
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


def test_field_selectors(cluster: Cluster, names: Names) -> None:
    cluster.post(f"{names.core}/pods", pod("a"))
    cluster.post(f"{names.core}/pods", pod("b", nodeName="n1"))

    def found(selector: str) -> list[str]:
        items = cluster.get(f"{names.core}/pods", fieldSelector=selector).json()["items"]
        return [item["metadata"]["name"] for item in items]

    assert found("metadata.name=a") == ["a"]
    assert found("metadata.name!=a") == ["b"]
    assert found("spec.nodeName=n1") == ["b"]
    assert found("spec.nodeName=") == ["a"]
    assert found("status.phase=Pending,metadata.name=b") == ["b"]


def test_an_unknown_field_selector(cluster: Cluster, names: Names) -> None:
    answer = cluster.get(names.widgets, fieldSelector="spec.size=1")
    assert (answer.status_code, answer.json()["message"]) == (400, "field label not supported: spec.size")


def test_a_list_in_pages_is_of_one_moment(cluster: Cluster, names: Names) -> None:
    for name in "abc":
        cluster.post(names.widgets, widget(name))
    first = cluster.get(names.widgets, limit="2").json()
    assert [item["metadata"]["name"] for item in first["items"]] == ["a", "b"]
    assert first["metadata"]["remainingItemCount"] == 1
    cluster.delete(f"{names.widgets}/c")
    cluster.post(names.widgets, widget("d"))
    second = cluster.get(names.widgets, limit="2", **{"continue": first["metadata"]["continue"]}).json()
    assert [item["metadata"]["name"] for item in second["items"]] == ["c"]
    assert not second["metadata"].get("continue")
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_continuation_must_be_the_servers(cluster: Cluster, names: Names) -> None:
    answer = cluster.get(names.widgets, limit="2", **{"continue": "nonsense"})
    assert answer.status_code == 400


def test_a_watch_starts_where_a_list_ended(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("before"))
    version = cluster.get(names.widgets).json()["metadata"]["resourceVersion"]
    cluster.post(names.widgets, widget("a"))
    cluster.patch(f"{names.widgets}/a", {"spec": {"size": 2}})
    cluster.delete(f"{names.widgets}/a")
    events = cluster.watch(names.widgets, resourceVersion=version)
    assert _kinds(events) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert events[-1]["object"]["spec"]["size"] == 2


def test_a_watch_without_a_version_starts_with_what_is_there(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    assert _kinds(cluster.watch(names.widgets)) == [("ADDED", "a")]
    assert _kinds(cluster.watch(names.widgets, resourceVersion="0")) == [("ADDED", "a")]


def test_a_watch_follows(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    watch = cluster.watching(names.widgets)
    assert next(watch)["type"] == "ADDED"
    cluster.post(names.widgets, widget("b"))
    event = next(watch)
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "b")
    watch.close()  # type: ignore[attr-defined]


def test_a_watch_shows_what_enters_and_leaves_a_selection(cluster: Cluster, names: Names) -> None:
    version = cluster.post(names.widgets, widget("a")).json()["metadata"]["resourceVersion"]
    for labels in ({"on": "yes"}, {"on": "yes", "more": "1"}, {"on": None}):
        cluster.patch(f"{names.widgets}/a", {"metadata": {"labels": labels}})
    events = cluster.watch(names.widgets, resourceVersion=version, labelSelector="on=yes")
    assert _kinds(events) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    last, gone = (event["object"]["metadata"] for event in events[1:])
    assert gone["labels"] == last["labels"] == {"on": "yes", "more": "1"}
    assert int(gone["resourceVersion"]) > int(last["resourceVersion"])


def test_a_watch_can_be_of_one_object(cluster: Cluster, names: Names) -> None:
    for name in "ab":
        cluster.post(names.widgets, widget(name))
    assert _kinds(cluster.watch(names.widgets, fieldSelector="metadata.name=b")) == [("ADDED", "b")]


def test_a_watch_from_too_long_ago_is_gone(cluster: Cluster, names: Names) -> None:
    for _ in range(60):  # more than the sandbox of this suite remembers
        cluster.post(f"{names.core}/configmaps", config_map("", generateName="x-"))
    (event,) = cluster.watch(names.widgets, resourceVersion="1")
    assert event["type"] == "ERROR"
    status = event["object"]
    assert (status["code"], status["reason"]) == (410, "Expired")
    assert status["message"].startswith("too old resource version: 1 (")


def test_initial_events_end_with_a_bookmark(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    events = cluster.watch(
        names.widgets, sendInitialEvents="true", resourceVersionMatch="NotOlderThan", allowWatchBookmarks="true"
    )
    assert [event["type"] for event in events[:2]] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_list_newer_than_now_is_refused(cluster: Cluster, names: Names) -> None:
    answer = cluster.get(
        names.widgets, resourceVersion="999999999", resourceVersionMatch="NotOlderThan", timeoutSeconds="1"
    )
    assert answer.status_code == 504
    assert answer.json()["message"].startswith("Timeout: Too large resource version: 999999999")


def test_objects_can_be_had_without_their_bodies(cluster: Cluster, names: Names) -> None:
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    assert cluster.get(names.widgets, accept).json()["items"] is None
    cluster.post(names.widgets, widget("a", labels={"x": "y"}))
    found = cluster.get(names.widgets, accept).json()
    assert found["kind"] == "PartialObjectMetadataList"
    (item,) = found["items"]
    assert item.keys() == {"kind", "apiVersion", "metadata"}
    assert item["metadata"]["labels"] == {"x": "y"}


def test_events_have_two_faces(cluster: Cluster, names: Names) -> None:
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": names.namespace},
        "reason": "Tried",
        "message": "as told",
        "type": "Warning",
    }
    assert cluster.post(f"{names.core}/events", event).status_code == 201
    path = f"/apis/events.k8s.io/v1/namespaces/{names.namespace}/events"
    other = cluster.get(f"{path}/e").json()
    assert (other["note"], other["regarding"]["name"]) == ("as told", "p")
    found = cluster.get(f"{names.core}/events", fieldSelector="involvedObject.name=p,type=Warning").json()["items"]
    assert [item["metadata"]["name"] for item in found] == ["e"]


def test_collections_can_be_deleted(cluster: Cluster, names: Names) -> None:
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "2"})):
        cluster.post(f"{names.core}/configmaps", config_map(name, labels=labels))
    assert cluster.delete(f"{names.core}/configmaps", labelSelector="x=1").status_code == 200
    left = {item["metadata"]["name"] for item in cluster.get(f"{names.core}/configmaps").json()["items"]}
    assert "a" not in left
    assert "b" in left
