"""The two ways Knative's manifests spell a duration: Go's (`1m30s`) and ISO 8601's (`PT0.2S`)."""

from __future__ import annotations

import re

_GO_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_GO_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_ISO = re.compile(
    r"P(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_ISO_SECONDS = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}


class InvalidDurationError(ValueError):
    """The text is no duration; the message says which form is expected."""


def parse_go_duration(text: str) -> float:
    """Seconds of a Go duration such as `90s` or `1m30s`.

    Raises:
        InvalidDurationError: when the text is none.
    """
    parts = _GO_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InvalidDurationError(f"{text!r} is not a duration like 90s or 1m30s")
    return sum(float(number) * _GO_UNITS[unit] for number, unit in parts)


def parse_iso_duration(text: str) -> float:
    """Seconds of an ISO 8601 duration such as `PT0.2S` or `P1DT2H`.

    Raises:
        InvalidDurationError: when the text is none.
    """
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groupdict().values()):
        raise InvalidDurationError(f"{text!r} is not an ISO 8601 duration like PT0.2S")
    return sum(float(match[name]) * seconds for name, seconds in _ISO_SECONDS.items() if match[name])
