"""Derived names: fit for Kubernetes, the same every time, and different for different things."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.names import (
    ALERT_NAME_LENGTH,
    Fingerprint,
    Uid,
    alert_name,
    alertmanager_fingerprint,
    digest,
    is_label_key,
    is_label_value,
    is_object_name,
    label_value,
    workflow_name,
)

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
UID = Uid("0b5c2a57-4f3f-4a2e-9c43-0c8c6f8a4f11")

texts = st.text(max_size=80)
label_characters = st.text(string.ascii_letters + string.digits + "-_.", max_size=70)


def name(source: str = "default", alert_type: str = "NodeDown", fingerprint: str = "f", episode: int = 0) -> str:
    return alert_name(source=source, alert_type=alert_type, fingerprint=Fingerprint(fingerprint), episode=episode)


def test_an_alert_is_named_after_source_and_type_as_scripts_grep_for_it() -> None:
    assert re.fullmatch(r"alertmanager-nodecriticalissue-[0-9a-f]{10}", name("alertmanager", "NodeCriticalIssue"))


@pytest.mark.parametrize("alert_type", ["节点故障", "", "---", "_"])
def test_a_type_without_letters_that_a_name_takes_leaves_the_source(alert_type: str) -> None:
    assert re.fullmatch(r"default-[0-9a-f]{10}", name(alert_type=alert_type))


def test_an_alert_of_which_nothing_fits_a_name_has_one_all_the_same() -> None:
    assert re.fullmatch(r"alert-[0-9a-f]{10}", name(source="", alert_type="节点故障"))


@given(source=texts, alert_type=texts, fingerprint=texts, episode=st.integers(0, 10**9))
def test_any_alert_has_a_name_that_is_a_dns_label_of_at_most_50_characters(
    source: str, alert_type: str, fingerprint: str, episode: int
) -> None:
    derived = name(source, alert_type, fingerprint, episode)
    assert DNS_LABEL.fullmatch(derived)
    assert len(derived) <= ALERT_NAME_LENGTH
    assert derived == name(source, alert_type, fingerprint, episode)


identities = st.tuples(texts, texts, texts, st.integers(0, 9))


@given(identities, identities)
def test_two_episodes_have_one_name_only_if_they_are_one(
    one: tuple[str, str, str, int], other: tuple[str, str, str, int]
) -> None:
    assert (name(*one) == name(*other)) == (one == other)


def test_what_ends_one_part_does_not_begin_the_next() -> None:
    assert name(alert_type="ab", fingerprint="c") != name(alert_type="a", fingerprint="bc")
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_lists_of_parts_hash_alike_only_if_they_are_equal(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def test_an_alert_stored_by_an_earlier_version_without_a_beginning_keeps_its_name() -> None:
    assert name("Default", "T", "f", episode=3) == "default-t-8e61dbd03f"


def test_a_lone_surrogate_is_hashed_like_any_other_text() -> None:
    assert len(digest("\ud800")) == 10


@given(st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,80}[a-z0-9])?", fullmatch=True), st.sampled_from(["firing", "resolved"]))
def test_a_workflow_starts_with_its_alert_and_fits_a_label(alert: str, phase: str) -> None:
    derived = workflow_name(alert, UID, phase)
    assert derived.startswith(alert[:ALERT_NAME_LENGTH].rstrip("-."))
    assert len(derived) <= 63
    assert is_label_value(derived)


def test_an_alert_has_one_workflow_per_phase() -> None:
    assert workflow_name("a", UID, "firing") == workflow_name("a", UID, "firing")
    assert workflow_name("a", UID, "firing") != workflow_name("a", UID, "resolved")


def test_an_alert_made_again_under_its_old_name_has_another_workflow() -> None:
    assert workflow_name("a", UID, "firing") != workflow_name("a", Uid("another"), "firing")


def test_alerts_that_share_a_long_beginning_have_different_workflows() -> None:
    long = "a" * ALERT_NAME_LENGTH
    assert workflow_name(long + "b", UID, "firing") != workflow_name(long + "c", UID, "firing")


@pytest.mark.parametrize("name", ["a", "0", "a-b", "a.b", "a.b-c.d", "a" * 253])
def test_an_objects_name(name: str) -> None:
    assert is_object_name(name)


@pytest.mark.parametrize(
    "name", ["", "A", "a_b", "-a", "a-", "a..b", ".a", "a.", "a/b", "..", "../a", "é", "\ud800", "a\n", "a" * 254]
)
def test_no_objects_name(name: str) -> None:
    assert not is_object_name(name)


@pytest.mark.parametrize("value", ["", "a", "A", "0", "a-b", "a_b.c", "a" * 63])
def test_a_label_value(value: str) -> None:
    assert is_label_value(value)


@pytest.mark.parametrize(
    "value", ["-a", "a-", ".a", "a_", "a b", "a/b", "a:b", "é", "a" * 64, "a\n", "\n", "x; rm -rf /"]
)
def test_no_label_value(value: str) -> None:
    assert not is_label_value(value)


@pytest.mark.parametrize("key", ["a", "A_b.c-d", "aegis.io/alert", "a/b", "a-b.c/D", "a" * 63, "a" * 253 + "/b"])
def test_a_label_key(key: str) -> None:
    assert is_label_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "a/",
        "/a",
        "a/b/c",
        "A.io/b",
        "-a",
        "a-",
        "a b",
        "a_b/c",
        ".a/b",
        "a./b",
        "a" * 64,
        "a" * 254 + "/b",
        "a\n",
    ],
)
def test_no_label_key(key: str) -> None:
    assert not is_label_key(key)


@given(st.one_of(texts, label_characters))
def test_any_text_has_a_label_value_that_is_its_own_and_stays(text: str) -> None:
    value = label_value(text)
    assert is_label_value(value)
    assert label_value(value) == value
    assert (value == text) == is_label_value(text)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({}, 14695981039346656037, id="no labels"),
        pytest.param({"name": "garland, briggs", "fear": "love is not enough"}, 5799056148416392346, id="two"),
        pytest.param({"first-label": "first-label-value"}, 5146282821936882169, id="one"),
        pytest.param(
            {
                "first-label": "first-label-value",
                "second-label": "second-label-value",
                "third-label": "third-label-value",
            },
            13843036195897128121,
            id="three",
        ),
    ],
)
def test_a_fingerprint_is_the_one_that_prometheus_tests_for(labels: dict[str, str], expected: int) -> None:
    """The values are those of prometheus/common, model/signature_test.go."""
    assert alertmanager_fingerprint(labels) == f"{expected:016x}"


def test_a_fingerprint_is_the_one_that_a_real_alertmanager_sent() -> None:
    watchdog = {
        "alertname": "Watchdog",
        "prometheus": "default/robusta-kube-prometheus-st-prometheus",
        "severity": "none",
    }
    assert alertmanager_fingerprint(watchdog) == "f482596675d33088"


@given(st.dictionaries(texts, texts, max_size=5))
def test_a_fingerprint_has_16_hex_digits_and_knows_no_order(labels: dict[str, str]) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", alertmanager_fingerprint(labels))
    assert alertmanager_fingerprint(dict(reversed(labels.items()))) == alertmanager_fingerprint(labels)
