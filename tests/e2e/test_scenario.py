"""The original's scenario whole: Prometheus, Alertmanager, alert, rule, workflow, a cordoned node; and back."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.e2e import prometheus
from tests.e2e.api import Json
from tests.e2e.driver import (
    ALERTS,
    NODES,
    TEMPLATES,
    WORKFLOWS,
    Cluster,
    aegis,
    condition,
    custom,
    ops_status,
    successes,
    workflow,
)

CORDON = "nodehasemergencyevent"


def kubectl(*arguments: str) -> str:
    """What kubectl prints."""
    return subprocess.run(["kubectl", *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(not prometheus.INSTALLED, reason="prometheus or prometheus-alertmanager is not installed")
@pytest.mark.usefixtures("schedulable")
def test_an_alert_of_prometheus_cordons_the_node_and_its_resolve_uncordons_it(
    cluster: Cluster, node: str, unique: str, tmp_path: Path
) -> None:
    cluster.apply_example(CORDON)
    cluster.apply_example("resolved")
    before = {name: successes(cluster.api.get(f"{TEMPLATES}/{name}")) for name in (CORDON, "uncordon")}
    with prometheus.monitoring(tmp_path, cluster, "NodeHasEmergencyEvent") as source:
        source.fire(node=node, run=unique)
        (name,) = cluster.api.watch_until(ALERTS, bool, labelSelector=f"run={unique}")
        cluster.made.append(f"{ALERTS}/{name}")
        fired = cluster.settled(name, "Succeeded")
        assert name.startswith("alertmanager-nodehasemergencyevent-")
        assert (fired["spec"]["source"], fired["spec"]["severity"]) == ("AlertManager", "critical")
        assert (fired["spec"]["involvedObject"]["kind"], fired["spec"]["involvedObject"]["name"]) == ("Node", node)
        assert ops_status(fired)["triggerStatus"] == "Triggered"
        assert condition(fired, "Completed")["reason"] == "Succeeded"
        assert cluster.api.get(f"{NODES}/{node}")["spec"]["unschedulable"] is True
        assert "Ready,SchedulingDisabled" in kubectl("get", "node", node)
        (cordon,) = cluster.workflows_of(name)
        ran_in_a_pod_of_its_own(cluster, cordon)

        source.resolve()
        undone = cluster.resolved(name, "Succeeded")
    assert (undone["status"]["status"], undone["metadata"]["labels"]["alert-status"]) == ("Resolved", "Resolved")
    assert undone["status"]["firing"]["outcome"] == "Succeeded"
    assert "unschedulable" not in cluster.api.get(f"{NODES}/{node}")["spec"]
    workflows = {w["metadata"]["labels"]["aegis.io/phase"]: w for w in cluster.workflows_of(name)}
    assert workflows.keys() == {"firing", "resolved"}
    ran_in_a_pod_of_its_own(cluster, workflows["resolved"])
    for template, count in before.items():
        cluster.counted(template, count + 1)


def ran_in_a_pod_of_its_own(cluster: Cluster, ran: Json) -> None:
    """The workflow belongs to its alert, and its one pod did the work, with the rights of repairs."""
    metadata = ran["metadata"]
    assert metadata["name"].startswith(metadata["labels"]["aegis.io/alert"])
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("AegisAlert", metadata["labels"]["aegis.io/alert"])
    (pod,) = cluster.pods_of(metadata["name"])
    assert pod["spec"]["serviceAccountName"] == "aegis-workflow"
    assert pod["status"]["phase"] == "Succeeded"


def test_an_alert_is_deleted_when_its_time_is_over_and_its_workflow_with_it(cluster: Cluster, unique: str) -> None:
    cluster.rule(unique, alert_type=unique)
    spec = {"type": unique, "details": {"node": "any"}, "ttlStrategy": {"secondsAfterSuccess": 1}}
    by_hand = cluster.apply(aegis("AegisAlert", unique, spec))
    cluster.settled(unique, "Succeeded")
    (made,) = cluster.workflows_of(unique)
    cluster.api.wait_for(by_hand, lambda alert: alert is None)
    cluster.api.wait_for(f"{WORKFLOWS}/{made['metadata']['name']}", lambda workflow: workflow is None)


def test_a_workflow_that_lives_a_second_has_its_outcome_recorded(cluster: Cluster, unique: str) -> None:
    cluster.rule(unique, alert_type=unique, manifest=workflow("true", ttlStrategy={"secondsAfterCompletion": 1}))
    name = cluster.result({"type": unique, "status": "Firing"})["name"]
    alert = cluster.settled(name, "Succeeded")
    made = alert["status"]["firing"]["workflow"]
    cluster.api.wait_for(f"{WORKFLOWS}/{made}", lambda workflow: workflow is None)
    assert cluster.api.get(f"{ALERTS}/{name}")["status"]["firing"]["outcome"] == "Succeeded"
    cluster.counted(unique, 1)


def test_an_alert_says_what_the_step_that_failed_wrote_last(cluster: Cluster, unique: str) -> None:
    steps = {"steps": [[{"name": "look", "template": "start"}]]}
    manifest = yaml.safe_load(workflow("echo looking; echo the disk is still full; exit 3"))
    manifest["spec"]["templates"].append({"name": "all", **steps})
    for entrypoint in ("start", "all"):
        name = f"{unique}-{entrypoint}"
        manifest["spec"]["entrypoint"] = entrypoint
        cluster.rule(name, alert_type=name, manifest=yaml.safe_dump(manifest))
        alert = cluster.settled(cluster.result(custom(name))["name"], "Failed")
        assert condition(alert, "Completed")["message"].endswith(
            "\nIts log ends with:\n| looking\n| the disk is still full"
        ), entrypoint
