"""Reading JSON and single fields."""

import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.states import AlertStatus
from functions.alert_normalizer.fields import Fields, parse, unfit
from functions.alert_normalizer.incoming import BadContent
from tests.unit.functions.alert_normalizer.alerts import JSON


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
        ('{"a": "ü"}'.encode("utf-16"), "not UTF-8"),
        (b'{"a": NaN}', "a number that cannot be read"),
        (b'{"a": -Infinity}', "a number that cannot be read"),
        (b"1" * 5000, "a number that cannot be read"),
    ],
)
def test_what_is_not_json_is_a_bad_request(body: bytes, problem: str) -> None:
    with pytest.raises(BadContent, match=problem) as caught:
        parse(body)
    assert caught.value.status == 400


def test_a_byte_order_mark_is_no_harm() -> None:
    assert parse(b'\xef\xbb\xbf{"a": "\xc3\xbc"}') == {"a": "ü"}


def test_a_character_in_two_halves_is_whole() -> None:
    assert parse(rb'["\ud83d\ude00"]') == ["😀"]


@given(JSON, st.sampled_from(["", "alerts[0]"]))
def test_what_is_fit_can_be_stored(data: object, at: str) -> None:
    alert = {"details": data}
    assert unfit(alert, at) or json.dumps(alert, ensure_ascii=False).encode()


@pytest.mark.parametrize("at", ["", "alerts[7]"])
@pytest.mark.parametrize(
    ("alert", "name"),
    [
        ({"type": "a", "status": "\ud800"}, "status"),
        ({"labels": {"a": ["b", "\udfff"]}}, "labels"),
        ({"labels": {"\ud800": ""}}, "labels"),
        ({"é": 1, "é\udc00": 1}, r"é\udc00"),
    ],
)
def test_half_a_character_is_named(alert: dict[str, object], name: str, at: str) -> None:
    rejection = unfit(alert, at)
    assert rejection
    (problem,) = rejection.problems
    assert (problem.field, rejection.status) == (f"{at}.{name}" if at else name, 400)


@given(st.binary() | JSON.map(lambda data: json.dumps(data).encode()))
def test_no_body_is_too_odd(body: bytes) -> None:
    with suppress(BadContent):
        parse(body)


@pytest.mark.parametrize("text", ["firing", "Firing", "FIRING", " firing "])
def test_a_status_is_read_in_any_case(text: str) -> None:
    fields = Fields("")
    assert fields.status("status", text) is AlertStatus.FIRING
    assert fields.status("status", "rEsolved") is AlertStatus.RESOLVED
    assert not fields.problems


def test_a_number_that_json_does_not_have_is_still_text() -> None:
    assert Fields("").texts("details", {"a": math.inf}) == {"a": "Infinity"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T08:00:00.100Z", "2026-01-01T08:00:00.1Z"),
        ("2026-01-01T08:00:00.123456789Z", "2026-01-01T08:00:00.123456Z"),
        ("2026-01-01T00:30:00+02:00", "2025-12-31T22:30:00Z"),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_moment_has_one_spelling(text: str | None, expected: str) -> None:
    fields = Fields("")
    assert fields.moment("startsAt", text) == expected
    assert not fields.problems


@given(st.datetimes(timezones=st.timezones()))
def test_a_spelled_moment_stays_as_it_is(moment: object) -> None:
    fields = Fields("")
    spelled = fields.moment("startsAt", str(moment))
    assert fields.moment("startsAt", spelled) == spelled
