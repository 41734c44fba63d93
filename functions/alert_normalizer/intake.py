"""Storing what came in: creating, counting and resolving AegisAlerts.

A new alert costs one request to the API server: it is created, and only where its name is taken is it read. Posts of
one alert that come while it is being written are gathered and written as one, so that a storm of the same alert is a
few writes and not as many conflicts; each sender has its answer after its own post is on record.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import takewhile
from typing import NamedTuple

from aegis import clock, hints
from aegis.errors import AlreadyExists, ApiError, Conflict, Invalid, NotFound, OverQuota, Unavailable
from aegis.events import Event
from aegis.kube import Kube
from aegis.lifecycle import receipt
from aegis.models.alert import AegisAlert
from aegis.models.states import AlertStatus, Phase
from aegis.models.workflow import Workflow
from aegis.transition import decided, transition
from functions.alert_normalizer import episodes
from functions.alert_normalizer.incoming import Incoming
from functions.alert_normalizer.manifest import manifest, refreshed
from functions.alert_normalizer.settings import Settings

SOURCE = "/aegis/alert-normalizer"
_AT_ONCE = 32  # fewer than the connections to the API server, so that none waits for one
_ATTEMPTS = 10
_log = logging.getLogger(__name__)


class Result(StrEnum):
    """What became of one alert."""

    CREATED = "created"
    COUNTED = "counted"
    RESOLVED = "resolved"
    IGNORED = "ignored"
    REJECTED = "rejected"


class Stored(NamedTuple):
    """What became of one alert; ``event`` tells it to the Broker."""

    result: Result
    name: str
    reason: str
    event: Event | None = None
    again: bool = False
    """Whether it had come before with what was not answered for, and was counted then."""


Answer = Stored | Exception
"""What became of one alert, or why that is not known."""


class _Arrival(NamedTuple):
    """One post of an alert, and its sender's wait."""

    alert: Incoming
    event: str
    post: str
    answer: asyncio.Future[Answer]


class _Place(NamedTuple):
    """Where an alert stands: its episode 0, which names the newest, and the newest, which may have expired."""

    anchor: AegisAlert
    newest: AegisAlert | None
    remembered: bool = False
    """Whether it is known from an earlier write alone, so that nothing but another write may be built on it."""

    def after_write(self) -> "_Place | None":
        """What the next posts may start from: only of episode 0 does a write notice that there is a newer one."""
        return _Place(self.anchor, self.newest, remembered=True) if self.newest is self.anchor else None


class _Queue:
    """The posts of one alert that wait, and the task that writes them."""

    def __init__(self) -> None:
        self.waiting: deque[_Arrival] = deque()
        self.writer: asyncio.Task[None] | None = None


