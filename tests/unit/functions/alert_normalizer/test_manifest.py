"""What is stored of an alert."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.names import is_label_key, is_label_value, label_value
from functions.alert_normalizer.custom import read_custom
from functions.alert_normalizer.incoming import Incoming
from functions.alert_normalizer.manifest import manifest
from functions.alert_normalizer.settings import Settings


def stored(
    settings: Settings | None = None, *, episode: int = 0, events: tuple[str, ...] = (), **given_: Any
) -> dict[str, Any]:
    (alert,) = read_custom({"type": "DiskFull", "status": "Firing", "fingerprint": "f1", **given_}).entries
    assert isinstance(alert, Incoming)
    return manifest(alert, settings or Settings(), episode=episode, events=events)


def labels(**given_: Any) -> dict[str, str]:
    found: dict[str, str] = stored(**given_)["metadata"]["labels"]
    return found


def test_rules_select_on_the_details_and_on_what_the_alert_is() -> None:
    uuid = labels()["uuid"]
    assert labels(details={"node": "dev1", "description": "The disk is full."}) == {
        "node": "dev1",
        "description": label_value("The disk is full."),
        "alert-source-type": "Default",
        "alert-type": "DiskFull",
        "alert-status": "Firing",
        "fingerprint": "f1",
        "uuid": uuid,
        "aegis.io/managed-by": "alert-normalizer",
    }


def test_the_selector_is_the_labels() -> None:
    alert = stored(details={"node": "dev1"})
    assert alert["spec"]["selector"] == {"matchLabels": alert["metadata"]["labels"]}


@pytest.mark.parametrize(
    "key", ["aegis.io/managed-by", "x.aegis.io/a", "kubernetes.io/hostname", "app.kubernetes.io/name", "node.k8s.io/a"]
)
def test_a_sender_cannot_set_what_kubernetes_or_aegis_acts_on(key: str) -> None:
    alert = stored(details={key: "x"})
    assert alert["metadata"]["labels"].get(key) != "x"
    assert alert["spec"]["details"][key] == "x"


@pytest.mark.parametrize("key", ["alert-type", "fingerprint", "uuid", "alert-status", "alert-source-type"])
def test_a_detail_cannot_pose_as_what_the_alert_is(key: str) -> None:
    assert labels(details={key: "x"})[key] == labels()[key]


@pytest.mark.parametrize("value", ["planned until 18:00", "/boot", "x" * 64, "\u00e9"])
def test_a_detail_that_is_no_label_value_is_not_absent(value: str) -> None:
    found = labels(details={"maintenance": value})["maintenance"]
    assert is_label_value(found)
    assert found == label_value(value) != value


def test_another_domain_is_a_label() -> None:
    assert labels(details={"example.com/team": "a"})["example.com/team"] == "a"


def test_what_is_no_label_value_is_selected_by_its_hash() -> None:
    found = labels(type="Disk full!", fingerprint="f 1")
    assert all(is_label_value(found[key]) and len(found[key]) == 40 for key in ("alert-type", "fingerprint"))


@given(st.dictionaries(st.text(max_size=70), st.text(max_size=70)))
def test_all_labels_are_valid(details: dict[str, str]) -> None:
    assert all(is_label_key(key) and is_label_value(value) for key, value in labels(details=details).items())


def test_the_uuid_is_the_same_whenever_the_alert_is_stored() -> None:
    assert labels()["uuid"] == labels()["uuid"] != labels(fingerprint="f2")["uuid"]


def test_each_episode_has_a_name_and_a_uuid_of_its_own() -> None:
    first, second = stored()["metadata"], stored(episode=1)["metadata"]
    assert first["name"] != second["name"]
    assert first["labels"]["uuid"] != second["labels"]["uuid"]


def test_system_parameters_are_annotations() -> None:
    alert = stored(Settings(system_parameters={"registry": "r.example.com"}), events=("e1", "e2"))
    assert alert["metadata"]["annotations"] == {"registry": "r.example.com", "aegis.io/received-events": "e1 e2"}


def test_every_outcome_has_its_time_to_live() -> None:
    assert stored()["spec"]["ttlStrategy"] == {
        "secondsAfterSuccess": 172800,
        "secondsAfterFailure": 345600,
        "secondsAfterNoOps": 86400,
    }


def test_severity_is_the_senders() -> None:
    assert stored(details={"severity": "P1!"})["spec"]["severity"] == "P1!"
    assert stored(details={"severity": "P1!"}, severity="high")["spec"]["severity"] == "high"
