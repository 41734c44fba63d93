"""The tick: what got stuck is set going again, what is overdue is written, and what is over is deleted.

One list of each kind a tick. The alerts, rules and templates are read before the workflows are: what they say of a
workflow that is not in the later list is then known to be of one that is gone. Two sweeps at once do no harm.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeVar

from aegis import broker, clock, stuck
from aegis.events import Event
from aegis.kube import PAGE_OF_LARGE
from aegis.lifecycle.work import moved
from aegis.models.alert import AegisAlert
from aegis.models.rawalert import AegisRawAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import ALERT_LABEL, ALERT_UID_ANNOTATION, Workflow
from aegis.names import Uid
from functions.status_tracker.counters import Counter, listed
from functions.status_tracker.expiry import AFTER_RECEIPT, expired, outlived
from functions.status_tracker.progress import is_held, is_over, read_progress
from functions.status_tracker.tracking import Tracker

_AT_ONCE = 16
_log = logging.getLogger(__name__)

T = TypeVar("T", AegisAlertOpsRule, AegisOpsTemplate)
Step = Callable[[], Awaitable[Event | None]]


class Snapshot(NamedTuple):
    """What there is."""

    alerts: Sequence[AegisAlert]
    rules: Sequence[AegisAlertOpsRule]
    templates: Sequence[AegisOpsTemplate]
    workflows: Sequence[Workflow]


def patience() -> timedelta:
    """How long what should not last may last; ``AEGIS_STUCK_SECONDS``, 30 by default."""
    return clock.duration("AEGIS_STUCK_SECONDS", default=stuck.DEFAULT_PATIENCE)


def raw_alerts_kept() -> timedelta:
    """How long a raw alert is kept; ``AEGIS_RAW_TTL_SECONDS``, a day by default."""
    return clock.duration("AEGIS_RAW_TTL_SECONDS", default=AFTER_RECEIPT)


class Sweeper:
    """Sweeps at each tick, unless the last one's sweep still goes on: a Broker that hangs must not pile them up."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._turn = asyncio.Lock()

    async def tick(self, *, now: datetime) -> None:
        """Sweep, or leave it to the sweep that goes on.

        Raises:
            Unavailable: when the API server is away.
        """
        if self._turn.locked():
            _log.warning("the last sweep still goes on")
            return
        async with self._turn:
            await sweep(self._tracker, now=now)


async def sweep(tracker: Tracker, *, now: datetime) -> None:
    """Do all of it once.

    Raises:
        Unavailable: when the API server is away.
    """
    snapshot = await _read(tracker)
    told = await _run([*_overdue(tracker, snapshot, now), *_lost(tracker, snapshot)])
    await _run(
        [*_delisted(tracker, snapshot), *_deletions(tracker, snapshot, now), partial(_delete_raw_alerts, tracker, now)]
    )
    hints = _hints(snapshot, now)
    for hint in hints:
        _log.info("sent again", extra={"type": hint.type, "subject": hint.subject})
    await broker.send([*told, *hints])


async def _read(tracker: Tracker) -> Snapshot:
    kube = tracker.kube
    alerts = await kube.list(AegisAlert)
    rules = await kube.list(AegisAlertOpsRule, page_size=PAGE_OF_LARGE, without="spec")
    templates = await kube.list(AegisOpsTemplate, page_size=PAGE_OF_LARGE, without="spec")
    workflows = await kube.list(Workflow, label_selector=ALERT_LABEL)
    return Snapshot(alerts=alerts.items, rules=rules.items, templates=templates.items, workflows=workflows.items)


async def _run(steps: Sequence[Step]) -> list[Event]:
    """Take the steps, several at a time; what one of them meets is logged and left to the next tick."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(step: Step) -> Event | None:
        async with turn:
            try:
                return await step()
            except Exception:  # noqa: BLE001  (one object must not keep the others from being swept)
                _log.exception("left to the next tick")
                return None

    return [event for event in await asyncio.gather(*(one(step) for step in steps)) if event is not None]


def _overdue(tracker: Tracker, snapshot: Snapshot, now: datetime) -> list[Step]:
    """Workflows whose state is not on their alert, or which are held though nothing is left to be written."""
    alerts = {alert.metadata.uid: alert for alert in snapshot.alerts}
    steps: list[Step] = []
    for workflow in snapshot.workflows:
        alert = alerts.get(Uid(workflow.metadata.annotations.get(ALERT_UID_ANNOTATION, "")))
        if _is_due(workflow, alert) and stuck.is_overdue(workflow, now=now, patience=patience()):
            steps.append(partial(tracker.track, workflow, known=alert))
    return steps


def _is_due(workflow: Workflow, alert: AegisAlert | None) -> bool:
    progress = read_progress(workflow)
    if progress is None:
        return False
    if is_held(workflow) and (progress.ops.ended or alert is None):
        return True
    return alert is not None and moved(alert, progress, now=clock.now()) is not None


def _lost(tracker: Tracker, snapshot: Snapshot) -> list[Step]:
    uids = {workflow.metadata.uid for workflow in snapshot.workflows}
    lost = ((alert, stuck.vanished(alert, workflows=uids)) for alert in snapshot.alerts)
    return [partial(tracker.miss, alert, phase) for alert, phase in lost if phase is not None]


def _hints(snapshot: Snapshot, now: datetime) -> list[Event]:
    workflows = {(workflow.metadata.namespace, workflow.metadata.name) for workflow in snapshot.workflows}
    remedy = partial(stuck.remedy, workflows=workflows, now=now, patience=patience())
    events = [
        *(remedy(stuck.RULES, rule) for rule in snapshot.rules),
        *(remedy(stuck.TEMPLATES, template) for template in snapshot.templates),
        *(remedy(stuck.ALERTS, alert) for alert in snapshot.alerts),
    ]
    return [event for event in events if event is not None]


def _delisted(tracker: Tracker, snapshot: Snapshot) -> list[Step]:
    """Counted workflows whose finalizer is gone need not be remembered any longer."""
    held = {workflow.metadata.uid for workflow in snapshot.workflows if is_held(workflow)}
    return [
        *_drops(tracker.ledger.templates, snapshot.templates, held),
        *_drops(tracker.ledger.rules, snapshot.rules, held),
    ]


def _drops(counter: Counter[T], items: Sequence[T], held: set[Uid]) -> list[Step]:
    released = ((item, listed(item) - held) for item in items)
    return [partial(counter.drop, item, uids) for item, uids in released if uids]


def _deletions(tracker: Tracker, snapshot: Snapshot, now: datetime) -> list[Step]:
    working = {
        workflow.metadata.annotations.get(ALERT_UID_ANNOTATION)
        for workflow in snapshot.workflows
        if not is_over(workflow)
    }
    over = expired(snapshot.alerts, now=now)
    return [partial(_delete, tracker, alert) for alert in over if alert.metadata.uid not in working]


async def _delete_raw_alerts(tracker: Tracker, now: datetime) -> None:
    """Delete what the intake kept for long enough; it keeps all in one namespace."""
    namespace = os.environ.get("AEGIS_NAMESPACE") or "monitoring"
    found = await tracker.kube.list(AegisRawAlert, namespace=namespace, metadata_only=True)
    await _run([partial(_delete, tracker, raw) for raw in outlived(found.items, after=raw_alerts_kept(), now=now)])


async def _delete(tracker: Tracker, item: AegisAlert | AegisRawAlert) -> None:
    if await tracker.kube.delete(item, if_unchanged=True):
        _log.info("expired", extra={"object": item.reference})
