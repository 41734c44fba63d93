"""What is said of a template when it is applied."""

from typing import Any

from aegis.models.template import AegisOpsTemplate
from functions.workflow_renderer.decision import recorded

NOW = "2026-01-01T00:00:00Z"


def template(generation: int, status: dict[str, Any] | None = None) -> AegisOpsTemplate:
    return AegisOpsTemplate.read({"metadata": {"name": "t", "generation": generation}, "status": status or {}})


def test_a_template_is_recorded_once_for_each_generation_and_finding() -> None:
    first = recorded(template(1), problems=[], now=NOW)
    assert first is not None
    assert first.status == "Recorded"
    assert recorded(template(1, first.changes()), problems=[], now="2027-01-01T00:00:00Z") is None
    edited = recorded(template(2, first.changes()), problems=["spec.manifest: line 3"], now=NOW)
    assert edited is not None
    assert (edited.status, edited.observed_generation) == ("Invalid", 2)
    assert edited.conditions[0].message == "spec.manifest: line 3"


def test_notes_on_a_valid_template_are_in_its_condition() -> None:
    noted = recorded(template(1), problems=[], notes=["a: b", "c: d"], now=NOW)
    assert noted is not None
    (condition,) = noted.conditions
    assert (noted.status, condition.status, condition.message) == ("Recorded", "True", "a: b; c: d")
