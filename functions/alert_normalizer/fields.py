"""Reading the fields of one alert.

Each reader returns a value and notes what is wrong with it, so that a sender is told all of it at once.
"""

import json
from collections.abc import Mapping
from datetime import UTC
from http import HTTPStatus

from aegis import clock
from aegis.jsontext import is_text, loads
from aegis.models.states import AlertStatus
from functions.alert_normalizer.incoming import TOLD, BadContent, Problem, Rejection

LARGEST_ALERT = 256 * 1024
_KEY_SHOWN = 100
_STATUSES = {status.value.casefold(): status for status in AlertStatus}
_KINDS = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}


def kind_of(value: object) -> str:
    """What JSON calls a value's type."""
    return _KINDS.get(type(value), "null")


def parse(body: bytes) -> object:
    """Read a body as JSON in UTF-8.

    Raises:
        BadContent: when it is none.
    """
    accepted = "one JSON document in UTF-8"
    try:
        return loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise BadContent(Problem("body", f"not UTF-8 at byte {error.start}", accepted), status=400) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise BadContent(Problem("body", f"not JSON: {error.msg} at {where}", accepted), status=400) from error
    except ValueError as error:
        raise BadContent(Problem("body", "has a number that cannot be read", accepted), status=400) from error


def _no_constant(constant: str) -> object:
    raise ValueError(constant)


def unfit(alert: Mapping[str, object], at: str) -> Rejection | None:
    """The rejection of an alert that cannot be stored, whatever its fields should mean."""
    try:
        spelled = json.dumps(alert, ensure_ascii=False)
    except RecursionError:
        problem = Problem(at or "body", "is nested too deeply", "an alert, whose fields are of two levels at most")
        return Rejection((problem,), HTTPStatus.BAD_REQUEST)
    if not is_text(spelled):
        name = next(key for key, value in alert.items() if not is_text(json.dumps({key: value}, ensure_ascii=False)))
        shown = name[:_KEY_SHOWN].encode(errors="backslashreplace").decode()
        problem = Problem(Fields(at).path(shown), "has half of a surrogate pair, which is no character", "Unicode text")
        return Rejection((problem,), HTTPStatus.BAD_REQUEST)
    if len(spelled.encode()) > LARGEST_ALERT:
        problem = Problem(at or "body", "the alert is too large", f"at most {LARGEST_ALERT // 1024} KiB for one alert")
        return Rejection((problem,), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return None


class Fields:
    """The fields of one alert that lies ``at`` a path of the input."""

    def __init__(self, at: str) -> None:
        """Begin without problems."""
        self.at = at
        self.problems: list[Problem] = []
        self._untold = 0

    def path(self, name: str) -> str:
        """A field's path in the whole input."""
        return f"{self.at}.{name}" if self.at else name

    def wrong(self, name: str, problem: str, accepted: str) -> None:
        """Note a problem."""
        self.note(Problem(self.path(name), problem, accepted))

    def note(self, problem: Problem) -> None:
        """Note a problem that has its path; of those beyond the first only that there are more."""
        if len(self.problems) < TOLD:
            self.problems.append(problem)
        else:
            self._untold += 1

    def rejection(self, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> Rejection | None:
        """What comes of an alert in which something is wrong."""
        if not self.problems:
            return None
        return Rejection(tuple(self.problems), status, untold=self._untold)

    def text(self, name: str, value: object, *, required: bool = False) -> str:
        """A string; ``null`` reads as empty."""
        if value is not None and not isinstance(value, str):
            self.wrong(name, f"is {kind_of(value)}", "a string")
            return ""
        text = value or ""
        if required and not text.strip():
            self.wrong(name, "is missing or empty", "a string that is not empty")
        return text

    def status(self, name: str, value: object) -> AlertStatus:
        """Firing or Resolved, in any case."""
        accepted = "Firing or Resolved"
        if value is None or value == "":
            self.wrong(name, "is missing", accepted)
        elif not isinstance(value, str):
            self.wrong(name, f"is {kind_of(value)}", accepted)
        elif value.strip().casefold() not in _STATUSES:
            self.wrong(name, "is neither of the two", accepted)
        else:
            return _STATUSES[value.strip().casefold()]
        return AlertStatus.FIRING

    def texts(self, name: str, value: object) -> dict[str, str]:
        """An object of strings; numbers and booleans read as JSON writes them, ``null`` as not given."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(name, f"is {kind_of(value)}", "an object of strings")
            return {}
        read = {}
        for key, item in value.items():
            if isinstance(item, str):
                read[key] = item
            elif isinstance(item, bool | int | float):
                read[key] = json.dumps(item)
            elif item is not None:
                self.wrong(f"{name}.{key[:_KEY_SHOWN]}", f"is {kind_of(item)}", "a string")
        return read

    def moment(self, name: str, value: object) -> str:
        """A time, in UTC and in one spelling; empty where it is not given, or Go's zero time."""
        text = self.text(name, value).strip()
        if not text:
            return ""
        try:
            moment = clock.parse(text)
            zero = moment.year == 1 or moment.astimezone(UTC).year == 1
            return "" if zero else clock.exact(moment)
        except (ValueError, OverflowError):
            self.wrong(name, "is no time", "a time as in RFC 3339, for example 2026-01-31T08:00:00Z")
            return ""
