"""An alert as it is read, whoever wrote it."""

import pytest
from pydantic import ValidationError

from aegis.models.alert import AegisAlert
from aegis.models.states import AlertStatus, OpsPhase, Phase, TriggerStatus


def alert(spec: dict[str, object] | None = None, status: dict[str, object] | None = None) -> AegisAlert:
    return AegisAlert.read(
        {"metadata": {"name": "a", "namespace": "monitoring"}}
        | ({} if spec is None else {"spec": spec})
        | ({} if status is None else {"status": status})
    )


def test_one_that_says_nothing_fires_and_was_received_once() -> None:
    empty = alert()
    assert (empty.spec.status, empty.status.status, empty.status.count) == ("Firing", "Firing", 1)
    assert empty.phase is Phase.FIRING


def test_details_are_read_under_either_spelling_and_the_right_one_goes_before() -> None:
    both = alert({"detials": {"node": "old", "disk": "sda"}, "details": {"node": "dev1"}})
    assert both.spec.all_details == {"node": "dev1", "disk": "sda"}


def test_null_details_are_empty() -> None:
    assert alert({"details": None, "detials": None}).spec.all_details == {}


def test_one_stored_as_resolved_is_resolved_before_its_status_is_written() -> None:
    resolved = alert({"status": "Resolved"}, {"status": "Firing", "count": 1})
    assert resolved.status.status is AlertStatus.RESOLVED
    assert resolved.phase is Phase.RESOLVED


def test_one_that_resolved_later_is_resolved() -> None:
    assert alert({"status": "Firing"}, {"status": "Resolved"}).phase is Phase.RESOLVED


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        ("TooManyRuletFound", TriggerStatus.TOO_MANY_RULES_FOUND),
        ("RuleErrorFound", TriggerStatus.RULE_ERROR),
        ("Triggered", TriggerStatus.TRIGGERED),
        ("", TriggerStatus.NONE),
    ],
)
def test_the_go_systems_words_are_understood(stored: str, meant: TriggerStatus) -> None:
    assert alert(status={"opsStatus": {"triggerStatus": stored}}).status.ops_status.trigger_status is meant


def test_a_word_that_nobody_wrote_is_refused() -> None:
    with pytest.raises(ValidationError, match="triggerStatus"):
        alert(status={"opsStatus": {"triggerStatus": "Perhaps"}})


def test_conditions_of_one_type_that_the_go_system_left_are_read() -> None:
    twice = {"type": "FailedCreateWorkflow", "status": "True", "lastProbeTime": None}
    assert len(alert(status={"conditions": [twice, twice]}).status.conditions) == 2


@pytest.mark.parametrize("phase", list(OpsPhase))
def test_work_has_ended_with_an_outcome(phase: OpsPhase) -> None:
    assert phase.ended == (phase in {"Succeeded", "Failed"})


def test_each_phase_has_its_record() -> None:
    worked = alert(status={"firing": {"workflow": "f", "workflowUID": "1"}, "resolved": {"workflow": "r"}})
    assert worked.status.record(Phase.FIRING).workflow_uid == "1"
    assert worked.status.record(Phase.RESOLVED).workflow == "r"


def test_a_log_names_it_as_kubectl_would() -> None:
    assert alert().reference == "aegisalert/monitoring/a"
