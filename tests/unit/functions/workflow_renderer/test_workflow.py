"""The Workflow that is created: what of it is ours, whatever the template says."""

from collections.abc import Mapping
from typing import Any

import pytest

from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import Phase
from aegis.models.template import AegisOpsTemplate
from aegis.names import label_value
from functions.workflow_renderer.workflow import build_workflow

ALERT = AegisAlert.read({"metadata": {"name": "default-x-1", "namespace": "monitoring", "uid": "u1"}})
RULE = AegisAlertOpsRule.read({"metadata": {"name": "r" * 100, "namespace": "monitoring", "uid": "r1"}})
TEMPLATE = AegisOpsTemplate.read({"metadata": {"name": "t", "namespace": "sops", "uid": "t1"}})


def build(rendered: Mapping[str, object], phase: Phase = Phase.FIRING) -> dict[str, dict[str, Any]]:
    return build_workflow(rendered, alert=ALERT, phase=phase, rule=RULE, template=TEMPLATE)


def test_name_namespace_owner_and_finalizer_are_ours() -> None:
    meta = build({"metadata": {"name": "mine", "generateName": "mine-", "finalizers": ["x"]}, "spec": {}})["metadata"]
    assert str(meta["name"]).startswith("default-x-1-")
    assert meta["namespace"] == "monitoring"
    assert meta["finalizers"] == ["aegis.io/outcome"]
    assert "generateName" not in meta
    assert meta["ownerReferences"] == [
        {
            "apiVersion": "aegis.io/v1alpha1",
            "kind": "AegisAlert",
            "name": "default-x-1",
            "uid": "u1",
            "controller": True,
        }
    ]


def test_labels_and_annotations_of_the_template_stay_unless_they_are_ours() -> None:
    rendered = {"metadata": {"labels": {"team": "sre", "aegis.io/alert": "forged"}, "annotations": {"a": "b"}}}
    meta = build(rendered)["metadata"]
    labels, annotations = meta["labels"], meta["annotations"]
    assert (labels["team"], labels["aegis.io/alert"], labels["aegis.io/phase"]) == ("sre", "default-x-1", "firing")
    assert all(len(value) <= 63 for value in labels.values())
    assert annotations == {
        "a": "b",
        "aegis.io/alert-uid": "u1",
        "aegis.io/attempt": "1",
        "aegis.io/rule": f"monitoring/{'r' * 100}",
        "aegis.io/template": "sops/t",
    }


def test_each_phase_has_one_name_and_they_differ() -> None:
    firing, again, resolved = build({}), build({}), build({}, Phase.RESOLVED)
    assert firing["metadata"]["name"] == again["metadata"]["name"] != resolved["metadata"]["name"]


OURS = {"aegis.io/alert": "default-x-1", "aegis.io/phase": "firing", "aegis.io/rule": label_value("r" * 100)}


@pytest.mark.parametrize("spec", [{}, {"podMetadata": None}, {"podMetadata": {"labels": None}}, None], ids=str)
def test_pods_can_be_found_by_alert_phase_and_rule(spec: object) -> None:
    built = build({"spec": spec})
    assert built["spec"]["podMetadata"] == {"labels": OURS}
    assert all(built["metadata"]["labels"][key] == value for key, value in OURS.items())


def test_labels_of_the_templates_pods_stay_unless_they_are_ours() -> None:
    forged = {"aegis.io/rule": "forged", "team": "sre"}
    spec = {"podMetadata": {"labels": forged, "annotations": {"a": "b"}}}
    made = build({"spec": spec})["spec"]["podMetadata"]
    assert made == {"labels": {**OURS, "team": "sre"}, "annotations": {"a": "b"}}
    assert spec == {"podMetadata": {"labels": forged, "annotations": {"a": "b"}}}


def test_no_template_of_a_workflow_puts_another_in_the_place_of_our_labels() -> None:
    def labelled(**labels: str) -> dict[str, object]:
        return {"metadata": {"labels": {"team": "sre", **labels}}}

    forged = labelled(**{"aegis.io/rule": "forged", "aegis.io/alert": "forged"})
    spec = {
        "templateDefaults": forged,
        "templates": [
            {**forged, "steps": [[{"name": "a", "inline": forged}]]},
            {"dag": {"tasks": [{"inline": forged}]}},
        ],
    }
    made = build({"spec": spec})["spec"]
    assert made["templateDefaults"] == labelled()
    assert made["templates"] == [
        {**labelled(), "steps": [[{"name": "a", "inline": labelled()}]]},
        {"dag": {"tasks": [{"inline": labelled()}]}},
    ]


def test_argo_is_not_told_to_put_others_in_the_place_of_ours_once_the_workflow_runs() -> None:
    forged = {"team": "sre", "aegis.io/alert": "x", "aegis.io/rule": "x", "aegis.io/template": "x"}
    metadata = {
        "labels": forged,
        "labelsFrom": {key: {"expression": "'x'"} for key in forged},
        "annotations": {"team": "sre", "aegis.io/alert-uid": "x", "aegis.io/rule": "x", "aegis.io/template": "x"},
    }
    assert build({"spec": {"workflowMetadata": metadata}})["spec"]["workflowMetadata"] == {
        "labels": {"team": "sre"},
        "labelsFrom": {"team": {"expression": "'x'"}},
        "annotations": {"team": "sre"},
    }
