"""From a workflow's state to its alert, the counts and the workflow's release.

An event only says which workflow to look at: anyone who reaches the Broker can send one. What it says of itself can
make the tracker do less, never more.

The order is alert, template, rule, finalizer. Whatever is cut off in between leaves the finalizer in place, and then
running all of it again, on the next event or by the sweep, ends in the same.
"""

import logging
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Literal

from aegis import broker, clock, hints
from aegis.errors import Conflict, NotFound
from aegis.events import ALERT_COMPLETED, Event, derived_id
from aegis.kube import Kube
from aegis.lifecycle.work import Progress, is_recorded, moved, outcome_on_record, running_patch, vanished
from aegis.models.alert import AegisAlert
from aegis.models.base import ObjectMeta
from aegis.models.states import OpsPhase, Phase
from aegis.models.workflow import Workflow
from aegis.names import Uid
from aegis.payloads import Completed, Identity, Reference
from aegis.recorder import record
from aegis.series import is_episode, name_of
from aegis.transition import Outcome, transition
from functions.status_tracker import finalizer
from functions.status_tracker.lastwords import with_last_words
from functions.status_tracker.memory import Recent, Turns
from functions.status_tracker.origin import Ended, Origin
from functions.status_tracker.progress import (
    alert_of,
    as_recorded,
    is_held,
    is_over,
    only_left_selection,
    read_progress,
)

if TYPE_CHECKING:
    from functions.status_tracker.ledger import Ledger

SOURCE = "/aegis/status-tracker"
_ALERTS = 1024
_NEVER = 0.0
_log = logging.getLogger(__name__)


