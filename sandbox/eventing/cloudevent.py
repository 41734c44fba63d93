"""CloudEvents on HTTP as Knative's parts read and write them, the data left as the bytes that came.

The SDK for Python would decode and encode every payload on its way through; a Broker carries data, it does not read it.
Reading and checking are two things, as they are in Knative: its filter hands on what it can read, and its ingress
refuses what breaks the specification.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sandbox.eventing import structured, values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.http import Headers, Request, Response

_VERSIONS = ("1.0", "0.3")
_REQUIRED = ("id", "source", "type")
_CONTEXT = frozenset({*_REQUIRED, "specversion", "subject", "time", "dataschema"})
_FORMS: Mapping[str, Callable[[str], str]] = {
    "source": values.address,
    "dataschema": values.address,
    "time": values.moment,
}
_STRUCTURED, _BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


class NotAnEventError(ValueError):
    """The message holds no valid CloudEvent; says what is wrong."""


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event: its context attributes as text, and its data as bytes."""

    attributes: Mapping[str, str]
    data: bytes = b""
    content_type: str = field(default="")

    @property
    def type(self) -> str:
        """The event's type."""
        return self.attributes["type"]

    def attribute(self, name: str) -> str | None:
        """An attribute as filters see it; `datacontenttype` is one too."""
        if name == "datacontenttype":
            return self.content_type or None
        return self.attributes.get(name)

    def having(self, **attributes: str) -> CloudEvent:
        """The same event with more or other attributes."""
        return replace(self, attributes={**self.attributes, **attributes})

    def lacking(self, name: str) -> CloudEvent:
        """The same event without an attribute."""
        return replace(self, attributes={key: value for key, value in self.attributes.items() if key != name})

    def checked(self) -> CloudEvent:
        """The event as the next one sees it, to whom headers carry it.

        Raises:
            NotAnEventError: when it breaks the specification; says every attribute that is wrong.
        """
        attributes = {name: value.strip() for name, value in self.attributes.items()}
        problems = [f"{name} is missing or empty" for name in _REQUIRED if not attributes.get(name)]
        if not attributes.get("subject", "some"):
            problems.append("subject is empty")
        if not values.is_absolute(attributes.get("dataschema", "x:")):
            problems.append(f"dataschema: {attributes['dataschema']!r} is no absolute URI")
        if self.content_type and not values.is_media_type(self.content_type):
            problems.append(f"datacontenttype: {self.content_type!r} is no media type")
        if problems:
            raise NotAnEventError("; ".join(problems))
        return replace(self, attributes=attributes)


def is_event(message: Request | Response) -> bool:
    """Whether the headers claim an event: by `ce-specversion`, or by a CloudEvents content type."""
    return _media_type(message) in (_STRUCTURED, _BATCH) or message.header("ce-specversion") in _VERSIONS


def parse(message: Request | Response) -> CloudEvent:
    """Read an event in binary or structured mode, without checking that it is complete.

    Raises:
        NotAnEventError: when there is none that can be read.
    """
    media_type = _media_type(message)
    if media_type == _BATCH:
        raise NotAnEventError("a batch of events is not accepted here")
    try:
        return _from_structured(message.body) if media_type == _STRUCTURED else _from_binary(message)
    except (ValueError, RecursionError) as error:
        raise NotAnEventError(str(error)) from error


def to_binary(event: CloudEvent) -> tuple[Headers, bytes]:
    """The event as headers and body in binary mode, which is how Knative hands events on."""
    headers = [(f"ce-{name}", _as_header(value)) for name, value in event.attributes.items()]
    if event.content_type:
        headers.append(("content-type", event.content_type))
    return tuple(headers), event.data


def _media_type(message: Request | Response) -> str:
    return (message.header("content-type") or "").partition(";")[0].strip().lower()


def _from_binary(message: Request | Response) -> CloudEvent:
    given: dict[str, str] = {}
    for header, value in message.headers:
        if header.startswith("ce-"):
            given.setdefault(header[3:], _from_header(value))
    if given.get("specversion") not in _VERSIONS:
        raise NotAnEventError(f"there is no ce-specversion that is known, and no {_STRUCTURED}")
    for name in ("id", "time"):
        if given.get(name) == "":
            raise NotAnEventError(f"{name} is empty")
    return CloudEvent(_attributes(given), message.body, (message.header("content-type") or "").strip())


def _from_structured(body: bytes) -> CloudEvent:
    members, data = structured.read(body)
    content_type = structured.text(members.pop("datacontenttype", None), "datacontenttype")
    given: dict[str, str] = {}
    for name, value in members.items():
        if name in _CONTEXT:
            given[name] = structured.text(value, name)
        elif value is not None:
            given[name] = values.extension(value)
    if given.get("specversion") not in _VERSIONS:
        raise NotAnEventError("there is no specversion that is known")
    if given.get("source") == "":
        raise NotAnEventError("source is empty")
    with suppress(ValueError):  # a schema that is no address is as good as none
        given["dataschema"] = values.address(given.pop("dataschema", ""))
    return CloudEvent(_attributes(given), data, content_type)


def _attributes(given: Mapping[str, str]) -> dict[str, str]:
    """Each attribute in the form in which it is handed on; what an event may do without is not set when it is empty."""
    attributes: dict[str, str] = {}
    for name, text in given.items():
        if name not in _CONTEXT:
            extension = values.name(name)
            if extension in (*_CONTEXT, "datacontenttype"):
                raise NotAnEventError(f"{name!r} is no name of an extension")
            attributes[extension] = text
        elif value := _FORMS.get(name, str)(text) if text else "":
            attributes[name] = value
    return attributes


# Headers are bytes, and HTTP's libraries take them for Latin-1; what is in them is UTF-8.


def _from_header(value: str) -> str:
    return value.encode("latin-1").decode("utf-8", "surrogateescape")


def _as_header(value: str) -> str:
    return value.encode("utf-8", "surrogateescape").decode("latin-1")
