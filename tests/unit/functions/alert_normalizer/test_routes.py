"""The intake as senders meet it: over HTTP, on an API server in the process."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aegis import broker
from aegis.events import MOST_EVENTS, Event, read_event
from functions.alert_normalizer import routes
from functions.alert_normalizer.budget import Budget
from functions.alert_normalizer.incoming import MOST_ALERTS
from functions.alert_normalizer.intake import Intake
from functions.alert_normalizer.routes import LARGEST_BODY, Reception
from functions.alert_normalizer.settings import Settings
from functions.alert_normalizer.tokens import Gate
from sandbox.api import Api
from tests.unit.functions.alert_normalizer.alerts import JSON, NEARLY
from tests.unit.functions.alert_normalizer.conftest import METHODS, Quota, Way, client_of
from tests.unit.transports import Pool, kube_over

PATHS = ["/alertmanager/alert", "/alert", "/default/alert", "/ai/alert", "/"]
CUSTOM = {"type": "DiskFull", "status": "Firing", "fingerprint": "f1"}
STRUCTURED_TYPE, BATCH_TYPE = "application/cloudevents+json", "application/cloudevents-batch+json"
WEBHOOK = "io.prometheus.alertmanager.v4"
AT_8 = "2026-01-01T08:00:00Z"


def firing(name: str = "DiskFull", **changes: Any) -> dict[str, Any]:
    return {"status": "firing", "labels": {"alertname": name, "node": "dev1"}, "startsAt": AT_8, **changes}


def webhook(*alerts: Any, **changes: Any) -> dict[str, Any]:
    return {"version": "4", "status": "firing", "alerts": list(alerts), **changes}


@pytest.fixture
async def sender(reception: Reception) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(reception) as client:
        yield client


class Sink:
    """A Broker: keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.pool = Pool(httpx.ASGITransport(app=self._app()))

    def _app(self) -> Starlette:
        return Starlette(routes=[Route("/", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        self.events.append(read_event(request.headers, await request.body()))
        return Response(status_code=202)


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Sink:
    sink = Sink()
    monkeypatch.setenv("K_SINK", "http://broker/")
    monkeypatch.setattr(broker, "_pool", lambda: sink.pool)
    return sink


async def alerts(api: Api, plural: str = "aegisalerts") -> list[dict[str, Any]]:
    return await api.list(api.resource(plural, "aegis.io"), "monitoring")


def results(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [line["result"] for line in response.json()["alerts"]]


def errors(response: httpx.Response) -> list[str]:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert response.text.endswith("}\n")
    assert all(error["problem"] not in body["detail"] for error in body["errors"])
    assert "alerts" not in body
    assert all(error["accepted"] and error["problem"] for error in body["errors"])
    return [error["field"] for error in body["errors"]]


async def test_a_webhook_is_answered_with_one_line_per_alert(sender: httpx.AsyncClient, api: Api) -> None:
    response = await sender.post("/alertmanager/alert", json=webhook(firing(), firing("Watchdog"), firing(), {}))
    assert results(response) == ["created", "ignored", "counted", "rejected"]
    first, ignored, second, rejected = response.json()["alerts"]
    (stored,) = await alerts(api)
    assert first["name"] == second["name"] == stored["metadata"]["name"]
    assert first["fingerprint"] == stored["spec"]["fingerprint"]
    assert "Watchdog" in ignored["reason"]
    assert rejected.keys() == {"result", "errors"}
    assert [error["field"] for error in rejected["errors"]] == ["alerts[3].status", "alerts[3].labels.alertname"]


@pytest.mark.parametrize("path", ["/alert", "/default/alert", "/alert/", "/default/alert/"])
async def test_a_custom_alert_is_taken_whatever_content_type_curl_says(
    sender: httpx.AsyncClient, api: Api, path: str
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await sender.post(path, content=json.dumps(CUSTOM), headers=headers)
    assert results(response) == ["created"]
    assert len(await alerts(api)) == 1


async def test_a_list_of_custom_alerts(sender: httpx.AsyncClient) -> None:
    assert results(await sender.post("/alert", json=[CUSTOM, CUSTOM, {**CUSTOM, "status": "Resolved"}])) == [
        "created",
        "counted",
        "resolved",
    ]


async def test_no_alerts_are_no_problem(sender: httpx.AsyncClient) -> None:
    assert results(await sender.post("/alertmanager/alert", json=webhook())) == []


async def test_alerts_that_the_sender_left_out_are_said(
    sender: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await sender.post("/alertmanager/alert", json=webhook(firing(), truncatedAlerts=7))
    assert response.json()["truncatedAlerts"] == 7
    assert any(record.__dict__.get("truncated") == 7 for record in caplog.records)


async def test_all_rejected_is_unprocessable_and_names_every_field(sender: httpx.AsyncClient, api: Api) -> None:
    response = await sender.post("/alert", json=[{}, {"type": "A", "status": "x", "details": {"a": []}}])
    assert response.status_code == 422
    assert errors(response) == ["[0].type", "[0].status", "[1].status", "[1].details.a"]
    assert response.json()["detail"] == "none of 2 alerts can be stored"
    assert not await alerts(api)


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/alert", b"{", 400, "body"),
        ("/alert", b"", 400, "body"),
        ("/alert", b'"\xff"', 400, "body"),
        ("/alert", b"[" * 100_000, 400, "body"),
        ("/alert", b'{"a":' * 450 + b"1" + b"}" * 450, 422, "type"),
        ("/alert", b"3", 422, "body"),
        ("/alertmanager/alert", b"[]", 422, "body"),
        ("/alertmanager/alert", b"{}", 422, "alerts"),
        ("/ai/alert", b"", 400, "body"),
    ],
)
async def test_what_cannot_be_read_names_the_problem(
    sender: httpx.AsyncClient, path: str, body: bytes, status: int, field: str
) -> None:
    response = await sender.post(path, content=body)
    assert (response.status_code, errors(response)[0]) == (status, field)


@given(data=JSON | NEARLY)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_no_json_makes_an_error_of_ours(data: object) -> None:
    async def post() -> None:
        """Against a server that is away: whatever gets as far as being stored is to be sent again."""
        kube = kube_over(_Away())
        async with client_of(Reception(kube, Settings(), Intake(kube, Settings()))) as sender:
            for path in ("/alert", "/alertmanager/alert"):
                response = await sender.post(path, content=json.dumps(data))
                assert response.status_code in (200, 400, 422, 503)
            event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "io.aegis.alert.v1", "data": data}
            headers = {"Content-Type": "application/cloudevents+json"}
            response = await sender.post("/", content=json.dumps(event), headers=headers)
            assert response.status_code in (204, 400, 422, 503)
            response = await sender.post("/", content=json.dumps(data), headers=headers)
            assert response.status_code == 400

    asyncio.run(post())


class _Away(httpx.AsyncBaseTransport):
    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")


@pytest.mark.parametrize("announced", [True, False], ids=["by its length", "while it comes"])
@pytest.mark.parametrize(("path", "limit"), [("/alert", LARGEST_BODY), ("/", LARGEST_BODY), ("/ai/alert", 1024 * 1024)])
async def test_a_body_that_is_too_large_is_not_read_to_its_end(
    sender: httpx.AsyncClient, path: str, limit: int, *, announced: bool
) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 2 * limit:
            sent += 64 * 1024
            yield b" " * (64 * 1024)

    headers = {"Content-Length": str(2 * limit)} if announced else {}
    response = await sender.post(path, content=chunks(), headers=headers)
    assert (response.status_code, errors(response)) == (413, ["body"])


async def test_a_body_of_5_mib_is_read(sender: httpx.AsyncClient) -> None:
    body = json.dumps(CUSTOM).encode()
    assert results(await sender.post("/alert", content=body + b" " * (LARGEST_BODY - len(body)))) == ["created"]


async def test_one_alert_that_is_too_large(sender: httpx.AsyncClient) -> None:
    large = {**CUSTOM, "details": {"a": "x" * 300 * 1024}}
    response = await sender.post("/alert", json=large)
    assert (response.status_code, errors(response)) == (413, ["body"])
    assert results(await sender.post("/alert", json=[CUSTOM, large])) == ["created", "rejected"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", [method for method in METHODS if method != "POST"])
async def test_alerts_come_with_post(sender: httpx.AsyncClient, path: str, method: str) -> None:
    response = await sender.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/alerts", "/ai", "/alert/x", "/ALERT"])
async def test_elsewhere_nothing_is_found(sender: httpx.AsyncClient, path: str) -> None:
    response = await sender.post(path, json=CUSTOM)
    assert (response.status_code, response.json()["status"]) == (404, 404)


@pytest.fixture
def guarded(reception: Reception, tmp_path: Path) -> Reception:
    """An intake that asks for tokens: ``t-<source>`` is for that source."""
    for source in ("AlertManager", "Default", "AI", "shop"):
        (tmp_path / source).write_text(f"t-{source}\n")
    return replace(reception, gate=Gate(tmp_path))


def token(source: str) -> dict[str, str]:
    return {"Authorization": f"Bearer t-{source}"}


@pytest.mark.parametrize("path", PATHS)
async def test_every_path_asks_for_a_token_before_the_body_is_read(guarded: Reception, api: Api, path: str) -> None:
    asked = []

    async def body() -> AsyncIterator[bytes]:
        asked.append(path)
        yield b""

    async with client_of(guarded) as sender:
        refused = await sender.post(path, content=body())
        assert not asked
        assert (refused.status_code, "www-authenticate" in refused.headers) == (401, True)
        assert not await alerts(api)
        accepted = await sender.post(path, json=CUSTOM, headers=token("Default"))
        assert accepted.status_code != 401


async def test_where_no_token_can_be_read_the_sender_is_to_try_again(reception: Reception, tmp_path: Path) -> None:
    async with client_of(replace(reception, gate=Gate(tmp_path))) as sender:
        response = await sender.post("/alert", json=CUSTOM)
    assert (response.status_code, "retry-after" in response.headers) == (503, True)


def event_of(data: Any, event_type: str = "io.aegis.alert.v1") -> dict[str, Any]:
    return {"specversion": "1.0", "id": "1", "source": "/s", "type": event_type, "data": data}


class Claim(NamedTuple):
    """A request whose alert is of a source, and the field that says so."""

    path: str
    body: Any
    source: str
    field: str
    content_type: str = "application/json"


CLAIMS = {
    "the webhook": Claim("/alertmanager/alert", webhook(firing()), "AlertManager", "source"),
    "no source": Claim("/alert", CUSTOM, "Default", "source"),
    "a source": Claim("/default/alert", {**CUSTOM, "SOURCE": "shop"}, "shop", "source"),
    "a list": Claim("/alert", [{**CUSTOM, "source": "shop"}], "shop", "[0].source"),
    "alerts": Claim("/alert", {"alerts": [CUSTOM]}, "Default", "alerts[0].source"),
    "as the webhook": Claim("/alert", {**CUSTOM, "source": "AlertManager"}, "AlertManager", "source"),
    "a resolve": Claim("/alert", {**CUSTOM, "source": "shop", "status": "Resolved"}, "shop", "source"),
    "raw": Claim("/ai/alert", "anything", "AI", "source"),
    "an event": Claim("/", event_of({**CUSTOM, "source": "shop"}), "shop", "data.source", STRUCTURED_TYPE),
    "a webhook's event": Claim("/", event_of(webhook(firing()), WEBHOOK), "AlertManager", "data", STRUCTURED_TYPE),
    "a batch": Claim("/", [event_of(CUSTOM)], "Default", "[0].data.source", BATCH_TYPE),
    "a webhook's batch": Claim("/", [event_of(webhook(firing()), WEBHOOK)], "AlertManager", "[0].data", BATCH_TYPE),
}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
@pytest.mark.parametrize("source", ["AlertManager", "Default", "AI", "shop"])
async def test_a_token_stores_alerts_of_its_own_source_alone(
    guarded: Reception, api: Api, claim: Claim, source: str
) -> None:
    headers = {**token(source), "Content-Type": claim.content_type}
    async with client_of(guarded) as sender:
        response = await sender.post(claim.path, content=json.dumps(claim.body), headers=headers)
    stored = [*await alerts(api), *await alerts(api, "aegisrawalerts")]
    if source == claim.source:
        assert response.is_success, response.text
        assert len(stored) == 1
        return
    assert (response.status_code, stored) == (403, [])
    (error,) = response.json()["errors"]
    assert error["field"] == claim.field
    assert error["problem"].startswith(f"{claim.source} is not")
    assert source in error["accepted"]
    assert not any("t-" in text for text in error.values())


async def test_nobody_resolves_the_alert_of_another(guarded: Reception, api: Api) -> None:
    """Whatever the other's alert says of itself: names, fingerprint, beginning."""
    async with client_of(guarded) as sender:
        fired = await sender.post("/alertmanager/alert", json=webhook(firing()), headers=token("AlertManager"))
        (line,) = fired.json()["alerts"]
        (theirs,) = await alerts(api)
        spec = {key: theirs["spec"][key] for key in ("type", "fingerprint", "details", "startsAt")}
        for source in ("AlertManager", "Default", "alertmanager", ""):
            resolve = {**spec, "source": source, "status": "Resolved"}
            await sender.post("/alert", json=resolve, headers=token("Default"))
        resolve = webhook(firing(status="resolved"))
        assert (await sender.post("/alertmanager/alert", json=resolve, headers=token("Default"))).status_code == 403
    (theirs,) = [alert for alert in await alerts(api) if alert["metadata"]["name"] == line["name"]]
    assert theirs["status"]["status"] == "Firing"


async def test_an_alert_of_anothers_keeps_no_other_back(guarded: Reception) -> None:
    body = [CUSTOM, {**CUSTOM, "source": "shop"}, {**CUSTOM, "source": "no label value"}]
    async with client_of(guarded) as sender:
        response = await sender.post("/alert", json=body, headers=token("Default"))
    assert results(response) == ["created", "rejected", "rejected"]


async def test_raw_alerts_are_refused_until_something_reads_them(reception: Reception, api: Api) -> None:
    async with client_of(replace(reception, settings=Settings())) as sender:
        response = await sender.post("/ai/alert", content=b"anything")
    assert (response.status_code, await alerts(api, "aegisrawalerts")) == (404, [])
    assert "AEGIS_RAW_ALERTS" in response.json()["detail"]


async def test_a_server_that_is_away_is_to_be_tried_again(sender: httpx.AsyncClient, way: Way, api: Api) -> None:
    async def away_for_one(request: httpx.Request) -> httpx.Response | None:
        return (
            httpx.Response(503, headers={"Retry-After": "7"}, request=request) if b"Broken" in request.content else None
        )

    way.meddle = away_for_one
    response = await sender.post("/alert", json=[CUSTOM, {**CUSTOM, "type": "Broken"}])
    assert (response.status_code, response.headers["retry-after"]) == (503, "7")
    assert len(await alerts(api)) == 1


async def test_a_server_that_is_slow_is_to_be_tried_again(
    sender: httpx.AsyncClient, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_PATIENCE_SECONDS", 0.01)
    at_last = asyncio.Event()

    async def slow(_: httpx.Request) -> None:
        await at_last.wait()

    way.meddle = slow
    response = await sender.post("/alert", json=CUSTOM)
    assert (response.status_code, "retry-after" in response.headers) == (503, True)
    at_last.set()
    assert results(await sender.post("/alert", json=CUSTOM)) == ["counted"]


async def test_the_same_alert_200_times_at_once(sender: httpx.AsyncClient, api: Api) -> None:
    responses = await asyncio.gather(*(sender.post("/alert", json=CUSTOM) for _ in range(200)))
    assert sorted(result for response in responses for result in results(response)) == ["counted"] * 199 + ["created"]
    (stored,) = await alerts(api)
    assert stored["status"]["count"] == 200


async def test_the_broker_is_told_once_the_sender_has_its_answer(reception: Reception, sink: Sink) -> None:
    body = json.dumps([CUSTOM, {**CUSTOM, "fingerprint": "f2"}]).encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/alert",
        "headers": [],
        "query_string": b"",
        "server": ("aegis", 80),
    }
    told_before_the_answer_was_out: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            told_before_the_answer_was_out.append(len(sink.events))

    response = await reception.serve(Request(scope, receive))
    await response(scope, receive, send)
    assert told_before_the_answer_was_out == [0]
    assert [event.type for event in sink.events] == ["io.aegis.alert.firing.v1"] * 2
    assert {event.subject for event in sink.events} == {
        f"monitoring/{line['name']}" for line in json.loads(bytes(response.body))["alerts"]
    }


async def test_a_broker_that_fails_is_not_the_senders_problem(
    sender: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K_SINK", "http://127.0.0.1:1/")
    pool = Pool(_Away())
    monkeypatch.setattr(broker, "_pool", lambda: pool)
    assert results(await sender.post("/alert", json=CUSTOM)) == ["created"]


async def test_what_was_stored_is_told_though_the_sender_is_to_try_again(
    sender: httpx.AsyncClient, way: Way, sink: Sink
) -> None:
    async def away_for_one(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(503, request=request) if b"Broken" in request.content else None

    way.meddle = away_for_one
    response = await sender.post("/alert", json=[CUSTOM, {**CUSTOM, "type": "Broken"}])
    assert (response.status_code, len(sink.events)) == (503, 1)


STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
BATCHED = {"Content-Type": "application/cloudevents-batch+json"}


def cloud_event(data: Any, *, event_type: str = "io.aegis.alert.v1", event_id: str = "1") -> dict[str, Any]:
    return {"specversion": "1.0", "id": event_id, "source": "/ai", "type": event_type, "data": data}


def binary(event: dict[str, Any]) -> dict[str, str]:
    return {"Content-Type": "application/json"} | {f"ce-{key}": value for key, value in event.items() if key != "data"}


def encoded(mode: str, event: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    """An event's headers and body in one of the three modes."""
    bodies: dict[str, tuple[dict[str, str], Any]] = {
        "structured": (STRUCTURED, event),
        "binary": (binary(event), event["data"]),
        "batched": (BATCHED, [event]),
    }
    headers, body = bodies[mode]
    return headers, json.dumps(body).encode()


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("io.aegis.alert.v1", CUSTOM),
        ("io.aegis.alert.v1", [CUSTOM]),
        ("io.aegis.alert.v1", {"alerts": [CUSTOM]}),
        ("io.prometheus.alertmanager.v4", webhook(firing())),
    ],
    ids=["one", "list", "object", "webhook"],
)
@pytest.mark.parametrize("mode", ["structured", "binary", "batched"])
async def test_a_cloudevent_is_answered_with_nothing_and_told_to_the_broker(
    sender: httpx.AsyncClient, sink: Sink, mode: str, event_type: str, data: Any
) -> None:
    headers, body = encoded(mode, cloud_event(data, event_type=event_type))
    response = await sender.post("/", content=body, headers=headers)
    assert (response.status_code, response.content) == (204, b"")
    (told,) = sink.events
    assert told.data["spec"]["type"] == "DiskFull"


async def test_a_cloudevent_delivered_again_counts_once(sender: httpx.AsyncClient, api: Api) -> None:
    for event_id in ("1", "1", "2", "1", "2"):
        event = cloud_event({"alerts": [CUSTOM, {**CUSTOM, "fingerprint": "f2"}]}, event_id=event_id)
        assert (await sender.post("/", json=event, headers=STRUCTURED)).status_code == 204
    assert [stored["status"]["count"] for stored in await alerts(api)] == [2, 2]


async def test_one_event_may_hold_an_alert_twice(sender: httpx.AsyncClient, api: Api) -> None:
    await sender.post("/", json=cloud_event([CUSTOM, CUSTOM]), headers=STRUCTURED)
    (stored,) = await alerts(api)
    assert stored["status"]["count"] == 2


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (STRUCTURED, cloud_event(CUSTOM, event_type="io.aegis.rule.matched.v1")),
        (STRUCTURED, {"type": "io.aegis.alert.v1"}),
        (STRUCTURED, []),
        (BATCHED, {}),
        ({"Content-Type": "application/json"}, CUSTOM),
    ],
    ids=["type", "attributes", "list", "no batch", "no event"],
)
async def test_a_bad_event_stores_nothing(
    sender: httpx.AsyncClient, api: Api, headers: dict[str, str], body: Any
) -> None:
    assert (await sender.post("/", content=json.dumps(body), headers=headers)).status_code == 400
    assert not await alerts(api)


async def test_a_cloudevent_of_which_nothing_can_be_stored(sender: httpx.AsyncClient) -> None:
    batch = [cloud_event({"alerts": [{}]}), cloud_event({}, event_type="io.prometheus.alertmanager.v4")]
    response = await sender.post("/", json=batch, headers=BATCHED)
    assert (response.status_code, errors(response)) == (
        422,
        ["[0].data.alerts[0].type", "[0].data.alerts[0].status", "[1].data"],
    )


async def test_anything_is_kept_as_it_came(sender: httpx.AsyncClient, api: Api, sink: Sink) -> None:
    body = bytes(range(256))
    headers = {
        "Content-Type": "application/x-thing",
        "X-Amz-Sns-Message-Type": "Notification",
        "Authorization": "s3cret",
    }
    response = await sender.post("/ai/alert", content=body, headers={**headers, "Cookie": "s3cret"})
    (stored,) = await alerts(api, "aegisrawalerts")
    assert (response.status_code, response.json()["name"]) == (202, stored["metadata"]["name"])
    assert base64.b64decode(stored["spec"]["body"]) == body
    assert stored["spec"]["contentType"] == "application/x-thing"
    assert stored["spec"]["headers"]["x-amz-sns-message-type"] == "Notification"
    assert "s3cret" not in json.dumps(stored)
    (event,) = sink.events
    assert event.type == "io.aegis.rawalert.received.v1"
    meta = stored["metadata"]
    assert event.data == {"namespace": "monitoring", "name": meta["name"], "uid": meta["uid"]}


async def test_a_megabyte_of_anything_is_kept(sender: httpx.AsyncClient, api: Api) -> None:
    assert (await sender.post("/ai/alert", content=b"x" * 1024 * 1024)).status_code == 202
    assert len(await alerts(api, "aegisrawalerts")) == 1


async def test_an_sns_subscription_is_only_kept(sender: httpx.AsyncClient, way: Way) -> None:
    body = {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.example.com/?Action=ConfirmSubscription"}
    assert (await sender.post("/ai/alert", json=body)).status_code == 202
    assert way.requests == ["POST"]


async def test_each_outcome_is_one_line_in_the_log(sender: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    response = await sender.post("/alert", json=[CUSTOM, CUSTOM, {**CUSTOM, "status": "s3cret"}])
    name = response.json()["alerts"][0]["name"]
    lines = [record.__dict__ for record in caplog.records if record.name.startswith("functions")]
    assert [(line["object"], line["result"], line["levelname"]) for line in lines] == [
        (f"aegisalert/monitoring/{name}", "created", "INFO"),
        (f"aegisalert/monitoring/{name}", "counted", "INFO"),
        ("aegisalert/monitoring/", "rejected", "WARNING"),
    ]
    assert "s3cret" not in str(lines)


async def test_a_bad_event_in_a_batch_keeps_no_other_back(sender: httpx.AsyncClient, api: Api) -> None:
    batch = [cloud_event(CUSTOM, event_type="x"), {"type": "io.aegis.alert.v1"}, cloud_event(CUSTOM)]
    answer = await sender.post("/", content=json.dumps(batch), headers=BATCHED)
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(await alerts(api)) == 1


async def test_a_batch_of_bad_events_names_each(sender: httpx.AsyncClient) -> None:
    answer = await sender.post("/", content=json.dumps([{}, cloud_event(CUSTOM, event_type="x")]), headers=BATCHED)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["[0]", "[1]"]


SHALLOW, DEEP = [*range(100, 1_000, 50)], [3_000, 100_000]
HALF = json.dumps("\ud800")


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


class To(NamedTuple):
    """Where an input goes, and in what form."""

    path: str
    headers: dict[str, str]
    form: str

    def body(self, *parts: Any, bad: str) -> str:
        """The input with some parts, of which texts of ``BAD`` are what is bad."""
        return self.form.replace('"%s"', ", ".join(map(json.dumps, parts)).replace('"BAD"', bad))


MANY = [
    To("/alertmanager/alert", {}, '{"alerts": ["%s"]}'),
    To("/alert", {}, '["%s"]'),
    To("/", STRUCTURED, json.dumps(cloud_event(["%s"]))),
]
BATCH_OF_MANY = To("/", BATCHED, '["%s"]')


@pytest.mark.parametrize("bad", [*map(nested, SHALLOW), HALF], ids=[*map(str, SHALLOW), "half"])
@pytest.mark.parametrize(
    ("to", "good"),
    [(MANY[0], firing()), (MANY[1], CUSTOM), (MANY[2], CUSTOM), (BATCH_OF_MANY, cloud_event(CUSTOM))],
    ids=["webhook", "alerts", "event", "batch"],
)
async def test_what_one_alert_holds_keeps_no_other_back(
    sender: httpx.AsyncClient, api: Api, to: To, good: dict[str, Any], bad: str
) -> None:
    spoilt = {**good, "data": {**CUSTOM, "x": "BAD"}} if "data" in good else {**good, "x": "BAD"}
    answer = await sender.post(to.path, content=to.body(good, spoilt, bad=bad), headers=to.headers)
    assert answer.is_success
    assert len(await alerts(api)) == 1


@pytest.mark.parametrize("bad", [*map(nested, DEEP), HALF], ids=[*map(str, DEEP), "half"])
@pytest.mark.parametrize(
    ("to", "spoilt"),
    [
        (MANY[0], firing("BAD")),
        (MANY[1], {**CUSTOM, "fingerprint": "BAD"}),
        (MANY[2], {**CUSTOM, "type": "BAD"}),
        (BATCH_OF_MANY, cloud_event({**CUSTOM, "type": "BAD"})),
        (To("/", STRUCTURED, '"%s"'), cloud_event(CUSTOM, event_id="BAD")),
    ],
    ids=["webhook", "alerts", "event", "batch", "attribute"],
)
async def test_what_cannot_be_stored_is_a_bad_request(
    sender: httpx.AsyncClient, api: Api, to: To, spoilt: dict[str, Any], bad: str
) -> None:
    answer = await sender.post(to.path, content=to.body(spoilt, bad=bad), headers=to.headers)
    assert answer.status_code == 400
    assert not await alerts(api)


KNOWN, NEW = firing("Known"), firing("New")


def counts(stored: list[dict[str, Any]]) -> dict[str, int]:
    return {alert["spec"]["type"]: alert["status"]["count"] for alert in stored}


async def test_over_quota_a_group_comes_again_and_nothing_of_it_is_counted_twice(
    sender: httpx.AsyncClient, api: Api, quota: Quota
) -> None:
    group = webhook(KNOWN, firing("Created"), NEW, firing("NewToo"))
    await sender.post("/alertmanager/alert", json=webhook(KNOWN))
    await quota.is_(2)
    for _ in range(3):
        response = await sender.post("/alertmanager/alert", json=group)
        assert (response.status_code, int(response.headers["retry-after"]) > 1) == (503, True)
        told = {error["name"].split("-")[1]: error["problem"] for error in response.json()["errors"]}
        assert told.keys() == {"new", "newtoo"}
        assert all("ResourceQuota" in problem for problem in told.values())
        assert counts(await alerts(api)) == {"Known": 2, "Created": 1}
    await quota.is_(3)  # the retry makes progress, and is not through yet
    assert (await sender.post("/alertmanager/alert", json=group)).status_code == 503
    await quota.is_(9)
    assert results(await sender.post("/alertmanager/alert", json=group)) == ["counted", "counted", "counted", "created"]
    assert counts(await alerts(api)) == {"Known": 2, "Created": 1, "New": 1, "NewToo": 1}
    assert results(await sender.post("/alertmanager/alert", json=group)) == ["counted"] * 4
    assert counts(await alerts(api)) == {"Known": 3, "Created": 2, "New": 2, "NewToo": 2}


async def test_over_quota_known_alerts_go_on_being_counted_and_resolved(
    sender: httpx.AsyncClient, api: Api, quota: Quota
) -> None:
    both = webhook(KNOWN, firing("KnownToo"))
    await sender.post("/alertmanager/alert", json=both)
    await quota.is_(2)
    await sender.post("/alertmanager/alert", json=webhook(KNOWN, NEW))
    for _ in range(2):
        assert results(await sender.post("/alertmanager/alert", json=both)) == ["counted", "counted"]
    assert counts(await alerts(api)) == {"Known": 4, "KnownToo": 3}
    response = await sender.post("/alertmanager/alert", json=webhook(firing("Known", status="resolved"), NEW))
    assert response.status_code == 503
    assert {alert["spec"]["type"]: alert["status"]["status"] for alert in await alerts(api)} == {
        "Known": "Resolved",
        "KnownToo": "Firing",
    }


async def test_over_quota_ten_new_alerts_are_told(sender: httpx.AsyncClient, quota: Quota) -> None:
    await quota.is_(0)
    response = await sender.post("/alert", json=[{**CUSTOM, "fingerprint": str(number)} for number in range(12)])
    assert (response.status_code, len(response.json()["errors"])) == (503, 10)
    assert "12 of 12" in response.json()["detail"]


async def test_an_event_over_quota_is_to_be_delivered_again(sender: httpx.AsyncClient, quota: Quota) -> None:
    await quota.is_(0)
    response = await sender.post("/", json=cloud_event(CUSTOM), headers=STRUCTURED)
    assert (response.status_code, "retry-after" in response.headers) == (503, True)


async def test_a_raw_alert_over_quota_is_to_come_again(sender: httpx.AsyncClient, quota: Quota) -> None:
    await quota.is_(0)
    response = await sender.post("/ai/alert", content=b"anything")
    assert (response.status_code, "retry-after" in response.headers) == (503, True)


async def test_a_note_that_takes_too_long_is_no_reason_not_to_answer(
    sender: httpx.AsyncClient,
    quota: Quota,
    way: Way,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(routes, "_NOTE_SECONDS", 0.01)

    async def hold_notes(request: httpx.Request) -> None:
        if b"receivedEvents" in request.content:
            await asyncio.Event().wait()

    await sender.post("/alertmanager/alert", json=webhook(KNOWN))
    await quota.is_(1)
    way.meddle = hold_notes
    assert (await sender.post("/alertmanager/alert", json=webhook(KNOWN, NEW))).status_code == 503
    assert any("counted once too often" in record.message for record in caplog.records)


@pytest.mark.parametrize("path", ["/alert", "/default/alert", "/alertmanager/alert"])
async def test_of_what_is_wrong_ten_alerts_are_told_and_the_rest_counted(sender: httpx.AsyncClient, path: str) -> None:
    wrong = [0] * 20_000
    body = wrong if path != "/alertmanager/alert" else webhook(*wrong)
    response = await sender.post(path, json=body)
    assert response.status_code == 422
    assert len(errors(response)) == 10
    assert response.json()["detail"] == "none of 20000 alerts can be stored"
    assert len(response.content) < 2048


async def test_what_is_right_among_what_is_wrong_is_stored(sender: httpx.AsyncClient, api: Api) -> None:
    response = await sender.post("/alert", json=[*([0] * 50), CUSTOM])
    assert results(response) == [*(["rejected"] * 10), "created"]
    assert response.json()["rejectedAlerts"] == 40
    assert len(await alerts(api)) == 1


@pytest.mark.parametrize("path", ["/alert", "/alertmanager/alert"])
async def test_more_alerts_than_a_body_of_real_ones_holds_are_refused(
    sender: httpx.AsyncClient, api: Api, path: str
) -> None:
    many: list[Any] = [0] * (MOST_ALERTS + 1)
    response = await sender.post(path, json=many if path == "/alert" else webhook(*many))
    assert response.status_code == 413
    assert str(MOST_ALERTS) in response.json()["errors"][0]["accepted"]
    assert await alerts(api) == []


async def test_a_batch_of_too_many_events_is_refused(sender: httpx.AsyncClient) -> None:
    body = json.dumps([0] * (MOST_EVENTS + 1))
    response = await sender.post("/", content=body, headers={"Content-Type": BATCH_TYPE})
    assert response.status_code == 413


async def test_while_others_hold_the_budget_a_sender_is_to_try_again(reception: Reception) -> None:
    """Whoever is slow with a body holds no more than came of it."""
    budget = Budget(1000)
    held, going = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b" " * 900
        held.set()
        await going.wait()
        yield json.dumps(CUSTOM).encode()

    async with client_of(replace(reception, budget=budget)) as sender:
        first = asyncio.create_task(sender.post("/alert", content=slow()))
        await held.wait()
        refused = await sender.post("/alert", content=b" " * 101)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        going.set()
        assert results(await first) == ["created"]
        assert results(await sender.post("/alert", json=CUSTOM)) == ["counted"]
        assert (await sender.post("/alert", content=b" " * 1001)).status_code == 503


async def test_a_body_that_does_not_come_is_not_waited_for(
    reception: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.alert_normalizer.budget._READING_SECONDS", 0.01)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with client_of(reception) as sender:
        response = await sender.post("/alert", content=never())
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


async def post(reception: Reception, body: Any, *, gone: bool) -> int:
    """Post alerts from a sender that waits, or has gone once its body was read; the answer's status."""
    messages = [{"type": "http.request", "body": json.dumps(body).encode()}]
    answers: list[Any] = []

    async def receive() -> Any:
        if messages:
            return messages.pop()
        if gone:
            return {"type": "http.disconnect"}
        return await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": "/alertmanager/alert", "headers": [], "query_string": b""}
    request = Request(scope, receive)
    await (await reception.serve(request))(scope, receive, send)
    return int(answers[0]["status"])


async def test_nothing_more_is_begun_for_a_sender_that_has_gone_and_its_retry_goes_on_from_there(
    reception: Reception, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_UNDER_WAY", 2)
    body = webhook(*(firing(f"Disk{number}") for number in range(7)))
    seen: list[int] = []
    for _ in range(3):
        assert await post(reception, body, gone=True) == 503
        seen.append(len(await alerts(api)))
    assert seen == [2, 4, 6]
    assert await post(reception, body, gone=False) == 200
    stored = await alerts(api)
    assert len(stored) == 7
    assert {alert["status"].get("count", 1) for alert in stored} == {1}
    await post(reception, body, gone=False)  # a repeat, since the post was answered for
    assert {alert["status"].get("count", 1) for alert in await alerts(api)} == {2}
