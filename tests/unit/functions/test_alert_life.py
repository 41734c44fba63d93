"""One alert through all functions, whatever comes in whatever order, against a small model of what must hold.

Firings, resolves, repeats; people who ask for another attempt, and who edit the rule; events that are lost, doubled
and late; Argo that starts and ends workflows when it likes; functions that die after any write, and a creation that
takes its time. Whatever happens: never two workflows of the alert at once, and never an undo after the repair of a
newer episode. Once all has come to rest, what the alert says last is what was done last, and nobody who asked waits for
an answer.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aegis import broker, clock
from aegis.errors import ApiError, Unavailable
from aegis.events import (
    ALERT_FIRING,
    ALERT_REFIRED,
    ALERT_RESOLVED,
    RESOURCE_ADDED,
    RESOURCE_UPDATED,
    RULE_MATCHED,
    Event,
)
from aegis.models.alert import RETRY_ANNOTATION, AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import AlertStatus, Phase
from aegis.models.workflow import ALERT_LABEL, ATTEMPT_ANNOTATION, PHASE_LABEL, Workflow
from functions.alert_normalizer.custom import read_custom
from functions.alert_normalizer.incoming import Incoming
from functions.alert_normalizer.intake import Intake, Stored
from functions.alert_normalizer.refired import reopen
from functions.alert_normalizer.settings import Settings
from functions.rule_matcher.answering import answer_alert
from functions.rule_matcher.recording import record_rule
from functions.rule_matcher.rules import RuleCache
from functions.status_tracker.sweep import sweep
from functions.status_tracker.tracking import Tracker
from functions.workflow_renderer import bounded
from functions.workflow_renderer.triggering import trigger
from sandbox.api.http import HttpApi
from tests.unit.functions.rule_matcher.objects import rule_manifest
from tests.unit.functions.status_tracker.cluster import Cluster
from tests.unit.functions.status_tracker.objects import argo_status
from tests.unit.transports import kube_over

TYPE = "NodeDown"
TICK = timedelta(minutes=1)
ENDED = ("Succeeded", "Failed")
AT_REST = 16
"""Ticks after which nothing moves any more: three turns at most wait for each other, and the grace is two ticks."""


@dataclass(frozen=True)
class Post:
    """The alert is sent; a firing begins anew, or says the beginning that is known."""

    status: str
    anew: bool = False


@dataclass(frozen=True)
class Deliver:
    """One of the events under way arrives: once, twice, or never; its function dies after some writes.

    The first workflow that it would create may be created later: the next tick finds it made.
    """

    which: int
    times: int
    cut: int | None
    slow: bool = False


@dataclass(frozen=True)
class Argo:
    """Argo moves the workflow that has not ended on."""

    phase: str


@dataclass(frozen=True)
class Edit:
    """Somebody has the rule answer alerts of another type."""

    alert_type: str


steps = st.lists(
    st.builds(Post, st.just("Firing"), anew=st.booleans())
    | st.builds(Post, st.just("Resolved"))
    | st.builds(
        Deliver, st.integers(0, 5), st.sampled_from([1, 1, 1, 2, 0]), st.none() | st.integers(0, 3), slow=st.booleans()
    )
    | st.builds(Argo, st.sampled_from(["Running", *ENDED]))
    | st.builds(Edit, st.sampled_from([TYPE, "SomethingElse"]))
    | st.sampled_from(["tick", "retry", "created"]),
    max_size=40,
)


Step = Post | Deliver | Argo | Edit | str


class Cut(httpx.AsyncBaseTransport):
    """The way to the API server, which breaks after ``left`` writes; of its watches none ever tells anything.

    A workflow that is to be created ``slowly`` stays on the way until ``arrived``.
    """

    def __init__(self, app: HttpApi) -> None:
        self._transport = httpx.ASGITransport(app)
        self.left: int | None = None
        self.slowly = False
        self.on_its_way, self.arrived = asyncio.Event(), asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "watch" in request.url.params:
            await asyncio.get_running_loop().create_future()
        if self.left == 0:
            raise httpx.ConnectError("cut off")
        if self.left and request.method != "GET":
            self.left -= 1
        if self.slowly and request.method == "POST" and request.url.path.endswith("/workflows"):
            self.slowly = False
            self.on_its_way.set()
            await self.arrived.wait()
        return await self._transport.handle_async_request(request)


class World:
    """One alert, and all that happens to it."""

    def __init__(self, cluster: Cluster, sent: list[Event]) -> None:
        self.cluster = cluster
        self.way = Cut(HttpApi(cluster.api))
        self.kube = kube_over(self.way)
        self.intake = Intake(self.kube, Settings(), now=lambda: cluster.clock)
        self.rules, self.tracker = RuleCache(self.kube), Tracker(self.kube)
        self.pending = sent
        self.began = clock.exact(cluster.clock)
        self.made: list[tuple[int, str, str]] = []
        self.asked = 0
        self.creating: asyncio.Task[None] | None = None

    async def take(self, step: Step) -> None:
        """Have it happen."""
        match step:
            case Post(status=status, anew=anew):
                self.cluster.clock += timedelta(seconds=1)
                self.began = clock.exact(self.cluster.clock) if anew else self.began
                await self._post(status)
            case Deliver(which=which, times=times, cut=cut, slow=slow) if self.pending:
                event = self.pending.pop(which % len(self.pending))
                for number in range(times):
                    await (self._deliver_slowly(event) if slow and number == 0 else self._deliver(event, cut))
            case Argo(phase=phase):
                await self._move_on(phase)
            case Edit(alert_type=alert_type):
                await self._edit(alert_type)
            case "retry":
                await self._ask()
            case "created":
                await self._created()
            case "tick":
                await self._created()
                self.cluster.clock += TICK
                await sweep(self.tracker, now=self.cluster.clock)
        await self._watch()

    async def rest(self) -> None:
        """Nothing more comes: all events arrive, Argo ends what it runs, the rule is mended, and the tick goes on."""
        await self.take(Edit(TYPE))
        for _ in range(AT_REST):
            while self.pending:
                await self.take(Deliver(0, 1, None))
                await self.take(Argo("Succeeded"))
            await self.take(Argo("Succeeded"))
            await self.take("tick")

    async def alerts(self) -> list[AegisAlert]:
        """The episodes, oldest first."""
        found = [await self.cluster.get(AegisAlert, name) for name in await self.cluster.names(AegisAlert)]
        return sorted(found, key=lambda alert: alert.spec.episode)

    async def _post(self, status: str) -> None:
        times = {"startsAt": self.began} | ({"endsAt": clock.exact(self.cluster.clock)} if status == "Resolved" else {})
        (alert,) = read_custom({"type": TYPE, "status": status, "fingerprint": "f", **times}).entries
        assert isinstance(alert, Incoming)
        answer = await self.intake.submit(alert)
        assert isinstance(answer, Stored), answer
        self.pending += [answer.event] if answer.event else []

    async def _deliver(self, event: Event, cut: int | None) -> None:
        self.way.left = cut
        try:
            reply = await self._handle(event)
        except (Unavailable, ApiError):
            self.tracker = Tracker(self.kube)  # a new process
            reply = None
        finally:
            self.way.left = None
        self.pending += [reply] if reply else []

    async def _deliver_slowly(self, event: Event) -> None:
        """Go on without it where it creates a workflow; one at a time is being created."""
        await self._created()
        self.way.slowly = True
        self.way.on_its_way.clear()
        self.way.arrived.clear()
        self.creating, on_its_way = (
            asyncio.create_task(self._deliver(event, None)),
            asyncio.create_task(self.way.on_its_way.wait()),
        )
        await asyncio.wait([self.creating, on_its_way], return_when=asyncio.FIRST_COMPLETED)
        on_its_way.cancel()
        self.way.slowly = False

    async def _created(self) -> None:
        """The workflow that was on its way is made."""
        if self.creating is not None:
            self.way.arrived.set()
            await self.creating
            self.creating = None

    async def _handle(self, event: Event) -> Event | None:
        if event.type in (ALERT_FIRING, ALERT_RESOLVED):
            return await answer_alert(self.kube, self.rules, event)
        if event.type == RULE_MATCHED:
            return await trigger(self.kube, event)
        if event.type == ALERT_REFIRED:
            return await reopen(self.kube, self.intake, event)
        if event.type == RESOURCE_UPDATED:
            await record_rule(self.kube, self.rules, event)
            return None
        if event.type == RESOURCE_ADDED:
            return await self.tracker.follow(Workflow.read(event.data), deleted=False)
        return None

    async def _move_on(self, phase: str) -> None:
        for workflow in await self._unended():
            patch = {"metadata": {"labels": {"workflows.argoproj.io/phase": phase}}, "status": argo_status(phase)}
            with suppress(LookupError):
                await self.cluster.write(Workflow, workflow.metadata.name, patch)
                now = await self.cluster.get(Workflow, workflow.metadata.name)
                self.pending.append(Event(type=RESOURCE_ADDED, source="/argo", id="1", data=now.manifest()))

    async def _edit(self, alert_type: str) -> None:
        conditions = [{"type": alert_type, "status": "Firing"}]
        await self.cluster.write(AegisAlertOpsRule, "repair", {"spec": {"alertConditions": conditions}})
        rule = await self.cluster.get(AegisAlertOpsRule, "repair")
        self.pending.append(Event(type=RESOURCE_UPDATED, source="/apiserver", id="1", data=rule.manifest()))

    async def _ask(self) -> None:
        """Somebody asks for another attempt of the newest episode; the tick will see it."""
        self.asked += 1
        for alert in (await self.alerts())[-1:]:
            annotations = {RETRY_ANNOTATION: f"alice {self.asked}"}
            await self.cluster.write(AegisAlert, alert.metadata.name, {"metadata": {"annotations": annotations}})

    async def _unended(self) -> list[Workflow]:
        return [workflow for workflow in await self._workflows() if workflow.status.phase not in ENDED]

    async def _workflows(self) -> list[Workflow]:
        return [await self.cluster.get(Workflow, name) for name in await self.cluster.names(Workflow)]

    async def _watch(self) -> None:
        """What must always hold."""
        assert len(await self._unended()) <= 1, "two workflows of one alert at once"
        episodes = {alert.metadata.name: alert.spec.episode for alert in await self.alerts()}
        for workflow in await self._workflows():
            labels = workflow.metadata.labels
            attempt = workflow.metadata.annotations[ATTEMPT_ANNOTATION]
            one = (episodes[labels[ALERT_LABEL]], labels[PHASE_LABEL], attempt)
            if one not in self.made:
                newer = [episode for episode, phase, _ in self.made if phase == "firing" and episode > one[0]]
                assert one[1] == "firing" or not newer, f"the undo of {one[0]} after the repair of {newer}"
                self.made.append(one)


async def render(manifest: str, alert: AegisAlert) -> Mapping[str, Any]:
    """What the template says is not what this is about, and another process renders it."""
    return {"spec": {"entrypoint": manifest, "arguments": {"parameters": [{"name": alert.metadata.name}]}}}


@contextmanager
def world_of(cluster: Cluster) -> Iterator[World]:
    """A world whose functions tell its Broker, have its time, and render nothing."""
    events: list[Event] = []

    async def send(told: list[Event]) -> None:
        events.extend(told)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(broker, "send", send)
        patched.setattr(bounded, "render", render)
        patched.setattr(clock, "now", lambda: clock.rfc3339(cluster.clock))
        yield World(cluster, events)


NEXT = Deliver(0, 1, None)
SLOWLY = Deliver(0, 1, None, slow=True)
TWICE = Deliver(0, 2, None)
MATCHED = [Post("Firing"), NEXT]
REPAIRED = [*MATCHED, NEXT, Argo("Failed"), NEXT, NEXT, NEXT, NEXT]
RESOLVED_BEFORE_IT_IS_CREATED = [SLOWLY, Post("Resolved"), TWICE, NEXT, "created"]


@example([*REPAIRED, "retry", "tick", NEXT, *RESOLVED_BEFORE_IT_IS_CREATED])
@example([*REPAIRED, Post("Resolved"), Post("Firing", anew=True), NEXT, NEXT, *RESOLVED_BEFORE_IT_IS_CREATED])
@example([*MATCHED, SLOWLY, Post("Resolved"), NEXT, Post("Firing", anew=True), NEXT, NEXT, "created"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=steps)
async def test_of_one_alert_one_workflow_runs_at_a_time_and_the_last_word_counts(script: list[Step]) -> None:
    cluster = await Cluster().start()
    for name, status in (("repair", "Firing"), ("undo", "Resolved")):
        manifest = rule_manifest(name, status=status, template="cordon")
        del manifest["metadata"]["uid"], manifest["metadata"]["generation"]
        await cluster.create(AegisAlertOpsRule, manifest, {"observedGeneration": 1})
    with world_of(cluster) as world:
        for step in script:
            await world.take(step)
        await world.rest()
    alerts = await world.alerts()
    if not alerts:
        return
    newest = alerts[-1]
    assert not any(alert.retry for alert in alerts)
    came_resolved = newest.spec.status is AlertStatus.RESOLVED
    assert came_resolved or newest.status.firing.trigger_status or newest.status.resolved.trigger_status
    if newest.phase is Phase.FIRING:
        assert world.made[-1][:2] == (newest.spec.episode, "firing")
    elif world.made:
        assert world.made[-1][1] == "resolved", "what was repaired is not undone"
