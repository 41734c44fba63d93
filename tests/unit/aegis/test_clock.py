"""Times that others wrote, and how long settings say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis import clock

DEFAULT = timedelta(seconds=30)


@given(st.datetimes(timezones=st.timezones()))
def test_a_moment_is_read_as_it_was_written_to_the_last_digit(moment: datetime) -> None:
    try:
        spelled = clock.exact(moment)
    except OverflowError:  # it is none in UTC
        return
    assert clock.parse(spelled) == moment.astimezone(UTC)
    assert clock.exact(clock.parse(spelled)) == spelled


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-01-01T00:00:00"])
def test_what_is_no_moment_is_none(text: str | None) -> None:
    assert clock.read(text) is None


def test_a_moment_that_others_wrote_is_read() -> None:
    assert clock.read("2026-01-01T01:00:00+01:00") == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("60", timedelta(minutes=1)), ("0.5", timedelta(seconds=0.5)), ("-1", timedelta(0)), ("0", timedelta(0))]
    + [(text, DEFAULT) for text in ("", "1m", "nan", "inf", "9" * 400)],
)
def test_a_setting_says_how_long_or_its_default_stands(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: timedelta
) -> None:
    monkeypatch.setenv("AEGIS_STUCK_SECONDS", text)
    assert clock.duration("AEGIS_STUCK_SECONDS", default=DEFAULT) == expected
