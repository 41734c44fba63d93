"""Functions at zero: what it takes to wake them, and that they go back."""

import time
from collections.abc import Callable

from tests.e2e.driver import DEPLOYMENTS, WORKFLOWS, Cluster, at_zero, awake, custom

OF_FUNCTIONS = "serving.knative.dev/service"
TICK_SECONDS = 60


def post_to_workflow(cluster: Cluster, alert_type: str) -> tuple[float, float]:
    """Seconds until the intake has answered, and until there is a workflow."""
    began = time.monotonic()
    name = cluster.result(custom(alert_type))["name"]
    answered = time.monotonic()
    cluster.api.watch_until(WORKFLOWS, bool, labelSelector=f"aegis.io/alert={name}")
    created = time.monotonic()
    cluster.settled(name, "Succeeded")
    return answered - began, created - began


def test_an_alert_is_answered_from_zero_and_everything_goes_back(
    cluster: Cluster, unique: str, figure: Callable[[str, float], None]
) -> None:
    cluster.rule(unique, alert_type=unique)
    cluster.until_zero()
    for state in ("from zero", "warm"):
        answered, created = post_to_workflow(cluster, unique)
        figure(f"POST answered, {state}, seconds", round(answered, 2))
        figure(f"POST to workflow, {state}, seconds", round(created, 2))
    cluster.until_zero()


def test_between_ticks_nothing_runs_and_a_tick_wakes_one_function(cluster: Cluster) -> None:
    cluster.until_zero()
    woken: set[str] = set()

    def up_and_back(seen: dict[str, dict[str, object]]) -> bool:
        woken.update(awake(seen))
        return bool(woken) and at_zero(seen)

    cluster.api.watch_until(DEPLOYMENTS, up_and_back, seconds=2 * TICK_SECONDS, labelSelector=OF_FUNCTIONS)
    assert woken == {"status-tracker"}
