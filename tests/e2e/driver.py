"""Aegis on a real cluster as its users reach it: alerts through the gateway, everything else by the API server."""

import base64
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from tests.e2e.api import NAMESPACE, WAIT_SECONDS, Api, Json

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("aegis", "alert-normalizer", "rule-matcher", "workflow-renderer", "status-tracker")
SOP_IMAGE = "bitnami/kubectl:latest"

_AEGIS = f"/apis/aegis.io/v1alpha1/namespaces/{NAMESPACE}"
ALERTS = f"{_AEGIS}/aegisalerts"
RULES = f"{_AEGIS}/aegisalertopsrules"
TEMPLATES = f"{_AEGIS}/aegisopstemplates"
WORKFLOWS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/workflows"
SERVICES = f"/apis/serving.knative.dev/v1/namespaces/{NAMESPACE}/services"
TRIGGERS = f"/apis/eventing.knative.dev/v1/namespaces/{NAMESPACE}/triggers"
BROKERS = f"/apis/eventing.knative.dev/v1/namespaces/{NAMESPACE}/brokers"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
EVENTS = f"/api/v1/namespaces/{NAMESPACE}/events"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
NODES = "/api/v1/nodes"
TOKENS = "aegis-intake-tokens"

_ZERO_SECONDS = 240.0  # a tick may come in between, and wakes status-tracker for another window
_FROM_ZERO_SECONDS = 120.0


