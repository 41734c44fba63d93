"""Which event reaches whom through the real Broker, what happens where it is not taken, and that replies go on."""

import base64
import json
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from aegis import clock
from tests.e2e.api import NAMESPACE, Json
from tests.e2e.driver import ALERTS, TRIGGERS, Cluster, condition, custom
from tests.e2e.observing import Delivery, Recorder, intake_for_all, recording

WORKFLOW_CREATED = "io.aegis.workflow.created.v1"  # about an alert, and no function listens to it
FIRING, MATCHED = "io.aegis.alert.firing.v1", "io.aegis.rule.matched.v1"
RESOURCE = "dev.knative.apiserver.resource"
CHAIN = [
    FIRING,
    MATCHED,
    WORKFLOW_CREATED,
    "io.aegis.alert.completed.v1",
]
LISTENERS = ("alert-normalizer", "rule-matcher", "workflow-renderer", "status-tracker")


class Sent(NamedTuple):
    """An event that somebody sends, and the functions that listen to it."""

    type: str
    kind: str
    listeners: tuple[str, ...]


TABLE = [
    Sent("io.aegis.alert.v1", "", ("alert-normalizer",)),
    Sent("io.aegis.alert.refired.v1", "", ("alert-normalizer",)),
    Sent("io.prometheus.alertmanager.v4", "", ("alert-normalizer",)),
    Sent("io.aegis.alert.firing.v1", "", ("rule-matcher",)),
    Sent("io.aegis.alert.resolved.v1", "", ("rule-matcher",)),
    Sent(f"{RESOURCE}.add", "AegisAlert", ("rule-matcher",)),
    Sent(f"{RESOURCE}.update", "AegisAlert", ("rule-matcher",)),
    Sent(f"{RESOURCE}.delete", "AegisAlert", ()),
    Sent(f"{RESOURCE}.add", "AegisAlertOpsRule", ("rule-matcher",)),
    Sent(f"{RESOURCE}.update", "AegisAlertOpsRule", ("rule-matcher",)),
    Sent(f"{RESOURCE}.delete", "AegisAlertOpsRule", ()),
    Sent("io.aegis.rule.matched.v1", "", ("workflow-renderer",)),
    Sent(f"{RESOURCE}.add", "AegisOpsTemplate", ("rule-matcher", "workflow-renderer")),
    Sent(f"{RESOURCE}.update", "AegisOpsTemplate", ("workflow-renderer",)),
    Sent(f"{RESOURCE}.delete", "AegisOpsTemplate", ("rule-matcher",)),
    Sent(f"{RESOURCE}.add", "Workflow", ("status-tracker",)),
    Sent(f"{RESOURCE}.update", "Workflow", ()),
    Sent(f"{RESOURCE}.delete", "Workflow", ("status-tracker",)),
    Sent(f"{RESOURCE}.add", "Pod", ()),
    Sent(f"{RESOURCE}.add", "", ()),
    Sent("dev.knative.sources.ping", "", ()),
    Sent("io.aegis.rawalert.received.v1", "", ()),
    Sent(WORKFLOW_CREATED, "", ()),
    Sent("io.aegis.alert.completed.v1", "", ()),
    Sent("io.aegis.alert.firing.v2", "", ()),
]


@pytest.fixture
def recorder(cluster: Cluster, unique: str) -> Recorder:
    return recording(cluster, unique)


@pytest.mark.parametrize("function", LISTENERS)
def test_each_trigger_leads_to_its_function(cluster: Cluster, function: str) -> None:
    trigger = cluster.api.get(f"{TRIGGERS}/{function}")
    assert trigger["spec"]["broker"] == "aegis"
    assert condition(trigger, "Ready")["status"] == "True"
    assert urlsplit(trigger["status"]["subscriberUri"]).hostname == f"{function}.{NAMESPACE}.svc.cluster.local"


def test_each_trigger_lets_through_what_its_function_listens_to_and_nothing_else(
    cluster: Cluster, recorder: Recorder
) -> None:
    broker = recorder.broker()
    for function in LISTENERS:
        filters = cluster.api.get(f"{TRIGGERS}/{function}")["spec"]["filters"]
        recorder.observe(function, broker=broker, filters=filters)
    recorder.observe("everybody", broker=broker)
    expected = set()
    for number, (event_type, kind, listeners) in enumerate(TABLE):
        identifier = f"{number}-{event_type}-{kind}"
        attributes = {"kind": kind, "name": "any", "namespace": NAMESPACE} if kind else {}
        cluster.send(event_type, {}, broker=broker, id=identifier, **attributes)
        expected |= {(each, identifier) for each in ("everybody", *listeners)}
    recorder.until(lambda seen: len({(d.observer, d.id) for d in seen}) >= len(expected))
    assert {(d.observer, d.id) for d in recorder.deliveries()} == expected


