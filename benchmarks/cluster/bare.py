"""The same writes by a plain loop: what the API server and Argo take when nothing decides, delivers or starts.

The loop makes as many requests of each kind as Aegis's accounts made for the storm, one after the other on one
connection, with the storm's own objects as the content. Two things differ, so that Aegis does not act on them: the
Workflows carry no alert's label, and what Aegis writes to the status of the rule and the template, which are watched,
goes to the status of the alert.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from aegis.models.workflow import ALERT_LABEL, OUTCOME_FINALIZER
from benchmarks.cluster.following import Follower, Sightings
from benchmarks.cluster.spread import Spread, spread
from tests.e2e.api import JSON_PATCH, MERGE_PATCH, Api, Json
from tests.e2e.driver import ALERTS, EVENTS, WORKFLOWS

_OVER_SECONDS = 600.0
_SERVER_SET = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "ownerReferences")


class Bared(NamedTuple):
    """What became of the loop; seconds are from its first request."""

    alerts: int
    requests: dict[str, int]
    written: float
    """When all writes were made."""
    triggered: float
    """When the last Workflow was there."""
    ran: float
    """When Argo was done with the last."""
    workflow: Spread
    """From an alert's first request to its Workflow: the writes that Aegis makes before it, and the Workflow's own."""
    life: Spread
    """All writes of an alert."""


@dataclass(frozen=True)
class Samples:
    """An alert of the storm whose life is over, its Workflow and an Event about it."""

    alert: Json
    workflow: Json
    event: Json

    @classmethod
    def of(cls, api: Api, alert: str) -> "Samples":
        """Read them."""
        (workflow,) = api.items(WORKFLOWS, labelSelector=f"{ALERT_LABEL}={alert}")
        event, *_ = api.items(EVENTS, fieldSelector=f"involvedObject.name={alert}")
        return cls(
            {"apiVersion": "aegis.io/v1alpha1", "kind": "AegisAlert", **api.get(f"{ALERTS}/{alert}")},
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", **workflow},
            {"apiVersion": "v1", "kind": "Event", **event},
        )


def due(writes: Mapping[str, int], number: int, of: int) -> Counter[str]:
    """The share of one alert among all in the writes: whole numbers that add up."""
    return Counter({kind: count * (number + 1) // of - count * number // of for kind, count in writes.items()})


def _nth(name: str, number: int) -> str:
    """Whoever made a request twice has it made twice here, for as many objects."""
    return f"{name}-{number}" if number else name


@dataclass
class Bare:
    """The loop."""

    api: Api
    name: str
    samples: Samples

    def run(self, writes: Mapping[str, int], alerts: int) -> Bared:
        """Make all writes.

        Raises:
            TimeoutError: when Argo is not done with the Workflows in ten minutes.
        """
        sightings = Sightings()
        follower = Follower(self.api, WORKFLOWS, sightings.note, labelSelector=f"storm={self.name}")
        until_workflow, lives = [], []
        start = time.monotonic()
        for number in range(alerts):
            began = time.monotonic()
            created = self._life(f"{self.name}-{number}", due(writes, number, alerts))
            until_workflow.append(created - began)
            lives.append(time.monotonic() - began)
        written = time.monotonic()
        follower.until(lambda: len(sightings.ended) >= writes["create workflows"], seconds=_OVER_SECONDS)
        return Bared(
            alerts=alerts,
            requests=dict(writes),
            written=written - start,
            triggered=max(sightings.created.values()) - start,
            ran=max(sightings.ended.values()) - start,
            workflow=spread(until_workflow),
            life=spread(lives),
        )

    def _life(self, name: str, writes: Counter[str]) -> float:
        """One alert's writes, in the order of its life; when its Workflow was created."""
        for number in range(writes["create aegisalerts"]):
            self._create(ALERTS, self.samples.alert, _nth(name, number))
        patches = sum(count for kind, count in writes.items() if kind.endswith("/status"))
        self._patch_status(name, self.samples.alert["status"])
        for number in range(writes["create workflows"]):
            self._create(WORKFLOWS, self.samples.workflow, _nth(name, number), finalizers=[OUTCOME_FINALIZER])
        created = time.monotonic()
        for number in range(1, patches):
            self._patch_status(name, {"count": number + 1})
        for number in range(writes["patch workflows"]):
            finalizers = [{"op": "add", "path": "/metadata/finalizers", "value": [OUTCOME_FINALIZER] * (number % 2)}]
            self.api.call("PATCH", f"{WORKFLOWS}/{name}", finalizers, JSON_PATCH)
        for number in range(writes["create events"]):
            self._create(EVENTS, self.samples.event, _nth(name, number))
        return created

    def _patch_status(self, name: str, status: Json) -> None:
        self.api.call("PATCH", f"{ALERTS}/{name}/status", {"status": status}, MERGE_PATCH)

    def _create(self, path: str, sample: Json, name: str, **metadata: object) -> None:
        kept = {key: value for key, value in sample["metadata"].items() if key not in _SERVER_SET}
        labels = {
            key: value
            for key, value in kept.get("labels", {}).items()
            if key != ALERT_LABEL and not key.startswith("workflows.argoproj.io/")
        }
        kept |= {"name": name, "labels": {**labels, "storm": self.name}, **metadata}
        content = {key: value for key, value in sample.items() if key != "status"}
        self.api.call("POST", path, {**content, "metadata": kept}, fieldValidation="Strict")
