"""What Alertmanager posts, in the sandbox: the AegisAlerts are about the objects that are wanted."""

from collections.abc import Iterator

import pytest

from tests.payloads import WEBHOOK_PATH, Payload, webhooks
from tests.sandbox.driver import ALERTS, Driver, Json, running

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Driver]:
    with running() as driver:
        yield driver


@pytest.mark.parametrize("payload", webhooks(), ids=lambda payload: payload.name)
def test_a_payload_becomes_the_alerts_that_are_wanted(sandbox: Driver, payload: Payload) -> None:
    answer = sandbox.http.post(f"{sandbox.cluster.gateway}{WEBHOOK_PATH}", content=payload.body)
    if payload.may_be_rejected and answer.status_code == 422:
        return
    assert answer.status_code == 200, answer.text
    names = [line["name"] for line in answer.json()["alerts"]]
    assert payload.problems([sandbox.call("GET", f"{ALERTS}/{name}")["spec"] for name in names]) == []


def test_an_alert_of_node_exporter_is_about_the_node_with_the_address(sandbox: Driver) -> None:
    nodes = {
        node["metadata"]["name"]: node["status"]["addresses"] for node in sandbox.call("GET", "/api/v1/nodes")["items"]
    }
    for name, addresses in nodes.items():
        (address,) = (each["address"] for each in addresses if each["type"] == "InternalIP")
        labels = {"alertname": "NodeFilesystemAlmostOutOfSpace", "job": "node-exporter", "instance": f"{address}:9100"}
        webhook: Json = {"version": "4", "alerts": [{"status": "firing", "labels": {**labels, "mountpoint": "/"}}]}
        stored = sandbox.call("GET", f"{ALERTS}/{sandbox.result(webhook, WEBHOOK_PATH)['name']}")
        found = stored["spec"]["involvedObject"]
        assert (found["kind"], found["name"], found["node"]) == ("Node", name, name)