@dataclass
class Cluster:
    """The cluster, and what a test made in it."""

    api: Api
    gateway: str
    """Base URL that the intake's host name is asked at."""
    host: str
    """The intake's host name."""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """What a sender of each source shows; none where the intake asks for none."""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=_FROM_ZERO_SECONDS, trust_env=False))
    made: list[str] = field(default_factory=list)
    """Paths of what is to be deleted when the test ends, last first."""

    def ask(self, path: str = "/default/alert", *, method: str = "POST", **request: Any) -> httpx.Response:
        """One request to the intake, with the token that the path asks for; whatever the answer."""
        headers = {"Host": self.host, **self.authorization(path), **request.pop("headers", {})}
        return self.http.request(method, f"{self.gateway}{path}", headers=headers, **request)

    def authorization(self, path: str) -> dict[str, str]:
        """The header of a sender whose alerts a path stores, as far as the path tells."""
        token = self.tokens.get("AlertManager" if path == "/alertmanager/alert" else "Default")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def post(self, alerts: object, path: str = "/default/alert") -> httpx.Response:
        """Post JSON to the intake."""
        return self.ask(path, json=alerts)

    def result(self, alert: Json, path: str = "/default/alert") -> Json:
        """Post one alert that must be taken; its line of the answer. The alert is deleted after the test."""
        answer = self.post(alert, path)
        assert answer.status_code == httpx.codes.OK, answer.text
        (line,) = answer.json()["alerts"]
        self.made.append(f"{ALERTS}/{line['name']}")
        return dict(line)

    def apply(self, manifest: Mapping[str, Any]) -> str:
        """Apply a manifest for the time of the test; the object's path."""
        path = self.api.apply(manifest)
        self.made.append(path)
        return path

    def apply_example(self, name: str) -> None:
        """Apply the rules and templates of one of the examples, and wait until they are found valid."""
        for file in sorted((ROOT / "examples" / name).glob("*.yaml")):
            for manifest in yaml.safe_load_all(file.read_text()):
                self.recorded(self.apply(manifest))

    def rule(
        self,
        name: str,
        *,
        alert_type: str,
        status: str = "Firing",
        script: str = "true",
        manifest: str = "",
        expected: str = "Recorded",
        **spec: Any,
    ) -> None:
        """Apply a rule and its template, both of one name, and wait until both are checked."""
        template = {"manifest": manifest or workflow(script)}
        conditions = [{"type": alert_type, "status": status}]
        reference = {"kind": "AegisOpsTemplate", "namespace": NAMESPACE, "name": name}
        self.recorded(self.apply(aegis("AegisOpsTemplate", name, template)), expected)
        rule = {"alertConditions": conditions, "opsTemplate": reference, **spec}
        self.recorded(self.apply(aegis("AegisAlertOpsRule", name, rule)))

    def recorded(self, path: str, expected: str = "Recorded") -> None:
        """Wait until a rule or template, as it is now, was checked with that result."""
        self.api.wait_for(path, lambda item: item is not None and _checked(item) == expected)

    def alert_when(self, name: str, done: Callable[[Json], bool], *, seconds: float = _FROM_ZERO_SECONDS) -> Json:
        """An alert, once it is as wanted."""
        alert = self.api.wait_for(f"{ALERTS}/{name}", lambda item: item is not None and done(item), seconds=seconds)
        assert alert is not None
        return alert

    def settled(self, name: str, ops: str, *, seconds: float = _FROM_ZERO_SECONDS) -> Json:
        """An alert, once its OPSSTATUS column says so."""
        return self.alert_when(name, lambda alert: ops_status(alert).get("alertOpsStatus") == ops, seconds=seconds)

    def triggered(self, name: str, trigger: str) -> Json:
        """An alert, once its TRIGGERSTATUS column says so."""
        return self.alert_when(name, lambda alert: ops_status(alert).get("triggerStatus") == trigger)

    def event(self, name: str, reason: str) -> Json:
        """The Event about an object with that reason, once there is one: statuses are written before Events."""
        seen = self.api.watch_until(EVENTS, bool, fieldSelector=f"involvedObject.name={name},reason={reason}")
        return next(iter(seen.values()))

    def counted(self, template: str, succeeded: int) -> None:
        """Wait until a template has so many successes: they are counted once the outcome is on the alert."""
        self.api.wait_for(f"{TEMPLATES}/{template}", lambda item: item is not None and successes(item) == succeeded)

    def resolved(self, name: str, outcome: str) -> Json:
        """An alert, once the workflow of its resolve has ended so."""
        return self.alert_when(name, lambda alert: alert["status"].get("resolved", {}).get("outcome") == outcome)

    def workflows_of(self, alert: str) -> list[Json]:
        """The workflows of an alert."""
        return self.api.items(WORKFLOWS, labelSelector=f"aegis.io/alert={alert}")

    def pods_of(self, workflow_name: str) -> list[Json]:
        """The pods that Argo made for a workflow."""
        return self.api.items(PODS, labelSelector=f"workflows.argoproj.io/workflow={workflow_name}")

    def until_zero(self, *, seconds: float = _ZERO_SECONDS) -> None:
        """Wait until no function runs."""
        self.api.watch_until(DEPLOYMENTS, at_zero, seconds=seconds, labelSelector="serving.knative.dev/service")

    def send(self, event_type: str, data: object, *, broker: str = "aegis", **attributes: str) -> None:
        """Send a CloudEvent to a Broker, through the API server; it returns when the Broker has taken it."""
        address = urlsplit(self.api.get(f"{BROKERS}/{broker}")["status"]["address"]["url"])
        service, namespace = str(address.hostname).split(".")[:2]
        path = f"/api/v1/namespaces/{namespace}/services/http:{service}:{address.port or 80}/proxy{address.path}"
        context = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/aegis/e2e", "type": event_type}
        headers = {f"Ce-{name}": value for name, value in {**context, **attributes}.items()}
        answer = self.api.http.post(path, json=data, headers=headers, timeout=_FROM_ZERO_SECONDS)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:2000]}"

    def clean(self) -> None:
        """Delete what the test made, and wait until it is gone."""
        paths, self.made = self.made[::-1], []
        for path in paths:
            self.api.delete(path)
        deadline = time.monotonic() + WAIT_SECONDS
        for path in paths:
            self.api.wait_for(path, lambda item: item is None, seconds=max(1.0, deadline - time.monotonic()))

    def close(self) -> None:
        """Close the connections to the intake."""
        self.http.close()


