"""Structured logs: one JSON object a line, with the event's id and the resource it is about."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

event_id: ContextVar[str] = ContextVar("event_id", default="")
"""The id of the event that is being handled; set where a request enters."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


_LONGEST_ID = 256
"""Characters of an event's id that a line holds: who sends it chooses how long it is."""


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON: time, level, message, the event's id, and what ``extra`` gives."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record; what JSON does not know is written as its string."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identifier := event_id.get():
            line["event"] = identifier[:_LONGEST_ID]
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure() -> None:
    """Send Aegis' logs to stderr as JSON lines; what a library logs stays with the library below warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("aegis").setLevel(logging.INFO)
    logging.getLogger("functions").setLevel(logging.INFO)
