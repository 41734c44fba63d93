"""How long one alert takes from its POST to its Workflow, by itself: from zero and warm."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.cluster.following import Follower, Sightings
from benchmarks.cluster.spread import Spread, spread
from tests.e2e.driver import DEPLOYMENTS, Cluster, at_zero
from tests.e2e.storm import Storm

_PATIENCE_SECONDS = 120.0
_ON_THE_WAY = "serving.knative.dev/service in (aegis, rule-matcher, workflow-renderer)"
"""The functions between a POST and its Workflow; status-tracker, which each tick wakes, is not."""


class Latency(NamedTuple):
    """From the POST of single alerts, one after the other."""

    answered: Spread
    workflow: Spread
    """Until a watch tells of the Workflow."""
    released: Spread
    """Until all that there is to be recorded is, a workflow of one second among it."""


@dataclass(frozen=True)
class Singles:
    """Posts alerts one by one."""

    storm: Storm
    sightings: Sightings
    follower: Follower

    def warm(self, numbers: Iterable[int]) -> Latency:
        """Each once the one before is over."""
        return _latency([self._life(number) for number in numbers])

    def from_zero(self, numbers: Iterable[int]) -> Latency:
        """Each once no function that it needs runs."""
        lives = []
        for number in numbers:
            _until_zero(self.storm.cluster)
            lives.append(self._life(number))
        return _latency(lives)

    def _life(self, number: int) -> tuple[float, float, float]:
        began = time.monotonic()
        self.storm.fire([number], patience=_PATIENCE_SECONDS)
        answered = time.monotonic()
        name = self.storm.names[number]
        self.follower.until(lambda: name in self.sightings.released, seconds=_PATIENCE_SECONDS)
        return answered - began, self.sightings.created[name] - began, self.sightings.released[name] - began


def _until_zero(cluster: Cluster) -> None:
    cluster.api.watch_until(DEPLOYMENTS, at_zero, seconds=_PATIENCE_SECONDS, labelSelector=_ON_THE_WAY)


def _latency(lives: list[tuple[float, float, float]]) -> Latency:
    return Latency(*map(spread, zip(*lives, strict=True)))
