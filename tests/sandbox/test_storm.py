"""Storms, crashes and a Broker that forgets: one alert and one workflow each, whatever happens in between."""

import os
import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from tests.sandbox.driver import ALERTS, WORKFLOWS, Driver, custom, ops_status, running

pytestmark = pytest.mark.sandbox


@pytest.fixture
def loop(request: pytest.FixtureRequest) -> Iterator[Driver]:
    with running(*request.param) as driver:
        driver.sweep_after(seconds=2)
        driver.rule("storm", alert_type="Storm.*", script="repair {{.node}}")
        yield driver


@pytest.mark.parametrize("loop", [()], indirect=True, ids=["plain"])
def test_the_same_alert_two_hundred_times_at_once_is_one_alert_counted_two_hundred_times(loop: Driver) -> None:
    with ThreadPoolExecutor(50) as pool:
        lines = list(pool.map(lambda _: loop.result(custom("Storm", fingerprint="same")), range(200)))
    (name,) = {line["name"] for line in lines}
    assert sorted({line["result"] for line in lines}) == ["counted", "created"]
    alert = loop.settled(name, "Succeeded")
    assert alert["status"]["count"] == 200
    assert [a["metadata"]["name"] for a in loop.items(ALERTS)] == [name]
    assert len(loop.items(WORKFLOWS)) == 1


def kill_one(loop: Driver, dice: random.Random) -> None:
    """Kill one function's process, as a node that dies would."""
    processes = loop.http.get(f"{loop.cluster.broker}/debug/processes").json()
    pids = [process["pid"] for process in processes]
    if pids:
        with suppress(ProcessLookupError):
            os.kill(dice.choice(pids), signal.SIGKILL)


@pytest.mark.parametrize("loop", [("--duplicate", "--tick=1")], indirect=True, ids=["every event twice"])
def test_crashes_and_duplicates_lose_nothing_and_double_nothing(loop: Driver) -> None:
    dice = random.Random(7)
    made: dict[str, int] = {}
    acknowledged: dict[str, int] = {}
    names: set[str] = set()

    def post(fingerprint: str) -> None:
        made[fingerprint] = made.get(fingerprint, 0) + 1
        with suppress(httpx.HTTPError):
            answer = loop.post(custom("StormKill", fingerprint=fingerprint))
            if answer.status_code == 200:
                acknowledged[fingerprint] = acknowledged.get(fingerprint, 0) + 1
                names.add(answer.json()["alerts"][0]["name"])

    for number in range(20):
        while f"k{number}" not in acknowledged:
            post(f"k{number}")
        post(f"k{number}")
        kill_one(loop, dice)
    alerts = loop.watch_until(
        ALERTS,
        lambda seen: (
            names <= seen.keys()
            and all(ops_status(alert).get("alertOpsStatus") == "Succeeded" for alert in seen.values())
        ),
    )
    assert len(names) == len(alerts) == 20
    owners = [w["metadata"]["labels"]["aegis.io/alert"] for w in loop.items(WORKFLOWS)]
    assert sorted(owners) == sorted(names)
    for alert in alerts.values():
        fingerprint = alert["spec"]["fingerprint"]
        assert acknowledged[fingerprint] <= alert["status"]["count"] <= made[fingerprint]


@pytest.mark.parametrize("loop", [("--tick=1",)], indirect=True, ids=["short tick"])
def test_a_broker_that_forgets_loses_no_alert(loop: Driver) -> None:
    names = {loop.result(custom("StormBroker", fingerprint=f"b{number}"))["name"] for number in range(10)}
    loop.http.post(f"{loop.cluster.broker}/debug/broker/restart")
    names |= {loop.result(custom("StormBroker", fingerprint=f"c{number}"))["name"] for number in range(10)}
    loop.http.post(f"{loop.cluster.broker}/debug/broker/restart")
    loop.watch_until(
        ALERTS,
        lambda seen: all(ops_status(seen[name]).get("alertOpsStatus") == "Succeeded" for name in names),
    )
    assert len(loop.items(WORKFLOWS)) == len(names) == 20
