"""What the matcher decides, by the state of the alert."""

from typing import Any

import pytest

from aegis.models.alert import AegisAlert
from aegis.models.states import TriggerStatus
from functions.rule_matcher.decision import (
    NOTHING,
    Decision,
    Known,
    Missing,
    Unsure,
    awaits_workflow,
    decide,
)
from functions.rule_matcher.matching import Rule, RuleIndex
from tests.unit.functions.rule_matcher.objects import CREATED, NOW, alert, rule

LATER = "2026-01-02T00:00:00Z"
MATCHED = {
    "triggerStatus": "Triggered",
    "rule": {"namespace": "monitoring", "name": "r", "uid": "monitoring/r", "generation": 1},
    "template": {"namespace": "monitoring", "name": "t"},
}
RESOLVE = rule("undo", status="Resolved", template="undo")


def known(*rules: Rule, up_to_date: bool = True, workflow_exists: bool | None = None) -> Known:
    return Known(rules=RuleIndex(rules), up_to_date=up_to_date, workflow_exists=workflow_exists)


def after(before: AegisAlert, decision: Decision) -> AegisAlert:
    """The alert once the decision is merged into its status, as the API server would."""
    assert decision.status is not None
    data = before.manifest()
    data["status"] = _merged(data.get("status", {}), decision.status.changes())
    return AegisAlert.read(data)


def _merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key, {}), value) if isinstance(value, dict) else value
    return result


def firing(**status: Any) -> AegisAlert:
    return alert(status={"status": "Firing", **status})


def resolved(**status: Any) -> AegisAlert:
    return alert(status={"status": "Resolved", **status})


def refused(reason: str, *, status: str = "Firing") -> AegisAlert:
    return alert(
        status={
            "status": status,
            "opsStatus": {"triggerStatus": reason},
            "firing": {**MATCHED, "triggerStatus": reason},
            "conditions": [{"type": "Triggered", "status": "False", "reason": reason, "lastTransitionTime": NOW}],
        }
    )


def test_a_firing_alert_is_matched() -> None:
    decision = decide(firing(), known(rule("r")), now=NOW)
    assert decision.note is None
    assert decision.status is not None
    assert decision.status.changes() == {
        "startTime": CREATED,
        "firing": {**MATCHED, "attempt": 1, "triggerTime": NOW},
        "conditions": [
            {
                "type": "Triggered",
                "status": "True",
                "reason": "Triggered",
                "message": "rule monitoring/r applies",
                "lastTransitionTime": NOW,
                "observedGeneration": 1,
            }
        ],
        "opsStatus": {"triggerStatus": "Triggered", "alertOpsStatus": "Pending"},
    }


def test_the_time_that_the_intake_gave_stays() -> None:
    decision = decide(firing(startTime=LATER), known(rule("r")), now=NOW)
    assert decision.status is not None
    assert decision.status.start_time == LATER


@pytest.mark.parametrize(
    ("rules", "reason", "kind"),
    [
        pytest.param([], "RuleNotFound", "Normal", id="no rule"),
        pytest.param([rule("a"), rule("b")], "TooManyRulesFound", "Warning", id="a tie"),
        pytest.param([rule("a", template="")], "RuleError", "Warning", id="an invalid rule"),
    ],
)
def test_why_nothing_is_triggered_is_said_once(rules: list[Rule], reason: str, kind: str) -> None:
    decision = decide(firing(), known(*rules), now=NOW)
    assert decision.note is not None
    assert (decision.note.reason, decision.note.kind) == (reason, kind)
    said = after(firing(), decision)
    assert (said.status.ops_status.trigger_status, said.status.firing.trigger_status) == (reason, reason)
    assert said.status.ops_status.alert_ops_status == ""
    (condition,) = said.status.conditions
    assert (condition.status, condition.reason, condition.message) == ("False", reason, decision.note.message)
    assert not awaits_workflow(said)
    assert decide(said, known(*rules), now=LATER) == NOTHING


