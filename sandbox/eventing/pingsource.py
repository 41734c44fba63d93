"""PingSource: an event on a schedule. A slow tick does not hold up the next."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.api import Object
    from sandbox.eventing.sources import Adapter


class InvalidScheduleError(ValueError):
    """The schedule or its time zone cannot be read."""


class PingSource:
    """A running source; `every` puts a fixed number of seconds in the schedule's place."""

    def __init__(self, obj: Object, adapter: Adapter, *, every: float | None = None) -> None:
        meta, spec = obj["metadata"], obj["spec"]
        self._adapter = adapter
        self._every = every
        self._schedule = spec.get("schedule", "* * * * *")
        self._zone = _zone(spec.get("timezone") or "UTC")
        self._data = _data(spec)
        self._content_type = spec.get("contentType") or ""
        self._attributes = {
            "type": "dev.knative.sources.ping",
            "source": f"/apis/v1/namespaces/{meta['namespace']}/pingsources/{meta['name']}",
        }
        self.next_after(datetime.now(UTC))

    def next_after(self, moment: datetime) -> datetime:
        """When the schedule is due next.

        Raises:
            InvalidScheduleError: when it cannot be read, or is never due.
        """
        try:
            return next(CronSim(self._schedule, moment.astimezone(self._zone)))
        except (CronSimError, StopIteration) as error:
            raise InvalidScheduleError(f"schedule: {self._schedule!r} is no cron expression") from error

    async def run(self) -> None:
        """Send a tick whenever it is due, until cancelled."""
        async with asyncio.TaskGroup() as ticks:
            while True:
                await asyncio.sleep(self._pause())
                ticks.create_task(self._adapter.emit(self._attributes, self._data, self._content_type))

    def _pause(self) -> float:
        if self._every is not None:
            return self._every
        now = datetime.now(UTC)
        return max(0.0, (self.next_after(now) - now).total_seconds())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidScheduleError(f"timezone: {name!r} is unknown") from error


def _data(spec: Mapping[str, Any]) -> bytes:
    if spec.get("dataBase64"):
        return base64.b64decode(spec["dataBase64"])
    return str(spec.get("data") or "").encode()
