"""A template is checked when it is edited, not each time it counts one of its workflows."""

import pytest

from tests.sandbox.driver import TEMPLATES, Driver, custom, running, workflow

pytestmark = pytest.mark.sandbox


def reads(driver: Driver) -> int:
    """How often the renderer read a template."""
    requests = driver.call("GET", "/debug/requests")["aegis-function/workflow-renderer"]
    return int(requests["get aegisopstemplates.aegis.io"])


def test_counting_a_workflow_costs_the_renderer_no_request() -> None:
    with running() as driver:
        driver.rule("counted", alert_type="Counted")
        driver.settled(driver.result(custom("Counted", fingerprint="f1"))["name"], "Succeeded")
        driver.watch_until(TEMPLATES, lambda seen: "succeeded" in seen["counted"]["status"].get("executeStatus", {}))
        # the source sends one event at a time: once the edit is recorded, the counting was heard of
        driver.apply(TEMPLATES, "counted", {"manifest": workflow("false")})
        driver.watch_until(TEMPLATES, lambda seen: seen["counted"]["status"].get("observedGeneration") == 2)
        assert reads(driver) == 3  # when it was applied, for the alert, when it was edited
