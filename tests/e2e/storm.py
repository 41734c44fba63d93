"""Many alerts posted whatever happens, and what was acknowledged of them."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
import yaml

from tests.e2e.api import Json
from tests.e2e.driver import ALERTS, WORKFLOWS, Cluster

STARTED = "2026-01-01T00:00:00Z"
"""One `startsAt` for all: a repeat after the resolve is a late duplicate, if a resolve comes after it."""
_POST_SECONDS = 30.0
_AGAIN_SECONDS = 0.2
_CLEANED_SECONDS = 120.0


@dataclass
class Storm:
    """Distinct alerts by number, all with the storm's name as a label."""

    cluster: Cluster
    name: str
    made: Counter[int] = field(default_factory=Counter)
    """How often each was posted as firing, answered or not."""
    acknowledged: Counter[int] = field(default_factory=Counter)
    names: dict[int, str] = field(default_factory=dict)
    resolved: set[int] = field(default_factory=set)

    @property
    def selector(self) -> str:
        """What the alerts and workflows of the storm are found by."""
        return f"storm={self.name}"

    def type_of(self, number: int) -> str:
        """One alert in fifty is repaired by a container, the others by a step that Argo only waits for."""
        return f"{self.name}{'pod' if number % 50 == 0 else 'wait'}"

    def fire(self, numbers: Sequence[int], *, patience: float) -> None:
        """Post alerts in one request, again and again until it is acknowledged."""
        deadline = time.monotonic() + patience
        while not self._post(numbers, "Firing"):
            assert time.monotonic() < deadline, f"{numbers} not acknowledged in {patience:.0f} s"
            time.sleep(_AGAIN_SECONDS)

    def resolve(self, numbers: Sequence[int], *, patience: float) -> None:
        """The same for resolves."""
        deadline = time.monotonic() + patience
        while not self._post(numbers, "Resolved"):
            assert time.monotonic() < deadline, f"resolves of {numbers} not acknowledged in {patience:.0f} s"
            time.sleep(_AGAIN_SECONDS)
        self.resolved |= set(numbers)

    def repaired(self, dice: random.Random, most: int) -> list[int]:
        """Some that have their workflow and can be resolved without cancelling it; none while nothing answers."""
        with suppress(httpx.HTTPError, AssertionError):
            alerts = self.cluster.api.items(ALERTS, labelSelector=self.selector)
            ready = {item["metadata"]["name"] for item in alerts if half(item, "firing").get("workflow")}
            numbers = [n for n, name in self.names.items() if name in ready and n not in self.resolved]
            return dice.sample(numbers, min(most, len(numbers)))
        return []

    def clean(self) -> None:
        """Delete the alerts, and wait until their workflows are gone with them."""
        self.cluster.api.call("DELETE", ALERTS, labelSelector=self.selector)
        for path in (ALERTS, WORKFLOWS):
            self.cluster.api.watch_until(
                path, lambda seen: not seen, seconds=_CLEANED_SECONDS, labelSelector=self.selector
            )

    def _post(self, numbers: Sequence[int], status: str) -> bool:
        """One request; whether it was acknowledged."""
        firing = status == "Firing"
        self.made.update(numbers if firing else ())
        try:
            answer = self.cluster.ask(json=[self._alert(n, status) for n in numbers], timeout=_POST_SECONDS)
        except httpx.TransportError:
            return False
        if answer.status_code != httpx.codes.OK:
            assert answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR, answer.text
            return False
        lines = answer.json()["alerts"]
        assert {line["result"] for line in lines} <= ({"created", "counted"} if firing else {"resolved"}), lines
        self.acknowledged.update(numbers if firing else ())
        self.names |= {number: line["name"] for number, line in zip(numbers, lines, strict=True)}
        return True

    def _alert(self, number: int, status: str) -> Json:
        return {
            "type": self.type_of(number),
            "status": status,
            "involvedObject": {"kind": "Node", "name": "dev1"},
            "details": {"node": "dev1", "storm": self.name},
            "fingerprint": f"{number:016x}",
            "startsAt": STARTED,
        }


def half(alert: Json, phase: str) -> Json:
    """What an alert's status says of its firing or its resolve."""
    return dict(alert.get("status", {}).get(phase) or {})


def waiting(storm: str) -> str:
    """A template of one second that needs no pod."""
    return _template(storm, {"name": "start", "suspend": {"duration": "1s"}})


def running(storm: str, image: str) -> str:
    """A template of one container."""
    return _template(storm, {"name": "start", "container": {"image": image, "command": ["true"]}})


def _template(storm: str, start: Json) -> str:
    spec = {"entrypoint": "start", "serviceAccountName": "aegis-workflow", "templates": [start]}
    metadata = {"labels": {"storm": storm}}
    manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}
    return yaml.safe_dump(manifest)
