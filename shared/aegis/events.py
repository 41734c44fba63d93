"""CloudEvents at the boundary: a frozen value of ours, read from a request and written to an answer.

functions-framework holds the CloudEvents SDK at 1.x; the SDK is used here and nowhere else, so that the rest of the
project does not depend on which version that is.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from cloudevents.conversion import to_structured
from cloudevents.exceptions import GenericException
from cloudevents.http import CloudEvent, from_http

from aegis.errors import BadEvent, TooLarge
from aegis.jsontext import is_text, loads

ALERT_FIRING = "io.aegis.alert.firing.v1"
ALERT_RESOLVED = "io.aegis.alert.resolved.v1"
ALERT_REFIRED = "io.aegis.alert.refired.v1"
ALERT_COMPLETED = "io.aegis.alert.completed.v1"
RULE_MATCHED = "io.aegis.rule.matched.v1"
WORKFLOW_CREATED = "io.aegis.workflow.created.v1"
RAW_ALERT_RECEIVED = "io.aegis.rawalert.received.v1"
ALERT = "io.aegis.alert.v1"
ALERTMANAGER = "io.prometheus.alertmanager.v4"
RESOURCE_ADDED = "dev.knative.apiserver.resource.add"
RESOURCE_UPDATED = "dev.knative.apiserver.resource.update"
RESOURCE_DELETED = "dev.knative.apiserver.resource.delete"
TICK = "dev.knative.sources.ping"

BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"
MOST_EVENTS = 4096
"""Of one batch."""
_REQUIRED = ("specversion", "id", "source", "type")
_CORE = frozenset({*_REQUIRED, "subject", "time", "datacontenttype", "dataschema"})
_STRUCTURED = {"content-type": "application/cloudevents+json"}


class Event(NamedTuple):
    """A CloudEvent 1.0 with JSON data."""

    type: str
    source: str
    id: str
    data: Any = None
    subject: str = ""
    extensions: Mapping[str, str] = MappingProxyType({})

    @property
    def identity(self) -> str:
        """Source and id: together unique for each distinct event (CloudEvents 1.0, section 3.1.1)."""
        return f"{self.source} {self.id}"

    @property
    def undelivered_to(self) -> str | None:
        """Of a dead letter, an event that Knative gave up on: where it could not be delivered to."""
        return self.extensions.get("knativeerrordest")


def _from_sdk(event: CloudEvent) -> Event:
    attributes = event.get_attributes()
    for name in ("type", "source", "id", "subject"):
        value = attributes.get(name)
        if not isinstance(value, str | None):
            raise BadEvent(f"{name}: not a string")
        if value and not is_text(value):
            raise BadEvent(f"{name}: has half of a surrogate pair, which is no character")
    data = event.get_data()
    if isinstance(data, bytes):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BadEvent("data: not JSON, or nested too deeply; accepted is application/json") from error
    extensions = {key: str(value) for key, value in attributes.items() if key not in _CORE}
    return Event(
        type=attributes["type"],
        source=attributes["source"],
        id=attributes["id"],
        subject=attributes.get("subject") or "",
        data=data,
        extensions=extensions,
    )


def read_event(headers: Mapping[str, str], body: bytes) -> Event:
    """Read one event in structured or binary mode (CloudEvents HTTP binding, sections 3.1 and 3.2).

    Raises:
        BadEvent: when it is no CloudEvent, or its data is not JSON.
    """
    try:
        return _from_sdk(from_http(dict(headers), body))
    except BadEvent:
        raise
    except (GenericException, ValueError, KeyError, TypeError, RecursionError):
        raise _no_event(headers, body) from None  # the SDK's words quote the body


def _no_event(headers: Mapping[str, str], body: bytes) -> BadEvent:
    """What keeps a request from being a CloudEvent: the attributes that it lacks, if it has any at all."""
    given = {name.lower().removeprefix("ce-"): value for name, value in headers.items() if name[:3].lower() == "ce-"}
    if not given:
        try:
            read = json.loads(body)
        except (ValueError, RecursionError):
            read = None
        given = read if isinstance(read, dict) else {}
    missing = [name for name in _REQUIRED if not given.get(name)]
    if missing and len(missing) < len(_REQUIRED):
        return BadEvent(f"{', '.join(missing)}: missing; a CloudEvent 1.0 has {', '.join(_REQUIRED)}")
    return BadEvent("not a CloudEvent 1.0 in structured or binary mode")


def read_batch(body: bytes) -> list[Event | BadEvent]:
    """Read the events of a batch (CloudEvents HTTP binding, section 3.3); a bad one is told in its place.

    Raises:
        BadEvent: when the body is no JSON array.
        TooLarge: when it holds more than `MOST_EVENTS`.
    """
    try:
        entries = loads(body)
    except (ValueError, RecursionError) as error:
        raise BadEvent("batch: not JSON, or nested too deeply") from error
    if not isinstance(entries, list):
        raise BadEvent(f"batch: expected an array of CloudEvents, got {type(entries).__name__}")
    if len(entries) > MOST_EVENTS:
        raise TooLarge(f"batch: {len(entries)} events; accepted are at most {MOST_EVENTS}")
    return [_read_entry(entry) for entry in entries]


def _read_entry(entry: Any) -> Event | BadEvent:
    try:
        return read_event(_STRUCTURED, json.dumps(entry).encode())
    except BadEvent as error:
        return error
    except RecursionError:
        return BadEvent("nested too deeply")


def write_event(event: Event) -> tuple[dict[str, str], bytes]:
    """The headers and body of an event in structured mode."""
    attributes = {"type": event.type, "source": event.source, "id": event.id, "datacontenttype": "application/json"}
    if event.subject:
        attributes["subject"] = event.subject
    headers, body = to_structured(CloudEvent({**attributes, **event.extensions}, event.data))
    return dict(headers), bytes(body)


def derived_id(*parts: str) -> str:
    """An event id that is the same whenever the same step runs again."""
    return str(uuid5(NAMESPACE_URL, "\n".join(parts)))
