"""`python -m benchmarks.cluster`: Aegis on the cluster that KUBECONFIG names, beside a bare client of its API server.

Needs Aegis deployed, and takes about six minutes, in which nothing else should go on. Alerts, workflows, rules,
templates and FlowSchemas that it makes are deleted at the end; Kubernetes Events expire by themselves.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.cluster import report, versions
from benchmarks.cluster.accounting import count_requests
from benchmarks.cluster.bare import Bare, Samples
from benchmarks.cluster.following import Follower, Sightings
from benchmarks.cluster.latency import Singles
from benchmarks.cluster.report import Figures
from benchmarks.cluster.storming import faults, rage
from tests.e2e.api import Api
from tests.e2e.driver import ALERTS, EVENTS, WORKFLOWS, Cluster, connect
from tests.e2e.storm import Storm, waiting

_FROM_ZERO, _WARM, _STORM = 3, 20, 1_000
_FIRST = _FROM_ZERO + _WARM
_CLEANED_SECONDS = 180.0


def main() -> None:
    """Measure, print and save."""
    name = f"bench{uuid.uuid4().hex[:8]}"
    with Api.connect() as api, _cleaned(connect(api), name) as cluster:
        report.publish(_measure(cluster, name))


def _measure(cluster: Cluster, name: str) -> Figures:
    # A storm's alerts are of two types, one of them for a rule whose SOP is a container: here none is.
    cluster.rule(name, alert_type=f"{name}(pod|wait)", manifest=waiting(name))
    storm, sightings = Storm(cluster, name), Sightings()
    follower = Follower(cluster.api, WORKFLOWS, sightings.note, labelSelector=storm.selector)
    accounting, singles = count_requests(cluster), Singles(storm, sightings, follower)
    from_zero = singles.from_zero(range(_FROM_ZERO))
    before = accounting.read()
    warm = singles.warm(range(_FROM_ZERO, _FIRST))
    of_warm = accounting.read().since(before)
    before = accounting.read()
    stormed = rage(storm, range(_FIRST, _FIRST + _STORM), sightings, follower)
    of_storm = accounting.read().since(before)
    found = faults(storm)
    writes = Counter({kind: n for kind, n in of_storm.of_accounts.items() if kind.startswith(("create ", "patch "))})
    bared = Bare(cluster.api, _bare(name), Samples.of(cluster.api, storm.names[_FIRST])).run(writes, _STORM)
    return Figures(
        cluster=versions.cluster(cluster.api),
        from_zero=from_zero,
        warm=warm,
        storm=stormed,
        faults=found,
        bare=bared,
        requests_warm=of_warm,
        requests_storm=of_storm,
    )


@contextmanager
def _cleaned(cluster: Cluster, name: str) -> Iterator[Cluster]:
    """Have everything deleted at the end, also what the bare client made."""
    try:
        yield cluster
    finally:
        selector = f"storm in ({name}, {_bare(name)})"
        for path in (ALERTS, WORKFLOWS, EVENTS):
            cluster.api.call("DELETE", path, labelSelector=selector)
        for path in (ALERTS, WORKFLOWS):
            cluster.api.watch_until(path, lambda seen: not seen, seconds=_CLEANED_SECONDS, labelSelector=selector)
        cluster.clean()
        cluster.close()


def _bare(name: str) -> str:
    return f"{name}-bare"


if __name__ == "__main__":
    main()
