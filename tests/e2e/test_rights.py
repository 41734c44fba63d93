"""What each account may do on a real API server, asked and tried with its own token: its work, and nothing else."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import yaml

from tests.e2e.api import MERGE_PATCH, NAMESPACE, WAIT_SECONDS, Api, Json
from tests.e2e.driver import ALERTS, NODES, PODS, RULES, WORKFLOWS, Cluster, aegis, condition, custom, workflow
from tests.rights import ACCOUNTS, EVERYWHERE, IN_THE_NAMESPACE, Grants

AUTHORIZATION = "/apis/authorization.k8s.io/v1"
ELSEWHERE = "default"
FORBIDDEN, INVALID = httpx.codes.FORBIDDEN, httpx.codes.UNPROCESSABLE_ENTITY

As = Callable[..., Api]


@pytest.fixture
def acting(api: Api) -> Iterator[As]:
    """The API server as one of the accounts, by a token of its own."""
    made: list[Api] = []

    def connect(account: str, namespace: str = NAMESPACE) -> Api:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        answer = api.http.post(path, json={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"})
        assert answer.is_success, answer.text
        made.append(Api.connect(token=answer.json()["status"]["token"]))
        return made[-1]

    yield connect
    for each in made:
        each.http.close()


def allowed(account: Api, namespace: str) -> Grants:
    """Everything that the server says an account may do in a namespace or with what is in none."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    answer = account.http.post(f"{AUTHORIZATION}/selfsubjectrulesreviews", json=review)
    assert answer.is_success, answer.text
    grants: Grants = {}
    for rule in answer.json()["status"]["resourceRules"]:
        for group in rule.get("apiGroups", []):
            for resource in rule.get("resources", []):
                grants.setdefault((group, resource), set()).update(rule["verbs"])
    return grants


def merged(*tables: Grants) -> Grants:
    """The verbs of all tables."""
    both: Grants = {}
    for table in tables:
        for key, verbs in table.items():
            both.setdefault(key, set()).update(verbs)
    return both


@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_may_do_what_the_table_says_and_nothing_else(acting: As, account: str) -> None:
    server = acting(account)
    anybody = allowed(acting("default"), NAMESPACE)
    own = {**anybody, **IN_THE_NAMESPACE.get(account, {})}
    assert allowed(server, NAMESPACE) == merged(own, anybody, EVERYWHERE.get(account, {}))
    assert allowed(server, ELSEWHERE) == merged(allowed(acting("default"), ELSEWHERE), EVERYWHERE.get(account, {}))


TRIED = {
    "read secrets": ("GET", f"/api/v1/namespaces/{NAMESPACE}/secrets"),
    "list pods": ("GET", PODS),
    "list nodes": ("GET", NODES),
    "delete a node": ("DELETE", f"{NODES}/no-such-node"),
    "delete a rule": ("DELETE", f"{RULES}/no-such-rule"),
    "delete a workflow": ("DELETE", f"{WORKFLOWS}/no-such-workflow"),
    "run a workflow elsewhere": ("POST", WORKFLOWS.replace(NAMESPACE, ELSEWHERE)),
    "make a pod": ("POST", PODS),
    "bind a role": ("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings"),
}


@pytest.mark.parametrize(("method", "path"), TRIED.values(), ids=TRIED)
@pytest.mark.parametrize("account", ACCOUNTS)
def test_what_no_account_may_is_forbidden(acting: As, account: str, method: str, path: str) -> None:
    answer = acting(account).http.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code == FORBIDDEN, answer.text


@pytest.fixture
def alert(cluster: Cluster, unique: str) -> Json:
    """An alert that no rule answers."""
    name = str(cluster.result(custom(unique))["name"])
    return cluster.triggered(name, "RuleNotFound")


