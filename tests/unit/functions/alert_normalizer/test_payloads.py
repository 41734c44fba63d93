"""Notifications of real Alertmanagers become the alerts that are wanted of them."""

import copy

import pytest

from functions.alert_normalizer.routes import Reception
from sandbox.api import Api
from tests.payloads import WEBHOOK_PATH, Payload, webhooks
from tests.unit.functions.alert_normalizer.conftest import client_of

each_payload = pytest.mark.parametrize("payload", webhooks(), ids=lambda payload: payload.name)


@each_payload
async def test_a_payload_becomes_the_alerts_that_are_wanted(reception: Reception, api: Api, payload: Payload) -> None:
    async with client_of(reception) as client:
        answer = await client.post(WEBHOOK_PATH, content=payload.body)
    if payload.may_be_rejected and answer.status_code == 422:
        return
    assert answer.status_code == 200, answer.text
    resource = api.resource("aegisalerts", "aegis.io")
    names = [line["name"] for line in answer.json()["alerts"]]
    specs = [(await api.get(resource, name, "monitoring"))["spec"] for name in names]
    assert payload.problems(specs) == []


WANTED = {
    "type": "A",
    "status": "Firing",
    "object": {"kind": "Pod", "name": "web-0", "namespace": "shop", "node": ""},
    "severity": None,
    "startsAt": "2026-01-01T08:00:00.123456789Z",
    "acceptable": [{"object": None}, {"type": "B"}],
}
SPEC = {
    "type": "A",
    "status": "Firing",
    "involvedObject": {"kind": "Pod", "name": "web-0", "namespace": "shop", "inferredFrom": "pod"},
    "severity": "",
    "startsAt": "2026-01-01T08:00:00.123456Z",
    "fingerprint": "f1",
}


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"involvedObject": {}}, True),
        ({"type": "B"}, True),
        ({"type": "B", "involvedObject": {}}, False),
        ({"type": "C"}, False),
        ({"status": "Resolved"}, False),
        ({"severity": "page"}, False),
        ({"startsAt": ""}, False),
        ({"involvedObject": {"kind": "Pod", "name": "web-1", "namespace": "shop"}}, False),
    ],
    ids=str,
)
def test_an_alert_is_held_against_what_is_wanted_and_what_is_acceptable(
    change: dict[str, object],
    *,
    accepted: bool,
) -> None:
    payload = Payload("p", b"", [copy.deepcopy(WANTED)], may_be_rejected=False)
    assert (payload.problems([{**SPEC, **change}]) == []) is accepted
    assert payload.problems([]) == ["0 alerts came of it, not 1"]
