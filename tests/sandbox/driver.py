"""A user of a running sandbox: posts alerts, applies manifests, and waits by watching, never by sleeping."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from sandbox.testing import Sandbox, sandbox

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = "monitoring"
ALERTS = f"/apis/aegis.io/v1alpha1/namespaces/{NAMESPACE}/aegisalerts"
RULES = f"/apis/aegis.io/v1alpha1/namespaces/{NAMESPACE}/aegisalertopsrules"
TEMPLATES = f"/apis/aegis.io/v1alpha1/namespaces/{NAMESPACE}/aegisopstemplates"
WORKFLOWS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/workflows"
EVENTS = f"/api/v1/namespaces/{NAMESPACE}/events"
WAIT_SECONDS = 40

Json = dict[str, Any]


@dataclass
class Driver:
    """The sandbox as its users reach it: the intake by HTTP, everything else by the API server."""

    cluster: Sandbox
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))

    def post(self, alert: Json, path: str = "/default/alert") -> httpx.Response:
        """Post a body to the intake."""
        return self.http.post(f"{self.cluster.gateway}{path}", json=alert)

    def result(self, alert: Json, path: str = "/default/alert") -> Json:
        """Post one alert that must be taken; its line of the answer."""
        answer = self.post(alert, path)
        assert answer.status_code == 200, answer.text
        (line,) = answer.json()["alerts"]
        return dict(line)

    def call(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> Json:
        """One request to the API server that must succeed."""
        content = None if body is None else json.dumps(body)
        answer = self.http.request(
            method, f"{self.cluster.api}{path}", content=content, headers={"Content-Type": content_type}
        )
        assert answer.is_success, answer.text
        return dict(answer.json())

    def items(self, path: str) -> list[Json]:
        """The objects of a collection."""
        return list(self.call("GET", path)["items"])

    def merge(self, path: str, patch: Json) -> Json:
        """A merge patch."""
        return self.call("PATCH", path, patch, "application/merge-patch+json")

    def watch_until(self, path: str, done: Callable[[dict[str, Json]], bool]) -> dict[str, Json]:
        """Watch a collection until its objects, by name, are as wanted; fails with what they were after a while."""
        page = self.call("GET", path)
        seen = {item["metadata"]["name"]: item for item in page["items"]}
        params = {"watch": "true", "resourceVersion": page["metadata"]["resourceVersion"]}
        if done(seen):
            return seen
        try:
            with self.http.stream("GET", f"{self.cluster.api}{path}", params=params, timeout=WAIT_SECONDS) as changes:
                for line in changes.iter_lines():
                    change = json.loads(line)
                    name = change["object"]["metadata"]["name"]
                    if change["type"] == "DELETED":
                        seen.pop(name, None)
                    else:
                        seen[name] = change["object"]
                    if done(seen):
                        return seen
        except httpx.ReadTimeout:
            pass
        raise AssertionError(f"{path} never became as wanted; it is {json.dumps(list(seen.values()), indent=1)[:6000]}")

    def alert_when(self, name: str, done: Callable[[Json], bool]) -> Json:
        """An alert, once it is as wanted."""
        return self.watch_until(ALERTS, lambda seen: name in seen and done(seen[name]))[name]

    def settled(self, name: str, ops: str) -> Json:
        """An alert, once its OPSSTATUS column says so."""
        return self.alert_when(name, lambda alert: ops_status(alert).get("alertOpsStatus", "") == ops)

    def triggered(self, name: str, trigger: str) -> Json:
        """An alert, once its TRIGGERSTATUS column says so."""
        return self.alert_when(name, lambda alert: ops_status(alert).get("triggerStatus", "") == trigger)

    def rule(self, name: str, *, alert_type: str, status: str = "Firing", script: str = "true", **spec: Any) -> None:
        """Apply a rule and its template, both of one name, and wait until both are recorded."""
        self.apply(TEMPLATES, name, {"manifest": spec.pop("manifest", None) or workflow(script)})
        self.apply(
            RULES,
            name,
            {
                "alertConditions": [{"type": alert_type, "status": status}],
                "opsTemplate": {"kind": "AegisOpsTemplate", "namespace": NAMESPACE, "name": name},
                **spec,
            },
        )
        for path in (TEMPLATES, RULES):
            self.watch_until(path, lambda seen: bool(seen.get(name, {}).get("status", {}).get("status")))

    def sweep_after(self, *, seconds: int) -> None:
        """Have the sweep take a state for stuck that much sooner."""
        self.set("status-tracker", AEGIS_STUCK_SECONDS=str(seconds))

    def set(self, service: str, **environment: str) -> None:
        """Add to a function's environment, before it is started first."""
        path = f"/apis/serving.knative.dev/v1/namespaces/{NAMESPACE}/services/{service}"
        variables = [{"name": name, "value": value} for name, value in environment.items()]
        patch = [{"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": each} for each in variables]
        self.call("PATCH", path, patch, "application/json-patch+json")

    def apply(self, path: str, name: str, spec: Json) -> Json:
        """Server-side apply of one of our resources."""
        kind = {RULES: "AegisAlertOpsRule", TEMPLATES: "AegisOpsTemplate", ALERTS: "AegisAlert"}[path]
        body = {"apiVersion": "aegis.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        return self.call("PATCH", f"{path}/{name}?fieldManager=test&force=true", body, "application/apply-patch+yaml")

    def workflows_of(self, alert: str) -> list[Json]:
        """The workflows of an alert."""
        return [w for w in self.items(WORKFLOWS) if w["metadata"]["labels"].get("aegis.io/alert") == alert]


def ops_status(alert: Json) -> Json:
    """The seed's summary of an alert's work."""
    return dict(alert.get("status", {}).get("opsStatus") or {})


def workflow(script: str) -> str:
    """A template of one container that runs a script."""
    return yaml.safe_dump(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "spec": {
                "entrypoint": "start",
                "serviceAccountName": "aegis-workflow",
                "templates": [
                    {"name": "start", "container": {"image": "busybox:1", "command": ["/bin/sh", "-c", script]}}
                ],
            },
        }
    )


def custom(alert_type: str, *, fingerprint: str, status: str = "Firing", **details: str) -> Json:
    """A custom alert about node dev1."""
    return {
        "type": alert_type,
        "status": status,
        "involvedObject": {"Kind": "Node", "Name": "dev1"},
        "details": {"node": "dev1", **details},
        "fingerprint": fingerprint,
    }


@contextmanager
def running(*options: str) -> Iterator[Driver]:
    """A sandbox of its own for a test or a module."""
    with sandbox(*options) as cluster:
        driver = Driver(cluster)
        try:
            yield driver
        finally:
            driver.http.close()
