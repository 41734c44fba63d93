"""The CEL rules of the CRDs, run on values that they must take and on values that they must refuse."""

from typing import Any

import celpy
import pytest
from celpy.adapter import json_to_cel


def at(schema: dict[str, Any], path: str) -> dict[str, Any]:
    """The node at a path like ``spec.list.[].field``."""
    for step in path.split("."):
        schema = schema["items"] if step == "[]" else schema["properties"][step]
    return schema


def refusals(schema: dict[str, Any], path: str, value: Any, old: Any = None) -> list[str]:
    """The messages of the rules at the path that the value breaks."""
    context = {"self": json_to_cel(value)} | ({} if old is None else {"oldSelf": json_to_cel(old)})
    environment = celpy.Environment()
    return [
        rule["message"]
        for rule in at(schema, path)["x-kubernetes-validations"]
        if not environment.program(environment.compile(rule["rule"])).evaluate(context)
    ]


REQUIREMENT = "spec.selector.matchExpressions.[]"


@pytest.mark.parametrize("operator", ["In", "NotIn"])
@pytest.mark.parametrize("values", [{}, {"values": []}], ids=["absent", "empty"])
def test_a_requirement_on_values_must_name_one(schemas: dict[str, Any], operator: str, values: dict[str, Any]) -> None:
    requirement = {"key": "a", "operator": operator}
    (message,) = refusals(schemas["AegisAlertOpsRule"], REQUIREMENT, {**requirement, **values})
    assert "In or NotIn" in message
    assert refusals(schemas["AegisAlertOpsRule"], REQUIREMENT, {**requirement, "values": ["x"]}) == []


@pytest.mark.parametrize("operator", ["Exists", "DoesNotExist"])
@pytest.mark.parametrize("values", [{}, {"values": []}], ids=["absent", "empty"])
def test_a_requirement_on_presence_must_name_none(
    schemas: dict[str, Any], operator: str, values: dict[str, Any]
) -> None:
    requirement = {"key": "a", "operator": operator}
    assert refusals(schemas["AegisAlertOpsRule"], REQUIREMENT, {**requirement, **values}) == []
    (message,) = refusals(schemas["AegisAlertOpsRule"], REQUIREMENT, {**requirement, "values": ["x"]})
    assert "Exists or DoesNotExist" in message


@pytest.mark.parametrize("field", ["type", "source", "fingerprint", "startsAt"])
@pytest.mark.parametrize(("old", "new"), [("a", "b"), ("a", None), (None, "a")], ids=["changed", "removed", "added"])
def test_what_identifies_an_alert_stays(schemas: dict[str, Any], field: str, old: str | None, new: str | None) -> None:
    before = {"severity": "low"} | ({} if old is None else {field: old})
    after = {"severity": "low"} | ({} if new is None else {field: new})
    (message,) = refusals(schemas["AegisAlert"], "spec", after, before)
    assert message.startswith(f"{field} cannot be changed")


def test_the_rest_of_an_alert_may_change(schemas: dict[str, Any]) -> None:
    before = {"type": "A", "source": "default", "severity": "low"}
    after = {**before, "severity": "high", "ttlStrategy": {"secondsAfterFailure": 5}, "details": {"a": "b"}}
    assert refusals(schemas["AegisAlert"], "spec", after, before) == []


def test_an_empty_field_and_an_absent_one_are_the_same(schemas: dict[str, Any]) -> None:
    assert refusals(schemas["AegisAlert"], "spec", {"type": "A", "startsAt": ""}, {"type": "A"}) == []


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "* * * * *",
        "0 3 * * 1-5",
        "*/5 0,12 1 JAN-MAR ?",
        "@hourly",
        "@every 1h30m",
        "CRON_TZ=Asia/Shanghai 0 3 * * *",
        "TZ=UTC @daily",
    ],
)
def test_a_schedule_as_cron_knows_it_is_taken(schemas: dict[str, Any], schedule: str) -> None:
    assert refusals(schemas["AegisClusterHealthCheck"], "spec.schedule", schedule) == []


@pytest.mark.parametrize(
    "schedule", ["every day", "* * * *", "* * * * * *", "@noon", "@every", "* * * * *\n", "TZ=UTC", "$(id) * * * *"]
)
def test_any_other_schedule_is_refused(schemas: dict[str, Any], schedule: str) -> None:
    (message,) = refusals(schemas["AegisClusterHealthCheck"], "spec.schedule", schedule)
    assert "five cron fields" in message


@pytest.mark.parametrize("timeout", ["", "90s", "5m", "1h30m", "1.5h", "250ms", "300"])
def test_a_timeout_is_a_duration_or_seconds(schemas: dict[str, Any], timeout: str) -> None:
    assert refusals(schemas["AegisDiagnosis"], "spec.timeout", timeout) == []


@pytest.mark.parametrize("timeout", ["soon", "5 m", "-5m", "1x5h", "m", "1.5", "5m;"])
def test_any_other_timeout_is_refused(schemas: dict[str, Any], timeout: str) -> None:
    (message,) = refusals(schemas["AegisDiagnosis"], "spec.timeout", timeout)
    assert "duration" in message