class Tracker:
    """Follows workflows for one process, and remembers what it wrote last."""

    def __init__(self, kube: Kube) -> None:
        self.kube = kube
        self._alerts = Recent[Uid, AegisAlert](_ALERTS)
        self._turns = Turns[Uid]()

    @cached_property
    def ledger(self) -> "Ledger":
        """The counts, of which nothing is needed until a workflow ended."""
        from functions.status_tracker.ledger import Ledger  # noqa: PLC0415  (a cold start need not wait for it)

        return Ledger(self.kube)

    async def follow(self, hint: Workflow, *, deleted: bool) -> Event | None:
        """Look at the workflow that an event is about; the reply tells of an outcome that was not known before."""
        if deleted and only_left_selection(hint):
            return None
        if is_over(hint) and not is_held(hint):
            return None  # released, so all is done
        workflow = await finalizer.read(self.kube, hint.metadata)
        return await (self._miss_hinted(hint) if workflow is None else self.track(workflow))

    async def track(self, workflow: Workflow, *, known: AegisAlert | None = None) -> Event | None:
        """Record, count and release, as far as there is something to; ``known`` is the alert if it was just read."""
        progress = read_progress(workflow)
        if progress is None:
            return None
        held = workflow if is_held(workflow) else None
        async with self._turns.of(progress.uid):
            if held is not None:  # else it is recorded
                progress = await with_last_words(self.kube, held, progress)
            outcome = await self._take(progress, Origin.of_workflow(workflow), held=held, known=known)
            if held is not None and (outcome is None or progress.ops.ended):
                await finalizer.release(self.kube, held)
                self.ledger.released(Origin.of_workflow(workflow), progress.uid)
        return await self._tell(outcome, progress)

    async def _miss_hinted(self, hint: Workflow) -> Event | None:
        """Look for the alert that has a workflow on record which is not there; without one nothing was lost."""
        about = alert_of(hint)
        if about is None:
            return None
        alert = await self.kube.find(AegisAlert, namespace=about.namespace, name=about.name)
        if alert is None:
            return None
        meta = hint.metadata
        for phase in Phase:
            record_ = alert.status.record(phase)
            if (record_.workflow, record_.workflow_uid) == (meta.name, meta.uid) and not record_.outcome.ended:
                return await self._lose(alert, phase)
        return None

    async def miss(self, alert: AegisAlert, phase: Phase) -> Event | None:
        """Look for a workflow that is on record and was not listed.

        It vanished, unless somebody took off the label by which it is listed: then it is tracked.
        """
        record_ = alert.status.record(phase)
        recorded = ObjectMeta(namespace=alert.metadata.namespace, name=record_.workflow, uid=record_.workflow_uid)
        found = await finalizer.read(self.kube, recorded)
        if found is None:
            return await self._lose(alert, phase)
        return await self.track(as_recorded(found, alert, phase), known=alert)

    async def _lose(self, alert: AegisAlert, phase: Phase) -> Event | None:
        """Record that the alert's workflow vanished without an outcome, and with it what held it."""
        progress = vanished(alert, phase)
        origin = Origin.of_record(alert.status.record(phase))
        async with self._turns.of(progress.uid):
            outcome = await self._take(progress, origin, held=None, known=alert)
        return await self._tell(outcome, progress)

    async def _take(
        self, progress: Progress, origin: Origin, *, held: Workflow | None, known: AegisAlert | None
    ) -> Outcome[AegisAlert] | None:
        """Record the progress and count an outcome; nothing where the alert is gone."""
        if progress.ops.ended:
            await self.ledger.learn(origin)
        before = monotonic()
        outcome = await self._record(progress, known)
        if outcome is None or not progress.ops.ended:
            return outcome
        on_record = outcome_on_record(outcome.item, progress)
        if on_record.ended and (outcome.changed or held):

            async def prove() -> bool:
                """Whether nobody has counted it yet.

                A workflow has our finalizer until it is counted; of one that has none only we recorded the outcome.
                """
                found = await finalizer.read(self.kube, held.metadata) if held else None
                return held is None or (found is not None and is_held(found))

            ended = Ended(
                uid=progress.uid,
                outcome=on_record,
                uncounted_at=before if outcome.changed else _NEVER,
                prove=prove,
            )
            await self.ledger.count(origin, ended)
        return outcome

    async def _record(self, progress: Progress, known: AegisAlert | None) -> Outcome[AegisAlert] | None:
        """Bring the alert's status up to date, with as few requests as what is remembered allows."""
        uid = progress.alert.uid
        known = known or self._alerts.get(uid)
        if known is not None and progress.ops is OpsPhase.RUNNING and is_recorded(known, progress):
            return Outcome(known, changed=False)
        try:
            outcome = None if known else await self._patch(progress)
            outcome = outcome or await transition(
                self.kube,
                known or AegisAlert(metadata=progress.alert),
                lambda alert: moved(alert, progress, now=clock.now()),
                fresh=known is None,
            )
        except NotFound:
            outcome = None
        if outcome is None or outcome.item.metadata.uid != uid:
            _log.info("a workflow without its alert", extra={"workflow": progress.name, "alert": progress.alert.name})
            return None
        if progress.ops.ended:
            self._alerts.forget(uid)
        else:
            self._alerts.put(uid, outcome.item)
        if outcome.changed:
            extra = {"object": outcome.item.reference, "workflow": progress.name, "phase": progress.phase}
            _log.info("workflow %s", progress.reason, extra=extra)
        return outcome

    async def _patch(self, progress: Progress) -> Outcome[AegisAlert] | None:
        """The one write of the usual case; nothing where the alert is not as usual."""
        patch, meta = running_patch(progress, now=clock.now()), progress.alert
        if patch is None:
            return None
        try:
            item = await self.kube.json_patch(
                AegisAlert, patch, namespace=meta.namespace, name=meta.name, subresource="status"
            )
        except Conflict:
            return None
        return Outcome(item, changed=True)

    async def _newest(self, alert: AegisAlert) -> AegisAlert | None:
        """The newest episode, if it is another and nothing is decided about it: it may wait for this one."""
        if not is_episode(alert) or alert.spec.episode == alert.status.latest_episode == 0:
            return None
        try:
            first = alert if alert.spec.episode == 0 else await self._episode(alert, 0)
            latest = first.status.latest_episode
            newest = alert if latest == alert.spec.episode else await self._episode(alert, latest)
        except NotFound:
            return None
        return newest if newest is not alert and _is_undecided(newest) else None

    async def _episode(self, alert: AegisAlert, number: int) -> AegisAlert:
        return await self.kube.get(AegisAlert, namespace=alert.metadata.namespace, name=name_of(alert, number))

    async def _tell(self, outcome: Outcome[AegisAlert] | None, progress: Progress) -> Event | None:
        """Say of an outcome that was not known before that it is; what waited for it is sent again."""
        if outcome is None or not outcome.changed or not progress.ops.ended:
            return None
        alert, meta = outcome.item, outcome.item.metadata
        kind: Literal["Normal", "Warning"] = "Normal" if progress.ops is OpsPhase.SUCCEEDED else "Warning"
        await record(self.kube, alert, reason="Completed", message=progress.message, kind=kind)
        waiting = [alert] if progress.phase is Phase.FIRING and _waits_for_resolve(alert) else []
        if newest := await self._newest(alert):
            waiting.append(newest)
        if waiting:
            await broker.send([hints.look_at(item, source=SOURCE) for item in waiting])
        return Event(
            type=ALERT_COMPLETED,
            source=SOURCE,
            id=derived_id(meta.uid, progress.uid),
            subject=f"{meta.namespace}/{meta.name}",
            data=Completed(
                phase=progress.phase,
                outcome=progress.ops,
                alert=Reference.of(alert),
                workflow=Reference(metadata=Identity(namespace=meta.namespace, name=progress.name, uid=progress.uid)),
            ).wire(),
        )


def _waits_for_resolve(alert: AegisAlert) -> bool:
    return alert.phase is Phase.RESOLVED and _is_undecided(alert)


def _is_undecided(alert: AegisAlert) -> bool:
    return alert.status.record(alert.phase).is_undecided
