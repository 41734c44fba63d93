"""What a line of the log holds of what senders choose."""

import json
import logging

from aegis import logs


def test_an_events_id_is_cut() -> None:
    token = logs.event_id.set("x" * 100_000)
    try:
        line = logs.JsonFormatter().format(logging.makeLogRecord({"msg": "taken", "levelname": "INFO"}))
    finally:
        logs.event_id.reset(token)
    assert len(json.loads(line)["event"]) == 256