RULE = {"namespace": NAMESPACE, "name": "other", "uid": "u", "generation": 1}
CHANGES = {
    "count": ({"count": 9}, {"alert-normalizer"}),
    "receivedEvents": ({"receivedEvents": ["x"]}, {"alert-normalizer"}),
    "status": ({"status": "Resolved"}, {"alert-normalizer", "rule-matcher"}),
    "rule": ({"firing": {"rule": RULE}}, {"rule-matcher"}),
    "outcome": ({"firing": {"outcome": "Succeeded"}}, {"status-tracker"}),
    "work": ({"opsStatus": {"active": 1}}, {"rule-matcher", "workflow-renderer", "status-tracker"}),
}
"""A change of an alert's status, and who may make it."""
WRITERS = ("alert-normalizer", "rule-matcher", "workflow-renderer", "status-tracker")


@pytest.mark.parametrize(("change", "owners"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("account", WRITERS)
def test_one_writer_for_each_field(acting: As, alert: Json, account: str, change: Json, owners: set[str]) -> None:
    path = f"{ALERTS}/{alert['metadata']['name']}/status"
    answer = acting(account).http.patch(
        path, params={"dryRun": "All"}, json={"status": change}, headers={"Content-Type": MERGE_PATCH}
    )
    if account in owners:
        assert answer.is_success, answer.text
    else:
        assert answer.status_code == INVALID, answer.text
        assert "aegis-alert-status" in answer.json()["message"]


MEDDLING: dict[str, Json] = {
    "another status than it has": {"metadata": {"labels": {"alert-status": "Resolved"}}},
    "another label": {"metadata": {"labels": {"alert-type": "other"}}},
    "one label less": {"metadata": {"labels": {"alert-type": None}}},
    "an annotation": {"metadata": {"annotations": {"a": "b"}}},
    "a finalizer": {"metadata": {"finalizers": ["example.com/x"]}},
    "the spec": {"spec": {"severity": "other"}},
}


@pytest.mark.parametrize("change", MEDDLING.values(), ids=MEDDLING)
def test_the_intake_changes_no_more_of_an_alert_than_the_label_of_its_status(
    acting: As, alert: Json, change: Json
) -> None:
    answer = acting("alert-normalizer").http.patch(
        f"{ALERTS}/{alert['metadata']['name']}",
        params={"dryRun": "All"},
        json=change,
        headers={"Content-Type": MERGE_PATCH},
    )
    assert answer.status_code == INVALID, answer.text
    assert "aegis-alert-label" in answer.json()["message"]


def rendered(owner: Json, **spec: Any) -> Json:
    """A workflow as workflow-renderer creates it for an alert."""
    metadata = owner["metadata"]
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    body: Json = yaml.safe_load(workflow("true", **spec))
    body["metadata"] = {"name": metadata["name"], "namespace": NAMESPACE, "ownerReferences": [reference]}
    return body


def create(server: Api, body: Json) -> httpx.Response:
    """Create a workflow, in earnest but for its being kept."""
    return server.http.post(WORKFLOWS, params={"dryRun": "All"}, json=body)


def test_a_workflow_runs_as_an_account_for_sops(acting: As, alert: Json) -> None:
    renderer = acting("workflow-renderer")
    assert create(renderer, rendered(alert)).is_success
    for account in ("default", "status-tracker"):
        answer = create(renderer, rendered(alert, serviceAccountName=account))
        assert answer.status_code == FORBIDDEN, answer.text
        assert f"SOPs may not run as {account}" in answer.json()["message"]
    inner = rendered(alert)
    inner["spec"]["templates"][0]["serviceAccountName"] = "status-tracker"
    assert create(renderer, inner).status_code == FORBIDDEN


def test_a_workflow_belongs_to_its_alert(acting: As, alert: Json) -> None:
    orphan = rendered(alert)
    orphan["metadata"]["ownerReferences"] = []
    answer = create(acting("workflow-renderer"), orphan)
    assert answer.status_code == INVALID, answer.text


@pytest.fixture
def running(cluster: Cluster, unique: str) -> str:
    """The workflow of an alert that waits."""
    cluster.rule(unique, alert_type=unique, manifest=waiting())
    name = str(cluster.result(custom(unique))["name"])
    cluster.settled(name, "Running")
    (found,) = cluster.workflows_of(name)
    return str(found["metadata"]["name"])


def waiting() -> str:
    """A template that runs until it is told to go on, without a pod."""
    template = {"name": "start", "suspend": {}}
    spec = {"entrypoint": "start", "serviceAccountName": "aegis-workflow", "templates": [template]}
    return yaml.safe_dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": spec})


def test_the_tracker_lets_a_workflow_go_and_changes_nothing_else(acting: As, running: str) -> None:
    tracker = acting("status-tracker")

    def patch(change: Json) -> httpx.Response:
        headers = {"Content-Type": MERGE_PATCH}
        return tracker.http.patch(f"{WORKFLOWS}/{running}", params={"dryRun": "All"}, json=change, headers=headers)

    assert patch({"metadata": {"finalizers": None}}).is_success
    changes: list[Json] = [
        {"spec": {"suspend": True}},
        {"metadata": {"labels": {"x": "y"}}},
        {"metadata": {"ownerReferences": []}},
    ]
    for change in changes:
        assert patch(change).status_code == INVALID


def test_an_alert_is_not_deleted_while_its_workflow_runs(acting: As, cluster: Cluster, running: str) -> None:
    tracker = acting("status-tracker")
    name = cluster.api.get(f"{WORKFLOWS}/{running}")["metadata"]["labels"]["aegis.io/alert"]
    answer = tracker.http.delete(f"{ALERTS}/{name}", params={"dryRun": "All"})
    assert answer.status_code == INVALID, answer.text


def tenant(name: str) -> list[Json]:
    """An account that may write rules in another namespace, and nothing else."""
    group, metadata = "rbac.authorization.k8s.io", {"name": name, "namespace": ELSEWHERE}
    rules = [{"apiGroups": ["aegis.io"], "resources": ["aegisalertopsrules"], "verbs": ["create"]}]
    subject = {"kind": "ServiceAccount", "name": name, "namespace": ELSEWHERE}
    role = {"apiGroup": group, "kind": "Role", "name": name}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "subjects": [subject],
            "roleRef": role,
        },
    ]


