"""An unmodified kubectl against the server."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.conformance.cluster import Cluster, Names, config_map, pod, widget


def test_apply_get_and_delete(cluster: Cluster, names: Names) -> None:
    own = ("-n", names.namespace)
    manifests = [widget("a", {"size": 2}), config_map("c", {"k": "v"}), pod("p")]
    said = cluster.kubectl("apply", *own, "-f", "-", stdin=manifests)
    assert said.splitlines() == ["widget.conformance.aegis.io/a created", "configmap/c created", "pod/p created"]
    manifests[0]["spec"]["size"] = 3
    said = cluster.kubectl("apply", *own, "-f", "-", stdin=manifests)
    assert said.splitlines() == [
        "widget.conformance.aegis.io/a configured",
        "configmap/c unchanged",
        "pod/p unchanged",
    ]
    assert cluster.kubectl("get", *own, "wg/a", "-o", "jsonpath={.spec.size}") == "3"
    assert cluster.kubectl("get", *own, "gadgets", "-o", "name") == "widget.conformance.aegis.io/a\n"
    cluster.kubectl("delete", *own, "-f", "-", "--now", stdin=manifests)
    assert cluster.kubectl("get", *own, "wg").startswith("No resources found")


def test_get_prints_the_definitions_columns(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    head, row = cluster.kubectl("get", "-n", names.namespace, "widgets").splitlines()
    assert head.split() == ["NAME", "SIZE", "COLOR", "READY", "AGE"]
    assert row.split()[:3] == ["a", "1", "red"]
    assert "TAGS" in cluster.kubectl("get", "-n", names.namespace, "widgets", "-o", "wide")


def test_unknown_fields_are_refused_unless_allowed(cluster: Cluster, names: Names) -> None:
    own = ("-n", names.namespace, "-f", "-")
    said = cluster.kubectl("create", *own, stdin=widget("a", {"extra": 1}), check=False)
    assert (
        'Error from server (BadRequest): error when creating "STDIN": Widget in version "v1" cannot be handled as a '
        'Widget: strict decoding error: unknown field "spec.extra"'
    ) in said
    said = cluster.kubectl("create", "--validate=warn", *own, stdin=widget("a", {"extra": 1}))
    assert 'Warning: unknown field "spec.extra"' in said


def test_label_annotate_and_patch(cluster: Cluster, names: Names) -> None:
    own = ("-n", names.namespace)
    cluster.post(names.widgets, widget("a"))
    assert "labeled" in cluster.kubectl("label", *own, "wg/a", "x=y")
    assert "annotated" in cluster.kubectl("annotate", *own, "wg/a", "note=this")
    assert "patched" in cluster.kubectl("patch", *own, "wg/a", "--type=merge", "-p", '{"spec":{"size":7}}')
    status = ("--subresource=status", "--type=merge", "-p", '{"status":{"count":3}}')
    assert "patched" in cluster.kubectl("patch", *own, "wg/a", *status)
    obj = cluster.get(f"{names.widgets}/a").json()
    assert (obj["spec"]["size"], obj["status"]["count"], obj["metadata"]["labels"]) == (7, 3, {"x": "y"})


def test_strategic_apply_of_a_built_in_kind_merges(cluster: Cluster, names: Names) -> None:
    own = ("-n", names.namespace, "-f", "-")
    cluster.kubectl("apply", *own, stdin=config_map("c", {"a": "1", "b": "2"}))
    cluster.patch(f"{names.core}/configmaps/c", {"data": {"c": "3"}})
    cluster.kubectl("apply", *own, stdin=config_map("c", {"a": "1"}))
    assert cluster.get(f"{names.core}/configmaps/c").json()["data"] == {"a": "1", "c": "3"}


def test_server_side_apply_and_its_conflicts(cluster: Cluster, names: Names) -> None:
    own = ("--server-side", "-n", names.namespace, "-f", "-")
    said = cluster.kubectl("apply", *own, stdin=widget("a", {"size": 2}))
    assert said == "widget.conformance.aegis.io/a serverside-applied\n"
    said = cluster.kubectl("apply", "--field-manager=other", *own, stdin=widget("a", {"size": 3}), check=False)
    assert said.startswith('error: Apply failed with 1 conflict: conflict with "kubectl": .spec.size')
    cluster.kubectl("apply", "--field-manager=other", "--force-conflicts", *own, stdin=widget("a", {"size": 3}))


def test_cordon(cluster: Cluster, names: Names) -> None:
    node = f"n-{names.namespace}"
    cluster.post("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
    assert cluster.kubectl("cordon", node) == f"node/{node} cordoned\n"
    assert "SchedulingDisabled" in cluster.kubectl("get", "node", node)
    assert cluster.kubectl("uncordon", node) == f"node/{node} uncordoned\n"
    assert "SchedulingDisabled" not in cluster.kubectl("get", "node", node)
    cluster.delete(f"/api/v1/nodes/{node}")


def test_create_makes_the_common_kinds(cluster: Cluster, names: Names) -> None:
    own = ("-n", names.namespace)
    cluster.kubectl("create", *own, "configmap", "c", "--from-literal=a=b")
    cluster.kubectl("create", *own, "secret", "generic", "s", "--from-literal=a=b")
    cluster.kubectl("create", *own, "serviceaccount", "robot")
    cluster.kubectl("create", *own, "role", "r", "--verb=get,list", "--resource=pods")
    cluster.kubectl("create", *own, "rolebinding", "b", "--role=r", f"--serviceaccount={names.namespace}:robot")
    cluster.kubectl("create", *own, "deployment", "d", "--image=i", "--replicas=2")
    cluster.kubectl("create", *own, "job", "j", "--image=i", "--", "echo", "hello")
    cluster.kubectl("create", *own, "service", "clusterip", "v", "--tcp=80:8080")
    assert cluster.get(f"{names.core}/secrets/s").json()["data"] == {"a": "Yg=="}
    assert cluster.get(f"{names.core}/services/v").json()["spec"]["ports"][0]["targetPort"] == 8080
    path = f"/apis/batch/v1/namespaces/{names.namespace}/jobs/j"
    assert cluster.get(path).json()["spec"]["template"]["spec"]["containers"][0]["command"] == ["echo", "hello"]


def test_explain(cluster: Cluster) -> None:
    assert "FIELD: size <integer>" in cluster.kubectl("explain", "widget.spec.size")
    assert "FIELD: containers <[]Container>" in cluster.kubectl("explain", "pod.spec.containers")
    assert 'field "nope" does not exist' in cluster.kubectl("explain", "widget.spec.nope", check=False)


def test_describe_shows_events(cluster: Cluster, names: Names) -> None:
    uid = cluster.post(f"{names.core}/pods", pod("p")).json()["metadata"]["uid"]
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "p", "namespace": names.namespace, "uid": uid},
        "reason": "Tried",
        "message": "as told",
        "type": "Warning",
        "firstTimestamp": "2024-01-01T00:00:00Z",
        "lastTimestamp": "2024-01-01T00:00:00Z",
        "count": 1,
    }
    cluster.post(f"{names.core}/events", event)
    assert "Tried" in cluster.kubectl("describe", "-n", names.namespace, "pod", "p")
    head, row = cluster.kubectl("get", "-n", names.namespace, "events").splitlines()
    assert head.split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert row.split()[1:] == ["Warning", "Tried", "pod/p", "as", "told"]


def test_wait(cluster: Cluster, names: Names) -> None:
    own = ("-n", names.namespace, "--timeout=10s")
    cluster.post(names.widgets, widget("a"))
    cluster.patch(f"{names.widgets}/a/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    assert "condition met" in cluster.kubectl("wait", *own, "--for=condition=Ready", "wg/a")
    assert "condition met" in cluster.kubectl("wait", *own, "--for=jsonpath={.status.phase}=New", "wg/a")


def test_get_watch_prints_rows_as_they_change(cluster: Cluster, names: Names) -> None:
    cluster.post(names.widgets, widget("a"))
    command = ["kubectl", f"--kubeconfig={cluster.kubeconfig}", "get", "wg", "-n", names.namespace, "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout
        assert watch.stdout.readline().split()[:2] == ["NAME", "SIZE"]
        assert watch.stdout.readline().split()[:2] == ["a", "1"]
        cluster.patch(f"{names.widgets}/a", {"spec": {"size": 5}})
        assert watch.stdout.readline().split()[:2] == ["a", "5"]
        watch.terminate()


def test_tokens_and_raw_paths(cluster: Cluster, names: Names) -> None:
    cluster.until(lambda: cluster.get(f"{names.core}/serviceaccounts/default").status_code == 200)
    assert cluster.kubectl("create", "-n", names.namespace, "token", "default").count(".") == 2
    found = json.loads(cluster.kubectl("get", "--raw", names.widgets))
    assert found["kind"] == "WidgetList"


@pytest.mark.parametrize("propagation", ["background", "foreground", "orphan"])
def test_delete_waits(cluster: Cluster, names: Names, propagation: str) -> None:
    cluster.post(names.widgets, widget("a"))
    said = cluster.kubectl("delete", "-n", names.namespace, "wg/a", f"--cascade={propagation}", "--wait")
    assert said == 'widget.conformance.aegis.io "a" deleted\n'
    assert cluster.get(f"{names.widgets}/a").status_code == 404


@pytest.fixture
def exported(cluster: Cluster, names: Names) -> str:
    """Two kinds of objects as `kubectl get -o yaml` prints them together: a `v1` List."""
    own = ("-n", names.namespace)
    cluster.kubectl("create", *own, "-f", "-", stdin=[widget("a", {"size": 2}), config_map("c", {"k": "v"})])
    cluster.patch(f"{names.widgets}/a/status", {"status": {"count": 3}})
    printed = cluster.kubectl("get", *own, "wg/a", "cm/c", "-o", "yaml", "--show-managed-fields")
    assert all(key in printed for key in ("kind: List", "uid:", "resourceVersion:", "managedFields:", "status:"))
    return printed


def test_what_get_prints_is_applied_where_it_was_and_where_it_is_gone(
    cluster: Cluster, names: Names, exported: str
) -> None:
    own = ("-n", names.namespace, "-f", "-")
    assert cluster.kubectl("diff", *own, stdin=exported) == ""
    said = cluster.kubectl("apply", *own, stdin=exported)
    assert "widget.conformance.aegis.io/a configured" in said
    cluster.kubectl("delete", *own, stdin=exported)
    said = cluster.kubectl("apply", *own, stdin=exported)
    assert said.splitlines() == ["widget.conformance.aegis.io/a created", "configmap/c created"]
    assert cluster.get(f"{names.widgets}/a").json()["spec"]["size"] == 2


@pytest.mark.parametrize("command", ["create", "create --dry-run=client", "replace --force"])
def test_what_get_prints_is_taken_by_other_commands(
    cluster: Cluster, names: Names, exported: str, command: str
) -> None:
    own = ("-n", names.namespace, "-f", "-")
    if command != "replace --force":
        cluster.kubectl("delete", *own, stdin=exported)
    said = cluster.kubectl(*command.split(), *own, stdin=exported)
    assert [line.split()[0] for line in said.splitlines()[-2:]] == ["widget.conformance.aegis.io/a", "configmap/c"]


def test_what_get_prints_is_replaced_while_it_is_the_newest(cluster: Cluster, names: Names, exported: str) -> None:
    own = ("-n", names.namespace, "-f", "-")
    said = cluster.kubectl("replace", *own, stdin=exported)
    assert said.splitlines() == ["widget.conformance.aegis.io/a replaced", "configmap/c replaced"]
    cluster.patch(f"{names.widgets}/a", {"spec": {"size": 9}})
    said = cluster.kubectl("replace", *own, stdin=exported, check=False)
    assert "the object has been modified" in said


def test_a_list_is_applied_on_the_server(cluster: Cluster, names: Names) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [widget("a", {"size": 2}), config_map("c", {"k": "v"})]}
    said = cluster.kubectl("apply", "--server-side", "-n", names.namespace, "-f", "-", stdin=listed)
    assert said.splitlines() == ["widget.conformance.aegis.io/a serverside-applied", "configmap/c serverside-applied"]


def test_an_unknown_field_in_a_list_is_named(cluster: Cluster, names: Names) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [widget("a", {"extra": 2})]}
    said = cluster.kubectl("apply", "-n", names.namespace, "-f", "-", stdin=listed, check=False)
    assert re.search(r'unknown field "(spec\.)?extra"', said)
    assert cluster.get(f"{names.widgets}/a").status_code == 404


@pytest.mark.parametrize("command", ["apply", "apply --server-side", "create", "create --dry-run=client", "replace"])
@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("conformance.aegis.io/v1", "Wigdet"),
        ("conformance.aegis.io/v9", "Widget"),
        ("v1", "Podd"),
        ("no.where/v1", "Pod"),
    ],
)
def test_a_kind_that_is_not_served_is_named(
    cluster: Cluster, names: Names, command: str, api_version: str, kind: str
) -> None:
    wrong = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}
    said = cluster.kubectl(*command.split(), "-n", names.namespace, "-f", "-", stdin=wrong, check=False)
    assert f'no matches for kind "{kind}" in version "{api_version}"\nensure CRDs are installed first' in said
