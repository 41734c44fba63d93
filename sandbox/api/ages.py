"""How long ago something was, as kubectl writes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def age(moment: Any, now: datetime) -> str:
    """How long ago that was, as kubectl writes it: `7s`, `3m20s`, `5h`, `12d`."""
    if not isinstance(moment, str):
        return "<unknown>"
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return "<invalid>"
    return duration(int((now - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds()))


def duration(seconds: int) -> str:  # noqa: PLR0911 -- a table of spans
    """A span of time in at most two units."""
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    minute, hour, day = 60, 3600, 86400
    if seconds < 2 * minute:
        return f"{seconds}s"
    if seconds < 10 * minute:
        return _two(seconds, minute, "m", 1, "s")
    if seconds < 3 * hour:
        return f"{seconds // minute}m"
    if seconds < 8 * hour:
        return _two(seconds, hour, "h", minute, "m")
    if seconds < 2 * day:
        return f"{seconds // hour}h"
    if seconds < 8 * day:
        return _two(seconds, day, "d", hour, "h")
    if seconds < 2 * 365 * day:
        return f"{seconds // day}d"
    if seconds < 8 * 365 * day:
        return _two(seconds, 365 * day, "y", day, "d")
    return f"{seconds // (365 * day)}y"


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large}{large_name}" + (f"{rest}{small_name}" if rest else "")
