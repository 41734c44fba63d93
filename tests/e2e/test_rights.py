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
    "watch nodes": ("GET", f"{NODES}?watch=true"),
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


LONG_AGO = "2020-01-01T00:00:00Z"
RULE = {"namespace": NAMESPACE, "name": "other", "uid": "u", "generation": 1}
TEMPLATE = {"namespace": NAMESPACE, "name": "other"}
INTAKE, MATCHER, RENDERER, TRACKER = "alert-normalizer", "rule-matcher", "workflow-renderer", "status-tracker"
WRITERS = (INTAKE, MATCHER, RENDERER, TRACKER)


def said(kind: str) -> Json:
    """One condition, as if nothing else were known."""
    times = {"lastTransitionTime": LONG_AGO, "observedGeneration": 1}
    return {"conditions": [{"type": kind, "status": "True", "reason": "Other", "message": "m", **times}]}


OF_A_PHASE: dict[str, tuple[Json, set[str]]] = {
    "rule": ({"rule": RULE}, {MATCHER}),
    "template": ({"template": TEMPLATE}, {MATCHER}),
    "triggerTime": ({"triggerTime": LONG_AGO}, {MATCHER}),
    "triggerStatus": ({"triggerStatus": "TemplateInvalid"}, {MATCHER, RENDERER, TRACKER}),
    "workflow": ({"workflow": "other"}, {TRACKER}),
    "workflowUID": ({"workflowUID": "u"}, {TRACKER}),
    "outcome": ({"outcome": "Succeeded"}, {TRACKER}),
    "completionTime": ({"completionTime": LONG_AGO}, {TRACKER}),
}
CHANGES: dict[str, tuple[Json, set[str]]] = {
    "count": ({"count": 9}, {INTAKE}),
    "lastReceivedTime": ({"lastReceivedTime": LONG_AGO}, {INTAKE}),
    "receivedEvents": ({"receivedEvents": ["x"]}, {INTAKE}),
    "latestEpisode": ({"latestEpisode": 9}, {INTAKE}),
    "latestStartsAt": ({"latestStartsAt": LONG_AGO}, {INTAKE}),
    "observedRetry": ({"observedRetry": "somebody"}, set()),
    "firing.attempt": ({"firing": {"attempt": 2}}, set()),
    "firing.earlier": ({"firing": {"earlier": [{"attempt": 1}]}}, set()),
    "firing.earlierSucceeded": ({"firing": {"earlierSucceeded": 1}}, set()),
    "resolved.attempt": ({"resolved": {"attempt": 2}}, set()),
    "reopensAt": ({"reopensAt": LONG_AGO}, {INTAKE}),
    "turn": ({"turn": {"episode": 1, "phase": "firing"}}, {MATCHER}),
    "status": ({"status": "Resolved"}, {INTAKE, MATCHER}),
    "startTime": ({"startTime": LONG_AGO}, {INTAKE, MATCHER}),
    "resolvedTime": ({"resolvedTime": LONG_AGO}, {INTAKE, MATCHER}),
    "opsStatus.triggerStatus": ({"opsStatus": {"triggerStatus": "Triggered"}}, {MATCHER, RENDERER, TRACKER}),
    "opsStatus.alertOpsStatus": ({"opsStatus": {"alertOpsStatus": "Pending"}}, {MATCHER, RENDERER, TRACKER}),
    "opsStatus.alertOpsStatus, ended": ({"opsStatus": {"alertOpsStatus": "Succeeded"}}, {TRACKER}),
    **{
        f"opsStatus.{name}": ({"opsStatus": {name: 9}}, {TRACKER})
        for name in ("active", "succeeded", "failed", "total")
    },
    **{f"opsStatus.{name}": ({"opsStatus": {name: LONG_AGO}}, {TRACKER}) for name in ("startTime", "completionTime")},
    **{
        f"{phase}.{name}": ({phase: change}, owners)
        for phase in ("firing", "resolved")
        for name, (change, owners) in OF_A_PHASE.items()
    },
    "conditions, Triggered": (said("Triggered"), {MATCHER, RENDERER, TRACKER}),
    "conditions, Completed": (said("Completed"), {TRACKER}),
    "conditions, Stalled": (said("Stalled"), {TRACKER}),
}
"""A change of an alert's status, and who may make it."""