def test_replies_go_on_to_those_who_listen(cluster: Cluster, recorder: Recorder, unique: str) -> None:
    recorder.observe("everything", broker="aegis")
    cluster.rule(unique, alert_type=unique)
    name = cluster.result(custom(unique))["name"]

    def chain(seen: list[Delivery]) -> list[str]:
        return list(dict.fromkeys(d.type for d in seen if name in d.subject and d.type in CHAIN))

    assert chain(recorder.until(lambda seen: CHAIN[-1] in chain(seen))) == CHAIN


def test_what_fails_is_tried_six_times_and_then_said_on_the_alert(
    cluster: Cluster, recorder: Recorder, alert: str
) -> None:
    broker = recorder.broker()
    recorder.observe("failing", broker=broker, answers="503")
    cluster.send(FIRING, named(cluster, alert), broker=broker)
    assert stalled(cluster, alert) == f"{FIRING} was not delivered: 503"
    assert [d.status for d in recorder.until(lambda seen: len(seen) >= 6)] == [503] * 6
    assert cluster.event(alert, "DeliveryFailed")["type"] == "Warning"


def test_what_is_taken_in_the_end_is_no_dead_letter(cluster: Cluster, recorder: Recorder, alert: str) -> None:
    broker = recorder.broker()
    recorder.observe("flaky", broker=broker, answers="503,503,204")
    cluster.send(FIRING, named(cluster, alert), broker=broker)
    seen = recorder.until(lambda deliveries: bool(deliveries) and deliveries[-1].status == 204)
    assert [d.status for d in seen] == [503, 503, 204]
    assert not condition(cluster.alert_when(alert, bool), "Stalled")


def test_what_a_function_refuses_is_said_at_once_on_the_alert_that_waits_for_it(cluster: Cluster, alert: str) -> None:
    matched = {"triggerStatus": "Triggered", "triggerTime": clock.now()}
    cluster.api.merge(f"{ALERTS}/{alert}/status", {"status": {"firing": matched}})
    cluster.send(MATCHED, {"phase": "no phase", "alert": named(cluster, alert)})
    assert stalled(cluster, alert) == f"{MATCHED} was not delivered to workflow-renderer: 400"


def test_a_refusal_with_much_to_say_is_a_dead_letter_too(cluster: Cluster, recorder: Recorder, unique: str) -> None:
    """The channel's dispatcher dies of a long answer, and loses the event."""
    broker = recorder.broker()
    recorder.observe_refusals("refused", intake_for_all(cluster, f"{unique}-intake"), broker=broker)
    cluster.send("io.aegis.alert.v1", [{}] * 20, broker=broker)
    (letter,) = recorder.until(bool)
    assert letter.extensions["knativeerrorcode"] == "422"
    told = json.loads(base64.b64decode(letter.extensions["knativeerrordata"]))
    assert told["status"] == 422


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("io.aegis.alert.v1", custom("Forged")),
        ("io.prometheus.alertmanager.v4", {"alerts": [{"status": "firing", "labels": {"alertname": "Forged"}}]}),
    ],
)
def test_an_alert_that_comes_by_the_broker_is_nobodys(
    cluster: Cluster, recorder: Recorder, event_type: str, data: object
) -> None:
    if not cluster.tokens:
        pytest.skip("this intake asks for no token")
    before = {alert["metadata"]["name"] for alert in cluster.api.items(ALERTS)}
    broker = recorder.broker()
    recorder.observe_refusals("refused", "alert-normalizer", broker=broker)
    cluster.send(event_type, data, broker=broker)
    (letter,) = recorder.until(bool)
    assert letter.extensions["knativeerrorcode"] == "401"
    assert {alert["metadata"]["name"] for alert in cluster.api.items(ALERTS)} <= before


@pytest.fixture
def alert(cluster: Cluster, unique: str) -> str:
    """An alert that no rule answers."""
    name = str(cluster.result(custom(unique))["name"])
    cluster.triggered(name, "RuleNotFound")
    return name


def named(cluster: Cluster, alert: str) -> Json:
    """An alert as far as an event needs to name it."""
    meta = cluster.alert_when(alert, bool)["metadata"]
    return {"metadata": {key: meta[key] for key in ("namespace", "name", "uid")}}


def stalled(cluster: Cluster, alert: str) -> str:
    """What the alert says of an event about it that could not be delivered."""
    found = cluster.alert_when(alert, lambda item: condition(item, "Stalled").get("status") == "True")
    return str(condition(found, "Stalled")["message"])
