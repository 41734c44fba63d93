"""The main loop as separate processes: alert in, workflow out, outcome back."""

from collections.abc import Iterator

import pytest

from tests.sandbox.driver import RULES, TEMPLATES, Driver, custom, ops_status, running

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def loop() -> Iterator[Driver]:
    with running() as driver:
        yield driver


def test_an_alert_becomes_a_workflow_and_its_outcome_comes_back(loop: Driver) -> None:
    loop.rule("lifecycle", alert_type="Lifecycle", script="kubectl cordon {{.node}}")
    line = loop.result(custom("Lifecycle", fingerprint="f1"))
    assert line["result"] == "created"
    alert = loop.settled(line["name"], "Succeeded")
    assert alert["status"]["count"] == 1
    assert ops_status(alert)["triggerStatus"] == "Triggered"
    (workflow,) = loop.workflows_of(line["name"])
    assert workflow["metadata"]["name"].startswith(line["name"])
    assert workflow["spec"]["templates"][0]["container"]["command"][-1] == "kubectl cordon dev1"
    template = loop.watch_until(
        TEMPLATES, lambda seen: seen["lifecycle"]["status"].get("executeStatus", {}).get("succeeded") == 1
    )["lifecycle"]
    assert template["status"]["status"] == "Recorded"
    loop.watch_until(RULES, lambda seen: seen["lifecycle"]["status"].get("triggerStatus", {}).get("succeeded") == 1)
