"""How durations are spread, in few figures."""

from collections.abc import Sequence
from statistics import quantiles
from typing import NamedTuple


class Spread(NamedTuple):
    """Seconds; of few samples the 95th of a hundred is interpolated between the two longest."""

    samples: int
    p50: float
    p95: float
    max: float


def spread(seconds: Sequence[float]) -> Spread:
    """Sum up at least two durations."""
    percentiles = quantiles(seconds, n=100, method="inclusive")
    return Spread(len(seconds), round(percentiles[49], 4), round(percentiles[94], 4), round(max(seconds), 4))
