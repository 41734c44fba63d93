"""What an ApiServerSource tells of a change: of which objects, in which attributes, and with what data."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.eventing.knative import Delivery, Json, Knative

_SOURCES = "sources.knative.dev/v1"
_RIGHTS = "rbac.authorization.k8s.io/v1"
_WATCHED = [
    {"apiVersion": "v1", "kind": "ConfigMap"},
    {"apiVersion": "v1", "kind": "Endpoints"},
]


@pytest.fixture(scope="module")
def group(knative: Knative) -> Iterator[str]:
    """A group of this run's own, with a kind of the whole cluster: its plural is not just one letter more."""
    group = f"{knative.namespace}.aegis.io"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {
        "group": group,
        "scope": "Cluster",
        "names": {"plural": "policies", "singular": "policy", "kind": "Policy"},
        "versions": [version],
    }
    name = f"policies.{group}"
    with cluster_wide(knative, "apiextensions.k8s.io/v1", "CustomResourceDefinition", name, {"spec": spec}):
        knative.cluster.until(lambda: knative.cluster.established(name))
        knative.cluster.until(lambda: knative.cluster.get(f"/apis/{group}/v1/policies").is_success)
        yield group


@contextmanager
def cluster_wide(knative: Knative, api_version: str, kind: str, name: str, body: Json) -> Iterator[None]:
    """An object that is in no namespace, for as long as the block lasts."""
    path = f"/apis/{api_version}/{kind.lower()}s"
    create(path, knative, api_version, kind, {"name": name}, **body)
    try:
        yield
    finally:
        knative.cluster.delete(f"{path}/{name}")


@pytest.fixture(scope="module")
def sources(knative: Knative, group: str) -> Iterator[None]:
    """Sources that tell the recorder of changes, each in its own way, once all of them do."""
    cluster, namespace = knative.cluster, knative.namespace
    account = {"kind": "ServiceAccount", "name": "watcher", "namespace": namespace}
    rules = [
        {"apiGroups": [""], "resources": ["configmaps", "endpoints"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [group], "resources": ["policies"], "verbs": ["get", "list", "watch"]},
    ]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": group}
    manifest = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "watcher"}}
    assert cluster.post(knative.path("serviceaccounts", api_version="v1"), manifest).is_success
    watched: list[Json] = [*_WATCHED, {"apiVersion": f"{group}/v1", "kind": "Policy"}]
    labelled = [{**_WATCHED[0], "selector": {"matchLabels": {"wanted": "yes"}}}]
    with (
        cluster_wide(knative, _RIGHTS, "ClusterRole", group, {"rules": rules}),
        cluster_wide(knative, _RIGHTS, "ClusterRoleBinding", group, {"roleRef": role, "subjects": [account]}),
    ):
        make(knative, "resource", {"mode": "Resource", "resources": watched})
        make(knative, "reference", {"resources": watched})
        make(knative, "labelled", {"mode": "Resource", "resources": labelled})
        for name in ("resource", "reference", "labelled"):
            knative.ready("apiserversources", name, _SOURCES)
        reach(knative, {"resource", "reference", "labelled"})
        yield


def make(knative: Knative, name: str, spec: Json) -> None:
    """Make a source that sends to the recorder under its name."""
    whole = {"serviceAccountName": "watcher", "sink": knative.subscriber(name), **spec}
    knative.apply("ApiServerSource", name, whole, _SOURCES)


def reach(knative: Knative, waiting: set[str]) -> None:
    """Make objects until each source has told of one: none tells of what was there before it."""
    seen = len(knative.recorder.records())
    while waiting:
        config_map(knative)
        found = knative.recorder.records(after=seen)
        waiting, seen = waiting - {delivery.observer for delivery in found}, len(found)


def config_map(knative: Knative, data: Json | None = None) -> Json:
    """A ConfigMap that every source wants."""
    metadata = {"name": f"map-{uuid.uuid4().hex}", "labels": {"wanted": "yes"}}
    return create(knative.path("configmaps", api_version="v1"), knative, "v1", "ConfigMap", metadata, data=data or {})


def create(path: str, knative: Knative, api_version: str, kind: str, metadata: Json, **body: Any) -> Json:
    """Create an object; what the server made of it."""
    manifest = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}
    answer = knative.cluster.post(path, manifest)
    assert answer.is_success, answer.text
    return dict(answer.json())


def told(knative: Knative, observer: str, name: str, count: int = 1) -> list[Delivery]:
    """What a source told of an object, once it has told so much."""

    def about(records: list[Delivery]) -> list[Delivery]:
        return [record for record in records if (record.observer, record.attributes.get("name")) == (observer, name)]

    return about(knative.recorder.until(lambda records: len(about(records)) >= count))


