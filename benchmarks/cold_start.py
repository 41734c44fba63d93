"""From zero to the first event answered, for each function next to the least that functions-framework can do.

One alert's life is led by hand through the functions, each a new process: what one makes, or answers, is the next
one's first event. The API server is the sandbox's, in which nothing goes on by itself but workflows, and those for
longer than the benchmark. Each function takes turns with the hello world, so that a busy machine slows both sides of a
ratio.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import httpx
import yaml

from benchmarks.loop import ALERTS, EXAMPLE, RULES, TEMPLATES, WORKFLOWS
from benchmarks.processes import Call, FirstAnswer, first_answer
from benchmarks.report import save, table
from sandbox.api import Api
from sandbox.serving.environment import LaunchPlanner
from sandbox.serving.instance import Launch
from sandbox.serving.manifest import parse_service
from sandbox.testing import ROOT, Sandbox, sandbox

_ROUNDS = 9
_HELLO = "hello world"
_MANIFESTS = tuple(
    ROOT / path for path in ("crds", "knative/namespace.yaml", "knative/aegis-workflow.yaml", "eventing/broker.yaml")
)
_START_SECONDS = 10.0


def run() -> None:
    """Measure, print and save."""
    answers: dict[str, list[FirstAnswer]] = {}
    with (
        sandbox("--pretend=600", manifests=_MANIFESTS) as cluster,
        httpx.Client(base_url=cluster.api, trust_env=False) as api,
    ):
        for path, file in ((RULES, "rule.yaml"), (TEMPLATES, "template.yaml")):
            api.post(path, json=yaml.safe_load((EXAMPLE / file).read_text())).raise_for_status()
        for number in range(_ROUNDS):
            for name, answer in _Round(cluster, api).life(number):
                answers.setdefault(name, []).append(answer)
    seconds = {name: median(answer.seconds for answer in found) for name, found in answers.items()}
    pss = {name: median(answer.pss for answer in found) for name, found in answers.items()}
    ratio = {name: seconds[name] / seconds[_HELLO] for name in answers}
    rows = [(name, f"{seconds[name]:.3f}", f"{ratio[name]:.2f}", f"{pss[name] / 1e6:.1f}") for name in answers]
    table(f"Cold start, medians of {_ROUNDS}", ("function", "seconds", "ratio", "idle MB"), rows)
    found = {name: {"seconds": seconds[name], "ratio": ratio[name], "idle_bytes": pss[name]} for name in answers}
    save("cold_start", {"rounds": _ROUNDS, "functions": found})


@dataclass(frozen=True, slots=True)
class _Round:
    """One alert from the intake to its workflow's start, each step by a process that is new."""

    cluster: Sandbox
    api: httpx.Client

    def life(self, number: int) -> Iterator[tuple[str, FirstAnswer]]:
        """What each function answered first, and between them the hello world."""
        posted = json.loads((EXAMPLE / "alerts" / "firing.json").read_text()) | {"fingerprint": f"{number:016x}"}
        call = Call(json.dumps(posted).encode(), "application/json", "/default/alert")
        yield self._hello()
        yield "alert_normalizer", self._first("alert-normalizer", "aegis", call)
        call = _event("io.aegis.alert.firing.v1", self._newest(ALERTS))
        yield self._hello()
        matched = self._first("rule-matcher", "rule-matcher", call)
        yield "rule_matcher", matched
        yield self._hello()
        yield "workflow_renderer", self._first("workflow-renderer", "workflow-renderer", Call(matched.body))
        yield self._hello()
        call = _event("dev.knative.apiserver.resource.update", self._running_workflow(), kind="Workflow")
        yield "status_tracker", self._first("status-tracker", "status-tracker", call)
        status = self._newest(ALERTS)["status"]
        if status["opsStatus"]["alertOpsStatus"] != "Running":
            raise AssertionError(f"the alert's life went astray, so nothing was measured: {status}")

    def _first(self, manifest: str, service: str, call: Call) -> FirstAnswer:
        launch = self._launch(manifest, service)
        return first_answer(call, env=launch.env, cwd=launch.cwd, log=self._log(service))

    def _hello(self) -> tuple[str, FirstAnswer]:
        folder = ROOT / "benchmarks" / "hello"
        env = dict(self._launch("rule-matcher", "rule-matcher").env)
        env |= {"FUNCTION_TARGET": "hello", "FUNCTION_SOURCE": str(folder / "main.py")}
        return _HELLO, first_answer(_event("hello", {}), env=env, cwd=folder, log=self._log("hello"))

    def _log(self, service: str) -> Path:
        return self.cluster.state / f"{service}.log"

    def _launch(self, manifest: str, service: str) -> Launch:
        """What the sandbox would start the Service's process with."""
        documents = yaml.safe_load_all((ROOT / "knative" / f"{manifest}.yaml").read_text())
        found = next(document for document in documents if document["metadata"]["name"] == service)
        planner = LaunchPlanner(Api(), root=ROOT, functions=ROOT / "functions", state=self.cluster.state)
        launch = asyncio.run(planner.plan(parse_service(found)))
        return replace(launch, env={**launch.env, "K_SINK": f"{self.cluster.broker}/monitoring/aegis"})

    def _running_workflow(self) -> dict[str, Any]:
        deadline = monotonic() + _START_SECONDS
        while monotonic() < deadline:
            workflow = self._newest(WORKFLOWS)
            if workflow.get("status", {}).get("phase") == "Running":
                return workflow
        raise AssertionError(f"the workflow does not run, so nothing was measured: {workflow.get('status')}")

    def _newest(self, path: str) -> dict[str, Any]:
        page = self.api.get(path).raise_for_status().json()
        newest: dict[str, Any] = max(page["items"], key=lambda item: int(item["metadata"]["resourceVersion"]))
        return {"apiVersion": page["apiVersion"], "kind": page["kind"].removesuffix("List"), **newest}


def _event(typ: str, data: dict[str, Any], **extensions: str) -> Call:
    event = {"specversion": "1.0", "id": "1", "source": "/benchmarks", "type": typ, **extensions, "data": data}
    return Call(json.dumps({**event, "datacontenttype": "application/json"}).encode())
