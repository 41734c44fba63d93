"""Attribute values as Knative hands them on: it reads each as what the specification says it is, and writes that anew.

These follow the CloudEvents SDK for Go, on which all parts of Knative stand, where that differs from the letter of the
specification: header values are neither percent-encoded nor quoted, and a number loses its fraction.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

_LARGEST = 2**31
_NAME = re.compile(r"[a-zA-Z0-9]+")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_MEDIA_TYPE = re.compile(rf'{_WORD}(/{_WORD})?\s*(;\s*({_WORD}=({_WORD}|"[^"]*"))?\s*)*')
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_COLON = re.compile(r"[^/?#]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_URI_SAFE = "%!$&'()*+,;=:@[]/?#"


def name(text: str) -> str:
    """An extension's name.

    Raises:
        ValueError: when it is none.
    """
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no attribute name")
    return text.lower()


def moment(text: str) -> str:
    """A time, in UTC and without needless zeros.

    Raises:
        ValueError: when it is not as RFC 3339 says.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"time: {text!r} is not in RFC 3339's form")
    seconds, fraction, zone = found.groups()
    utc = datetime.fromisoformat(seconds + zone).astimezone(UTC)
    digits = (fraction or "")[:9].rstrip("0")
    return f"{utc:%Y-%m-%dT%H:%M:%S}" + (f".{digits}" if digits else "") + "Z"


def address(text: str) -> str:
    """A URI reference, with all that must be percent-encoded encoded.

    Raises:
        ValueError: when it is none.
    """
    parts = urlsplit(text)
    _ = parts.port  # which raises what is to be raised
    if (
        " " in parts.netloc
        or _BAD_ESCAPE.search(text)
        or _CONTROL.search(text)
        or (_COLON.match(text) and not parts.scheme)
    ):
        raise ValueError(f"{text!r} is no URI reference")
    return quote(text, safe=_URI_SAFE)


def extension(value: Any) -> str:
    """The text form of an extension's value in JSON.

    Raises:
        ValueError: when it is neither text, boolean nor a number of 32 bits.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)) and -_LARGEST <= value < _LARGEST:
        return str(int(value))
    if isinstance(value, str):
        return value
    raise ValueError(f"{value!r} is no value of an attribute")


def is_media_type(text: str) -> bool:
    """Whether this can be a content type."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def is_absolute(text: str) -> bool:
    """Whether a URI names its scheme."""
    return bool(urlsplit(text).scheme)


def is_header(text: str) -> bool:
    """Whether a header can carry this."""
    return _CONTROL.search(text.replace("\t", "")) is None
