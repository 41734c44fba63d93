"""Settings from the environment."""

from datetime import timedelta

import pytest

from functions.alert_normalizer.settings import Settings, read


def test_nothing_set() -> None:
    assert read({}) == Settings()
    assert Settings().ignored_types == {"Watchdog", "InfoInhibitor"}


def test_everything_set() -> None:
    assert read(
        {
            "AEGIS_NAMESPACE": "aegis",
            "AEGIS_IGNORED_TYPES": "Watchdog, Noise,",
            "AEGIS_COOLDOWN_SECONDS": "60",
            "AEGIS_REFIRE_GRACE_SECONDS": "5",
            "AEGIS_HINTS": "on",
            "AEGIS_SYSTEM_PARAMETERS": "registry=r.example.com, image = a=b",
            "AEGIS_TTL_SECONDS_AFTER_SUCCESS": "1",
            "AEGIS_TTL_SECONDS_AFTER_FAILURE": "2",
            "AEGIS_TTL_SECONDS_AFTER_NO_OPS": "99999999999",
            "AEGIS_OPEN_SOURCES": "Default, shop",
            "AEGIS_RAW_ALERTS": "on",
        }
    ) == Settings(
        namespace="aegis",
        ignored_types=frozenset({"Watchdog", "Noise"}),
        cooldown=timedelta(minutes=1),
        refire_grace=timedelta(seconds=5),
        system_parameters={"registry": "r.example.com", "image": "a=b"},
        seconds_after_success=1,
        seconds_after_failure=2,
        seconds_after_no_ops=2**31 - 1,
        open_sources=frozenset({"Default", "shop"}),
        raw_alerts=True,
        hints=True,
    )


def test_no_type_may_be_ignored() -> None:
    assert read({"AEGIS_IGNORED_TYPES": ""}).ignored_types == frozenset()


def test_a_parameter_that_is_no_annotation_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    assert read({"AEGIS_SYSTEM_PARAMETERS": "a b=c,d,e=f"}).system_parameters == {"e": "f"}
    assert len(caplog.records) == 2


def test_what_is_no_number_of_seconds_leaves_the_default_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert read({"AEGIS_COOLDOWN_SECONDS": "30m"}).cooldown == timedelta(minutes=30)
    assert "AEGIS_COOLDOWN_SECONDS" in caplog.records[0].__dict__.values()


@pytest.mark.parametrize("text", ["", "off", "On", "1"])
def test_raw_alerts_are_taken_where_it_says_on_and_nowhere_else(text: str) -> None:
    assert not read({"AEGIS_RAW_ALERTS": text}).raw_alerts