def write(server: Api, alert: Json, status: Json, **params: str) -> httpx.Response:
    """Merge something into an alert's status."""
    path = f"{ALERTS}/{alert['metadata']['name']}/status"
    return server.http.patch(path, params=params, json={"status": status}, headers={"Content-Type": MERGE_PATCH})


@pytest.mark.parametrize("account", WRITERS)
def test_every_field_of_a_status_has_its_writers(acting: As, alert: Json, account: str) -> None:
    server = acting(account)
    for name, (change, owners) in CHANGES.items():
        answer = write(server, alert, change, dryRun="All")
        if account in owners:
            assert answer.is_success, f"{name}: {answer.text}"
        else:
            assert answer.status_code == INVALID, f"{name}: {answer.text}"
            assert "aegis-alert-status" in answer.json()["message"]


def test_the_renderer_takes_a_match_back_whole_and_makes_none(acting: As, alert: Json) -> None:
    matched = {"triggerStatus": "Triggered", "rule": RULE, "template": TEMPLATE, "triggerTime": LONG_AGO}
    # Of the resolve: nobody looks at it while the alert fires.
    assert write(acting(MATCHER), alert, {"resolved": matched}).is_success
    renderer = acting(RENDERER)
    taken_back = {"triggerStatus": "", "rule": None, "template": None, "triggerTime": None}
    assert write(renderer, alert, {"resolved": taken_back}, dryRun="All").is_success
    for part in (
        {"rule": None},
        {"template": {**TEMPLATE, "name": "third"}},
        {**taken_back, "template": TEMPLATE},
        {**taken_back, "triggerStatus": "Triggered"},
    ):
        assert write(renderer, alert, {"resolved": part}, dryRun="All").status_code == INVALID, part


def test_an_outcome_is_written_once(acting: As, alert: Json) -> None:
    tracker = acting(TRACKER)
    ended = {"outcome": "Failed", "completionTime": LONG_AGO}
    assert write(tracker, alert, {"firing": ended}).is_success
    for change in ({"outcome": "Succeeded"}, {"outcome": ""}, {"completionTime": "2021-01-01T00:00:00Z"}):
        answer = write(tracker, alert, {"firing": change}, dryRun="All")
        assert answer.status_code == INVALID, answer.text
        assert "an outcome is written once" in answer.json()["message"]


def test_another_attempt_begins_where_it_was_asked_for_and_the_one_before_has_ended(
    acting: As, alert: Json, cluster: Cluster
) -> None:
    matcher = acting(MATCHER)
    name, who = alert["metadata"]["name"], cluster.api.who()
    ended = {"workflow": "w", "workflowUID": "u", "outcome": "Failed", "completionTime": LONG_AGO}
    assert write(acting(TRACKER), alert, {"firing": ended}).is_success
    earlier = {"attempt": 1, "triggerStatus": "RuleNotFound", **ended}
    cleared = {"workflow": "", "workflowUID": "", "outcome": "", "completionTime": None, "triggerTime": None}
    firing: Json = {**cleared, "attempt": 2, "triggerStatus": "", "earlier": [earlier], "earlierFailed": 1}
    begun: Json = {
        "observedRetry": f"{who} 1",
        "firing": firing,
        "opsStatus": {"triggerStatus": "", "alertOpsStatus": ""},
    }
    assert write(matcher, alert, begun, dryRun="All").status_code == INVALID  # nobody asked
    cluster.api.merge(f"{ALERTS}/{name}", {"metadata": {"annotations": {"aegis.io/retry": f"{who} 1"}}})
    for account in (INTAKE, RENDERER, TRACKER):
        assert write(acting(account), alert, begun, dryRun="All").status_code == INVALID, account
    for part in (
        {"observedRetry": who},
        {"firing": {**firing, "attempt": 3}},
        {"firing": {**firing, "earlier": []}},
        {"firing": {**firing, "earlier": [{**earlier, "outcome": "Succeeded"}]}},
        {"firing": {**firing, "earlierFailed": 0}},
        {"firing": {**firing, "outcome": "Succeeded"}},
        {"opsStatus": {"alertOpsStatus": "Running"}},
        said("Completed"),
    ):
        assert write(matcher, alert, {**begun, **part}, dryRun="All").status_code == INVALID, part
    assert write(matcher, alert, begun, dryRun="All").is_success


