"""What others' alerting went wrong by, in public reports: Alertmanager's webhook, one step after the other.

The cases are those of the shared data (``cases/webhook``); the beginnings that move are in ``test_episodes``.
"""

from tests.e2e.api import Json
from tests.e2e.driver import NODES, Cluster, custom, ops_status, workflow

WEBHOOK = "/alertmanager/alert"


def webhook(alert_type: str, starts_at: str = "2026-01-01T08:00:00Z", **labels: str) -> Json:
    """A notification of one firing alert."""
    alert = {"status": "firing", "labels": {"alertname": alert_type, **labels}, "startsAt": starts_at}
    return {"version": "4", "status": "firing", "receiver": "aegis", "groupKey": "{}:{}", "alerts": [alert]}


def phases(cluster: Cluster, alert: str) -> list[str]:
    """What the workflows of an alert answer."""
    return sorted(found["metadata"]["labels"]["aegis.io/phase"] for found in cluster.workflows_of(alert))


def test_an_undo_never_begins_once_its_alert_fires_again(cluster: Cluster, unique: str) -> None:
    """W4: cordon, cordon, uncordon would leave a sick node open."""
    cluster.rule(f"{unique}-repair", alert_type=unique, manifest=workflow("sleep 20"))
    cluster.rule(f"{unique}-undo", alert_type=unique, status="Resolved")
    firing = custom(unique, fingerprint=unique)
    first = cluster.result(firing)["name"]
    cluster.settled(first, "Running")
    cluster.result({**firing, "status": "Resolved"})
    second = cluster.result(firing)["name"]
    assert second != first
    undo = cluster.alert_when(first, lambda alert: bool(alert["status"].get("resolved", {}).get("triggerStatus")))
    assert undo["status"]["resolved"]["triggerStatus"] == "Superseded"
    cluster.settled(second, "Succeeded")
    assert phases(cluster, first) == phases(cluster, second) == ["firing"]


def test_a_label_that_is_no_label_value_is_not_absent(cluster: Cluster, unique: str) -> None:
    """W6: a rule that keeps off nodes in maintenance does so whatever the label says."""
    guard = {"matchExpressions": [{"key": "maintenance", "operator": "DoesNotExist"}]}
    cluster.rule(unique, alert_type=unique, selector=guard)
    guarded = cluster.result(webhook(unique, node="n2", maintenance="planned until 18:00"), WEBHOOK)["name"]
    cluster.triggered(guarded, "RuleNotFound")
    assert phases(cluster, guarded) == []
    cluster.settled(cluster.result(webhook(unique, node="n2"), WEBHOOK)["name"], "Succeeded")


def test_an_alert_is_about_the_node_whichever_exporter_tells_of_it(cluster: Cluster, unique: str) -> None:
    """W7: the exporter restarts and has another address. Alertmanager makes that another alert, and so do we."""
    cluster.rule(unique, alert_type=unique)
    told = {"node": "dev1", "job": "kube-state-metrics"}
    names = [
        cluster.result(webhook(unique, starts_at, **told, instance=instance), WEBHOOK)["name"]
        for starts_at, instance in (
            ("2026-01-01T08:00:00Z", "10.244.0.3:8080"),
            ("2026-01-01T08:20:00Z", "10.244.0.9:8080"),
        )
    ]
    for name in names:
        alert = cluster.settled(name, "Succeeded")
        assert alert["spec"]["involvedObject"]["kind"] == "Node"
        assert alert["spec"]["involvedObject"]["name"] == alert["spec"]["involvedObject"]["node"] == "dev1"
        assert (ops_status(alert)["total"], phases(cluster, name)) == (1, ["firing"])


def test_an_alert_of_node_exporter_is_about_the_node_with_the_address(cluster: Cluster, unique: str) -> None:
    """In kube-prometheus, ``instance`` is the node's address and a port."""
    node, *_ = cluster.api.items(NODES)
    name = node["metadata"]["name"]
    address = next(each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP")
    instance = f"[{address}]:9100" if ":" in address else f"{address}:9100"
    line = cluster.result(webhook(unique, job="node-exporter", instance=instance, mountpoint="/"), WEBHOOK)
    found = cluster.triggered(line["name"], "RuleNotFound")["spec"]["involvedObject"]
    assert (found["kind"], found["name"], found["node"]) == ("Node", name, name)
