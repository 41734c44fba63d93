"""One write for many workflows, and who is remembered how long."""

from typing import Any

import pytest

from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import OpsPhase
from aegis.models.template import AegisOpsTemplate
from aegis.names import NamespacedName, Uid
from functions.status_tracker.counters import Counter, count_patch
from functions.status_tracker.memory import Recent
from functions.status_tracker.origin import Ended
from tests.unit.functions.status_tracker.cluster import Cluster


async def _nobody_asks() -> bool:
    raise AssertionError


def ended(uid: str, outcome: OpsPhase = OpsPhase.SUCCEEDED) -> Ended:
    return Ended(uid=Uid(uid), outcome=outcome, uncounted_at=float("inf"), prove=_nobody_asks)


@pytest.mark.parametrize(
    ("model", "field"), [(AegisOpsTemplate, "executeStatus"), (AegisAlertOpsRule, "triggerStatus")]
)
def test_counts_and_list_change_together(model: Any, field: str) -> None:
    status = {field: {"succeeded": 3, "failed": 1}, "counted": [{"uid": "old"}, {"uid": "released"}]}
    patch = count_patch(
        model.read({"status": status}),
        [ended("a"), ended("b", OpsPhase.FAILED), ended("a")],
        released=[Uid("released")],
    )
    assert patch.changes() == {
        field: {"succeeded": 4, "failed": 2},
        "counted": [{"uid": "old"}, {"uid": "a"}, {"uid": "b"}],
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("monitoring/cordon", NamespacedName("monitoring", "cordon")),
        ("cordon", None),
        ("/cordon", None),
        ("monitoring/", None),
        ("", None),
    ],
)
def test_a_reference_is_a_namespace_and_a_name(text: str, expected: NamespacedName | None) -> None:
    assert NamespacedName.read(text) == expected


async def test_an_object_that_was_made_anew_counts_from_zero(cluster: Cluster) -> None:
    counter = Counter(cluster.kube, AegisOpsTemplate)
    where = NamespacedName("monitoring", "cordon")
    await counter.count(where, ended("a"))
    await cluster.delete(AegisOpsTemplate, "cordon")
    await cluster.create(AegisOpsTemplate, {"metadata": {"name": "cordon"}, "spec": {}}, {})
    await counter.count(where, ended("b"))
    assert (await cluster.counts())[:2] == (1, 0)


async def test_the_templates_own_writer_is_not_overwritten(cluster: Cluster) -> None:
    counter = Counter(cluster.kube, AegisOpsTemplate)
    where = NamespacedName("monitoring", "cordon")
    await counter.count(where, ended("a"))
    await cluster.write(AegisOpsTemplate, "cordon", {"status": {"status": "Invalid", "observedGeneration": 7}})
    await counter.count(where, ended("b"))
    state = (await cluster.get(AegisOpsTemplate, "cordon")).status
    assert (state.status, state.observed_generation, state.execute_status.succeeded) == ("Invalid", 7, 2)


def test_the_values_used_last_are_remembered() -> None:
    recent = Recent[str, int](2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    recent.forget("c")
    assert [recent.get(key) for key in "abc"] == [1, None, None]
