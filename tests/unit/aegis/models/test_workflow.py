"""What is read of a workflow's steps."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.workflow import Workflow

CORDON = {
    "displayName": "cordon",
    "type": "Pod",
    "phase": "Failed",
    "message": "nodes is forbidden",
    "finishedAt": "2026-01-01T00:00:02Z",
}
DRAIN = {**CORDON, "displayName": "drain", "message": "timed out", "finishedAt": "2026-01-01T00:00:01Z"}
GROUP = {**CORDON, "displayName": "w", "type": "Steps", "message": "child 'w-1' failed"}
TEXTS = st.none() | st.text(max_size=5) | st.integers()
ODD = st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def failure(nodes: object) -> str:
    step = Workflow.read({"metadata": {"name": "w"}, "status": {"phase": "Failed", "nodes": nodes}}).status.failure
    return str(step) if step else ""


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([GROUP, CORDON], "step cordon: nodes is forbidden"),
        ([CORDON, DRAIN], "step drain: timed out"),
        ([GROUP], ""),
        ([{**CORDON, "phase": "Succeeded"}], ""),
        ([{**CORDON, "message": ""}, {"phase": 5}, None], ""),
    ],
)
def test_the_step_that_failed_first_says_why(nodes: list[Any], expected: str) -> None:
    assert failure({str(number): node for number, node in enumerate(nodes)}) == expected


@given(ODD)
def test_no_account_is_too_odd(nodes: object) -> None:
    assert failure(nodes) == ""


@given(
    st.dictionaries(st.text(), st.dictionaries(st.sampled_from(list(CORDON)), ODD | st.sampled_from(["Pod", "Failed"])))
)
def test_no_step_is_too_odd(nodes: object) -> None:
    assert isinstance(failure(nodes), str)
