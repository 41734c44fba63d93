"""The sweep's reminder that an alert fires on: taken without a token from the Broker, and believed nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aegis.models.alert import AegisAlert
from functions.alert_normalizer.routes import Reception
from functions.alert_normalizer.settings import Settings
from functions.alert_normalizer.tokens import Gate
from sandbox.api import Api
from tests.unit.functions.alert_normalizer.conftest import Clock, client_of

AT_8 = "2026-01-01T08:00:00Z"
FIRING = {"type": "T", "status": "Firing", "fingerprint": "f", "startsAt": AT_8}


@pytest.fixture
def from_broker(reception: Reception, tmp_path: Path) -> Reception:
    """An intake that lets nobody in, but takes reminders."""
    return replace(reception, gate=Gate(tmp_path), settings=Settings(hints=True))


def reminder(alert: AegisAlert, **meta: str) -> dict[str, Any]:
    """The sweep's, as Knative delivers it."""
    named = {"namespace": "monitoring", "name": alert.metadata.name, "uid": alert.metadata.uid, **meta}
    attributes = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "io.aegis.alert.refired.v1"}
    return {"json": {"metadata": named}, "headers": attributes}


@pytest.fixture
async def fires_on(reception: Reception, api: Api, clock: Clock) -> AegisAlert:
    """An alert whose next episode is due."""
    async with client_of(reception) as sender:
        for status in ("Firing", "Resolved", "Firing"):
            answer = await sender.post("/alert", json={**FIRING, "status": status})
            assert answer.status_code == 200
    clock.passes(minutes=2)
    (item,) = await api.list(api.resource("aegisalerts", "aegis.io"), "monitoring")
    return AegisAlert.read(item)


async def stored_alerts(api: Api) -> int:
    return len(await api.list(api.resource("aegisalerts", "aegis.io"), "monitoring"))


async def test_a_reminder_needs_no_token_where_the_broker_sends_it(
    from_broker: Reception, api: Api, fires_on: AegisAlert
) -> None:
    async with client_of(from_broker) as sender:
        answer = await sender.post("/", **reminder(fires_on))
        assert (answer.status_code, answer.json()["type"]) == (200, "io.aegis.alert.firing.v1")
        again = await sender.post("/", **reminder(fires_on))
        assert (again.status_code, again.content) == (204, b"")
    assert await stored_alerts(api) == 2


async def test_elsewhere_a_reminder_needs_one(from_broker: Reception, api: Api, fires_on: AegisAlert) -> None:
    async with client_of(replace(from_broker, settings=Settings())) as sender:
        assert (await sender.post("/", **reminder(fires_on))).status_code == 503  # there is no token to compare with
    assert await stored_alerts(api) == 1


@pytest.mark.parametrize("meta", [{"uid": "another"}, {"name": "gone"}])
async def test_a_reminder_of_what_is_not_there_does_nothing(
    reception: Reception, api: Api, fires_on: AegisAlert, meta: dict[str, str]
) -> None:
    async with client_of(reception) as sender:
        assert (await sender.post("/", **reminder(fires_on, **meta))).status_code == 204
    assert await stored_alerts(api) == 1


async def test_a_reminder_that_holds_alerts_stores_none(from_broker: Reception, api: Api) -> None:
    forged = {"specversion": "1.0", "id": "1", "source": "/s", "type": "io.aegis.alert.v1", "data": FIRING}
    headers = {"ce-type": "io.aegis.alert.refired.v1", "Content-Type": "application/cloudevents+json"}
    async with client_of(from_broker) as sender:
        assert (await sender.post("/", json=forged, headers=headers)).status_code == 403
    assert await stored_alerts(api) == 0


@pytest.mark.parametrize("path", ["/alert", "/alertmanager/alert", "/ai/alert"])
async def test_nothing_else_is_taken_for_a_reminder(from_broker: Reception, path: str) -> None:
    """Else its body would be read without a token, however large."""
    async with client_of(from_broker) as sender:
        answer = await sender.post(path, json=FIRING, headers={"ce-type": "io.aegis.alert.refired.v1"})
        assert answer.status_code == 503  # there is no token to compare with


async def test_an_alert_that_the_intake_did_not_store_has_no_next_episode(reception: Reception, api: Api) -> None:
    body = {"metadata": {"name": "by-hand"}, "spec": {"type": "T", "fingerprint": "f"}}
    resource = api.resource("aegisalerts", "aegis.io")
    await api.create(resource, {"apiVersion": "aegis.io/v1alpha1", "kind": "AegisAlert", **body}, "monitoring")
    noted = {"status": {"status": "Resolved", "reopensAt": AT_8}}
    alert = AegisAlert.read(await api.patch(resource, "by-hand", noted, "monitoring", subresource="status"))
    async with client_of(reception) as sender:
        assert (await sender.post("/", **reminder(alert))).status_code == 204
    assert await stored_alerts(api) == 1