class Intake:
    """Stores alerts, one writer per alert and process; other replicas are kept apart by compare-and-swap."""

    def __init__(
        self, kube: Kube, settings: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Store through this connection."""
        self._kube = kube
        self._settings = settings
        self._now = now
        self._bounds = episodes.Bounds(settings.cooldown, settings.refire_grace)
        self._queues: dict[str, _Queue] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)

    def submit(self, alert: Incoming, *, event: str = "", post: str = "") -> asyncio.Future[Answer]:
        """Take one alert in; ``event`` is the hash of the CloudEvent it came with, by which it is counted once.

        ``post`` is that of all alerts it was posted with, by which it is not counted where that was noted (``note``).
        Posts of one alert are stored in the order in which they are submitted.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if alert.type in self._settings.ignored_types:
            answer.set_result(Stored(Result.IGNORED, "", f"alerts of type {alert.type} are ignored"))
            return answer
        name = alert.name()
        queue = self._queues.setdefault(name, _Queue())
        queue.waiting.append(_Arrival(alert, event, post, answer))
        if queue.writer is None:
            queue.writer = asyncio.create_task(self._write(name, queue))
        return answer

    async def reopen(self, alert: Incoming, noted: AegisAlert) -> Event | None:
        """Open the next episode of an alert that fires on though it was resolved, once that is due; tells of it.

        ``noted`` is the episode that says so, and ``alert`` what it holds. A resolve that comes in between is the next
        episode's.

        Raises:
            NotFound: when the alert is gone.
            Unavailable: when it cannot be stored now.
        """
        async with self._turn:
            place = await self._find(alert)
            if place.newest is None or place.newest.metadata.uid != noted.metadata.uid:
                await transition(self._kube, noted, receipt.settled)
                return None
            if not receipt.reopens(place.newest, now=self._now()):
                return None
            arrival = _Arrival(alert, "", "", asyncio.get_running_loop().create_future())
            opened, others = await self._open([arrival], place)
            if others or opened.newest is None:
                return None  # somebody else was first
            settled = await transition(self._kube, place.newest, receipt.settled)
            if settled.changed:
                return _told(opened.newest)
            resolved = receipt.resolved(now=self._now())
            over = await transition(self._kube, opened.newest, lambda _: resolved)
            return _told(await self._labelled(over.item))

    async def note(self, name: str, post: str, *, comes_again: bool) -> None:
        """Note on a stored alert that what it was posted with comes again, or that it has come and was answered for.

        Raises:
            NotFound: when the alert is gone.
            Unavailable: when it cannot be written now.
        """
        async with self._turn:
            await transition(
                self._kube, await self._get(name), partial(receipt.noted, post=post, comes_again=comes_again)
            )

    async def _write(self, name: str, queue: _Queue) -> None:
        place: _Place | None = None
        while queue.waiting:
            async with self._turn:
                batch = _same_status(queue.waiting)
                try:
                    settled = await self._settle(batch, place)
                    place = settled and settled.after_write()
                except Exception as error:  # noqa: BLE001  (each sender is told, whatever it was)
                    place = None
                    open_ = [arrival for arrival in batch if not arrival.answer.done()]
                    if isinstance(error, Invalid):  # what one post says is refused; the others may say it well
                        queue.waiting.extendleft(reversed(open_[1:]))
                        del open_[1:]
                    for arrival in open_:
                        _answer(arrival, _as_answer(error, arrival.alert))
        del self._queues[name]

    async def _settle(self, batch: Sequence[_Arrival], place: _Place | None) -> _Place | None:
        """Put posts of one status on record; ``place`` is where the alert stood after the posts before."""
        waiting = batch
        for _ in range(_ATTEMPTS):
            if not waiting:
                return place
            try:
                if place is None:
                    place, waiting = await self._create_or_find(waiting)
                else:
                    place, waiting = await self._step(waiting, place)
            except (NotFound, Conflict):
                place = None  # deleted in between; or so was something that the same quota counts
        if waiting:
            raise Unavailable(f"{batch[0].alert.name()} changed {_ATTEMPTS} times while it was written")
        return place

    async def _create_or_find(self, waiting: Sequence[_Arrival]) -> tuple[_Place, Sequence[_Arrival]]:
        first = waiting[0]
        try:
            created = await self._create(first, episode=0)
        except (AlreadyExists, OverQuota) as refused:
            return await self._find(first.alert, refused), waiting
        _answer(first, _created(created))
        return _Place(created, created), waiting[1:]

    async def _create(self, first: _Arrival, *, episode: int, known: Sequence[str] = ()) -> AegisAlert:
        """Create an episode that counts the first post; a resolve without its firing counts none."""
        events = [*known, *([first.event] if first.event else [])][-receipt.EVENTS_REMEMBERED :]
        body = manifest(first.alert, self._settings, episode=episode, events=events)
        created = await self._kube.create(AegisAlert, body, namespace=self._settings.namespace)
        if first.alert.status is AlertStatus.FIRING:
            return created
        status = receipt.resolved_first(now=self._now())
        outcome = await transition(
            self._kube, created, lambda alert: status if alert.status.resolved_time is None else None
        )
        return outcome.item

    async def _find(self, alert: Incoming, refused: Exception | None = None) -> _Place:
        return await self._follow(await self._existing(alert.name(), refused), alert)

    async def _existing(self, name: str, refused: Exception | None) -> AegisAlert:
        """The alert of a name, which could not be created.

        A quota is asked before the name is looked up: it refuses known alerts as it does new ones.
        """
        try:
            found = await self._get(name)
        except NotFound:
            if isinstance(refused, OverQuota):
                raise refused from None
            raise
        if found.metadata.deletion_timestamp is not None:
            raise Unavailable(f"{found.reference} is being deleted")
        return found

    async def _follow(self, anchor: AegisAlert, alert: Incoming) -> _Place:
        """Where the anchor says that the alert stands."""
        latest = anchor.status.latest_episode
        if latest <= anchor.spec.episode:
            return _Place(anchor, anchor)
        newest = await self._kube.find(AegisAlert, namespace=self._settings.namespace, name=alert.name(latest))
        return _Place(anchor, newest)

    async def _get(self, name: str) -> AegisAlert:
        return await self._kube.get(AegisAlert, namespace=self._settings.namespace, name=name)

    async def _step(self, waiting: Sequence[_Arrival], place: _Place) -> tuple[_Place, Sequence[_Arrival]]:
        """Decide on the newest episode that is known, and do it."""
        if place.newest is None:
            return await self._open(waiting, place)
        arrivals, newest, told = _arrivals(waiting), place.newest, ""

        def decide(alert: AegisAlert) -> episodes.Decision:
            return episodes.decide(alert, arrivals, now=self._now(), bounds=self._bounds)

        decision = decide(newest)
        if isinstance(decision, episodes.Write):
            newest, told = await self._refreshed(newest, waiting[-1].alert)
            newest, decision, _ = await decided(self._kube, newest, decide, episodes.status_of)
        elif place.remembered:
            return await self._find(waiting[0].alert), waiting
        newest = await self._labelled(newest)
        place = _Place(newest if newest.spec.episode == place.anchor.spec.episode else place.anchor, newest)
        match decision:
            case episodes.Open():
                return await self._open(waiting, place)
            case episodes.Moved():
                return await self._follow(place.anchor, waiting[0].alert), waiting
            case episodes.Write(event=event, reason=reason):
                _answer_all(waiting, newest, reason + told, tell=bool(event))
            case episodes.Nothing(reason=reason, on_record=on_record):
                _answer_all(waiting, newest, reason, tell=False, ignored=not on_record)
        return place, ()

    async def _refreshed(self, alert: AegisAlert, repeat: Incoming) -> tuple[AegisAlert, str]:
        """Have an alert that fires say what its repeat says, while nothing was done on what it said before."""
        changes = refreshed(alert, repeat) if alert.status.status is repeat.status is AlertStatus.FIRING else None
        if changes is None:
            return alert, ""
        if await self._has_workflow(alert):
            return alert, ": it says something else, but a workflow was made for what it said before"
        return await self._kube.patch(alert, changes), ": what it says replaces what it said before"

    async def _has_workflow(self, alert: AegisAlert) -> bool:
        """Whether a workflow was made for what the alert says, though nothing may be recorded of it yet."""
        if alert.status.firing.ever_had_workflow or not alert.status.firing.awaits_workflow:
            return episodes.has_work(alert)
        namespace, name = alert.metadata.namespace, alert.workflow_name(Phase.FIRING)
        return await self._kube.find(Workflow, namespace=namespace, name=name) is not None

    async def _labelled(self, alert: AegisAlert) -> AegisAlert:
        """Have a resolved alert's label say so: a write of its own, since a status's write leaves labels alone."""
        operations, meta = episodes.label_patch(alert), alert.metadata
        if not operations:
            return alert
        return await self._kube.json_patch(AegisAlert, operations, namespace=meta.namespace, name=meta.name)

    async def _open(self, waiting: Sequence[_Arrival], place: _Place) -> tuple[_Place, Sequence[_Arrival]]:
        """Open the next episode, then name it on the anchor; who is late finds it there."""
        first = waiting[0]
        last = place.newest.spec.episode if place.newest else place.anchor.status.latest_episode
        known = episodes.known_events(place.newest) if place.newest else ()
        episode, answer = last + 1, None
        try:
            newest = await self._create(first, episode=episode, known=known)
            answer = _created(newest)
        except (AlreadyExists, OverQuota) as refused:
            newest = await self._existing(first.alert.name(episode), refused)
        outcome = await transition(
            self._kube,
            place.anchor,
            lambda anchor: receipt.continued(anchor, episode),
        )
        if answer is None:
            return _Place(outcome.item, newest), waiting
        _answer(first, answer)
        return _Place(outcome.item, newest), waiting[1:]


def _arrivals(waiting: Sequence[_Arrival]) -> episodes.Arrivals:
    """What posts of one alert say together."""
    return episodes.Arrivals(
        waiting[0].alert.status,
        [arrival.event for arrival in waiting],
        [arrival.post for arrival in waiting],
        starts_at=_latest([arrival.alert.starts_at for arrival in waiting]),
        ends_at=_latest([arrival.alert.ends_at for arrival in waiting]),
    )


def _latest(times: Sequence[str]) -> datetime | None:
    """The latest of some times; none where one is not known."""
    moments = [moment for time in times if (moment := clock.read(time))]
    return max(moments) if len(moments) == len(times) else None


def _same_status(waiting: deque[_Arrival]) -> list[_Arrival]:
    """Take the first posts off, as far as they say the same."""
    status = waiting[0].alert.status
    batch = list(takewhile(lambda arrival: arrival.alert.status is status, waiting))
    for _ in batch:
        waiting.popleft()
    return batch


def _answer(arrival: _Arrival, answer: Answer) -> None:
    if not arrival.answer.done():
        arrival.answer.set_result(answer)


def _answer_all(
    waiting: Sequence[_Arrival], alert: AegisAlert, reason: str, *, tell: bool, ignored: bool = False
) -> None:
    """All of them are on record with one write; the Broker is told once."""
    result = Result.RESOLVED if waiting[0].alert.status is AlertStatus.RESOLVED else Result.COUNTED
    result = Result.IGNORED if ignored else result
    known = episodes.known_events(alert)
    for position, arrival in enumerate(waiting):
        event = _told(alert) if tell and position == 0 else None
        _answer(arrival, Stored(result, alert.metadata.name, reason, event, again=arrival.post in known))


def _created(alert: AegisAlert) -> Stored:
    reason = "new" if alert.spec.episode == 0 else f"new, episode {alert.spec.episode}"
    if alert.status.status is AlertStatus.RESOLVED:
        return Stored(Result.RESOLVED, alert.metadata.name, f"{reason}: resolved before it fired", _told(alert))
    return Stored(Result.CREATED, alert.metadata.name, reason, _told(alert))


def _told(alert: AegisAlert) -> Event:
    return hints.look_at(alert, source=SOURCE)


def _as_answer(error: Exception, alert: Incoming) -> Answer:
    """An alert that the API server refuses for what it is can never be stored; everything else may pass."""
    if isinstance(error, Invalid):
        return Stored(Result.REJECTED, alert.name(), f"the API server refuses it: {error}")
    if not isinstance(error, ApiError | Unavailable):
        _log.error("alert %s was not stored", alert.name(), exc_info=error)
    return error
