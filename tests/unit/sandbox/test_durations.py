"""Durations are read in both spellings of Knative's manifests."""

import pytest

from sandbox.durations import InvalidDurationError, parse_go_duration, parse_iso_duration


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1m30s", 90), ("1.5h", 5400), ("250ms", 0.25)])
def test_go_durations(text: str, seconds: float) -> None:
    assert parse_go_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "90", "1m 30s", "PT1S", "s"])
def test_what_go_would_not_read(text: str) -> None:
    with pytest.raises(InvalidDurationError):
        parse_go_duration(text)


@pytest.mark.parametrize(("text", "seconds"), [("PT0.2S", 0.2), ("PT1M30S", 90), ("P1DT2H", 93600), ("P1D", 86400)])
def test_iso_durations(text: str, seconds: float) -> None:
    assert parse_iso_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "P", "PT", "10s", "PT1X"])
def test_what_iso_would_not_read(text: str) -> None:
    with pytest.raises(InvalidDurationError):
        parse_iso_duration(text)