@pytest.mark.parametrize(
    "reason",
    ["RuleNotFound", "TooManyRulesFound", "RuleError", "TemplateNotFound", "TemplateInvalid", "UnsafeValue"],
)
def test_an_alert_that_came_to_nothing_is_matched_when_asked_again(reason: str) -> None:
    matched = after(refused(reason), decide(refused(reason), known(rule("r")), now=LATER))
    assert awaits_workflow(matched)
    assert matched.status.ops_status.alert_ops_status == "Pending"
    assert [(c.status, c.last_transition_time) for c in matched.status.conditions] == [("True", LATER)]


def test_an_alert_whose_rule_is_gone_says_so_and_forgets_it() -> None:
    said = after(refused("TemplateNotFound"), decide(refused("TemplateNotFound"), known(), now=LATER))
    assert said.status.firing.trigger_status == "RuleNotFound"
    assert (said.status.firing.rule, said.status.firing.template) == (None, None)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(firing(firing=MATCHED), id="matched"),
        pytest.param(firing(firing={**MATCHED, "workflow": "w"}), id="its workflow runs"),
        pytest.param(firing(firing={**MATCHED, "workflow": "w", "outcome": "Failed"}), id="its workflow ended"),
        pytest.param(resolved(firing={**MATCHED, "workflow": "w"}), id="resolved while its workflow runs"),
        pytest.param(resolved(firing={**MATCHED, "triggerStatus": "Cancelled"}), id="cancelled"),
        pytest.param(resolved(resolved=MATCHED), id="matched to be undone"),
        pytest.param(resolved(resolved={**MATCHED, "workflow": "w", "outcome": "Succeeded"}), id="undone"),
        pytest.param(resolved(count=1, resolved={"triggerStatus": "Cancelled"}), id="fired after it was resolved"),
        pytest.param(alert(deletionTimestamp=NOW), id="being deleted"),
    ],
)
def test_what_is_done_is_not_done_again(state: AegisAlert) -> None:
    assert decide(state, known(rule("r"), RESOLVE), now=NOW) == NOTHING


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(firing(firing=MATCHED), True, id="matched"),
        pytest.param(resolved(resolved=MATCHED), True, id="matched to be undone"),
        pytest.param(firing(), False, id="not matched"),
        pytest.param(firing(firing={**MATCHED, "workflow": "w"}), False, id="its workflow was seen"),
        pytest.param(firing(firing={**MATCHED, "outcome": "Failed"}), False, id="its outcome is known"),
        pytest.param(resolved(firing=MATCHED), False, id="resolved since"),
        pytest.param(alert(status={"firing": MATCHED}, deletionTimestamp=NOW), False, id="being deleted"),
    ],
)
def test_a_match_is_passed_on_while_its_workflow_was_not_seen(state: AegisAlert, *, expected: bool) -> None:
    assert awaits_workflow(state) is expected


def missing(state: AegisAlert, knowledge: Known) -> Missing | None:
    try:
        decide(state, knowledge, now=NOW)
    except Unsure as unsure:
        return unsure.missing
    return None


UNMATCHED = firing(
    firing={"triggerStatus": ""},
    opsStatus={"triggerStatus": ""},
    conditions=[{"type": "Triggered", "status": "True", "reason": "Triggered"}],
)


@pytest.mark.parametrize(
    ("state", "rules", "expected"),
    [
        pytest.param(firing(), [rule("r")], None, id="a match needs nothing more"),
        pytest.param(firing(), [], Missing.RULES, id="a rule may just have been applied"),
        pytest.param(firing(), [rule("a"), rule("b")], Missing.RULES, id="one of a tie may just have been deleted"),
        pytest.param(UNMATCHED, [rule("r")], Missing.RULES, id="the rule that matched has changed since"),
        pytest.param(resolved(), [RESOLVE], Missing.RULES, id="a rule for its firing may just have been applied"),
        pytest.param(resolved(firing=MATCHED), [], Missing.WORKFLOW, id="a workflow may just have been created"),
    ],
)
def test_what_must_be_known_first_is_said(state: AegisAlert, rules: list[Rule], expected: Missing | None) -> None:
    assert missing(state, known(*rules, up_to_date=False)) is expected


