"""The manifests as a cluster has them: with the Secret, and without the sandbox's leave to send anything."""

from collections.abc import Iterator

import pytest

from tests.sandbox.driver import ALERTS, NAMESPACE, Driver, Json, custom, running

pytestmark = pytest.mark.sandbox

WEBHOOK = {"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "Disk"}}]}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "aegis-intake-tokens"},
    "stringData": {"AlertManager": "t-alertmanager", "Default": "t-new\nt-default"},
}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Driver]:
    """A sandbox whose intake asks for tokens."""
    with running() as driver:
        driver.call("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", SECRET)
        for service in ("aegis", "alert-normalizer"):
            driver.set(service, AEGIS_OPEN_SOURCES="")
        yield driver


@pytest.mark.parametrize(
    ("path", "body", "token", "status"),
    [
        ("/alert", custom("Disk", fingerprint="f1"), "", 401),
        ("/alert", custom("Disk", fingerprint="f1"), "t-", 401),
        ("/alert", custom("Disk", fingerprint="f1"), "t-alertmanager", 403),
        ("/alert", {**custom("Disk", fingerprint="f1"), "source": "AlertManager"}, "t-default", 403),
        ("/alertmanager/alert", WEBHOOK, "t-default", 403),
        ("/ai/alert", {}, "t-default", 404),
        ("/alertmanager/alert", WEBHOOK, "t-alertmanager", 200),
        ("/alert", custom("Disk", fingerprint="f1"), "t-default", 200),
        ("/alert", custom("Disk", fingerprint="f2"), "t-new", 200),
    ],
)
def test_a_token_is_for_its_source(guarded: Driver, path: str, body: Json, token: str, status: int) -> None:
    before = len(guarded.items(ALERTS))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = guarded.http.post(f"{guarded.cluster.gateway}{path}", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert (len(guarded.items(ALERTS)) > before) is (status == 200)


def test_an_event_from_the_broker_is_nobodys_word(guarded: Driver) -> None:
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/forged",
        "type": "io.aegis.alert.v1",
        "data": custom("Forged", fingerprint="f3"),
    }
    headers = {"Content-Type": "application/cloudevents+json"}
    sent = guarded.http.post(f"{guarded.cluster.broker}/{NAMESPACE}/aegis", json=event, headers=headers)
    assert sent.is_success, sent.text  # the Broker is synchronous: it was delivered, and is a dead letter
    assert "Forged" not in {alert["spec"]["type"] for alert in guarded.items(ALERTS)}
    assert "a request without a valid token" in guarded.cluster.log("alert-normalizer")


def test_no_token_is_in_a_log(guarded: Driver) -> None:
    for service in ("aegis", "alert-normalizer"):
        assert not any(token in guarded.cluster.log(service) for token in ("t-alertmanager", "t-default", "t-new"))
