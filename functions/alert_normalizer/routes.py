"""Where a request goes: tokens, path, method and size first, then the parser that the path names, then the store."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from aegis import broker, logs
from aegis.errors import ApiError, BadEvent, OverQuota, TooLarge, Unavailable
from aegis.events import ALERT, ALERT_REFIRED, ALERTMANAGER, BATCH_CONTENT_TYPE, Event, read_batch, read_event
from aegis.function import brief, problem, reply, unavailable
from aegis.kube import Kube
from aegis.names import digest
from functions.alert_normalizer.alertmanager import read_webhook
from functions.alert_normalizer.answer import Told, answer, bad_content
from functions.alert_normalizer.budget import Budget
from functions.alert_normalizer.custom import read_custom
from functions.alert_normalizer.fields import parse
from functions.alert_normalizer.incoming import BadContent, Batch, Entry, Incoming, Problem, Rejection
from functions.alert_normalizer.intake import SOURCE, Answer, Intake, Result, Stored
from functions.alert_normalizer.node_addresses import placed
from functions.alert_normalizer.refired import LARGEST_REMINDER, is_reminder, reopen
from functions.alert_normalizer.senders import NOBODY, Sender
from functions.alert_normalizer.settings import Settings
from functions.alert_normalizer.tokens import OPEN, Gate
from functions.alert_normalizer.unfinished import Unfinished

if TYPE_CHECKING:
    from functions.alert_normalizer.nodes import Nodes

LARGEST_BODY = 5 * 1024 * 1024
_PATIENCE_SECONDS = 20.0  # a sender that waits longer gives up, and would not know that it should try again
_UNDER_WAY = 256  # alerts of one input: each that is being stored takes many times its size
_NOTE_SECONDS = 5.0  # and no longer for what only keeps a count exact
_COUNTED = frozenset({Result.CREATED, Result.COUNTED})
_AS_EXPECTED = frozenset(Result) - {Result.REJECTED}
_log = logging.getLogger(__name__)

Parser = Callable[[object, Sender], Batch]
_PARSERS: dict[str, Parser] = {
    "/alertmanager/alert": read_webhook,
    "/alert": read_custom,
    "/default/alert": read_custom,
}
_EVENT_PARSERS: dict[str, Parser] = {ALERTMANAGER: read_webhook, ALERT: read_custom}


@dataclass(frozen=True)
class Reception:
    """The intake's HTTP side."""

    kube: Kube
    settings: Settings
    intake: Intake
    gate: Gate = OPEN
    budget: Budget = field(default_factory=Budget)
    unfinished: Unfinished = field(default_factory=Unfinished)

    async def serve(self, request: Request) -> Response:
        """Answer a request; one that Knative may have sent, as briefly as Knative needs it: it never sends a batch."""
        answered = await self._answer(request)
        knative = request.url.path == "/" and _media_type(request) != BATCH_CONTENT_TYPE
        return brief(answered) if knative else answered

    async def _answer(self, request: Request) -> Response:
        """Answer in full: what comes from here is raised or returned."""
        try:
            reminds = self.settings.hints and request.url.path == "/" and is_reminder(request.headers)
            admitted = NOBODY if reminds else self.gate.admit(request.headers.get("authorization"))
            return await self._route(request, admitted) if isinstance(admitted, Sender) else admitted
        except BadContent as error:
            _log.warning("bad content", extra={"path": request.url.path, "error": str(error)})
            return bad_content(error)
        except BadEvent as error:
            _log.warning("bad event", extra={"error": str(error)})
            large = isinstance(error, TooLarge)
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if large else HTTPStatus.BAD_REQUEST
            return problem(status, status.phrase, str(error))
        except RecursionError:
            return bad_content(BadContent(Problem("body", "is nested too deeply", "a list of alerts"), status=400))
        except ClientDisconnect:
            return problem(400, "Bad Request", "the body was cut off")
        except (Unavailable, ApiError) as error:
            _log.warning("not now", extra={"error": str(error)})
            return unavailable(error if isinstance(error, Unavailable) else Unavailable("nothing could be stored"))

    async def _route(self, request: Request, sender: Sender) -> Response:
        path = request.url.path.rstrip("/") or "/"
        handlers: dict[str, Callable[[Request, Sender], Awaitable[Response]]]
        handlers = {"/": self._events, "/ai/alert": self._raw}
        handler = self._alerts if path in _PARSERS else handlers.get(path)
        if handler is None:
            known = ", ".join([*_PARSERS, *handlers])
            return problem(404, "Not Found", f"alerts are taken at {known}")
        if request.method != "POST":
            return problem(405, "Method Not Allowed", "alerts come with POST", headers={"Allow": "POST"})
        return await handler(request, sender)

    async def _alerts(self, request: Request, sender: Sender) -> Response:
        """Alerts in JSON; the content type is not asked, because curl says form data unless told otherwise."""
        parser = _PARSERS[request.url.path.rstrip("/")]
        async with self.budget.body(request, LARGEST_BODY) as body:
            batch = parser(parse(body), sender)
            _log_left_out(batch)
            told = await self._store(request, batch.entries)
            return _telling(told, answer(told, truncated=batch.truncated, untold=batch.untold))

    async def _events(self, request: Request, sender: Sender) -> Response:
        """CloudEvents in structured, binary or batched mode; one delivered again is not counted again."""
        async with self.budget.body(request, LARGEST_REMINDER if sender is NOBODY else LARGEST_BODY) as body:
            return await self._read_events(request, body, sender)

    async def _read_events(self, request: Request, body: bytes, sender: Sender) -> Response:
        found: Sequence[Event | BadEvent]
        if _media_type(request) == BATCH_CONTENT_TYPE:
            found = read_batch(body)
            read = [_read_entry(event, f"[{position}]", sender) for position, event in enumerate(found)]
        else:
            event = read_event(request.headers, body)
            if event.type == ALERT_REFIRED:
                return reply(await reopen(self.kube, self.intake, event))
            found = [event]
            read = [_read_event(event, "data.", sender)]
        identities = [event.identity if isinstance(event, Event) else "" for event in found]
        logs.event_id.set(next((event.id for event in found if isinstance(event, Event)), ""))
        entries = [entry for batch in read for entry in batch.entries]
        hashes = [
            digest(identity, str(position))
            for identity, batch in zip(identities, read, strict=True)
            for position in range(len(batch.entries))
        ]
        told = await self._store(request, entries, hashes)
        untold = sum(batch.untold for batch in read)
        return _telling(told, answer(told, empty=True, untold=untold))

    async def _raw(self, request: Request, sender: Sender) -> Response:
        """Anything at all, where something reads it."""
        if not self.settings.raw_alerts:
            detail = "raw alerts are not taken: nothing reads them yet (AEGIS_RAW_ALERTS); /alert takes alerts in JSON"
            return problem(404, "Not Found", detail)
        from functions.alert_normalizer import raw  # noqa: PLC0415  (most senders have a known shape)

        sender.must_be(raw.SOURCE)
        async with self.budget.body(request, raw.LARGEST_RAW) as body:
            if not body:
                raise BadContent(Problem("body", "is empty", "a message in any form"), status=400)
            stored, event = await raw.store_raw(
                self.kube,
                body,
                request.headers,
                source=SOURCE,
                namespace=self.settings.namespace,
                now=datetime.now(UTC),
            )
        told = json.dumps({"name": stored.metadata.name, "namespace": stored.metadata.namespace}) + "\n"
        background = BackgroundTask(broker.send, [event])
        return Response(told, status_code=202, media_type="application/json", background=background)

    async def _store(self, request: Request, entries: Sequence[Entry], hashes: Sequence[str] = ()) -> list[Told]:
        """Store what can be stored; what takes longer than its sender waits goes on, but is not acknowledged.

        Where the sender has gone, no more is begun: it comes again, and the rest is stored then.
        """
        clock = asyncio.get_running_loop()
        patience = clock.time() + _PATIENCE_SECONDS
        entries = await self._placed(entries)
        post = "" if hashes else _post([entry for entry in entries if isinstance(entry, Incoming)])
        known = self.unfinished.known(post)
        alerts = {position: entry for position, entry in enumerate(entries) if isinstance(entry, Incoming)}
        waiting = [(position, alert) for position, alert in alerts.items() if position not in known]
        slow: Answer = Unavailable("storing takes too long")
        answers = {**dict.fromkeys(alerts, slow), **known}
        for start in range(0, len(waiting), _UNDER_WAY):
            waits = {
                position: self.intake.submit(entry, event=hashes[position] if hashes else "", post=post)
                for position, entry in waiting[start : start + _UNDER_WAY]
            }
            await asyncio.wait(waits.values(), timeout=patience - clock.time())
            answers |= {position: _untraced(wait.result()) for position, wait in waits.items() if wait.done()}
            if clock.time() >= patience or (start + _UNDER_WAY < len(waiting) and await request.is_disconnected()):
                break
        told = [Told(entry, answers.get(position)) for position, entry in enumerate(entries)]
        for item in told:
            self._log(item)
        if post:
            if any(answer is slow for answer in answers.values()):
                self.unfinished.keep(post, answers)
            else:
                self.unfinished.forget(post)
            await self._note(post, [item.answer for item in told])
        return told

    async def _placed(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """The same alerts; those that say but an address of a node are about that node."""
        addresses = {entry.node_address for entry in entries if isinstance(entry, Incoming) and entry.node_address}
        if not addresses:
            return entries
        nodes = await self._nodes.by_address(addresses)
        return [placed(entry, nodes) if isinstance(entry, Incoming) else entry for entry in entries]

    @cached_property
    def _nodes(self) -> "Nodes":
        from functions.alert_normalizer.nodes import Nodes  # noqa: PLC0415  (most alerts name what they are about)

        return Nodes(self.kube)

    async def _note(self, post: str, answers: Sequence[Answer | None]) -> None:
        """Have those that are stored not counted again when the sender comes again for want of room for the others."""
        comes_again = any(isinstance(answer, OverQuota) for answer in answers)
        if not comes_again and any(isinstance(answer, Exception) for answer in answers):
            return
        counted = [answer for answer in answers if isinstance(answer, Stored) and answer.result in _COUNTED]
        names = {stored.name for stored in counted if stored.again is not comes_again}
        notes = (self.intake.note(name, post, comes_again=comes_again) for name in names)
        try:
            async with asyncio.timeout(_NOTE_SECONDS):
                failed = [error for error in await asyncio.gather(*notes, return_exceptions=True) if error]
        except TimeoutError as error:
            failed = [error]
        if failed:
            _log.warning("alerts may be counted once too often or too little", extra={"error": repr(failed[0])})

    def _log(self, told: Told) -> None:
        """One line for each alert."""
        result: str
        match told.entry, told.answer:
            case Incoming() as alert, Stored() as stored:
                name, result, reason = stored.name or alert.name(), stored.result, stored.reason
            case Incoming() as alert, error:
                name, result, reason = alert.name(), "not stored", str(error)
            case Rejection() as rejection, _:
                name, result, reason = "", Result.REJECTED, rejection.reason
        level = logging.INFO if result in _AS_EXPECTED else logging.WARNING
        extra = {"object": f"aegisalert/{self.settings.namespace}/{name}", "result": result, "reason": reason}
        _log.log(level, "alert %s", result, extra=extra)


def _untraced(answer: Answer) -> Answer:
    """The answer; an error without what it came through, which holds every alert's manifest and request."""
    if isinstance(answer, Exception):
        answer.__traceback__ = answer.__context__ = answer.__cause__ = None
    return answer


def _post(alerts: Sequence[Incoming]) -> str:
    """The hash of several alerts that are posted together; empty for one alone, which is stored or is not."""
    if len(alerts) <= 1:
        return ""
    return digest(*(text for a in alerts for text in (a.source, a.type, a.fingerprint, a.starts_at, a.status)))


def _telling(told: Sequence[Told], response: Response) -> Response:
    """Have the Broker told of what was stored, once the sender has the answer."""
    events = [item.answer.event for item in told if isinstance(item.answer, Stored) and item.answer.event]
    if events:
        response.background = BackgroundTask(broker.send, events)
    return response


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _read_entry(event: Event | BadEvent, place: str, sender: Sender) -> Batch:
    """The alerts of an event in a batch; one that cannot be read is rejected in its place and keeps no other back."""
    try:
        if isinstance(event, BadEvent):
            raise event
        return _read_event(event, f"{place}.data.", sender)
    except BadEvent as error:
        named = Problem(place, str(error), "a CloudEvent 1.0 of a type handled here")
        return Batch([Rejection((named,), HTTPStatus.BAD_REQUEST)])


def _read_event(event: Event, prefix: str, sender: Sender) -> Batch:
    """The alerts of an event, their problems named by where they lie in the request.

    Raises:
        BadEvent: for a type that is not taken here.
    """
    parser = _EVENT_PARSERS.get(event.type)
    if parser is None:
        raise BadEvent(f"type: {event.type} is not handled here; accepted are {', '.join(_EVENT_PARSERS)}")
    try:
        batch = parser(event.data, sender)
    except BadContent as error:
        named = error.problem._replace(field=prefix.rstrip("."))
        return Batch([Rejection((named,), error.status)])
    _log_left_out(batch)
    return batch._replace(entries=[_under(prefix, entry) for entry in batch.entries])


def _log_left_out(batch: Batch) -> None:
    if batch.truncated:
        _log.warning("the sender left alerts out", extra={"truncated": batch.truncated})
    if batch.untold:
        _log.warning("more alerts were rejected", extra={"untold": batch.untold})


def _under(prefix: str, entry: Entry) -> Entry:
    if not isinstance(entry, Rejection):
        return entry
    return entry._replace(problems=tuple(item._replace(field=prefix + item.field) for item in entry.problems))
