"""Whatever order things come in, each alert ends as the design says."""

from collections.abc import Iterator

import pytest

from tests.sandbox.driver import ALERTS, RULES, WORKFLOWS, Driver, Json, custom, ops_status, running

pytestmark = pytest.mark.sandbox

SUSPENDED = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
spec:
  entrypoint: start
  templates:
  - name: start
    suspend: {}
"""


@pytest.fixture(scope="module")
def loop() -> Iterator[Driver]:
    with running("--tick=1") as driver:
        driver.sweep_after(seconds=2)
        driver.set("aegis", AEGIS_REFIRE_GRACE_SECONDS="1")
        driver.rule("repair", alert_type="Repair.*", script="repair {{.node}}")
        driver.rule("undo", alert_type="Repair.*", status="Resolved", script="undo {{.node}}")
        driver.rule("undone", alert_type="Undone.*", script="repair {{.node}}")
        driver.rule("undone-slowly", alert_type="Undone.*", status="Resolved", manifest=SUSPENDED)
        driver.rule("slow", alert_type="Slow", manifest=SUSPENDED)
        driver.rule("slow-undo", alert_type="Slow", status="Resolved", script="undo {{.node}}")
        yield driver


def phases(loop: Driver, alert: str) -> list[str]:
    return sorted(w["metadata"]["labels"]["aegis.io/phase"] for w in loop.workflows_of(alert))


def end(loop: Driver, alert: str, phase: str) -> None:
    """Stop the workflow of a phase."""
    (workflow,) = (w for w in loop.workflows_of(alert) if w["metadata"]["labels"]["aegis.io/phase"] == phase)
    loop.merge(f"{WORKFLOWS}/{workflow['metadata']['name']}", {"spec": {"shutdown": "Terminate"}})


def test_a_resolve_before_its_firing_is_stored_and_the_late_firing_starts_nothing(loop: Driver) -> None:
    resolve = loop.result(custom("Repair1", fingerprint="o1", status="Resolved"))
    late = loop.result(custom("Repair1", fingerprint="o1"))
    assert (resolve["result"], late["result"]) == ("resolved", "counted")
    assert late["name"] == resolve["name"]
    alert = loop.alert_when(resolve["name"], lambda a: a["status"]["count"] == 1)
    assert alert["status"]["status"] == "Resolved"
    assert phases(loop, resolve["name"]) == []


def test_a_resolve_after_success_runs_the_resolved_rule(loop: Driver) -> None:
    name = loop.result(custom("Repair2", fingerprint="o2"))["name"]
    loop.settled(name, "Succeeded")
    assert loop.result(custom("Repair2", fingerprint="o2", status="Resolved"))["name"] == name
    loop.alert_when(name, lambda a: a["status"].get("resolved", {}).get("outcome") == "Succeeded")
    assert phases(loop, name) == ["firing", "resolved"]


def test_a_resolve_while_the_workflow_runs_waits_for_its_end(loop: Driver) -> None:
    name = loop.result(custom("Slow", fingerprint="o3"))["name"]
    loop.settled(name, "Running")
    loop.result(custom("Slow", fingerprint="o3", status="Resolved"))
    loop.alert_when(name, lambda a: a["status"]["status"] == "Resolved")
    assert phases(loop, name) == ["firing"]
    end(loop, name, "firing")
    alert = loop.alert_when(name, lambda a: a["status"].get("resolved", {}).get("outcome") == "Succeeded")
    assert alert["status"]["firing"]["outcome"] == "Failed"
    assert phases(loop, name) == ["firing", "resolved"]


def test_a_firing_after_a_resolve_opens_the_next_episode(loop: Driver) -> None:
    first = loop.result(custom("Repair4", fingerprint="o4"))["name"]
    loop.settled(first, "Succeeded")
    loop.result(custom("Repair4", fingerprint="o4", status="Resolved"))
    again = loop.result(custom("Repair4", fingerprint="o4"))
    assert again["result"] == "created"
    assert again["name"] != first
    loop.settled(again["name"], "Succeeded")


def test_an_alert_that_fires_on_after_a_false_resolve_is_repaired_without_another_post(loop: Driver) -> None:
    firing = {**custom("Repair11", fingerprint="o11"), "startsAt": "2026-01-01T08:00:00Z"}
    first = loop.result(firing)["name"]
    loop.settled(first, "Succeeded")
    loop.result({**firing, "status": "Resolved", "endsAt": "2026-01-01T09:00:00Z"})
    noted = loop.result(firing)
    assert (noted["result"], noted["name"]) == ("counted", first)

    def opened(seen: dict[str, Json]) -> bool:
        later = [a for a in seen.values() if (a["spec"]["type"], a["spec"]["episode"]) == ("Repair11", 1)]
        return any(ops_status(a).get("alertOpsStatus") == "Succeeded" for a in later)

    assert "reopensAt" not in loop.watch_until(ALERTS, opened)[first]["status"]


def test_a_beginning_that_moves_is_the_same_alert(loop: Driver) -> None:
    """Alertmanager keeps the earlier of what two Prometheus servers say."""
    firing = custom("Repair12", fingerprint="o12")
    began, earlier = {"startsAt": "2026-01-01T08:00:00.5Z"}, {"startsAt": "2026-01-01T08:00:00.2Z"}
    name = loop.result({**firing, **began})["name"]
    assert loop.result({**firing, **earlier})["name"] == name
    loop.settled(name, "Succeeded")
    assert loop.result({**firing, **earlier, "status": "Resolved"})["name"] == name
    loop.alert_when(name, lambda a: a["status"].get("resolved", {}).get("outcome") == "Succeeded")
    assert phases(loop, name) == ["firing", "resolved"]


def test_a_repair_waits_for_the_undo_that_runs(loop: Driver) -> None:
    """Cordon, uncordon, cordon: the node is not left open while it is sick."""
    first = loop.result(custom("Undone13", fingerprint="o13"))["name"]
    loop.settled(first, "Succeeded")
    loop.result(custom("Undone13", fingerprint="o13", status="Resolved"))
    loop.alert_when(first, lambda a: a["status"].get("resolved", {}).get("workflowUID"))
    second = loop.result(custom("Undone13", fingerprint="o13"))["name"]
    waiting = loop.alert_when(
        second, lambda a: any(c["reason"] == "Waiting" for c in a["status"].get("conditions", ()))
    )
    assert ops_status(waiting).get("triggerStatus", "") == ""
    assert phases(loop, second) == []
    end(loop, first, "resolved")
    loop.settled(second, "Succeeded")


def test_an_undo_never_begins_once_its_alert_fires_again(loop: Driver) -> None:
    first = loop.result(custom("Slow", fingerprint="o14"))["name"]
    loop.settled(first, "Running")
    loop.result(custom("Slow", fingerprint="o14", status="Resolved"))
    second = loop.result(custom("Slow", fingerprint="o14"))["name"]
    loop.alert_when(second, lambda a: any(c["reason"] == "Waiting" for c in a["status"].get("conditions", ())))
    end(loop, first, "firing")
    loop.settled(second, "Running")
    superseded = loop.alert_when(first, lambda a: a["status"].get("resolved", {}).get("triggerStatus"))
    assert superseded["status"]["resolved"]["triggerStatus"] == "Superseded"
    assert phases(loop, first) == ["firing"]
    end(loop, second, "firing")
    loop.result(custom("Slow", fingerprint="o14", status="Resolved"))
    loop.alert_when(second, lambda a: a["status"].get("resolved", {}).get("outcome") == "Succeeded")
    assert phases(loop, first) == ["firing"]


def test_a_repeat_just_after_success_counts_and_starts_nothing(loop: Driver) -> None:
    name = loop.result(custom("Repair5", fingerprint="o5"))["name"]
    loop.settled(name, "Succeeded")
    repeat = loop.result(custom("Repair5", fingerprint="o5"))
    assert (repeat["result"], repeat["name"]) == ("counted", name)
    loop.alert_when(name, lambda a: a["status"]["count"] == 2)
    assert phases(loop, name) == ["firing"]


def test_a_rule_added_later_takes_hold_by_itself(loop: Driver) -> None:
    name = loop.result(custom("Unknown6", fingerprint="o6"))["name"]
    loop.triggered(name, "RuleNotFound")
    loop.rule("late", alert_type="Unknown6")
    loop.settled(name, "Succeeded")


def test_a_repeat_mends_what_its_sender_left_out(loop: Driver) -> None:
    loop.rule("rack", alert_type="Rack15", script="repair {{.rack}}")
    name = loop.result(custom("Rack15", fingerprint="o15"))["name"]
    loop.triggered(name, "TemplateInvalid")
    assert loop.result(custom("Rack15", fingerprint="o15", rack="r1"))["name"] == name
    alert = loop.settled(name, "Succeeded")
    assert alert["metadata"]["labels"]["rack"] == "r1"


def test_a_tie_runs_nothing_and_priority_breaks_it(loop: Driver) -> None:
    loop.rule("tie-a", alert_type="Tie")
    loop.rule("tie-b", alert_type="Tie")
    tied = loop.result(custom("Tie", fingerprint="o7"))["name"]
    loop.triggered(tied, "TooManyRulesFound")
    loop.merge(f"{RULES}/tie-b", {"spec": {"priority": 1}})
    alert = loop.settled(tied, "Succeeded")
    assert alert["status"]["firing"]["rule"]["name"] == "tie-b"


def test_a_workflow_deleted_by_hand_is_a_failure_on_record(loop: Driver) -> None:
    name = loop.result(custom("Slow", fingerprint="o8"))["name"]
    loop.settled(name, "Running")
    (workflow,) = loop.workflows_of(name)
    loop.call("DELETE", f"/apis/argoproj.io/v1alpha1/namespaces/monitoring/workflows/{workflow['metadata']['name']}")
    alert = loop.settled(name, "Failed")
    (completed,) = (c for c in alert["status"]["conditions"] if c["type"] == "Completed")
    assert completed["reason"] == "WorkflowDeleted"


def test_an_alert_made_by_hand_is_matched_too(loop: Driver) -> None:
    loop.apply(ALERTS, "by-hand", {"type": "Repair9", "status": "Firing", "details": {"node": "dev1"}})
    loop.settled("by-hand", "Succeeded")


def test_a_template_that_is_missing_or_broken_is_said_so(loop: Driver) -> None:
    loop.rule("broken", alert_type="Broken", manifest="{{ if }}")
    broken = loop.result(custom("Broken", fingerprint="o10"))["name"]
    alert = loop.triggered(broken, "TemplateInvalid")
    assert ops_status(alert)["alertOpsStatus"] == ""
    loop.call("DELETE", "/apis/aegis.io/v1alpha1/namespaces/monitoring/aegisopstemplates/broken")
    loop.result(custom("Broken", fingerprint="o10"))
    loop.triggered(broken, "TemplateNotFound")


def test_another_attempt_runs_once_somebody_asks_for_it(loop: Driver) -> None:
    loop.rule("again", alert_type="Again")
    name = loop.result(custom("Again", fingerprint="again"))["name"]
    loop.settled(name, "Succeeded")
    loop.merge(f"{ALERTS}/{name}", {"metadata": {"annotations": {"aegis.io/retry": "alice 1"}}})
    alert = loop.alert_when(
        name,
        lambda alert: (
            alert["status"]["firing"].get("attempt") == 2 and ops_status(alert).get("alertOpsStatus") == "Succeeded"
        ),
    )
    firing, (before,) = alert["status"]["firing"], alert["status"]["firing"]["earlier"]
    made = {workflow["metadata"]["name"] for workflow in loop.workflows_of(name)}
    assert before["outcome"] == "Succeeded"
    assert {before["workflow"], firing["workflow"]} == made
    assert (ops_status(alert)["succeeded"], ops_status(alert)["total"]) == (2, 2)
