"""Everything dies once in turn and again at random during a storm: nothing is lost, doubled or left over."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.api import Json
from tests.e2e.driver import ALERTS, RULES, SOP_IMAGE, TEMPLATES, WORKFLOWS, Cluster, condition
from tests.e2e.faults import Fault, faults
from tests.e2e.storm import Storm, half, running, waiting

pytestmark = pytest.mark.long

_ALERTS = 300
_BATCH = 5
_SEED = 7
_AT_ONCE = 2
_RANDOM_ROUNDS = 5
_PATIENCE_SECONDS = 90.0
_SETTLED_SECONDS = 240.0
_PHASES = ("firing", "resolved")


@pytest.fixture
def storm(cluster: Cluster, unique: str) -> Iterator[Storm]:
    """Rules for the storm's alerts, both when they fire and when they resolve; its alerts are deleted at the end."""
    found = Storm(cluster, unique)
    for kind, manifest in (("pod", running(unique, SOP_IMAGE)), ("wait", waiting(unique))):
        for status in ("Firing", "Resolved"):
            cluster.rule(rule(unique, kind, status), alert_type=f"{unique}{kind}", status=status, manifest=manifest)
    try:
        yield found
    finally:
        found.clean()


def rule(storm: str, kind: str, status: str) -> str:
    """The name of a rule and its template."""
    return f"{storm}-{kind}-{status.lower()}"


def wave(storm: Storm, numbers: range, dice: random.Random) -> None:
    """Fire new alerts, repeat old ones, and resolve some that have their workflow."""
    for first in range(numbers.start, numbers.stop, _BATCH):
        storm.fire(range(first, min(first + _BATCH, numbers.stop)), patience=_PATIENCE_SECONDS)
        storm.fire(dice.sample(sorted(storm.names), _BATCH), patience=_PATIENCE_SECONDS)
    if ready := storm.repaired(dice, len(numbers) // 2):
        storm.resolve(ready, patience=_PATIENCE_SECONDS)


def rounds(known: list[Fault], dice: random.Random) -> list[list[Fault]]:
    """What is killed beside each wave: each by itself, then some at once."""
    return [[fault] for fault in known] + [dice.sample(known, _AT_ONCE) for _ in range(_RANDOM_ROUNDS)]


def ended(alert: Json) -> bool:
    """Whether both halves of an alert's life succeeded, and nothing about it is held to be stuck."""
    succeeded = all(half(alert, phase).get("outcome") == "Succeeded" for phase in _PHASES)
    return succeeded and condition(alert, "Stalled").get("status") != "True"


def test_faults_during_a_storm_lose_nothing_and_double_nothing(
    cluster: Cluster, storm: Storm, figure: Callable[[str, float], None]
) -> None:
    dice = random.Random(_SEED)
    known = faults(cluster.api)
    killed = dict.fromkeys([fault.name for fault in known], 0)
    plan = rounds(known, dice)
    with ThreadPoolExecutor(1) as sender:
        for number, together in enumerate(plan):
            numbers = range(_ALERTS * number // len(plan), _ALERTS * (number + 1) // len(plan))
            posted = sender.submit(wave, storm, numbers, random.Random(number))
            for fault in together:
                killed[fault.name] += fault.kill()
            posted.result()

    def worked(seen: dict[str, Json]) -> bool:
        return len(seen) == _ALERTS and all(half(alert, "firing").get("workflow") for alert in seen.values())

    cluster.api.watch_until(ALERTS, worked, seconds=_SETTLED_SECONDS, labelSelector=storm.selector)
    left = sorted(storm.names.keys() - storm.resolved)
    for first in range(0, len(left), _BATCH):
        storm.resolve(left[first : first + _BATCH], patience=_PATIENCE_SECONDS)
    alerts = cluster.api.watch_until(
        ALERTS, lambda seen: all(map(ended, seen.values())), seconds=_SETTLED_SECONDS, labelSelector=storm.selector
    )
    for name, times in killed.items():
        figure(f"killed {name}", times)

    assert sorted(alerts) == sorted(storm.names.values())
    for number, name in storm.names.items():
        assert storm.acknowledged[number] <= alerts[name]["status"]["count"] <= storm.made[number]
    of_alerts = [half(alert, phase)["workflow"] for alert in alerts.values() for phase in _PHASES]
    workflows = cluster.api.watch_until(
        WORKFLOWS,
        lambda seen: not any(workflow["metadata"].get("finalizers") for workflow in seen.values()),
        labelSelector=storm.selector,
    )
    assert sorted(workflows) == sorted(of_alerts)
    for kind in ("pod", "wait"):
        succeeded = sum(storm.type_of(number).endswith(kind) for number in storm.names)
        for status in ("Firing", "Resolved"):
            name = rule(storm.name, kind, status)
            assert cluster.api.get(f"{TEMPLATES}/{name}")["status"]["executeStatus"] == {
                "succeeded": succeeded,
                "failed": 0,
            }
            assert cluster.api.get(f"{RULES}/{name}")["status"]["triggerStatus"]["succeeded"] == succeeded
