"""One alert over its episodes, as Alertmanager really reports it: beginnings that move, resolves that are false."""

import httpx

from tests.e2e.api import MERGE_PATCH, NAMESPACE
from tests.e2e.driver import ALERTS, TEMPLATES, Cluster, aegis, custom, ops_status, workflow

BEGAN, EARLIER = {"startsAt": "2026-01-01T08:00:00.5Z"}, {"startsAt": "2026-01-01T08:00:00.2Z"}
LONG_AGO = "2026-01-01T09:00:00Z"


def test_an_alert_that_fires_on_after_a_false_resolve_is_repaired_once_more(cluster: Cluster, unique: str) -> None:
    cluster.rule(unique, alert_type=unique)
    firing = custom(unique, fingerprint=unique)
    first = cluster.result({**firing, **BEGAN})["name"]
    cluster.settled(first, "Succeeded")
    assert cluster.result({**firing, **EARLIER})["name"] == first
    cluster.result({**firing, **EARLIER, "status": "Resolved"})
    noted = cluster.result({**firing, **EARLIER})
    assert (noted["result"], noted["name"]) == ("counted", first)
    # its two minutes are over
    cluster.api.merge(f"{ALERTS}/{first}/status", {"status": {"reopensAt": LONG_AGO}})
    alerts = cluster.api.watch_until(
        ALERTS,
        lambda seen: (
            len(seen) > 1 and all(ops_status(alert).get("alertOpsStatus") == "Succeeded" for alert in seen.values())
        ),
        seconds=180,
        labelSelector=f"alert-type={unique}",
    )
    cluster.made += [f"{ALERTS}/{name}" for name in alerts if name != first]
    assert sorted(alert["spec"]["episode"] for alert in alerts.values()) == [0, 1]
    assert "reopensAt" not in cluster.api.get(f"{ALERTS}/{first}")["status"]
    assert [len(cluster.workflows_of(name)) for name in alerts] == [1, 1]


def test_a_repair_waits_for_the_undo_that_runs(cluster: Cluster, unique: str) -> None:
    cluster.rule(f"{unique}-repair", alert_type=unique)
    cluster.rule(f"{unique}-undo", alert_type=unique, status="Resolved", manifest=workflow("sleep 20"))
    firing = custom(unique, fingerprint=unique)
    first = cluster.result(firing)["name"]
    cluster.settled(first, "Succeeded")
    cluster.result({**firing, "status": "Resolved"})
    cluster.alert_when(first, lambda alert: bool(alert["status"].get("resolved", {}).get("workflowUID")))
    second = cluster.result(firing)["name"]
    repaired = cluster.settled(second, "Succeeded")
    undone = cluster.api.get(f"{ALERTS}/{first}")["status"]["resolved"]
    assert undone["outcome"] == "Succeeded"
    assert repaired["status"]["opsStatus"]["startTime"] >= undone["completionTime"]


def test_a_rule_and_a_template_that_come_later_take_hold_by_themselves(cluster: Cluster, unique: str) -> None:
    name = cluster.result(custom(unique))["name"]
    cluster.triggered(name, "RuleNotFound")
    template = {"kind": "AegisOpsTemplate", "namespace": NAMESPACE, "name": unique}
    conditions = [{"type": unique, "status": "Firing"}]
    cluster.apply(aegis("AegisAlertOpsRule", unique, {"alertConditions": conditions, "opsTemplate": template}))
    cluster.triggered(name, "TemplateNotFound")
    cluster.apply(aegis("AegisOpsTemplate", unique, {"manifest": workflow("true")}))
    cluster.settled(name, "Succeeded")


def test_another_attempt_runs_for_who_asks_by_name(cluster: Cluster, unique: str) -> None:
    cluster.rule(unique, alert_type=unique, manifest=workflow("exit 3"))
    name = cluster.result(custom(unique))["name"]
    cluster.settled(name, "Failed")
    cluster.apply(aegis("AegisOpsTemplate", unique, {"manifest": workflow("true")}))
    cluster.recorded(f"{TEMPLATES}/{unique}")
    who = cluster.api.who()
    for value in ("somebody-else 1", f"{who} 1, as somebody-else asked", f"{who} 1\nrule x applies"):
        for_another = {"metadata": {"annotations": {"aegis.io/retry": value}}}
        refused = cluster.api.http.patch(f"{ALERTS}/{name}", json=for_another, headers={"Content-Type": MERGE_PATCH})
        assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY, refused.text
        assert "it is your user name, and one word" in refused.json()["message"]
    cluster.api.merge(f"{ALERTS}/{name}", {"metadata": {"annotations": {"aegis.io/retry": f"{who} 1"}}})
    alert = cluster.settled(name, "Succeeded", seconds=180)
    firing = alert["status"]["firing"]
    assert (firing["attempt"], [one["outcome"] for one in firing["earlier"]]) == (2, ["Failed"])
    assert len(cluster.workflows_of(name)) == 2
    assert who in cluster.event(name, "RetryBegun")["message"]
