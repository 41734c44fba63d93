"""What must not work: each time the answer or the status that the documents give, and nothing run."""

from typing import Any

import httpx
import pytest

from tests.e2e.api import Json
from tests.e2e.driver import ALERTS, PODS, Cluster, condition, custom, workflow

HOSTILE = {
    "a second command": "x; touch /tmp/pwned",
    "a substitution in quotes": "'\"$(id)\"'",
    "another key": "a\n  privileged: true",
    "an option": "--kubeconfig=/dev/null",
    "a tag of Argo's": "{{workflow.name}}",
}
BODIES: dict[str, tuple[int, dict[str, Any]]] = {
    "not JSON": (400, {"content": b'{"type": '}),
    "not UTF-8": (400, {"content": b'{"type": "\xff"}'}),
    "no CloudEvent": (400, {"path": "/", "json": {"type": "Disk"}}),
    "another path": (404, {"path": "/alerts", "json": custom("Disk")}),
    "not a POST": (405, {"method": "GET", "path": "/alert"}),
    "over 5 MiB": (413, {"content": b" " * (5 * 2**20 + 1)}),
    "no type": (422, {"json": {"status": "Firing"}}),
    "a name without its kind": (422, {"json": {"type": "Disk", "status": "Firing", "involvedObject": {"name": "x"}}}),
    "a webhook of nothing known": (422, {"path": "/alertmanager/alert", "json": {"alerts": [{"labels": 1}]}}),
}
WEBHOOK: Json = {"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "Disk"}}]}
BROKEN = {
    "no YAML": ("spec: [", "Invalid"),
    "a field that Argo does not have": (workflow("true", colour="red"), "Invalid"),
    "a detail that the alert does not have": (workflow("echo {{.nodee}}"), "Recorded"),
}
UNSATISFIABLE = {
    "an image that nobody has": (
        workflow("true", activeDeadlineSeconds=15).replace("bitnami/kubectl:latest", "registry.invalid/none:v1"),
        "deadline",
    ),
    "a parameter that is none": (workflow("echo {{inputs.parameters.none}}"), "inputs.parameters.none"),
}


def alerts(cluster: Cluster) -> set[str]:
    """The names of all alerts."""
    return {alert["metadata"]["name"] for alert in cluster.api.items(ALERTS)}


@pytest.mark.parametrize(("status", "request_"), BODIES.values(), ids=BODIES)
def test_the_intake_refuses_what_it_cannot_read_and_stores_nothing(
    cluster: Cluster, status: int, request_: dict[str, Any]
) -> None:
    before = alerts(cluster)
    answer = cluster.ask(**request_)
    assert answer.status_code == status, answer.text
    if status in (400, 413, 422):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
    assert alerts(cluster) <= before


@pytest.mark.parametrize(
    ("status", "path", "alert", "token"),
    [
        (401, "/default/alert", custom("Disk"), ""),
        (401, "/alertmanager/alert", WEBHOOK, ""),
        (401, "/default/alert", custom("Disk"), "nonsense"),
        (403, "/alertmanager/alert", WEBHOOK, "Default"),
        (403, "/default/alert", custom("Disk"), "AlertManager"),
        (403, "/default/alert", {**custom("Disk"), "source": "AlertManager"}, "Default"),
        (404, "/ai/alert", {"any": "thing"}, "Default"),
    ],
)
def test_the_intake_stores_nothing_for_whom_it_is_not(
    cluster: Cluster, status: int, path: str, alert: Json, token: str
) -> None:
    if not cluster.tokens:
        pytest.skip("this intake asks for no token")
    before = alerts(cluster)
    shown = {"Authorization": f"Bearer {cluster.tokens.get(token, token)}"} if token else {"Authorization": ""}
    answer = cluster.ask(path, json=alert, headers=shown)
    assert answer.status_code == status, answer.text
    assert alerts(cluster) <= before


def test_an_alert_that_cannot_be_stored_keeps_no_other_back(cluster: Cluster, unique: str) -> None:
    answer = cluster.post([{"status": "Firing"}, custom(unique)])
    assert answer.status_code == httpx.codes.OK
    refused, taken = answer.json()["alerts"]
    cluster.made.append(f"{ALERTS}/{taken['name']}")
    assert (refused["result"], taken["result"]) == ("rejected", "created")
    assert refused["errors"]


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_value_makes_no_workflow(cluster: Cluster, unique: str, value: str) -> None:
    cluster.rule(unique, alert_type=unique, script="echo {{.node}}")
    name = cluster.result({**custom(unique), "details": {"node": value}})["name"]
    triggered = condition(cluster.triggered(name, "UnsafeValue"), "Triggered")
    assert triggered["status"] == "False"
    assert "spec.templates[0].container.command[2]" in triggered["message"]
    assert value not in triggered["message"]
    assert cluster.workflows_of(name) == []


def test_a_hostile_value_that_is_quoted_is_printed_and_not_run(cluster: Cluster, unique: str) -> None:
    value = '\'; id; echo "$(id)" `id` \\'
    cluster.rule(unique, alert_type=unique, script="printf '%s\\n' {{ node | shquote }}")
    name = cluster.result({**custom(unique), "details": {"node": value}})["name"]
    cluster.settled(name, "Succeeded")
    (ran,) = cluster.workflows_of(name)
    (pod,) = cluster.pods_of(ran["metadata"]["name"])
    printed = cluster.api.request("GET", f"{PODS}/{pod['metadata']['name']}/log", container="main")
    assert value in printed.text.splitlines()
    assert "uid=" not in printed.text


@pytest.mark.parametrize(("manifest", "recorded"), BROKEN.values(), ids=BROKEN)
def test_a_broken_template_makes_no_workflow(cluster: Cluster, unique: str, manifest: str, recorded: str) -> None:
    cluster.rule(unique, alert_type=unique, manifest=manifest, expected=recorded)
    name = cluster.result(custom(unique))["name"]
    assert condition(cluster.triggered(name, "TemplateInvalid"), "Triggered")["message"]
    assert cluster.workflows_of(name) == []


def test_a_workflow_as_an_account_that_is_not_for_repairs_is_not_made(cluster: Cluster, unique: str) -> None:
    cluster.rule(unique, alert_type=unique, manifest=workflow("true", serviceAccountName="no-such-account"))
    name = cluster.result(custom(unique))["name"]
    assert "no-such-account" in condition(cluster.triggered(name, "TriggerFailed"), "Triggered")["message"]
    assert cluster.workflows_of(name) == []


@pytest.mark.parametrize(("manifest", "said"), UNSATISFIABLE.values(), ids=UNSATISFIABLE)
def test_a_workflow_that_cannot_run_fails_and_says_why(cluster: Cluster, unique: str, manifest: str, said: str) -> None:
    cluster.rule(unique, alert_type=unique, manifest=manifest)
    name = cluster.result(custom(unique))["name"]
    alert = cluster.settled(name, "Failed")
    completed = condition(alert, "Completed")
    assert completed["reason"] == "Failed"
    assert said in completed["message"].lower()
    (made,) = cluster.workflows_of(name)
    assert not [pod for pod in cluster.pods_of(made["metadata"]["name"]) if ran(pod)]


def ran(pod: Json) -> bool:
    """Whether the pod's main container was ever started."""
    statuses = pod["status"].get("containerStatuses", [])
    return any(
        state.get("startedAt")
        for status in statuses
        if status["name"] == "main"
        for kind, state in status["state"].items()
        if kind in ("running", "terminated")
    )
