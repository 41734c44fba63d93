"""The whole loop on a sandbox, as the figures of an alert's life need it: alerts posted, their lives awaited."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import yaml

from sandbox.testing import ROOT, Sandbox, sandbox

EXAMPLE = ROOT / "examples" / "nodehasemergencyevent"
AEGIS = "/apis/aegis.io/v1alpha1/namespaces/monitoring"
RULES, TEMPLATES, ALERTS = (f"{AEGIS}/{name}" for name in ("aegisalertopsrules", "aegisopstemplates", "aegisalerts"))
WORKFLOWS = "/apis/argoproj.io/v1alpha1/namespaces/monitoring/workflows"

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0
_NO_TICK = "--tick=86400"
"""The sweep would be counted on whichever alert it fell."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A sandbox with the example's rule and template."""

    cluster: Sandbox
    http: httpx.Client

    def post(self, alerts: Sequence[dict[str, Any]]) -> list[str]:
        """Post alerts in one request; their names."""
        answer = self.http.post(f"{self.cluster.gateway}/default/alert", json=list(alerts)).raise_for_status()
        return [line["name"] for line in answer.json()["alerts"]]

    def get(self, path: str) -> Any:
        """What the API server has at a path."""
        return self.http.get(f"{self.cluster.api}{path}").raise_for_status().json()

    def requests(self) -> dict[str, int]:
        """The API requests of all functions so far, by verb and resource."""
        total: dict[str, int] = {}
        for agent, counts in self.get("/debug/requests").items():
            if agent.startswith("aegis-function/"):
                for what, count in counts.items():
                    total[what] = total.get(what, 0) + count
        return total

    def idle(self) -> bool:
        """Whether no function runs."""
        return not self.http.get(f"{self.cluster.broker}/debug/processes").raise_for_status().json()

    def released(self, name: str) -> bool:
        """Whether an alert's life is over: succeeded, counted, and its workflow free to be deleted."""
        status = self.get(f"{ALERTS}/{name}").get("status", {}).get("opsStatus", {})
        if status.get("alertOpsStatus") != "Succeeded":
            return False
        query = f"{WORKFLOWS}?labelSelector=aegis.io/alert%3D{name}"
        return all(not item["metadata"].get("finalizers") for item in self.get(query)["items"])


@contextmanager
def running(*options: str) -> Iterator[Loop]:
    """A sandbox of its own, ready when the example's rule and template are recorded."""
    with sandbox(_NO_TICK, *options) as cluster, httpx.Client(trust_env=False, timeout=_PATIENCE_SECONDS) as http:
        loop = Loop(cluster, http)
        for path, file in ((TEMPLATES, "template.yaml"), (RULES, "rule.yaml")):
            manifest = yaml.safe_load((EXAMPLE / file).read_text())
            http.post(f"{cluster.api}{path}", json=manifest).raise_for_status()
            name = manifest["metadata"]["name"]
            until(lambda: bool(loop.get(f"{path}/{name}").get("status", {}).get("status")), f"{name} is recorded")  # noqa: B023
        yield loop


def alert(number: int) -> dict[str, Any]:
    """The example's alert, each number another one."""
    example: dict[str, Any] = json.loads((EXAMPLE / "alerts" / "firing.json").read_text())
    return example | {"fingerprint": f"{number:016x}"}


def until(done: Callable[[], bool], what: str, patience: float = _PATIENCE_SECONDS) -> None:
    """Wait for something to become true.

    Raises:
        TimeoutError: when it does not.
    """
    deadline = time.monotonic() + patience
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience:.0f} s in vain until {what}")
        time.sleep(_POLL_SECONDS)
