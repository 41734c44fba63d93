"""What a sender is told: one line per alert, or why not."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.responses import Response

from aegis.errors import OverQuota, Unavailable
from aegis.function import problem, unavailable
from functions.alert_normalizer.incoming import TOLD, BadContent, Entry, Incoming, Problem, Rejection
from functions.alert_normalizer.intake import Answer, Result, Stored

_BY_GRAVITY = (
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
"""Which of several rejections' statuses is the answer's: the first."""


class Told(NamedTuple):
    """One alert of an input and what became of it; a rejected one was never submitted."""

    entry: Entry
    answer: Answer | None = None

    @property
    def line(self) -> dict[str, Any]:
        """The alert's line in the answer."""
        match self.entry, self.answer:
            case Rejection() as rejection, _:
                line = {"result": Result.REJECTED.value, "errors": [as_error(item) for item in rejection.problems]}
                return line | ({"untold": rejection.untold} if rejection.untold else {})
            case Incoming() as alert, Stored() as stored:
                return {
                    "result": stored.result.value,
                    "name": stored.name,
                    "reason": stored.reason,
                    "fingerprint": alert.fingerprint,
                }
        raise TypeError("an alert whose fate is not known has no line")


def as_error(item: Problem) -> dict[str, str]:
    """A problem as an answer holds it."""
    return {"field": item.field, "problem": item.problem, "accepted": item.accepted}


def answer(told: Sequence[Told], *, truncated: int = 0, untold: int = 0, empty: bool = False) -> Response:
    """The answer to an input: what is stored, or that nothing could be, or that the sender should try again.

    ``untold`` counts rejected alerts that have no line.

    An input of which one alert could not be stored is sent again as a whole: those that were stored are counted then.
    With ``empty`` success has no body, as a CloudEvents sender wants it.
    """
    failures = [item.answer for item in told if isinstance(item.answer, Exception)]
    if failures:
        waits = [failure.retry_after for failure in failures if isinstance(failure, Unavailable)]
        stored = len(told) - len(failures)
        message = f"{len(failures)} of {len(told)} alerts could not be stored, {stored} were: send them again"
        return unavailable(Unavailable(message, retry_after=max(waits, default=1)), **_no_room(told))
    lines = [item.line for item in told]
    if lines and all(line["result"] == Result.REJECTED for line in lines):
        return _all_rejected(told, lines, untold)
    if empty:
        return Response(status_code=204)
    body: dict[str, Any] = {"alerts": lines}
    body |= {"truncatedAlerts": truncated} if truncated else {}
    body |= {"rejectedAlerts": untold} if untold else {}
    return Response(json.dumps(body) + "\n", media_type="application/json")


def _no_room(told: Sequence[Told]) -> dict[str, list[dict[str, str]]]:
    """The first of the new alerts that a quota has no room for, as a member of the answer."""
    names = [
        told.entry.name() for told in told if isinstance(told.entry, Incoming) and isinstance(told.answer, OverQuota)
    ]
    why = "there is no room for a new alert: the namespace's ResourceQuota is used up"
    return {"errors": [{"name": name, "problem": why} for name in names[:TOLD]]} if names else {}


def bad_content(error: BadContent) -> Response:
    """The answer to an input that is no list of alerts at all."""
    errors = [as_error(error.problem)]
    return problem(error.status, error.status.phrase, "the request cannot be taken", errors=errors)


def _all_rejected(told: Sequence[Told], lines: Sequence[dict[str, Any]], untold: int) -> Response:
    rejections = [item.entry for item in told if isinstance(item.entry, Rejection)]
    status = min((rejection.status for rejection in rejections), key=_BY_GRAVITY.index, default=_BY_GRAVITY[-1])
    count = len(lines) + untold
    detail = f"none of {count} alerts can be stored" if count > 1 else "the alert cannot be stored"
    errors = [error for line in lines for error in line.get("errors") or [_refused(line)]]
    return problem(status, status.phrase, detail, errors=errors)


def _refused(line: dict[str, Any]) -> dict[str, str]:
    """What the API server says of an alert, as a problem."""
    return {"name": line["name"], "problem": line["reason"]}