def test_a_match_that_was_taken_back_is_made_again_on_the_rules_as_they_are() -> None:
    matched = after(UNMATCHED, decide(UNMATCHED, known(rule("r")), now=NOW))
    assert awaits_workflow(matched)


def test_a_resolve_cancels_a_match_without_workflow() -> None:
    state = resolved(firing=MATCHED, opsStatus={"triggerStatus": "Triggered", "alertOpsStatus": "Pending"})
    decision = decide(state, known(rule("r"), RESOLVE, workflow_exists=False), now=NOW)
    assert decision.note is not None
    assert decision.note.reason == "Cancelled"
    cancelled = after(state, decision)
    assert cancelled.status.ops_status.trigger_status == "Cancelled"
    assert cancelled.status.ops_status.alert_ops_status == ""
    assert cancelled.status.firing.trigger_status == "Cancelled"
    assert cancelled.status.firing.rule is not None
    assert [(c.status, c.reason) for c in cancelled.status.conditions] == [("False", "Cancelled")]
    assert not awaits_workflow(cancelled)
    assert decide(cancelled, known(RESOLVE), now=LATER) == NOTHING


def test_a_resolve_leaves_a_match_alone_whose_workflow_was_created() -> None:
    assert decide(resolved(firing=MATCHED), known(RESOLVE, workflow_exists=True), now=NOW) == NOTHING


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(resolved(count=0), id="never received firing"),
        pytest.param(
            alert(labels={"aegis.io/managed-by": "alert-normalizer"}, spec={"status": "Resolved"}, status={"count": 1}),
            id="received firing too late",
        ),
    ],
)
def test_a_resolve_before_any_firing_undoes_nothing(state: AegisAlert) -> None:
    said = after(state, decide(state, known(RESOLVE, up_to_date=False), now=NOW))
    assert said.status.ops_status.trigger_status == "Cancelled"
    assert said.status.resolved.trigger_status == "Cancelled"
    assert not awaits_workflow(said)
    assert decide(said, known(RESOLVE), now=LATER) == NOTHING


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(resolved(firing={**MATCHED, "workflow": "w", "outcome": "Succeeded"}), id="after a success"),
        pytest.param(resolved(firing={**MATCHED, "workflow": "w", "outcome": "Failed"}), id="after a failure"),
        pytest.param(
            resolved(firing={"triggerStatus": "Cancelled", "outcome": "Succeeded"}),
            id="after a workflow that the cancel came too late for",
        ),
        pytest.param(refused("RuleNotFound", status="Resolved"), id="where no rule applied to the firing"),
        pytest.param(
            alert(spec={"status": "Resolved"}, status={"status": "Resolved"}), id="where it was resolved by hand"
        ),
        pytest.param(
            resolved(opsStatus={"triggerStatus": "Triggered", "alertOpsStatus": "Succeeded"}),
            id="after work of the Go system, which kept no records",
        ),
    ],
)
def test_a_resolved_rule_runs(state: AegisAlert) -> None:
    before = state.status.firing
    matched = after(state, decide(state, known(rule("r"), RESOLVE), now=NOW))
    assert awaits_workflow(matched)
    assert matched.status.resolved.template is not None
    assert matched.status.resolved.template.name == "undo"
    assert matched.status.ops_status.trigger_status == "Triggered"
    assert matched.status.ops_status.alert_ops_status == "Pending"
    assert matched.status.firing == before


NO_REPAIR = [reason for reason in TriggerStatus if reason.asks_again and reason != "RuleNotFound"]


@pytest.mark.parametrize("reason", NO_REPAIR)
def test_nothing_undoes_a_firing_for_which_no_workflow_was_made(reason: TriggerStatus) -> None:
    state = refused(reason, status="Resolved")
    said = after(state, decide(state, known(rule("r"), RESOLVE, up_to_date=False), now=NOW))
    assert (said.status.resolved.trigger_status, said.status.firing.trigger_status) == ("Cancelled", reason)
    assert said.status.ops_status.trigger_status == reason
    assert [condition.reason for condition in said.status.conditions] == [reason]
    assert decide(said, known(rule("r"), RESOLVE), now=LATER) == NOTHING


