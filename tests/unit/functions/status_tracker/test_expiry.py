"""Which alerts are to be deleted, by table."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aegis.names import Fingerprint, alert_name
from functions.status_tracker.expiry import expired
from tests.unit.functions.status_tracker.objects import MATCHED, PENDING, alert

CAME = "2026-01-01T11:00:00Z"
ENDED_AT = "2026-01-01T12:00:00Z"
AFTER_END = datetime(2026, 1, 1, 12, tzinfo=UTC)
AFTER_CAME = datetime(2026, 1, 1, 11, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def ended(outcome: str, *, at: str = ENDED_AT) -> dict[str, Any]:
    return {**MATCHED, "workflow": "w", "workflowUID": "w-uid", "outcome": outcome, "completionTime": at}


@pytest.mark.parametrize(
    ("status", "ttl", "due"),
    [
        pytest.param({"firing": ended("Succeeded")}, {}, AFTER_END + 2 * DAY, id="success, by default"),
        pytest.param({"firing": ended("Failed")}, {}, AFTER_END + 4 * DAY, id="failure, by default"),
        pytest.param({}, {}, AFTER_CAME + DAY, id="no work, by default"),
        pytest.param(
            {"firing": ended("Succeeded")}, {"secondsAfterSuccess": 9}, AFTER_END + 9 * SECOND, id="success, its own"
        ),
        pytest.param(
            {"firing": ended("Failed")}, {"secondsAfterFailure": 9}, AFTER_END + 9 * SECOND, id="failure, its own"
        ),
        pytest.param(
            {"firing": ended("Failed")},
            {"secondsAfterSuccess": 5, "secondsAfterCompletion": 9},
            AFTER_END + 9 * SECOND,
            id="either way",
        ),
        pytest.param(
            {"firing": ended("Succeeded")},
            {"secondsAfterSuccess": 5, "secondsAfterCompletion": 9},
            AFTER_END + 5 * SECOND,
            id="the outcome's own goes before",
        ),
        pytest.param({"firing": ended("Succeeded")}, {"secondsAfterSuccess": 0}, AFTER_END, id="at once"),
        pytest.param(
            {"opsStatus": {"triggerStatus": "RuleNotFound"}},
            {"secondsAfterNoOps": 9},
            AFTER_CAME + 9 * SECOND,
            id="no rule",
        ),
        pytest.param({"lastReceivedTime": ENDED_AT}, {}, AFTER_END + DAY, id="no work, since it last came"),
        pytest.param(
            {"lastReceivedTime": CAME, "resolvedTime": ENDED_AT}, {}, AFTER_END + DAY, id="no work, since it resolved"
        ),
        pytest.param(
            {"firing": ended("Failed", at=CAME), "resolved": ended("Succeeded")},
            {},
            AFTER_END + 2 * DAY,
            id="after the newest work",
        ),
        pytest.param(
            {"firing": ended("Succeeded"), "resolved": {"triggerStatus": "RuleNotFound"}},
            {},
            AFTER_END + 2 * DAY,
            id="nothing undoes what was done",
        ),
        pytest.param(
            {"opsStatus": {"triggerStatus": "Triggered", "alertOpsStatus": "Failed", "completionTime": ENDED_AT}},
            {},
            AFTER_END + 4 * DAY,
            id="of the Go system, without records",
        ),
    ],
)
def test_an_alert_expires_just_then(status: dict[str, Any], ttl: dict[str, int], due: datetime) -> None:
    item = alert(status, ttlStrategy=ttl)
    assert expired([item], now=due - SECOND) == []
    assert expired([item], now=due) == [item]


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(PENDING, id="matched"),
        pytest.param(
            {"opsStatus": {"active": 1}, "firing": {**MATCHED, "workflow": "w", "workflowUID": "u"}}, id="running"
        ),
        pytest.param({"firing": ended("Succeeded"), "resolved": MATCHED}, id="matched again after it ended"),
        pytest.param({"opsStatus": {"alertOpsStatus": "Running"}}, id="running, without a record"),
    ],
)
def test_an_alert_with_work_under_way_never_expires(status: dict[str, Any]) -> None:
    assert expired([alert(status)], now=AFTER_END + 1000 * DAY) == []


def test_the_first_episode_stays_while_a_later_one_does() -> None:
    later = AFTER_END + 2 * DAY
    name = alert_name(source="", alert_type="Disk", fingerprint=Fingerprint("f"), episode=0)
    first = alert({"firing": ended("Succeeded"), "latestEpisode": 1}, name=name, fingerprint="f")
    second = alert({"lastReceivedTime": "2026-01-03T11:59:00Z"}, name="second", fingerprint="f", episode=1)
    other = alert({"firing": ended("Succeeded")}, name="other", fingerprint="g")
    assert expired([first, second, other], now=later) == [other]
    assert expired([first, other], now=later) == [first, other]
    assert expired([first, second, other], now=later + DAY) == [second, other]


def test_what_is_being_deleted_is_not_deleted_again() -> None:
    item = alert()
    marked = item.model_copy(update={"metadata": item.metadata.model_copy(update={"deletion_timestamp": CAME})})
    assert expired([marked], now=AFTER_END + 1000 * DAY) == []


def test_a_time_that_nobody_can_read_deletes_nothing_and_breaks_nothing() -> None:
    odd = alert({"firing": ended("Succeeded", at="yesterday")})
    assert list(expired([odd], now=AFTER_END + 30 * DAY)) == []