NODE_CHANGES: dict[str, Json] = {
    "a label": {"metadata": {"labels": {"a": "b"}}},
    "an annotation": {"metadata": {"annotations": {"a": "b"}}},
    "a finalizer": {"metadata": {"finalizers": ["example.com/x"]}},
    "a taint": {"spec": {"taints": [{"key": "a", "effect": "NoExecute"}]}},
    "its provider": {"spec": {"providerID": "other"}},
}


def test_what_repairs_run_as_cordons_nodes_and_changes_nothing_else_of_them(acting: As) -> None:
    server = acting("aegis-workflow")

    def patch(change: Json) -> httpx.Response:
        headers = {"Content-Type": MERGE_PATCH}
        return server.http.patch(f"{NODES}/dev1", params={"dryRun": "All"}, json=change, headers=headers)

    for cordoned in (True, False, None):
        assert patch({"spec": {"unschedulable": cordoned}}).is_success
    for name, change in NODE_CHANGES.items():
        answer = patch(change)
        assert answer.status_code == INVALID, f"{name}: {answer.text}"
        assert "aegis-node-cordon" in answer.json()["message"]


MEDDLING: dict[str, Json] = {
    "another status than it has": {"metadata": {"labels": {"alert-status": "Resolved"}}},
    "another label": {"metadata": {"labels": {"alert-type": "other"}}},
    "one label less": {"metadata": {"labels": {"alert-type": None}}},
    "an annotation": {"metadata": {"annotations": {"a": "b"}}},
    "a finalizer": {"metadata": {"finalizers": ["example.com/x"]}},
    "the spec": {"spec": {"ttlStrategy": {"secondsAfterNoOps": 1}}},
}
WHAT_IT_SAYS: Json = {
    "metadata": {"labels": {"rack": "r1"}},
    "spec": {"severity": "other", "details": {"rack": "r1"}, "involvedObject": {"kind": "Node", "name": "dev2"}},
}


@pytest.mark.parametrize("change", MEDDLING.values(), ids=MEDDLING)
def test_the_intake_changes_nothing_else_of_an_alert(acting: As, alert: Json, change: Json) -> None:
    answer = say(acting(INTAKE), alert, change)
    assert answer.status_code == INVALID, answer.text
    assert "aegis-alert-label" in answer.json()["message"]


def test_the_intake_changes_what_an_alert_says_until_work_is_on_record(acting: As, alert: Json) -> None:
    assert say(acting(INTAKE), alert, WHAT_IT_SAYS).is_success
    assert write(acting(TRACKER), alert, {"firing": {"workflow": "w"}}).is_success
    for part in ("metadata", "spec"):
        answer = say(acting(INTAKE), alert, {part: WHAT_IT_SAYS[part]})
        assert answer.status_code == INVALID, answer.text
        assert "while no workflow is on record" in answer.json()["message"]


def say(server: Api, alert: Json, change: Json) -> httpx.Response:
    """Try to merge something into an alert."""
    path, headers = f"{ALERTS}/{alert['metadata']['name']}", {"Content-Type": MERGE_PATCH}
    return server.http.patch(path, params={"dryRun": "All"}, json=change, headers=headers)


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
        {"metadata": {"finalizers": ["aegis.io/outcome", "example.com/x"]}},
        {"metadata": {"finalizers": ["example.com/x"]}},
    ]
    for change in changes:
        assert patch(change).status_code == INVALID


def test_an_alert_is_not_deleted_while_its_workflow_runs(acting: As, cluster: Cluster, running: str) -> None:
    tracker = acting(TRACKER)
    name = cluster.api.get(f"{WORKFLOWS}/{running}")["metadata"]["labels"]["aegis.io/alert"]
    alert = cluster.api.get(f"{ALERTS}/{name}")

    def delete() -> httpx.Response:
        return tracker.http.delete(f"{ALERTS}/{name}", params={"dryRun": "All"})

    assert delete().status_code == INVALID
    # Nor when whoever may delete it says in brief that all is done.
    assert write(tracker, alert, {"opsStatus": {"active": 0, "alertOpsStatus": "Succeeded"}}).is_success
    answer = delete()
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
