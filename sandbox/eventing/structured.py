"""An event as a JSON document, as Knative reads it: its data is the bytes that were written, not what they mean."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"
_JSON = frozenset(
    {"", "application/json", "text/json", "application/cloudevents+json", "application/cloudevents-batch+json"}
)


def read(body: bytes) -> tuple[dict[str, Any], bytes]:
    """The members of a document, its data apart, and the data.

    Raises:
        ValueError: when it is no JSON object, or its data is not what its content type promises.
    """
    members: dict[str, Any] = {}
    data: tuple[str, Any] | None = None
    encoded: Any = None
    for key, value, written in _members(body.decode()):
        if key == "data":
            data = written, value
        elif key == "data_base64":
            encoded = value
            if written[0] in _BLANK and "specversion" in members and "datacontenttype" not in members:
                raise ValueError("Knative takes the blank before data_base64 for a part of it")
        else:
            members[key] = value
    if encoded is not None:
        return members, base64.b64decode(text(encoded, "data_base64"), validate=True)
    return members, b"" if data is None else _data(*data, members)


def _data(written: str, value: Any, members: Mapping[str, Any]) -> bytes:
    media_type = str(members.get("datacontenttype") or "").partition(";")[0].strip().lower()
    return written.encode() if media_type in _JSON else text(value, "data").encode()


def text(value: Any, member: str) -> str:
    """A member that is text, or is not there.

    Raises:
        ValueError: when it is something else.
    """
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{member} is no text")
    return value or ""


def _members(document: str) -> Iterator[tuple[str, Any, str]]:
    """Each member of an object: its name, its value, and all that is written after the colon, blanks too."""
    at = _expect(document, 0, "{")
    if document[at : at + 1] == "}":
        return
    while True:
        key, at = _DECODER.raw_decode(document, at)
        if not isinstance(key, str):
            raise ValueError("a member has no name")  # noqa: TRY004 - what is wrong is the document
        start = document.find(":", at) + 1
        value, end = _DECODER.raw_decode(document, _expect(document, at, ":"))
        yield key, value, document[start:end]
        at = _skip(document, end)
        if document[at : at + 1] == "}":
            return
        at = _expect(document, at, ",")


def _expect(document: str, at: int, mark: str) -> int:
    at = _skip(document, at)
    if document[at : at + 1] != mark:
        raise ValueError(f"the body is no JSON object: {mark!r} is missing at {at}")
    return _skip(document, at + 1)


def _skip(document: str, at: int) -> int:
    while document[at : at + 1] and document[at] in _BLANK:
        at += 1
    return at