@pytest.mark.usefixtures("sources")
def test_a_resource_is_told_whole(knative: Knative) -> None:
    made = config_map(knative, data={"a": "1"})
    name = made["metadata"]["name"]
    (event,) = told(knative, "resource", name)
    attributes = dict(event.attributes)
    assert attributes.pop("id")
    assert attributes.pop("time").endswith("Z")
    assert attributes.pop("source").startswith("http")
    assert attributes == {
        "specversion": "1.0",
        "type": "dev.knative.apiserver.resource.add",
        "subject": f"/apis/v1/namespaces/{knative.namespace}/configmaps/{name}",
        "apiversion": "v1",
        "kind": "ConfigMap",
        "name": name,
        "namespace": knative.namespace,
    }
    assert event.headers["content-type"] == "application/json"
    assert event.json == made


@pytest.mark.usefixtures("sources")
def test_a_reference_is_all_that_is_told_unless_more_is_asked_for(knative: Knative) -> None:
    name = config_map(knative)["metadata"]["name"]
    (event,) = told(knative, "reference", name)
    assert event.attributes["type"] == "dev.knative.apiserver.ref.add"
    assert event.attributes["subject"] == f"/apis/v1/namespaces/{knative.namespace}/configmaps/{name}"
    assert event.json == {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "namespace": knative.namespace}


@pytest.mark.usefixtures("sources")
def test_each_change_is_told_in_its_order(knative: Knative) -> None:
    made = config_map(knative)
    path = knative.path("configmaps", made["metadata"]["name"], "v1")
    changed = knative.cluster.patch(path, {"data": {"a": "1"}}).json()
    knative.cluster.delete(path)
    events = told(knative, "resource", made["metadata"]["name"], 3)
    kinds = [event.attributes["type"].rpartition(".")[2] for event in events]
    assert kinds == ["add", "update", "delete"]
    assert [event.json.get("data", {}) for event in events] == [{}, {"a": "1"}, {"a": "1"}]
    assert events[1].json == changed


@pytest.mark.usefixtures("sources")
def test_an_object_of_the_whole_cluster_has_no_namespace(knative: Knative, group: str) -> None:
    name = f"policy-{uuid.uuid4().hex}"
    create(f"/apis/{group}/v1/policies", knative, f"{group}/v1", "Policy", {"name": name})
    (event,) = told(knative, "reference", name)
    assert event.attributes["subject"] == f"/apis/{group}/v1/namespaces//policies/{name}"
    assert event.attributes["namespace"] == ""
    assert event.json == {"apiVersion": f"{group}/v1", "kind": "Policy", "name": name}


@pytest.mark.usefixtures("sources")
def test_a_kind_that_is_a_plural_stays_as_it_is(knative: Knative) -> None:
    name = f"endpoints-{uuid.uuid4().hex}"
    create(knative.path("endpoints", api_version="v1"), knative, "v1", "Endpoints", {"name": name})
    (event,) = told(knative, "resource", name)
    assert event.attributes["subject"] == f"/apis/v1/namespaces/{knative.namespace}/endpoints/{name}"


@pytest.mark.usefixtures("sources")
def test_a_selector_tells_of_what_begins_and_what_ceases_to_match(knative: Knative) -> None:
    metadata = {"name": f"map-{uuid.uuid4().hex}"}
    path = knative.path("configmaps", api_version="v1")
    create(path, knative, "v1", "ConfigMap", metadata)
    for wanted in ("yes", "no"):
        knative.cluster.patch(f"{path}/{metadata['name']}", {"metadata": {"labels": {"wanted": wanted}}})
    events = told(knative, "labelled", metadata["name"], 2)
    assert [event.attributes["type"].rpartition(".")[2] for event in events] == ["add", "delete"]
    assert [event.json["metadata"]["labels"] for event in events] == [{"wanted": "yes"}, {"wanted": "yes"}]


@pytest.mark.usefixtures("sources")
def test_other_namespaces_are_no_concern_of_it(knative: Knative) -> None:
    name = f"map-{uuid.uuid4().hex}"
    path = "/api/v1/namespaces/default/configmaps"
    create(path, knative, "v1", "ConfigMap", {"name": name, "labels": {"wanted": "yes"}})
    knative.cluster.delete(f"{path}/{name}")
    last = config_map(knative)["metadata"]["name"]
    told(knative, "resource", last)
    assert all(delivery.attributes.get("name") != name for delivery in knative.recorder.records())


@pytest.mark.usefixtures("sources")
def test_what_is_not_taken_at_once_is_sent_again(knative: Knative, group: str) -> None:
    # The recorder reads its answers in an event's data, and a whole object brings them there.
    name = f"policy-{uuid.uuid4().hex}"
    answers = {"resource": [{"status": 503}, {"status": 429}, {}]}
    create(f"/apis/{group}/v1/policies", knative, f"{group}/v1", "Policy", {"name": name}, answers=answers)
    attempts = told(knative, "resource", name, 3)
    assert [attempt.status for attempt in attempts] == [503, 429, 204]
    assert len({attempt.attributes["id"] for attempt in attempts}) == 1