def test_a_resolve_before_anybody_looked_undoes_nothing() -> None:
    said = after(resolved(), decide(resolved(), known(rule("r"), RESOLVE), now=NOW))
    assert said.status.resolved.trigger_status == "Cancelled"
    assert said.status.ops_status.trigger_status == "Cancelled"
    assert not awaits_workflow(said)
    assert decide(said, known(rule("r"), RESOLVE), now=LATER) == NOTHING


def test_a_resolve_before_anybody_looked_is_answered_where_no_rule_answers_the_firing() -> None:
    matched = after(resolved(), decide(resolved(), known(RESOLVE), now=NOW))
    assert matched.status.resolved.trigger_status == "Triggered"


def test_that_nothing_undoes_a_firing_leaves_its_outcome_to_be_seen() -> None:
    state = resolved(
        firing={**MATCHED, "workflow": "w", "outcome": "Succeeded"},
        opsStatus={"triggerStatus": "Triggered", "alertOpsStatus": "Succeeded"},
        conditions=[{"type": "Triggered", "status": "True", "lastTransitionTime": NOW, "observedGeneration": 1}],
    )
    decision = decide(state, known(rule("r")), now=NOW)
    assert decision.note is None
    said = after(state, decision)
    assert said.status.resolved.trigger_status == "RuleNotFound"
    assert said.status.ops_status == state.status.ops_status
    assert said.status.conditions == state.status.conditions
    assert decide(said, known(rule("r")), now=LATER) == NOTHING


def test_that_nothing_undoes_is_shown_where_the_firing_was_never_seen() -> None:
    said = after(resolved(), decide(resolved(), known(), now=NOW))
    assert said.status.ops_status.trigger_status == "RuleNotFound"


def test_an_alert_that_its_author_resolved_shows_it() -> None:
    state = alert(spec={"status": "Resolved"}, status={"status": "Firing", "count": 1})
    decision = decide(state, known(RESOLVE), now=NOW)
    assert decision.status is not None
    assert (decision.status.status, decision.status.resolved_time) == ("Resolved", NOW)


@pytest.mark.parametrize(
    ("observed", "generation", "expected"),
    [
        pytest.param(2, 2, True, id="decided on as it is"),
        pytest.param(1, 2, False, id="edited since"),
        pytest.param(None, 2, False, id="decided on by an older version"),
    ],
)
def test_an_alert_is_answered_until_its_author_edits_it(
    observed: int | None, generation: int, *, expected: bool
) -> None:
    condition = {"type": "Triggered", "status": "True", "observedGeneration": observed}
    assert alert(status={"conditions": [condition]}, generation=generation).is_as_judged is expected


def test_an_alert_that_nobody_decided_on_is_not_answered() -> None:
    assert not alert().is_as_judged


def test_a_decision_answers_an_edited_alert_also_where_it_changes_nothing_else() -> None:
    state = alert(
        spec={"status": "Resolved"},
        generation=2,
        status={
            "firing": {**MATCHED, "workflow": "w", "outcome": "Succeeded"},
            "conditions": [{"type": "Triggered", "status": "True", "observedGeneration": 1}],
        },
    )
    assert after(state, decide(state, known(), now=NOW)).is_as_judged


def test_a_resolved_rule_that_went_before_it_ran_leaves_no_blank_columns() -> None:
    taken_back = resolved(
        firing={**MATCHED, "workflow": "w", "outcome": "Succeeded"},
        opsStatus={"triggerStatus": "", "alertOpsStatus": ""},
        conditions=[{"type": "Triggered", "status": "True", "lastTransitionTime": NOW, "observedGeneration": 1}],
    )
    said = after(taken_back, decide(taken_back, known(rule("r")), now=NOW))
    assert said.status.ops_status.trigger_status == "RuleNotFound"
    assert [(c.type, c.status, c.reason) for c in said.status.conditions] == [("Triggered", "False", "RuleNotFound")]
