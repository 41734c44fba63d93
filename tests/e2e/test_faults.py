"""Everything dies once in turn and again at random during a storm: nothing is lost, doubled or left over."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    """Fire new alerts, repeat old ones, also those that are resolved, and resolve some that have their workflow."""
    for first in range(numbers.start, numbers.stop, _BATCH):
        storm.fire(range(first, min(first + _BATCH, numbers.stop)), patience=_PATIENCE_SECONDS)
        again = dice.sample(sorted(storm.names), _BATCH)
        storm.fire(again, patience=_PATIENCE_SECONDS)
        if late := [number for number in again if number in storm.resolved]:
            storm.resolve(late, patience=_PATIENCE_SECONDS)
    if ready := storm.repaired(dice, len(numbers) // 2):
        storm.resolve(ready, patience=_PATIENCE_SECONDS)


def rounds(known: list[Fault], dice: random.Random) -> list[list[Fault]]:
    """What is killed beside each wave: each by itself, then some at once."""
    return [[fault] for fault in known] + [dice.sample(known, _AT_ONCE) for _ in range(_RANDOM_ROUNDS)]


def ended(alert: Json) -> bool:
    """Whether both halves of an alert's life have an outcome, and nothing about it is held to be stuck."""
    known = all(half(alert, phase).get("outcome") in ("Succeeded", "Failed") for phase in _PHASES)
    return known and condition(alert, "Stalled").get("status") != "True"


def wake(cluster: Cluster, storm: Storm) -> None:
    """Have Argo look again at workflows that wait for a moment to pass.

    It may lose the timer of one that it begins while it starts itself, and looks again by itself after 20 minutes.
    """
    for workflow in cluster.api.items(WORKFLOWS, labelSelector=storm.selector):
        if workflow.get("status", {}).get("phase") == "Running":
            cluster.api.merge(
                f"{WORKFLOWS}/{workflow['metadata']['name']}", {"metadata": {"annotations": {"woken": "yes"}}}
            )


def outcome(workflow: Json) -> str:
    """The outcome that an alert is to have, by what Argo says of its workflow."""
    return "Succeeded" if workflow["status"]["phase"] == "Succeeded" else "Failed"


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
    wake(cluster, storm)

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
    assert_outcomes_are_argos(alerts.values(), workflows)
    assert_counts_are_argos(cluster, storm, workflows.values())


def assert_outcomes_are_argos(alerts: Iterable[Json], workflows: Mapping[str, Json]) -> None:
    """Each alert says of its workflows what Argo says; and no SOP fails by itself.

    An API server that starts refuses what is asked before it knows the roles, and a pod of Argo's does not ask again:
    Argo calls that an Error.
    """
    for record in (half(alert, phase) for alert in alerts for phase in _PHASES):
        assert record["outcome"] == outcome(workflows[record["workflow"]])
    failed = [workflow["status"] for workflow in workflows.values() if outcome(workflow) == "Failed"]
    assert all(status["phase"] == "Error" and "is forbidden" in status["message"] for status in failed), failed


def assert_counts_are_argos(cluster: Cluster, storm: Storm, workflows: Iterable[Json]) -> None:
    """Rules and templates have counted each workflow once, as what it was."""
    ran = Counter((workflow["metadata"]["labels"]["aegis.io/rule"], outcome(workflow)) for workflow in workflows)
    for kind in ("pod", "wait"):
        numbers = sum(storm.type_of(number).endswith(kind) for number in storm.names)
        for name in (rule(storm.name, kind, status) for status in ("Firing", "Resolved")):
            told = {"succeeded": ran[name, "Succeeded"], "failed": ran[name, "Failed"]}
            assert sum(told.values()) == numbers
            assert cluster.api.get(f"{TEMPLATES}/{name}")["status"]["executeStatus"] == told
            assert cluster.api.get(f"{RULES}/{name}")["status"]["triggerStatus"] == told
