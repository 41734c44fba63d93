"""Each event goes to the function that handles it and to no other; each transition is one event."""

from collections.abc import Sequence

import pytest

from aegis import events
from aegis.events import (
    ALERT,
    ALERT_COMPLETED,
    ALERT_FIRING,
    ALERT_REFIRED,
    ALERT_RESOLVED,
    ALERTMANAGER,
    RAW_ALERT_RECEIVED,
    RESOURCE_ADDED,
    RESOURCE_DELETED,
    RESOURCE_UPDATED,
    RULE_MATCHED,
    TICK,
    WORKFLOW_CREATED,
)
from aegis.models.alert import AegisAlert
from aegis.models.base import Object
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.selectors import LabelSelector
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import ALERT_LABEL, Workflow
from sandbox.eventing.cloudevent import CloudEvent
from sandbox.eventing.filters import trigger_filter
from tests.unit.manifests.reading import SERVING, Manifest, of_kind, read

BROKER = {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "aegis", "namespace": "monitoring"}
TRACKER = {"apiVersion": SERVING, "kind": "Service", "name": "status-tracker", "namespace": "monitoring"}

ROUTES: dict[tuple[str, str | None], tuple[str, ...]] = {
    (ALERT, None): ("alert-normalizer",),
    (ALERT_REFIRED, None): ("alert-normalizer",),
    (ALERTMANAGER, None): ("alert-normalizer",),
    (ALERT_FIRING, None): ("rule-matcher",),
    (ALERT_RESOLVED, None): ("rule-matcher",),
    (RESOURCE_ADDED, "AegisAlert"): ("rule-matcher",),
    (RESOURCE_UPDATED, "AegisAlert"): ("rule-matcher",),
    (RESOURCE_DELETED, "AegisAlert"): (),
    (RESOURCE_ADDED, "AegisAlertOpsRule"): ("rule-matcher",),
    (RESOURCE_UPDATED, "AegisAlertOpsRule"): ("rule-matcher",),
    (RESOURCE_DELETED, "AegisAlertOpsRule"): (),
    (RULE_MATCHED, None): ("workflow-renderer",),
    (RESOURCE_ADDED, "AegisOpsTemplate"): ("rule-matcher", "workflow-renderer"),
    (RESOURCE_UPDATED, "AegisOpsTemplate"): ("workflow-renderer",),
    (RESOURCE_DELETED, "AegisOpsTemplate"): ("rule-matcher",),
    (RESOURCE_ADDED, "Workflow"): ("status-tracker",),
    (RESOURCE_UPDATED, "Workflow"): (),
    (RESOURCE_DELETED, "Workflow"): ("status-tracker",),
    (ALERT_COMPLETED, None): (),
    (WORKFLOW_CREATED, None): (),
    (RAW_ALERT_RECEIVED, None): (),
    (TICK, None): (),
}


@pytest.mark.parametrize(("event", "functions"), ROUTES.items(), ids=str)
def test_an_event_goes_to_its_functions(
    event: tuple[str, str | None], functions: tuple[str, ...], manifests: Sequence[Manifest]
) -> None:
    typ, kind = event
    attributes = {"specversion": "1.0", "id": "1", "source": "/test", "type": typ} | ({"kind": kind} if kind else {})
    takers = [
        trigger.spec["subscriber"]["ref"]["name"]
        for trigger in of_kind(manifests, "Trigger").values()
        if trigger_filter(trigger.spec)(CloudEvent(attributes))
    ]
    assert takers == [*functions]


def test_the_table_knows_every_event_there_is() -> None:
    known = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    assert {typ for typ, _ in ROUTES} == known - {events.BATCH_CONTENT_TYPE}


def test_a_trigger_names_no_type_that_nobody_sends(manifests: Sequence[Manifest]) -> None:
    named = {
        (exact["exact"]["type"], exact["exact"].get("kind"))
        for trigger in of_kind(manifests, "Trigger").values()
        for exact in trigger.spec["filters"][0]["any"]
    }
    assert named == {event for event, functions in ROUTES.items() if functions}


def test_triggers_sources_and_bindings_share_one_broker(manifests: Sequence[Manifest]) -> None:
    (broker,) = of_kind(manifests, "Broker").values()
    assert broker.name == BROKER["name"]
    assert {trigger.spec["broker"] for trigger in of_kind(manifests, "Trigger").values()} == {broker.name}
    for kind in ("ApiServerSource", "SinkBinding"):
        for manifest in of_kind(manifests, kind).values():
            assert manifest.spec["sink"]["ref"] == BROKER, manifest.name


def test_every_subscriber_and_subject_is_a_service_of_ours(manifests: Sequence[Manifest]) -> None:
    services = of_kind(manifests, "Service", SERVING)
    references = [m.spec["subscriber"]["ref"] for m in of_kind(manifests, "Trigger").values()]
    references += [m.spec["subject"] for m in of_kind(manifests, "SinkBinding").values()]
    for reference in references:
        assert (reference["apiVersion"], reference["kind"]) == (SERVING, "Service")
        assert reference["name"] in services


def test_dead_letters_and_the_tick_go_to_the_tracker_alone(manifests: Sequence[Manifest]) -> None:
    (broker,) = of_kind(manifests, "Broker").values()
    (tick,) = of_kind(manifests, "PingSource").values()
    assert broker.spec["delivery"]["deadLetterSink"]["ref"] == TRACKER
    assert tick.spec["sink"]["ref"] == TRACKER


ALERT_ON = {ALERT_LABEL: "alertmanager-x-0123456789"}
PHASE_KEY = "workflows.argoproj.io/phase"


@pytest.mark.parametrize(
    ("kind", "labels", "entries"),
    [
        (AegisAlert, {}, 1),
        (AegisAlert, {"aegis.io/managed-by": "alert-normalizer"}, 0),
        (AegisAlertOpsRule, {}, 1),
        (AegisOpsTemplate, {}, 1),
        (Workflow, ALERT_ON, 0),
        (Workflow, {**ALERT_ON, PHASE_KEY: "Pending"}, 0),
        (Workflow, {**ALERT_ON, PHASE_KEY: "Running"}, 1),
        (Workflow, {**ALERT_ON, PHASE_KEY: "Succeeded"}, 1),
        (Workflow, {**ALERT_ON, PHASE_KEY: "Failed"}, 1),
        (Workflow, {**ALERT_ON, PHASE_KEY: "Error"}, 1),
        (Workflow, {PHASE_KEY: "Running"}, 0),
    ],
)
def test_the_source_watches_what_others_write_once(kind: type[Object], labels: dict[str, str], entries: int) -> None:
    (source,) = of_kind(read("eventing"), "ApiServerSource").values()
    watched = [
        entry
        for entry in source.spec["resources"]
        if (entry["apiVersion"], entry["kind"]) == (kind.resource.api_version, kind.resource.kind)
        and LabelSelector.model_validate(entry.get("selector") or {}).selects(labels)
    ]
    assert len(watched) == entries
    assert source.spec["mode"] == "Resource"
    assert source.spec["namespaceSelector"] == {}
