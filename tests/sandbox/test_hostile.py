"""Values from outside stay values: no workflow, or exactly one harmless argument."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.sandbox.driver import Driver, custom, ops_status, running

pytestmark = pytest.mark.sandbox

HOSTILE = {
    "a second command": "x; rm -rf /",
    "a substitution in quotes": '"$(id)"',
    "another key": "a\n  privileged: true",
    "ten kilobytes": "A b" * 3400,
}


@pytest.fixture(scope="module")
def loop() -> Iterator[Driver]:
    with running() as driver:
        driver.rule("plain", alert_type="Plain", script="echo {{.node}}")
        driver.rule("quoted", alert_type="Quoted", script="printf '%s' {{ node | text | shquote }}")
        driver.rule("engine", alert_type="Engine", script="true {{ node | upper }}")
        compared = "{{if eq $x" + " $y" * 900 + "}}{{end}}"
        endless = f"{{{{$x := print .node 1}}}}{{{{$y := print .node 2}}}}{{{{range 9999}}}}{compared}{{{{end}}}}true"
        driver.rule("endless", alert_type="Endless", script=endless)
        yield driver


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_value_makes_no_workflow(loop: Driver, value: str) -> None:
    name = loop.result({**custom("Plain", fingerprint=value), "details": {"node": value}})["name"]
    alert = loop.triggered(name, "UnsafeValue")
    (condition,) = (c for c in alert["status"]["conditions"] if c["type"] == "Triggered")
    assert condition["status"] == "False"
    assert "spec.templates[0].container.command[2]" in condition["message"]
    assert "node" in condition["message"]
    assert loop.workflows_of(name) == []


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_quoted_hostile_value_is_one_harmless_argument_or_refused(loop: Driver, value: str) -> None:
    name = loop.result({**custom("Quoted", fingerprint=value), "details": {"node": value}})["name"]
    alert = loop.alert_when(name, lambda a: bool(ops_status(a).get("triggerStatus")))
    if ops_status(alert)["triggerStatus"] == "UnsafeValue":
        assert loop.workflows_of(name) == []
        return
    loop.settled(name, "Succeeded")
    (workflow,) = loop.workflows_of(name)
    command = workflow["spec"]["templates"][0]["container"]["command"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == value


def test_a_template_that_takes_too_long_with_a_value_is_stopped_and_holds_up_no_other(loop: Driver) -> None:
    endless = loop.result({**custom("Endless", fingerprint="1"), "details": {"node": "x" * 30_000}})["name"]
    other = loop.result({**custom("Engine", fingerprint="1"), "details": {"node": "n1"}})["name"]
    loop.settled(other, "Succeeded")
    alert = loop.triggered(endless, "TemplateInvalid")
    (condition,) = (c for c in alert["status"]["conditions"] if c["type"] == "Triggered")
    assert "over 1 s of computing" in condition["message"]
    assert loop.workflows_of(endless) == []
