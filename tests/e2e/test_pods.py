"""What the pods of workflows may be, whatever a template says: asked of the API server, and tried with Argo itself."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import yaml

from tests.e2e.api import NAMESPACE, Api, Json
from tests.e2e.driver import PODS, SOP_IMAGE, Cluster, condition, custom, workflow

ELSEWHERE = "default"
FORBIDDEN = httpx.codes.FORBIDDEN
STOLEN = "status-tracker"
TO_STEAL_IT = f'{{"serviceAccountName":"{STOLEN}"}}'


def pod(*, container: Json | None = None, labels: Json | None = None, **spec: Any) -> Json:
    """A pod as Argo makes it for a step, with something changed."""
    held = {"name": "main", "image": SOP_IMAGE, "command": ["true"], **(container or {})}
    argos = {"workflows.argoproj.io/workflow": "w", **(labels or {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "sop-", "labels": argos},
        "spec": {"serviceAccountName": "aegis-workflow", "containers": [held], **spec},
    }


def create(api: Api, body: Json, namespace: str = NAMESPACE) -> httpx.Response:
    """Create a pod, in earnest but for its being kept."""
    return api.http.post(PODS.replace(NAMESPACE, namespace), params={"dryRun": "All"}, json=body)


def volume(**source: Any) -> Json:
    """A pod's volumes: one, of that source."""
    return {"volumes": [{"name": "v", **source}]}


