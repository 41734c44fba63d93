"""Reading custom alerts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.states import AlertStatus
from functions.alert_normalizer.alertmanager import read_webhook
from functions.alert_normalizer.custom import read_custom
from functions.alert_normalizer.fields import LARGEST_ALERT
from functions.alert_normalizer.incoming import BadContent, Incoming, Rejection, Subject
from functions.alert_normalizer.manifest import manifest
from functions.alert_normalizer.senders import Sender
from functions.alert_normalizer.settings import Settings
from tests.unit.functions.alert_normalizer.alerts import CUSTOM, JSON, NEARLY, WEBHOOK_ALERT

GO_SYSTEM = {
    "type": "NodeOutOfDiskSpace",
    "status": "Firing",
    "involvedObject": {"Kind": "Node", "Name": "node1"},
    "details": {"startAt": "2022021122", "node": "node1"},
    "fingerprint": "5f972974ccf1ee9b",
}


def one(data: object) -> Incoming:
    (entry,) = read_custom(data).entries
    assert isinstance(entry, Incoming), entry
    return entry


def problems(data: object) -> dict[str, str]:
    (entry,) = read_custom(data).entries
    assert isinstance(entry, Rejection), entry
    return {problem.field: problem.problem for problem in entry.problems}


def test_the_go_systems_own_example() -> None:
    alert = one(GO_SYSTEM)
    assert (alert.type, alert.status, alert.fingerprint) == (
        "NodeOutOfDiskSpace",
        AlertStatus.FIRING,
        "5f972974ccf1ee9b",
    )
    assert alert.involved_object == Subject(kind="Node", name="node1", namespace="", node="node1")
    assert alert.details == {"startAt": "2022021122", "node": "node1"}
    assert (alert.source, alert.starts_at) == ("Default", "")
    assert alert.name().startswith("default-nodeoutofdiskspace-")


@given(st.randoms(use_true_random=False))
def test_keys_are_read_without_regard_to_case(random: Any) -> None:
    def mixed(data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {
            "".join(random.choice((str.upper, str.lower))(letter) for letter in key): value
            if key == "details"
            else mixed(value)
            for key, value in data.items()
        }

    assert one(mixed({**GO_SYSTEM, "startsAt": "2026-01-01T00:00:00Z", "severity": "high"})) == one(
        {**GO_SYSTEM, "startsAt": "2026-01-01T00:00:00Z", "severity": "high"}
    )


def test_the_keys_of_details_stay_as_they_are() -> None:
    assert one({**GO_SYSTEM, "Details": {"Node": "a", "node": "b"}}).details == {"Node": "a", "node": "b"}


def test_of_keys_that_differ_in_case_alone_the_last_counts() -> None:
    assert one({**GO_SYSTEM, "TYPE": "Other"}).type == "Other"


@pytest.mark.parametrize(
    "wrap", [lambda a: a, lambda a: [a, a], lambda a: {"Alerts": [a]}], ids=["one", "list", "object"]
)
def test_one_alert_or_many(wrap: Any) -> None:
    entries = read_custom(wrap(GO_SYSTEM)).entries
    assert set(map(repr, entries)) == {repr(one(GO_SYSTEM))}


def test_all_problems_are_told_at_once_by_field() -> None:
    assert problems(
        {
            "type": " ",
            "status": "Broken",
            "involvedObject": {"name": "x"},
            "details": {"a": [], "b": 2},
            "fingerprint": 7,
            "startsAt": "yesterday",
            "source": "a b",
        }
    ) == {
        "type": "is missing or empty",
        "status": "is neither of the two",
        "involvedObject.kind": "is missing or empty",
        "details.a": "is a list",
        "fingerprint": "is a number",
        "startsAt": "is no time",
        "source": "is no label value",
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": None}, "type"),
        ({"status": None}, "status"),
        ({"status": True}, "status"),
        ({"status": "active"}, "status"),
        ({"involvedObject": []}, "involvedObject"),
        ({"involvedObject": {"kind": "Pod", "name": "web-0"}}, "involvedObject.namespace"),
        ({"details": "node1"}, "details"),
        ({"details": {"a": {}}}, "details.a"),
        ({"startsAt": "2026-01-01T08:00:00"}, "startsAt"),
        ({"startsAt": "0001-01-01T00:00:00+23:00"}, None),
        ({"startsAt": "9999-12-31T23:59:59-14:00"}, "startsAt"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, Any], field: str | None) -> None:
    alert = {**GO_SYSTEM, **change}
    if field is None:
        assert one(alert).starts_at == ""
    else:
        assert list(problems(alert)) == [field]


def test_a_field_is_named_by_where_it_lies() -> None:
    (_, rejection) = read_custom([GO_SYSTEM, {}]).entries
    assert isinstance(rejection, Rejection)
    assert [problem.field for problem in rejection.problems] == ["[1].type", "[1].status"]


def test_what_is_wrong_never_quotes_the_value() -> None:
    (rejection,) = read_custom({"type": "T", "status": "s3cret", "startsAt": "s3cret"}).entries
    assert isinstance(rejection, Rejection)
    assert "s3cret" not in rejection.reason


def test_many_problems_are_told_in_few_words() -> None:
    (rejection,) = read_custom({**GO_SYSTEM, "details": {str(n): [] for n in range(1000)}}).entries
    assert isinstance(rejection, Rejection)
    assert rejection.reason.endswith("and 990 more")


def test_numbers_and_booleans_in_details_read_as_json_writes_them() -> None:
    details = {"a": 1, "b": True, "c": 0.5, "d": None}
    assert one({**GO_SYSTEM, "details": details}).details == {"a": "1", "b": "true", "c": "0.5"}


@pytest.mark.parametrize("data", [None, 1, "alert", True])
def test_what_is_no_alert_at_all(data: object) -> None:
    with pytest.raises(BadContent, match="an alert, or a list of alerts"):
        read_custom(data)


def test_an_alert_may_be_256_kib() -> None:
    filler = {**GO_SYSTEM, "details": {"a": ""}}
    room = LARGEST_ALERT - len(json.dumps(filler).encode())
    assert one({**filler, "details": {"a": "x" * room}})
    (rejection,) = read_custom({**filler, "details": {"a": "x" * (room + 1)}}).entries
    assert isinstance(rejection, Rejection)
    assert rejection.status == 413


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Other"},
        {"details": {"startAt": "2022021122", "node": "node2"}},
        {"involvedObject": {"kind": "Node", "name": "node2"}},
    ],
)
def test_without_a_fingerprint_one_derives_from_type_object_and_details(change: dict[str, Any]) -> None:
    plain = {key: value for key, value in GO_SYSTEM.items() if key != "fingerprint"}
    resolved = {**plain, "status": "Resolved", "details": dict(reversed(list(GO_SYSTEM["details"].items())))}  # type: ignore[attr-defined]
    assert one(plain).fingerprint == one(resolved).fingerprint != one({**plain, **change}).fingerprint


@pytest.mark.parametrize(
    "spelling",
    ["2026-01-01T08:00:00+00:00", "2026-01-01T09:00:00.000+01:00", "2026-01-01 08:00:00Z", " 2026-01-01T08:00:00Z"],
)
def test_one_moment_is_one_name(spelling: str) -> None:
    alert = one({**GO_SYSTEM, "startsAt": spelling})
    assert alert.starts_at == "2026-01-01T08:00:00Z"
    assert alert.name() == one({**GO_SYSTEM, "startsAt": "2026-01-01T08:00:00Z"}).name()


def as_custom(alert: Incoming) -> dict[str, Any]:
    """What is stored of an alert, which is a custom alert in turn."""
    spec: dict[str, Any] = manifest(alert, Settings(), episode=0, events=())["spec"]
    return spec


@given(CUSTOM)
def test_normalising_a_custom_alert_again_changes_nothing(data: dict[str, Any]) -> None:
    alert = one(data)
    assert one(as_custom(alert)) == alert


@given(WEBHOOK_ALERT)
def test_normalising_an_alertmanager_alert_again_changes_nothing(data: dict[str, Any]) -> None:
    (alert,) = read_webhook({"alerts": [data]}).entries
    assert isinstance(alert, Incoming)
    assert one(as_custom(alert)) == alert._replace(ends_at="")


@given(JSON | NEARLY)
def test_no_data_is_too_odd(data: object) -> None:
    try:
        entries = read_custom(data).entries
    except BadContent:
        return
    assert all(isinstance(entry, Incoming | Rejection) for entry in entries)


@given(
    data=NEARLY | st.lists(CUSTOM, max_size=4), own=st.sets(st.sampled_from(["Default", "AI", "Pod", "health-check"]))
)
def test_whatever_is_said_no_alert_of_another_source_is_read(data: object, own: set[str]) -> None:
    try:
        entries = read_custom(data, Sender(frozenset(own))).entries
    except BadContent:
        return
    for entry, freely in zip(entries, read_custom(data).entries, strict=True):
        if isinstance(freely, Rejection):
            assert isinstance(entry, Rejection)
        elif freely.source in own:
            assert entry == freely
        else:
            assert isinstance(entry, Rejection)
            assert entry.status == 403


@pytest.mark.parametrize("key", ["alerts", "Alerts"])
@pytest.mark.parametrize(("alerts", "kind"), [({}, "an object"), ("x", "a string"), (None, "null")])
def test_alerts_that_are_no_list_are_said_to_be_none(key: str, alerts: object, kind: str) -> None:
    with pytest.raises(BadContent, match=f"alerts: is {kind}; accepted is a list of alerts"):
        read_custom({key: alerts})


def test_an_alert_with_a_hundred_faults_tells_ten_and_counts_the_rest() -> None:
    (entry,) = read_custom({"type": "T", "status": "Firing", "details": {f"k{n}": [] for n in range(100)}}).entries
    assert isinstance(entry, Rejection)
    assert (len(entry.problems), entry.untold) == (10, 90)
    assert entry.reason.endswith("and 90 more")
