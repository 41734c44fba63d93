"""What the tracker's tests share."""

import pytest

from functions.status_tracker.tracking import Tracker
from tests.unit.functions.status_tracker.cluster import Cluster


@pytest.fixture
async def cluster() -> Cluster:
    """A cluster with one rule and one template."""
    return await Cluster().start()


@pytest.fixture
def tracker(cluster: Cluster) -> Tracker:
    """A tracker that was just started."""
    return Tracker(cluster.kube)
