"""Whether a match stands, and what is written when it does not."""

from typing import Any

import pytest

from aegis.lifecycle.match import is_as_matched, is_wanted, refused, unmatched
from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import Phase, TriggerStatus
from aegis.names import Uid

NOW = "2026-01-01T00:00:00Z"
UID = Uid("u1")
MATCHED = {
    "triggerStatus": "Triggered",
    "rule": {"namespace": "monitoring", "name": "r", "uid": "r1", "generation": 3},
    "template": {"namespace": "monitoring", "name": "t"},
}


def alert(status: dict[str, Any], **meta: str) -> AegisAlert:
    return AegisAlert.read({"metadata": {"name": "a", "namespace": "monitoring", "uid": UID, **meta}, "status": status})


def matched(**changes: Any) -> AegisAlert:
    return alert({"status": "Firing", "firing": {**MATCHED, **changes}})


def test_a_match_stands_until_something_came_of_it() -> None:
    assert is_wanted(matched(), Phase.FIRING)


@pytest.mark.parametrize(
    "moved_on",
    [
        pytest.param(alert({"status": "Resolved", "firing": MATCHED}), id="resolved before its workflow was made"),
        pytest.param(matched(triggerStatus="Cancelled"), id="cancelled"),
        pytest.param(matched(triggerStatus="UnsafeValue"), id="refused"),
        pytest.param(matched(triggerStatus=""), id="never matched"),
        pytest.param(matched(workflow="a-1"), id="its workflow was seen"),
        pytest.param(matched(outcome="Succeeded"), id="its outcome is on record"),
        pytest.param(alert({"firing": MATCHED}, deletionTimestamp=NOW), id="being deleted"),
        pytest.param(alert({"resolved": MATCHED}), id="matched in the other phase"),
    ],
)
def test_a_match_falls_when_the_alert_moved_on(moved_on: AegisAlert) -> None:
    assert not is_wanted(moved_on, Phase.FIRING)
    assert unmatched(moved_on, Phase.FIRING) is None
    assert refused(moved_on, Phase.FIRING, reason=TriggerStatus.UNSAFE_VALUE, message="", now=NOW) is None


def test_a_resolved_alert_still_wants_the_workflow_of_its_resolved_phase() -> None:
    assert is_wanted(alert({"status": "Resolved", "resolved": MATCHED}), Phase.RESOLVED)


@pytest.mark.parametrize(
    ("uid", "generation", "same"),
    [
        pytest.param("r1", 3, True, id="untouched"),
        pytest.param("r1", 4, False, id="edited"),
        pytest.param("r2", 3, False, id="deleted and made anew"),
    ],
)
def test_a_rule_is_the_matched_one_only_in_the_same_generation(uid: str, generation: int, *, same: bool) -> None:
    rule = AegisAlertOpsRule.read({"metadata": {"name": "r", "uid": uid, "generation": generation}})
    assert is_as_matched(matched(), Phase.FIRING, rule) is same


def test_forgetting_a_match_clears_what_the_matcher_recorded() -> None:
    patch = unmatched(matched(), Phase.FIRING)
    assert patch is not None
    assert patch.changes()["firing"] == {"triggerStatus": "", "rule": None, "template": None, "triggerTime": None}
    assert patch.changes()["opsStatus"] == {"triggerStatus": "", "alertOpsStatus": ""}


def test_a_refusal_says_why_on_column_record_and_condition_and_keeps_other_conditions() -> None:
    kept = {"type": "Stalled", "status": "False", "reason": "x", "message": "", "lastTransitionTime": NOW}
    item = alert({"firing": MATCHED, "conditions": [kept]})
    patch = refused(item, Phase.FIRING, reason=TriggerStatus.UNSAFE_VALUE, message="spec.x: bad", now=NOW)
    assert patch is not None
    assert patch.changes()["opsStatus"] == {"triggerStatus": "UnsafeValue", "alertOpsStatus": ""}
    assert patch.changes()["firing"] == {"triggerStatus": "UnsafeValue"}
    assert patch.changes()["conditions"] == [
        kept,
        {
            "type": "Triggered",
            "status": "False",
            "reason": "UnsafeValue",
            "message": "spec.x: bad",
            "lastTransitionTime": NOW,
        },
    ]


def test_a_refusal_is_of_what_the_alert_said_when_it_was_matched() -> None:
    triggered = {"type": "Triggered", "status": "True", "reason": "Triggered", "observedGeneration": 4}
    item = alert({"firing": MATCHED, "conditions": [triggered]})
    patch = refused(item, Phase.FIRING, reason=TriggerStatus.UNSAFE_VALUE, message="", now=NOW)
    assert patch is not None
    assert [condition.observed_generation for condition in patch.conditions] == [4]