TAKEN = {
    "as it is": pod(),
    "a container that drops all": pod(container={"securityContext": {"capabilities": {"drop": ["ALL"]}}}),
    "capabilities of any container": pod(container={"securityContext": {"capabilities": {"add": ["CHOWN"]}}}),
    "seccomp of the runtime": pod(securityContext={"seccompProfile": {"type": "RuntimeDefault"}}),
    "an empty folder": pod(**volume(emptyDir={})),
    "a file of a ConfigMap": pod(**volume(configMap={"name": "c"})),
    "its own token": pod(
        **volume(projected={"sources": [{"serviceAccountToken": {"path": "token", "expirationSeconds": 600}}]})
    ),
    "a harmless sysctl": pod(securityContext={"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}),
    "a port": pod(container={"ports": [{"containerPort": 80}]}),
}


@pytest.mark.parametrize("body", TAKEN.values(), ids=TAKEN)
def test_an_ordinary_pod_of_a_workflow_is_taken(api: Api, body: Json) -> None:
    answer = create(api, body)
    assert answer.is_success, answer.text


BEYOND = {
    "hostNetwork": pod(hostNetwork=True),
    "hostPID": pod(hostPID=True),
    "hostIPC": pod(hostIPC=True),
    "nodeName": pod(nodeName="dev1", tolerations=[{"operator": "Exists"}]),
    "privileged": pod(container={"securityContext": {"privileged": True}}),
    "capabilities": pod(container={"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}),
    "procMount": pod(container={"securityContext": {"procMount": "Unmasked"}}, hostUsers=False),
    "hostPort": pod(container={"ports": [{"containerPort": 80, "hostPort": 80}]}),
    "seccompProfile": pod(securityContext={"seccompProfile": {"type": "Unconfined"}}),
    "appArmorProfile": pod(container={"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}),
    "seLinuxOptions": pod(securityContext={"seLinuxOptions": {"type": "spc_t"}}),
    "sysctls": pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
    "volumes": pod(**volume(hostPath={"path": "/"})),
}
"""What reaches a node, by the word that the refusal names."""
VOLUMES_OF_A_NODE: dict[str, Json] = {
    "nfs": {"server": "10.0.0.1", "path": "/"},
    "csi": {"driver": "example.com", "nodePublishSecretRef": {"name": "s"}},
    "iscsi": {"targetPortal": "10.0.0.1", "iqn": "iqn.2001-04.com.example:disk", "lun": 0},
    "image": {"reference": SOP_IMAGE},
}
BEYOND.update({f"volumes {kind}": pod(**volume(**{kind: source})) for kind, source in VOLUMES_OF_A_NODE.items()})
BEYOND["privileged init container"] = pod(
    initContainers=[{"name": "init", "image": SOP_IMAGE, "securityContext": {"privileged": True}}]
)


@pytest.mark.parametrize(("word", "body"), BEYOND.items(), ids=BEYOND)
def test_a_pod_has_no_hold_of_its_node_without_hostaccess(api: Api, word: str, body: Json) -> None:
    answer = create(api, body)
    assert answer.status_code == FORBIDDEN, answer.text
    message = answer.json()["message"]
    assert f"asks for its node ({word.split(maxsplit=1)[0]}" in message
    assert "aegis-workflow lacks the verb use on hostaccess.aegis.io" in message


SECRETS = {
    "a Secret volume": pod(**volume(secret={"secretName": "s"})),
    "a projected Secret": pod(**volume(projected={"sources": [{"secret": {"name": "s"}}]})),
    "a Secret in a variable": pod(
        container={"env": [{"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}
    ),
    "a Secret in all variables": pod(container={"envFrom": [{"secretRef": {"name": "s"}}]}),
}


@pytest.mark.parametrize("body", SECRETS.values(), ids=SECRETS)
def test_a_pod_holds_no_secret_that_its_account_may_not_read(api: Api, body: Json) -> None:
    answer = create(api, body)
    assert answer.status_code == FORBIDDEN, answer.text
    assert "holds the Secret s, and its ServiceAccount aegis-workflow lacks the verb get" in answer.json()["message"]


@pytest.mark.parametrize("account", [STOLEN, "default", "workflow-renderer"])
def test_a_pod_runs_as_an_account_for_sops_only(api: Api, account: str) -> None:
    answer = create(api, pod(serviceAccountName=account))
    assert answer.status_code == FORBIDDEN, answer.text
    assert f"SOPs may not run as {account}" in answer.json()["message"]


def test_elsewhere_it_is_held_for_the_pods_of_repairs(api: Api) -> None:
    """Workflows that have nothing to do with alerts are their namespace's own business."""
    own = pod(serviceAccountName="default", hostNetwork=True)
    assert create(api, own, ELSEWHERE).is_success
    repair = pod(serviceAccountName="default", labels={"aegis.io/alert": "a"})
    assert create(api, repair, ELSEWHERE).status_code == FORBIDDEN


def step(**changes: Any) -> Json:
    """A template that runs, with something changed."""
    return {"name": "start", "container": {"image": SOP_IMAGE, "command": ["true"]}, **changes}


def sop(template: Json | None = None, **spec: Any) -> str:
    """A manifest with something changed in its template or its spec; what is None is left out."""
    body = yaml.safe_load(workflow("true", **({"templates": [template]} if template else {}), **spec))
    body["spec"] = {name: value for name, value in body["spec"].items() if value is not None}
    return yaml.safe_dump(body)


def of_elsewhere(**template: Any) -> Callable[[Cluster, str], None]:
    """Makes a WorkflowTemplate beside the workflow."""

    def make(cluster: Cluster, name: str) -> None:
        spec = {"entrypoint": "start", "templates": [step(**template)]}
        metadata = {"name": name, "namespace": NAMESPACE}
        body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": metadata, "spec": spec}
        cluster.apply(body)

    return make


def alone(_cluster: Cluster, _name: str) -> None:
    """Makes nothing."""


def step_of(reference: Json) -> Json:
    """A template that has another one run."""
    return {"name": "start", "steps": [[{"name": "one", **reference}]]}


Bypass = tuple[Callable[[Cluster, str], None], Callable[[str], str]]
EARLY: dict[str, Callable[[str], str]] = {
    "an account": lambda _: sop(serviceAccountName=STOLEN),
    "an empty account": lambda _: sop(serviceAccountName=""),
    "no account": lambda _: sop(serviceAccountName=None),
    "a template's account": lambda _: sop(step(serviceAccountName=STOLEN)),
    "the account of all templates": lambda _: sop(templateDefaults={"serviceAccountName": STOLEN}),
    "the executor's account": lambda _: sop(executor={"serviceAccountName": STOLEN}),
    "a template's executor's account": lambda _: sop(step(executor={"serviceAccountName": STOLEN})),
    "an inline template's account": lambda _: sop(
        step_of({"inline": {"serviceAccountName": STOLEN, "container": step()["container"]}})
    ),
    "the collector's account": lambda _: sop(
        artifactGC={"strategy": "OnWorkflowDeletion", "serviceAccountName": STOLEN}
    ),
}
"""Workflows that the API server does not take, because they say themselves what they would run as."""


@pytest.mark.parametrize("manifest", EARLY.values(), ids=EARLY)
def test_an_account_that_a_workflow_names_is_refused_on_the_alert(
    cluster: Cluster, unique: str, manifest: Callable[[str], str]
) -> None:
    cluster.rule(unique, alert_type=unique, manifest=manifest(unique))
    name = str(cluster.result(custom(unique))["name"])
    message = condition(cluster.triggered(name, "TriggerFailed"), "Triggered")["message"]
    assert "SOPs may not run as" in message
    assert cluster.workflows_of(name) == []


AT_THE_POD: dict[str, Bypass] = {
    "a patch of pods": (alone, lambda _: sop(podSpecPatch=TO_STEAL_IT)),
    "a template's patch of pods": (alone, lambda _: sop(step(podSpecPatch=TO_STEAL_IT))),
    "all templates' patch of pods": (alone, lambda _: sop(templateDefaults={"podSpecPatch": TO_STEAL_IT})),
    "a patch with a spelling of its own": (alone, lambda _: sop(podSpecPatch=TO_STEAL_IT.replace("A", "\\u0041"))),
    "another label of Argo's": (
        alone,
        lambda _: sop(step(podSpecPatch=TO_STEAL_IT, metadata={"labels": {"workflows.argoproj.io/workflow": "x"}})),
    ),
    "a template of elsewhere": (
        of_elsewhere(serviceAccountName=STOLEN),
        lambda name: sop(step_of({"templateRef": {"name": name, "template": "start"}})),
    ),
    "a patch of elsewhere": (
        of_elsewhere(podSpecPatch=TO_STEAL_IT),
        lambda name: sop(step_of({"templateRef": {"name": name, "template": "start"}})),
    ),
    "a workflow of elsewhere": (
        of_elsewhere(serviceAccountName=STOLEN),
        lambda name: sop(workflowTemplateRef={"name": name}, entrypoint=None, templates=None),
    ),
}
"""Workflows that the API server takes, and that end where Argo makes their pod."""


@pytest.mark.parametrize(("make", "manifest"), AT_THE_POD.values(), ids=AT_THE_POD)
def test_no_workflow_runs_as_another_account(
    cluster: Cluster, unique: str, make: Callable[[Cluster, str], None], manifest: Callable[[str], str]
) -> None:
    make(cluster, unique)
    failed, ran = tried(cluster, unique, manifest(unique))
    assert f"SOPs may not run as {STOLEN}" in str(ran["status"]), condition(failed, "Completed")
    assert cluster.pods_of(ran["metadata"]["name"]) == []


def tried(cluster: Cluster, unique: str, manifest: str) -> tuple[Json, Json]:
    """An alert whose workflow came to nothing, and the workflow."""
    cluster.rule(unique, alert_type=unique, manifest=manifest)
    name = str(cluster.result(custom(unique))["name"])
    failed = cluster.settled(name, "Failed")
    (ran,) = cluster.workflows_of(name)
    return failed, ran


PRIVILEGES = {
    "privileged": sop(step(container={**step()["container"], "securityContext": {"privileged": True}})),
    "the host's files": sop(
        step(container={**step()["container"], "volumeMounts": [{"name": "host", "mountPath": "/host"}]}),
        volumes=[{"name": "host", "hostPath": {"path": "/"}}],
    ),
    "a patch of its pods": sop(podSpecPatch="hostPID: true"),
}


@pytest.mark.parametrize("manifest", PRIVILEGES.values(), ids=PRIVILEGES)
def test_a_sop_gets_no_hold_of_its_node_and_says_so(cluster: Cluster, unique: str, manifest: str) -> None:
    failed, ran = tried(cluster, unique, manifest)
    assert "hostaccess.aegis.io" in str(ran["status"]), condition(failed, "Completed")
    assert cluster.pods_of(ran["metadata"]["name"]) == []


def reading(secret: str) -> str:
    """A template whose script needs a Secret's key."""
    reference = {"valueFrom": {"secretKeyRef": {"name": secret, "key": "word"}}}
    script = ["/bin/bash", "-c", '[ "$WORD" = open ]']
    return sop(step(container={"image": SOP_IMAGE, "command": script, "env": [{"name": "WORD", **reference}]}))


def test_a_sop_holds_a_secret_once_its_account_may_read_it(cluster: Cluster, unique: str) -> None:
    metadata = {"name": unique, "namespace": NAMESPACE}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"word": "open"}})
    failed, ran = tried(cluster, unique, reading(unique))
    assert f"holds the Secret {unique}" in str(ran["status"]), condition(failed, "Completed")

    group = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [unique], "verbs": ["get"]}
    subject = {"kind": "ServiceAccount", "name": "aegis-workflow", "namespace": NAMESPACE}
    cluster.apply({"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": [rule]})
    cluster.apply(
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "subjects": [subject],
            "roleRef": {"apiGroup": group, "kind": "Role", "name": unique},
        }
    )
    again = str(cluster.result(custom(unique))["name"])
    cluster.settled(again, "Succeeded")
