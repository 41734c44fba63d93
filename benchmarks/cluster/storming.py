"""How many alerts a second go the whole way when many come at once."""

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from benchmarks.cluster.following import Follower, Peak, Sightings
from benchmarks.cluster.spread import Spread, spread
from tests.e2e.api import Json
from tests.e2e.driver import ALERTS, EVENTS, PODS, WORKFLOWS, condition
from tests.e2e.storm import Storm, half

BATCH = 20
SENDERS = 4
_PATIENCE_SECONDS = 120.0
_OVER_SECONDS = 600.0


class Stormed(NamedTuple):
    """What became of a storm; seconds are from its first POST."""

    alerts: int
    posted: float
    """When the last POST was answered."""
    triggered: float
    """When the last Workflow was there."""
    ran: float
    """When Argo was done with the last."""
    released: float
    """When everything was recorded."""
    latency: Spread
    """From an alert's POST to its Workflow."""
    pods_at_peak: int
    posts_repeated: int
    """Alerts in POSTs that were not acknowledged."""


class Faults(NamedTuple):
    """What is not as it must be; all empty or zero if nothing went wrong."""

    not_succeeded: int
    miscounted: int
    """Alerts whose count is less than was acknowledged, or more than was posted."""
    stalled: int
    workflows_too_few_or_many: int
    warnings: dict[str, int]
    """Kubernetes Events of type Warning about the storm's alerts, by reason; dead letters are among them."""


def rage(storm: Storm, numbers: Sequence[int], sightings: Sightings, follower: Follower) -> Stormed:
    """Post alerts from several senders, in batches, and wait until all that is due to them is done.

    Raises:
        TimeoutError: when that is not the case in ten minutes.
    """
    began: dict[int, float] = {}
    peak = Peak()
    Follower(storm.cluster.api, PODS, peak.note, labelSelector="serving.knative.dev/service")

    def send(batch: Sequence[int]) -> None:
        began.update(dict.fromkeys(batch, time.monotonic()))
        storm.fire(batch, patience=_PATIENCE_SECONDS)

    start = time.monotonic()
    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(send, (numbers[first : first + BATCH] for first in range(0, len(numbers), BATCH))))
    posted = time.monotonic()
    names = {storm.names[number] for number in numbers}
    follower.until(lambda: names <= sightings.released.keys(), seconds=_OVER_SECONDS)
    latencies = [sightings.created[storm.names[number]] - began[number] for number in numbers]
    return Stormed(
        alerts=len(names),
        posted=posted - start,
        triggered=max(sightings.created[name] for name in names) - start,
        ran=max(sightings.ended[name] for name in names) - start,
        released=max(sightings.released[name] for name in names) - start,
        latency=spread(latencies),
        pods_at_peak=peak.pods,
        posts_repeated=sum(storm.made.values()) - sum(storm.acknowledged.values()),
    )


def faults(storm: Storm) -> Faults:
    """Look at everything that the storm left."""
    api = storm.cluster.api
    alerts = {item["metadata"]["name"]: item for item in api.items(ALERTS, labelSelector=storm.selector)}
    workflows = {item["metadata"]["name"] for item in api.items(WORKFLOWS, labelSelector=storm.selector)}
    return Faults(
        not_succeeded=sum(
            half(alerts.get(name, {}), "firing").get("outcome") != "Succeeded" for name in storm.names.values()
        ),
        miscounted=sum(not _counted(storm, number, alerts.get(name, {})) for number, name in storm.names.items()),
        stalled=sum(condition(alert, "Stalled").get("status") == "True" for alert in alerts.values()),
        workflows_too_few_or_many=len(
            workflows ^ {half(alert, "firing").get("workflow", "") for alert in alerts.values()}
        ),
        warnings=dict(
            Counter(
                event["reason"]
                for event in api.items(EVENTS, fieldSelector="type=Warning,involvedObject.kind=AegisAlert")
                if event["involvedObject"]["name"] in alerts
            )
        ),
    )


def _counted(storm: Storm, number: int, alert: Json) -> bool:
    count: int = alert.get("status", {}).get("count", 0)
    return storm.acknowledged[number] <= count <= storm.made[number]
