"""The counts on templates and rules: each workflow exactly once, and many that end together in one write.

A count and the workflow's uid (``status.counted``) are written at once, and the uid stays listed until the workflow's
finalizer is gone. So a workflow is uncounted as of a version of the object exactly if its uid is not listed there and
the workflow is known to be held, or its outcome to be unrecorded, at some later moment. Compare-and-swap on that
version does the rest. Versions known here are therefore kept with the moment they were read at.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

from aegis.errors import Conflict, NotFound
from aegis.kube import Kube
from aegis.models.checked import CheckedState, Counted
from aegis.models.rule import AegisAlertOpsRule, RuleState, TriggerCounts
from aegis.models.states import OpsPhase
from aegis.models.template import AegisOpsTemplate, ExecuteCounts, TemplateState
from aegis.names import NamespacedName, Uid
from aegis.transition import swapped
from functions.status_tracker.memory import Recent
from functions.status_tracker.origin import Ended

_OBJECTS = 256
_DROPPED = 2000

T = TypeVar("T", AegisAlertOpsRule, AegisOpsTemplate)


@dataclass(slots=True)
class _Known(Generic[T]):
    """An object as last seen; since that moment every change was this process's own."""

    item: T
    since: float
    dropped: set[Uid] = field(default_factory=set)


class _Waiting(NamedTuple):
    ended: Ended
    done: asyncio.Future[None]


def counts_of(item: AegisAlertOpsRule | AegisOpsTemplate) -> tuple[int, int]:
    """How many of the object's workflows succeeded, and how many failed."""
    counts = item.status.execute_status if isinstance(item, AegisOpsTemplate) else item.status.trigger_status
    return counts.succeeded, counts.failed


def count_patch(
    item: AegisAlertOpsRule | AegisOpsTemplate, ended: Iterable[Ended], *, released: Iterable[Uid]
) -> RuleState | TemplateState:
    """The status with these workflows counted and listed, and those delisted whose finalizer is gone."""
    outcomes = {one.uid: one.outcome for one in ended}
    gone = set(released)
    kept = [Counted(uid=uid) for uid in dict.fromkeys([*(c.uid for c in item.status.counted), *outcomes])]
    succeeded, failed = counts_of(item)
    good = sum(outcome is OpsPhase.SUCCEEDED for outcome in outcomes.values())
    succeeded, failed = succeeded + good, failed + len(outcomes) - good
    counted = [one for one in kept if one.uid not in gone]
    if isinstance(item, AegisOpsTemplate):
        return TemplateState(execute_status=ExecuteCounts(succeeded=succeeded, failed=failed), counted=counted)
    return RuleState(trigger_status=TriggerCounts(succeeded=succeeded, failed=failed), counted=counted)


def listed(item: AegisAlertOpsRule | AegisOpsTemplate) -> set[Uid]:
    """The workflows that the object lists as counted."""
    return {Uid(counted.uid) for counted in item.status.counted}


class Counter(Generic[T]):
    """Counts the workflows of one kind's objects."""

    def __init__(self, kube: Kube, model: type[T]) -> None:
        self._kube = kube
        self._model: type[T] = model
        self._known: Recent[NamespacedName, _Known[T]] = Recent(_OBJECTS)
        self._released: dict[NamespacedName, set[Uid]] = {}
        self._waiting: dict[NamespacedName, list[_Waiting]] = {}
        self._writers: dict[NamespacedName, asyncio.Task[None]] = {}

    async def learn(self, reference: NamespacedName) -> None:
        """Know the object from before a workflow's outcome is recorded: then nobody can have counted it yet."""
        if self._known.get(reference) is None:
            await self._read(reference)

    async def count(self, reference: NamespacedName, ended: Ended) -> None:
        """Count a workflow, unless it is counted; of an object that is gone, nothing.

        Raises:
            Unavailable: when it could not be written; nothing was counted then.
        """
        waiting = _Waiting(ended, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(reference, []).append(waiting)
        if reference not in self._writers:
            self._writers[reference] = asyncio.create_task(self._write_all(reference))
        await waiting.done

    def released(self, reference: NamespacedName, uid: Uid) -> None:
        """The workflow's finalizer is gone: its uid leaves the list with the next count."""
        known = self._known.get(reference)
        if known is not None and uid in listed(known.item):
            self._released.setdefault(reference, set()).add(uid)

    async def drop(self, item: T, uids: set[Uid]) -> None:
        """Delist workflows that are known to be released, if the object is still as it is known."""
        reference = NamespacedName(item.metadata.namespace, item.metadata.name)
        kept = [counted for counted in item.status.counted if counted.uid not in uids]
        try:
            written = await self._kube.patch_status(item, CheckedState(counted=kept))
        except (Conflict, NotFound):
            return
        self._known.put(reference, _Known(written, monotonic()))
        self._released.pop(reference, None)

    async def _read(self, reference: NamespacedName) -> _Known[T] | None:
        item = await self._kube.find(self._model, namespace=reference.namespace, name=reference.name)
        if item is None:
            return None
        known = _Known(item, monotonic())
        self._known.put(reference, known)
        return known

    async def _write_all(self, reference: NamespacedName) -> None:
        """Write until nobody waits; what comes while one write is under way goes into the next."""
        try:
            while batch := self._waiting.pop(reference, []):
                try:
                    await self._write(reference, [waiting.ended for waiting in batch])
                except Exception as error:  # noqa: BLE001  (each who waits gets it)
                    _settle(batch, error)
                else:
                    _settle(batch, None)
        finally:
            del self._writers[reference]

    async def _write(self, reference: NamespacedName, batch: list[Ended]) -> None:
        known = self._known.get(reference) or await self._read(reference)
        if known is None:
            return

        def count(item: T, _: None) -> Awaitable[T]:
            return self._count(reference, item, batch)

        try:
            await swapped(self._kube, known.item, lambda _: None, count)
        except NotFound:
            self._known.forget(reference)

    async def _count(self, reference: NamespacedName, item: T, batch: list[Ended]) -> T:
        """Count what the object lacks, if it is still as it is known; the object as it is then."""
        known = self._known.get(reference)
        if known is None or known.item is not item:
            known = _Known(item, monotonic())
            self._known.put(reference, known)
        answers = await asyncio.gather(*(_is_due(ended, known) for ended in batch))
        due = [ended for ended, is_due in zip(batch, answers, strict=True) if is_due]
        if not due:
            return item
        released = self._released.pop(reference, set()) & listed(item)
        try:
            written = await self._kube.patch_status(item, count_patch(item, due, released=released))
        except BaseException:
            self._known.forget(reference)  # it may have been written
            raise
        known.item = written
        known.dropped |= released
        if len(known.dropped) > _DROPPED:
            self._known.forget(reference)
        return written


async def _is_due(ended: Ended, known: "_Known[T]") -> bool:
    """Whether the known version of the object lacks the workflow's count."""
    if ended.uid in known.dropped or ended.uid in listed(known.item):
        return False
    if ended.uncounted_at >= known.since:
        return True
    now = monotonic()
    if await ended.prove():
        ended.uncounted_at = now
        return True
    return False


def _settle(batch: list[_Waiting], error: Exception | None) -> None:
    for waiting in batch:
        if waiting.done.done():  # its request was given up
            continue
        if error is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(error)
