"""What real Alertmanagers sent, posted to the deployed intake: the AegisAlerts are what is wanted of them."""

import os

import httpx
import pytest

from tests.e2e.driver import ALERTS, Cluster
from tests.payloads import WEBHOOK_PATH, Payload, webhooks

pytestmark = pytest.mark.skipif("AEGIS_DATA" not in os.environ, reason="AEGIS_DATA does not say where the payloads are")


@pytest.mark.parametrize("payload", webhooks(), ids=lambda payload: payload.name)
def test_a_payload_becomes_the_alerts_that_are_wanted(cluster: Cluster, payload: Payload) -> None:
    answer = cluster.ask(WEBHOOK_PATH, content=payload.body)
    if payload.may_be_rejected and answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        return
    assert answer.status_code == httpx.codes.OK, answer.text
    paths = [f"{ALERTS}/{line['name']}" for line in answer.json()["alerts"]]
    cluster.made += paths
    assert payload.problems([cluster.api.get(path)["spec"] for path in paths]) == []
