"""No alert and no workflow is poison: whatever they are like, what is written is taken, and a sweep gets past them."""

import asyncio
from typing import Any
from unittest import TestCase

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aegis.events import Event
from aegis.models.alert import AegisAlert
from aegis.models.states import OpsPhase
from aegis.models.workflow import Workflow
from functions.status_tracker.sweep import sweep
from functions.status_tracker.tracking import Tracker
from sandbox.api import ApiError
from tests.unit.functions.status_tracker.cluster import Cluster
from tests.unit.functions.status_tracker.objects import LATER, PENDING
from tests.unit.limits import TIMES, schema, specs

NO_TIMES = (
    "",
    "yesterday",
    "2026-01-01",
    "20260101T115000Z",
    "2026-01-01T11:50:00",
    "12026-01-01T00:00:00Z",
    "x" * 40_000,
)
ARGOS = st.fixed_dictionaries(
    {"phase": st.sampled_from(["", "Pending", "Running", "Succeeded", "Failed", "Error", "x" * 40_000])},
    optional={
        "message": st.sampled_from(["", "m", "m" * 40_000, "\U0001f4a5" * 10_000, "\x00\ud7ff"]),
        "startedAt": st.sampled_from([*TIMES, *NO_TIMES]),
        "finishedAt": st.sampled_from([*TIMES, *NO_TIMES]),
    },
)


@pytest.mark.parametrize("moment", [*TIMES, *NO_TIMES])
async def test_whatever_time_a_workflow_has_its_outcome_is_recorded(cluster: Cluster, moment: str) -> None:
    workflow = await cluster.workflow(await cluster.alert(PENDING))
    status = {"phase": "Succeeded", "startedAt": moment, "finishedAt": moment}
    await cluster.write(Workflow, workflow.metadata.name, {"status": status})
    tracker = Tracker(cluster.kube)
    await tracker.follow(await cluster.get(Workflow, workflow.metadata.name), deleted=False)
    assert (await cluster.get(AegisAlert, "alert")).status.firing.outcome is OpsPhase.SUCCEEDED
    with TestCase().assertNoLogs("functions", "ERROR"):
        await sweep(tracker, now=LATER)


async def followed(spec: dict[str, Any], status: dict[str, Any], argo: dict[str, Any]) -> None:
    cluster = await Cluster().start()
    try:
        await cluster.create(AegisAlert, {"metadata": {"name": "alert"}, "spec": spec}, status)
        workflow = await cluster.workflow(await cluster.get(AegisAlert, "alert"))
        await cluster.write(Workflow, workflow.metadata.name, {"status": argo})
    except ApiError:  # a rule in CEL does not hold, or it is larger than what is stored: no valid object
        return
    workflow = await cluster.get(Workflow, workflow.metadata.name)
    tracker = Tracker(cluster.kube)
    for deleted in (False, True):  # a sweep may have deleted it for its time to live
        await tracker.follow(workflow, deleted=deleted)
        with TestCase().assertNoLogs("functions", "ERROR"):
            await sweep(tracker, now=LATER)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    spec=specs(schema(AegisAlert)),
    status=specs(schema(AegisAlert, "status")).map(lambda status: {**PENDING, **status}),
    argo=ARGOS,
)
def test_whatever_the_crds_let_through_is_followed_and_swept(
    sent: list[Event], spec: dict[str, Any], status: dict[str, Any], argo: dict[str, Any]
) -> None:
    sent.clear()
    asyncio.run(followed(spec, status, argo))
