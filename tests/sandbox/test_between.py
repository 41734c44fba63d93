"""What happens between a match and its rendering is what counts: the renderer acts on things as they are."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.sandbox.driver import ALERTS, NAMESPACE, RULES, TEMPLATES, Driver, custom, ops_status, running, workflow

pytestmark = pytest.mark.sandbox

TRIGGERS = f"/apis/eventing.knative.dev/v1/namespaces/{NAMESPACE}/triggers"


@pytest.fixture(scope="module")
def loop() -> Iterator[Driver]:
    with running("--tick=1") as driver:
        driver.sweep_after(seconds=1)
        yield driver


@contextmanager
def renderer_held(loop: Driver) -> Iterator[None]:
    """Nothing reaches the renderer meanwhile; afterwards the sweep sends what it missed."""
    filters = loop.call("GET", f"{TRIGGERS}/workflow-renderer")["spec"]["filters"]
    set_filters(loop, [{"exact": {"type": "nothing"}}])
    try:
        yield
    finally:
        set_filters(loop, filters)


def set_filters(loop: Driver, filters: object) -> None:
    generation = loop.merge(f"{TRIGGERS}/workflow-renderer", {"spec": {"filters": filters}})["metadata"]["generation"]
    loop.watch_until(TRIGGERS, lambda seen: seen["workflow-renderer"]["status"].get("observedGeneration") == generation)


def pending(loop: Driver, alert_type: str) -> str:
    """The name of a new alert that is matched and waits for the renderer."""
    name = str(loop.result(custom(alert_type, fingerprint=alert_type))["name"])
    loop.settled(name, "Pending")
    return name


def commands(loop: Driver, name: str) -> list[str]:
    return [w["spec"]["templates"][0]["container"]["command"][-1] for w in loop.workflows_of(name)]


def test_a_resolve_while_the_match_is_pending_cancels_it(loop: Driver) -> None:
    loop.rule("cancelled", alert_type="Between1")
    with renderer_held(loop):
        name = pending(loop, "Between1")
        loop.result(custom("Between1", fingerprint="Between1", status="Resolved"))
        loop.triggered(name, "Cancelled")
    loop.rule("witness", alert_type="Witness")
    loop.settled(loop.result(custom("Witness", fingerprint="w"))["name"], "Succeeded")
    assert loop.workflows_of(name) == []


def test_a_rule_edited_since_the_match_is_matched_anew(loop: Driver) -> None:
    loop.rule("old", alert_type="Between2", script="old")
    loop.apply(TEMPLATES, "new", {"manifest": workflow("new")})
    with renderer_held(loop):
        name = pending(loop, "Between2")
        loop.merge(f"{RULES}/old", {"spec": {"opsTemplate": {"name": "new"}}})
    loop.settled(name, "Succeeded")
    assert commands(loop, name) == ["new"]


def test_a_rule_deleted_since_the_match_runs_nothing(loop: Driver) -> None:
    loop.rule("gone", alert_type="Between3")
    with renderer_held(loop):
        name = pending(loop, "Between3")
        loop.call("DELETE", f"{RULES}/gone")
    alert = loop.triggered(name, "RuleNotFound")
    assert ops_status(alert)["alertOpsStatus"] == ""
    assert loop.workflows_of(name) == []


def test_a_template_edited_since_the_match_runs_as_it_is_now(loop: Driver) -> None:
    loop.rule("edited", alert_type="Between4", script="before")
    with renderer_held(loop):
        name = pending(loop, "Between4")
        loop.merge(f"{TEMPLATES}/edited", {"spec": {"manifest": workflow("after")}})
    loop.settled(name, "Succeeded")
    assert commands(loop, name) == ["after"]


def test_an_alert_deleted_since_the_match_runs_nothing(loop: Driver) -> None:
    loop.rule("deleted", alert_type="Between5")
    with renderer_held(loop):
        name = pending(loop, "Between5")
        loop.call("DELETE", f"{ALERTS}/{name}")
    again = loop.result(custom("Between5", fingerprint="Between5"))
    assert (again["result"], again["name"]) == ("created", name)
    loop.settled(name, "Succeeded")
    assert len(loop.workflows_of(name)) == 1
