"""Whatever the order of events, however often they come and wherever processes die: one outcome, counted once.

A workflow goes from state to state while events about states that it was in are delivered, several at once and to
several processes, each of which may break off after any write. In the end the last state's event is delivered once
more, as the Broker's retry or the sweep would. Not varied here: the alert's and the rule's own changes, which
test_tracking covers one by one.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aegis.errors import ApiError, Unavailable
from aegis.models.alert import AegisAlert
from aegis.models.states import Phase
from aegis.models.workflow import OUTCOME_FINALIZER, Workflow
from functions.status_tracker.sweep import sweep
from functions.status_tracker.tracking import Tracker
from tests.unit.functions.status_tracker.cluster import Cluster, Link
from tests.unit.functions.status_tracker.objects import LATER, NAMESPACE

DELETED = "deleted"
LIVES = [
    ("Pending", "Running", "Succeeded"),
    ("Running", "Failed"),
    ("Pending", "Running", "Error"),
    ("Pending", DELETED),
    ("Running", DELETED),
    ("Running", "Succeeded", DELETED),
]


@dataclass(frozen=True)
class Delivery:
    """What one process hears and where it breaks off: an event about one of the states so far, or the tick."""

    state: int | None
    process: int
    deleted: bool
    cut: int | None
    loses_answer: bool


deliveries = st.builds(
    Delivery,
    state=st.none() | st.integers(0, 3),
    process=st.integers(0, 1),
    deleted=st.booleans(),
    cut=st.none() | st.integers(0, 6),
    loses_answer=st.booleans(),
)
steps = st.lists(st.just("move on") | st.lists(deliveries, min_size=1, max_size=4), max_size=6)
pauses = st.lists(st.integers(0, 3), min_size=1, max_size=8)


class World:
    """The alert's workflow, the states it was in, and two processes that hear of them."""

    def __init__(self, cluster: Cluster, workflow: Workflow, times: Sequence[int]) -> None:
        self.cluster, self.times = cluster, times
        self.states = [workflow]
        self._processes = [self._process(), self._process()]

    def _process(self) -> tuple[Tracker, Link]:
        kube, link = self.cluster.connect()
        link.pauses = cycle(self.times)
        return Tracker(kube), link

    async def move_on(self, to: str) -> None:
        """The next state; a workflow that is deleted while nothing holds it is gone, and stays in its last."""
        name = self.states[0].metadata.name
        with suppress(LookupError):
            if to == DELETED:
                await self.cluster.delete(Workflow, name)
                if name not in await self.cluster.names(Workflow):
                    return
                self.states.append(await self.cluster.get(Workflow, name))
            else:
                self.states.append(await self.cluster.argo(self.states[-1], to))

    async def deliver(self, delivery: Delivery) -> None:
        """One event; where it fails, its process is replaced by one that knows nothing."""
        tracker, link = self._processes[delivery.process]
        link.left, link.loses_answer = delivery.cut, delivery.loses_answer
        try:
            if delivery.state is None:
                await sweep(tracker, now=LATER)
            else:
                state = self.states[min(delivery.state, len(self.states) - 1)]
                leaves = delivery.deleted and state.metadata.deletion_timestamp is None
                await tracker.follow(state, deleted=leaves)
        except (Unavailable, ApiError):
            self._processes[delivery.process] = self._process()

    async def finish(self) -> None:
        """The last state's event, delivered until it is taken."""
        await Tracker(self.cluster.connect()[0]).follow(self.states[-1], deleted=False)


def expected(argo: str, *, deleted: bool, phase: Phase) -> dict[str, Any]:
    good = argo == "Succeeded"
    return {
        "alertOpsStatus": "Succeeded" if good else "Failed",
        "triggerStatus": "Triggered",
        "active": 0,
        "succeeded": int(good),
        "failed": int(not good),
        "total": 1,
        "phase": phase,
        "reason": argo.replace("Error", "Failed")
        if not deleted or argo in ("Succeeded", "Failed")
        else "WorkflowDeleted",
    }


def shown(alert: AegisAlert, phase: Phase) -> dict[str, Any]:
    ops = alert.status.ops_status.model_dump(by_alias=True, mode="json", exclude={"start_time", "completion_time"})
    completed = next(condition for condition in alert.status.conditions if condition.type == "Completed")
    assert alert.status.record(phase).outcome == ops["alertOpsStatus"]
    return {**ops, "phase": phase, "reason": completed.reason}


@settings(max_examples=60, deadline=None)
@given(
    life=st.sampled_from(LIVES),
    phase=st.sampled_from(list(Phase)),
    script=steps,
    times=pauses,
)
async def test_any_order_and_repetition_ends_in_the_same(
    life: tuple[str, ...], phase: Phase, script: list[Any], times: list[int]
) -> None:
    cluster = await Cluster().start()
    alert = await cluster.alert(None if phase is Phase.FIRING else {})
    if phase is Phase.RESOLVED:
        await cluster.resolve(matched=True)
    world = World(cluster, await cluster.workflow(alert, phase=phase), times)
    ahead = list(life)
    for step in script:
        if step != "move on":
            await asyncio.gather(*(world.deliver(delivery) for delivery in step))
        elif ahead:
            await world.move_on(ahead.pop(0))
    for state in ahead:
        await world.move_on(state)
    await world.finish()

    argo = [state for state in life if state != DELETED][-1]
    assert shown(await cluster.get(AegisAlert, "alert"), phase) == expected(argo, deleted=DELETED in life, phase=phase)
    good = int(argo == "Succeeded")
    assert await cluster.counts() == (good, 1 - good, good, 1 - good)
    left = await cluster.api.list(cluster.api.resource("workflows", "argoproj.io"), NAMESPACE)
    assert all(OUTCOME_FINALIZER not in (item["metadata"].get("finalizers") or []) for item in left)