def test_a_rule_runs_a_template_of_another_namespace_only_by_who_may_use_it(
    acting: As, cluster: Cluster, unique: str
) -> None:
    for manifest in tenant(unique):
        cluster.apply(manifest)
    writer = acting(unique, ELSEWHERE)

    def write(template_namespace: str) -> httpx.Response:
        reference = {"kind": "AegisOpsTemplate", "namespace": template_namespace, "name": unique}
        spec = {"alertConditions": [{"type": unique, "status": "Firing"}], "opsTemplate": reference}
        body = {**aegis("AegisAlertOpsRule", unique, spec), "metadata": {"name": unique, "namespace": ELSEWHERE}}
        return writer.http.post(RULES.replace(NAMESPACE, ELSEWHERE), params={"dryRun": "All"}, json=body)

    deadline = time.monotonic() + WAIT_SECONDS
    while not write(ELSEWHERE).is_success:  # rights that were just given are not known at once
        assert time.monotonic() < deadline, write(ELSEWHERE).text
    answer = write(NAMESPACE)
    assert answer.status_code == FORBIDDEN, answer.text
    assert f"lacks the verb use on the AegisOpsTemplate {NAMESPACE}/{unique}" in answer.json()["message"]


def test_a_workflow_that_may_not_run_is_a_status(cluster: Cluster, unique: str) -> None:
    cluster.rule(unique, alert_type=unique, manifest=workflow("true", serviceAccountName="status-tracker"))
    name = str(cluster.result(custom(unique))["name"])
    refused = cluster.triggered(name, "TriggerFailed")
    assert "SOPs may not run as status-tracker" in condition(refused, "Triggered")["message"]
    assert cluster.workflows_of(name) == []
    assert cluster.event(name, "FailedCreateOpsWorkflow")["type"] == "Warning"
