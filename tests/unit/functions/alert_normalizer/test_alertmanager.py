"""Reading Alertmanager's webhook."""

import json
from typing import Any

import pytest
from hypothesis import given

from aegis.models.states import AlertStatus
from functions.alert_normalizer.alertmanager import read_webhook
from functions.alert_normalizer.incoming import BadContent, Incoming, Rejection
from tests.payloads import PAYLOADS
from tests.unit.functions.alert_normalizer.alerts import JSON, NEARLY

LABELS = {"alertname": "DiskFull", "severity": "critical", "kind": "Node", "node": "dev1"}
ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": LABELS,
    "annotations": {"description": "The disk is full.", "summary": "Full.", "runbook_url": "https://example.com"},
    "startsAt": "2026-01-01T08:00:00.123456789Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus/graph",
    "fingerprint": "a38bd979bba359db",
}


def webhook(*alerts: Any, **changes: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "status": "firing",
        "receiver": "aegis",
        "alerts": alerts and list(alerts),
        **changes,
    }


def one(alert: Any, **changes: Any) -> Incoming:
    (entry,) = read_webhook(webhook(alert, **changes)).entries
    assert isinstance(entry, Incoming), entry
    return entry


def test_an_alert_is_read() -> None:
    alert = one(ALERT)
    assert (alert.source, alert.type, alert.severity) == ("AlertManager", "DiskFull", "critical")
    assert (alert.fingerprint, alert.starts_at) == ("a38bd979bba359db", "2026-01-01T08:00:00.123456Z")
    assert alert.name().startswith("alertmanager-diskfull-")


def test_details_are_the_labels_with_description_and_summary() -> None:
    assert one(ALERT).details == {**LABELS, "description": "The disk is full.", "summary": "Full."}


def test_a_label_goes_before_an_annotation_of_its_name() -> None:
    assert one({**ALERT, "labels": {**LABELS, "summary": "label"}}).details["summary"] == "label"


def test_each_alert_has_its_own_status() -> None:
    entries = read_webhook(webhook(ALERT, {**ALERT, "status": "resolved"}, status="firing")).entries
    assert [entry.status for entry in entries if isinstance(entry, Incoming)] == [
        AlertStatus.FIRING,
        AlertStatus.RESOLVED,
    ]


def test_firing_stays_firing_where_its_end_has_passed() -> None:
    assert one({**ALERT, "endsAt": "2020-01-01T00:00:00Z"}).status is AlertStatus.FIRING


def test_version_3_is_read() -> None:
    assert one({key: value for key, value in ALERT.items() if key != "fingerprint"}, version="3", groupKey=1234)


def test_a_missing_fingerprint_is_the_one_that_alertmanager_gives() -> None:
    # a live Alertmanager gave these labels that fingerprint
    alert = {
        **ALERT,
        "labels": {
            "alertname": "Watchdog",
            "severity": "none",
            "prometheus": "default/robusta-kube-prometheus-st-prometheus",
        },
    }
    assert one({key: value for key, value in alert.items() if key != "fingerprint"}).fingerprint == "f482596675d33088"


def test_annotations_do_not_change_the_fingerprint() -> None:
    bare = {"status": "firing", "labels": LABELS}
    assert one(bare).fingerprint == one({**bare, "annotations": {"description": "x"}}).fingerprint


def test_what_the_sender_left_out_is_known() -> None:
    assert read_webhook(webhook(ALERT, truncatedAlerts=3)).truncated == 3


@pytest.mark.parametrize("truncated", [None, -1, "3", 0])
def test_truncation_that_is_no_count_is_none(truncated: object) -> None:
    assert read_webhook(webhook(ALERT, truncatedAlerts=truncated)).truncated == 0


def test_an_alert_without_kind_is_accepted() -> None:
    assert one({"status": "firing", "labels": {"alertname": "KubeCPUOvercommit"}}).involved_object.kind == ""


def test_all_problems_are_told_at_once_by_field() -> None:
    (ok, bad, worse) = read_webhook(
        webhook(ALERT, {"labels": {"a": {}}, "annotations": [], "startsAt": 5, "fingerprint": []}, 7)
    ).entries
    assert isinstance(ok, Incoming)
    assert isinstance(bad, Rejection)
    assert {problem.field for problem in bad.problems} == {
        f"alerts[1].{field}"
        for field in ("labels.a", "labels.alertname", "annotations", "status", "startsAt", "fingerprint")
    }
    assert isinstance(worse, Rejection)
    assert worse.reason == "alerts[2]: is a number; accepted is an object"


@pytest.mark.parametrize("data", [None, [], "x", {}, {"alerts": {}}, {"alerts": None}, ALERT])
def test_what_is_no_webhook(data: object) -> None:
    with pytest.raises(BadContent, match="webhook, version 4"):
        read_webhook(data)


@pytest.mark.parametrize(
    ("sample", "kind", "name"),
    [
        ("alerta/prometheus_v4_alert.json", "", ""),
        (
            "holmesgpt/alertmanager_alert_11_KubePodCrashLooping.json",
            "Pod",
            "payment-processing-worker-747ccfb9db-pd6wz",
        ),
        ("holmesgpt/alertmanager_alert_13_Watchdog.json", "", ""),
        ("holmesgpt/alertmanager_alert_15_dns_resolution.json", "Pod", "client"),
    ],
)
def test_samples_of_real_senders(sample: str, kind: str, name: str) -> None:
    path = PAYLOADS / sample
    if not path.exists():
        pytest.skip(f"no sample {path}")
    data = json.loads(path.read_text())
    for alert in data.get("alerts", [data]):
        read = one({**alert, "status": "firing"})
        assert (read.involved_object.kind, read.involved_object.name) == (kind, name)


@given(JSON | NEARLY)
def test_no_data_is_too_odd(data: object) -> None:
    try:
        entries = read_webhook(data).entries
    except BadContent:
        return
    assert all(isinstance(entry, Incoming | Rejection) for entry in entries)
