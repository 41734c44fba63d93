"""The names that a template may use."""

from typing import Any

import pytest

from aegis.models.alert import AegisAlert
from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.parameters import parameters_of

ALERT: dict[str, Any] = {
    "metadata": {"name": "default-t-1", "namespace": "monitoring", "annotations": {"Registry": "r.example"}},
    "spec": {
        "type": "T",
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "n", "node": "dev1"},
        "detials": {"old": "1", "both": "1"},
        "details": {"node": "dev1", "both": "2"},
    },
}


def with_details(**details: str) -> AegisAlert:
    return AegisAlert.read({**ALERT, "spec": {**ALERT["spec"], "details": details}})


def test_object_details_system_parameters_and_identity_are_there_by_name() -> None:
    assert parameters_of(AegisAlert.read(ALERT)).names == {
        "InvolvedObjectKind": "Pod",
        "InvolvedObjectName": "p",
        "InvolvedObjectNamespace": "n",
        "InvolvedObjectNode": "dev1",
        "old": "1",
        "both": "2",
        "node": "dev1",
        "Registry": "r.example",
        "AlertName": "default-t-1",
        "AlertNamespace": "monitoring",
    }


def test_the_whole_alert_is_plain_data_with_its_details_at_hand() -> None:
    whole = parameters_of(AegisAlert.read(ALERT)).alert
    assert whole["kind"] == "AegisAlert"
    assert whole["metadata"]["name"] == "default-t-1"
    assert whole["spec"]["involvedObject"]["node"] == "dev1"
    assert whole["details"] == {"old": "1", "both": "2", "node": "dev1"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("InvolvedObjectName", "theirs"),
        ("Registry", "r.example"),
        ("AlertName", "default-t-1"),
        ("AlertNamespace", "monitoring"),
    ],
)
def test_details_go_before_what_was_inferred_and_behind_what_is_the_systems(name: str, value: str) -> None:
    assert parameters_of(with_details(**{name: "theirs"})).get(name, where="") == value


def test_a_detail_does_not_take_the_place_of_the_whole_alert() -> None:
    parameters = parameters_of(with_details(alert="theirs"))
    assert parameters.get("alert", where="") is parameters.alert
    assert parameters.all["alert"] is parameters.alert
    assert parameters.alert["details"] == {"old": "1", "both": "1", "alert": "theirs"}


def test_a_missing_name_is_told_with_the_known_ones_at_most_thirty() -> None:
    parameters = parameters_of(with_details(**{f"d{number:03}": "" for number in range(100)}))
    with pytest.raises(
        TemplateInvalid, match=r"line 3: this alert has no parameter nope .*AlertName.*, …; for another"
    ):
        parameters.get("nope", where="line 3")