def connect(api: Api) -> Cluster:
    """The cluster behind an API server; AEGIS_E2E_GATEWAY says where its gateway is, where that is not to be seen."""
    url = urlsplit(api.get(f"{SERVICES}/aegis")["status"]["url"])
    gateway = os.environ.get("AEGIS_E2E_GATEWAY") or _gateway(api)
    return Cluster(api, gateway=gateway or f"{url.scheme}://{url.netloc}", host=url.netloc, tokens=_tokens(api))


def _tokens(api: Api) -> dict[str, str]:
    """A token for each source, from the Secret of the intake."""
    secret = api.find(f"{SECRETS}/{TOKENS}") or {}
    lines = {source: base64.b64decode(data).decode().split() for source, data in secret.get("data", {}).items()}
    return {source: tokens[0] for source, tokens in lines.items() if tokens}


def _gateway(api: Api) -> str:
    """Where the ingress of the intake listens: an address of its load balancer, or of what stands behind it."""
    path = f"/apis/networking.internal.knative.dev/v1alpha1/namespaces/{NAMESPACE}/ingresses/aegis"
    (balancer, *_) = api.get(path)["status"]["publicLoadBalancer"]["ingress"]
    if address := balancer.get("ip") or balancer.get("domain"):
        return f"http://{address}"
    service, namespace = balancer["domainInternal"].split(".")[:2]
    status = api.get(f"/api/v1/namespaces/{namespace}/services/{service}")["status"]
    for ingress in status.get("loadBalancer", {}).get("ingress", []):
        return f"http://{ingress.get('ip') or ingress['hostname']}"
    slices = api.items(
        f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
        labelSelector=f"kubernetes.io/service-name={service}",
    )
    for addresses in slices:
        (port, *_) = (p["port"] for p in addresses["ports"])
        return f"http://{addresses['endpoints'][0]['addresses'][0]}:{port}"
    return ""


def at_zero(deployments: Mapping[str, Json]) -> bool:
    """Whether none of the functions' Deployments wants or has a pod."""
    return bool(deployments) and not awake(deployments)


def awake(deployments: Mapping[str, Json]) -> set[str]:
    """The functions whose Deployments want or have a pod."""
    return {
        item["metadata"]["labels"]["serving.knative.dev/service"]
        for item in deployments.values()
        if item["spec"]["replicas"] or item["status"].get("replicas")
    }


def _checked(item: Json) -> str:
    """What was found when a rule or template was checked, if that was its present generation."""
    status = item.get("status", {})
    current = status.get("observedGeneration") == item["metadata"]["generation"]
    return str(status.get("status", "")) if current else ""


def successes(template: Json) -> int:
    """How many workflows of a template have succeeded."""
    return int(template.get("status", {}).get("executeStatus", {}).get("succeeded", 0))


def ops_status(alert: Json) -> Json:
    """The summary of an alert's work."""
    return dict(alert.get("status", {}).get("opsStatus") or {})


def condition(item: Json, kind: str) -> Json:
    """One of an object's conditions; empty if it has none of that type."""
    return next((dict(c) for c in item.get("status", {}).get("conditions", []) if c["type"] == kind), {})


def aegis(kind: str, name: str, spec: Json) -> Json:
    """A manifest of one of our kinds."""
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "aegis.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def workflow(script: str, **spec: Any) -> str:
    """A template of one container that runs a script."""
    container = {"image": SOP_IMAGE, "command": ["/bin/bash", "-c", script]}
    return yaml.safe_dump(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "spec": {
                "entrypoint": "start",
                "serviceAccountName": "aegis-workflow",
                "templates": [{"name": "start", "container": container}],
                **spec,
            },
        }
    )


def custom(alert_type: str, *, fingerprint: str = "", status: str = "Firing", **details: str) -> Json:
    """A custom alert about node dev1, or the one that its details name."""
    details = {"node": "dev1", **details}
    return {
        "type": alert_type,
        "status": status,
        "involvedObject": {"kind": "Node", "name": details["node"]},
        "details": details,
        "fingerprint": fingerprint or uuid.uuid4().hex[:16],
    }
