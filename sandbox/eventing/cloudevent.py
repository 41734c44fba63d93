"""CloudEvents 1.0 on HTTP as the Broker needs them: parsed and checked, the data left as the bytes that came.

The SDK would decode and re-encode every payload on its way through; a Broker carries data, it does not read it.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.http import Headers, Request, Response

_REQUIRED = ("id", "source", "type")
_NAME = re.compile(r"[a-z0-9]+")
_STRUCTURED = "application/cloudevents+json"
_HEADER_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


class NotAnEventError(ValueError):
    """The message holds no valid CloudEvent; says every attribute that is wrong."""


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


def is_event(message: Request | Response) -> bool:
    """Whether the headers claim an event: by `ce-specversion`, or by a CloudEvents content type."""
    content_type = message.header("content-type") or ""
    return message.header("ce-specversion") is not None or content_type.startswith("application/cloudevents")


def parse(message: Request | Response) -> CloudEvent:
    """Read an event in binary or structured mode.

    Raises:
        NotAnEventError: when there is none, or it breaks the specification.
    """
    content_type = message.header("content-type") or ""
    if content_type.startswith("application/cloudevents-batch"):
        raise NotAnEventError("a batch of events is not accepted here")
    if content_type.startswith("application/cloudevents"):
        return _from_structured(message.body)
    if message.header("ce-specversion") is None:
        raise NotAnEventError(f"no ce-specversion header and no {_STRUCTURED} content")
    attributes = {name[3:]: _decoded(value) for name, value in message.headers if name.startswith("ce-")}
    return _checked(attributes, message.body, content_type)


def to_binary(event: CloudEvent) -> tuple[Headers, bytes]:
    """The event as headers and body in binary mode, which is how Knative hands events on."""
    headers = [(f"ce-{name}", quote(value, safe=_HEADER_SAFE + " ")) for name, value in event.attributes.items()]
    if event.content_type:
        headers.append(("content-type", event.content_type))
    return tuple(headers), event.data


def _decoded(value: str) -> str:
    """A header's value as section 3.1.3.2 of the binding decodes it: quotes around it first, then percent signs."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return unquote(value) if "%" in value else value


def _from_structured(body: bytes) -> CloudEvent:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise NotAnEventError(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise NotAnEventError("the body is not a JSON object")
    payload, binary = document.pop("data", None), document.pop("data_base64", None)
    content_type = document.pop("datacontenttype", None) or ""
    attributes = {name: _canonical(value) for name, value in document.items() if value is not None}
    data, content_type = _payload(payload, binary, str(content_type))
    return _checked(attributes, data, content_type)


def _payload(payload: Any, binary: Any, content_type: str) -> tuple[bytes, str]:
    if binary is not None:
        try:
            return base64.b64decode(str(binary), validate=True), content_type
        except binascii.Error as error:
            raise NotAnEventError(f"data_base64: {error}") from error
    if payload is None:
        return b"", content_type
    if isinstance(payload, str) and content_type and "json" not in content_type:
        return payload.encode(), content_type
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode(), content_type or "application/json"


def _canonical(value: Any) -> str:
    """The text form of an attribute value (CloudEvents 1.0, section 3.1.1)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        raise NotAnEventError("an attribute is neither text, number nor boolean")
    return str(value)


def _checked(attributes: dict[str, str], data: bytes, content_type: str) -> CloudEvent:
    problems = [f"{name} is missing or empty" for name in _REQUIRED if not attributes.get(name)]
    if attributes.get("specversion") != "1.0":
        problems.append(f"specversion is {attributes.get('specversion')!r}, not '1.0'")
    problems += [f"{name!r} is no attribute name" for name in attributes if not _NAME.fullmatch(name)]
    if problems:
        raise NotAnEventError("; ".join(problems))
    return CloudEvent(attributes, data, content_type)
