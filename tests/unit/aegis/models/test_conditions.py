"""Conditions are updated in place: one per type, and their time says when their status changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.conditions import MESSAGE_LENGTH, Condition, with_condition

BEFORE, NOW = "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"

conditions = st.builds(
    Condition,
    type=st.sampled_from(["Triggered", "Completed", "Valid"]),
    status=st.sampled_from(["True", "False", "Unknown"]),
    reason=st.sampled_from(["", "A", "B"]),
    message=st.text(max_size=3),
    last_transition_time=st.sampled_from([None, BEFORE]),
)
lists = st.lists(conditions, unique_by=lambda condition: condition.type)


def triggered(status: str, reason: str = "", since: str | None = None) -> Condition:
    return Condition.model_validate(
        {"type": "Triggered", "status": status, "reason": reason, "lastTransitionTime": since}
    )


def test_the_first_of_its_type_is_added_last_and_began_now() -> None:
    other = Condition(type="Completed", status="True", last_transition_time=BEFORE)
    assert with_condition([other], triggered("True"), now=NOW) == [other, triggered("True", since=NOW)]


def test_a_changed_status_began_now() -> None:
    assert with_condition([triggered("False", since=BEFORE)], triggered("True"), now=NOW) == [
        triggered("True", since=NOW)
    ]


def test_a_changed_reason_alone_leaves_the_time() -> None:
    old, new = triggered("False", "RuleNotFound", BEFORE), triggered("False", "TooManyRulesFound")
    assert with_condition([old], new, now=NOW) == [triggered("False", "TooManyRulesFound", BEFORE)]


def test_a_time_that_was_never_written_is_made_up_for() -> None:
    assert with_condition([triggered("True")], triggered("True"), now=NOW) == [triggered("True", since=NOW)]


@pytest.mark.parametrize("length", [MESSAGE_LENGTH - 1, MESSAGE_LENGTH, MESSAGE_LENGTH + 1, 10 * MESSAGE_LENGTH])
def test_a_message_that_the_api_server_would_refuse_is_cut(length: int) -> None:
    message = Condition(type="Valid", status="False", message="é" * length).message
    assert len(message) == min(length, MESSAGE_LENGTH)
    assert message.endswith("…" if length > MESSAGE_LENGTH else "é")
    assert Condition(type="Valid", status="False", message=message).message == message


@given(lists, conditions)
def test_types_stay_unique_and_in_their_order(old: list[Condition], new: Condition) -> None:
    types = [condition.type for condition in with_condition(old, new, now=NOW)]
    assert types == list(dict.fromkeys([*(condition.type for condition in old), new.type]))


@given(lists, conditions)
def test_only_the_one_of_the_type_changes(old: list[Condition], new: Condition) -> None:
    updated = {condition.type: condition for condition in with_condition(old, new, now=NOW)}
    assert {kind: condition for kind, condition in updated.items() if kind != new.type} == {
        condition.type: condition for condition in old if condition.type != new.type
    }
    placed = updated[new.type]
    assert (placed.status, placed.reason, placed.message) == (new.status, new.reason, new.message)
    assert placed.last_transition_time


@given(lists, conditions)
def test_saying_it_again_changes_nothing(old: list[Condition], new: Condition) -> None:
    once = with_condition(old, new, now=BEFORE)
    assert with_condition(once, new, now=NOW) == once
