"""Time as Kubernetes writes it: RFC 3339 in UTC, to the second."""

import logging
import os
from datetime import UTC, datetime, timedelta

_log = logging.getLogger(__name__)


def now() -> str:
    """The current time."""
    return rfc3339(datetime.now(UTC))


def rfc3339(moment: datetime) -> str:
    """A moment as Kubernetes writes it; the moment has a time zone."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def exact(moment: datetime) -> str:
    """A moment likewise, with as much of its second as there is; one moment has one spelling."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return f"{text.rstrip('0') if moment.microsecond else text}Z"


def parse(text: str) -> datetime:
    """Read a time as Kubernetes, or Go, writes it.

    Raises:
        ValueError: when it is no RFC 3339 time with a time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment


def read(text: str | None) -> datetime | None:
    """Read a time that may be missing or, since others write it too, none."""
    try:
        return parse(text) if text else None
    except ValueError:
        return None


def duration(variable: str, *, default: timedelta) -> timedelta:
    """How long an environment variable says, in seconds; the default also where it says no number of them."""
    text = os.environ.get(variable)
    if not text:
        return default
    try:
        return max(timedelta(seconds=float(text)), timedelta(0))
    except (ValueError, OverflowError):
        _log.error("a setting is not a number of seconds: its default stands", extra={"setting": variable})
        return default
