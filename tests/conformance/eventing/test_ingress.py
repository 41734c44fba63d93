"""What a Broker's address answers: to which requests, for which paths, to what is no event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.conformance.eventing.knative import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.eventing.knative import Answer, Broker

_EVENT = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}
_CONTEXT = {name.removeprefix("ce-"): value for name, value in _EVENT.items()}
_STRUCTURED = {"content-type": "application/cloudevents+json"}
_BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture(scope="module")
def broker(make_broker: Callable[..., Broker]) -> Broker:
    """A Broker whose ingress knows it."""
    made = make_broker()
    made.trigger(Trigger("all", {"subscriber": made.knative.subscriber("all")}, {}))
    return made


def ask(
    broker: Broker, path: str = "", method: str = "POST", headers: dict[str, str] = _EVENT, body: str = ""
) -> Answer:
    """A request to the Brokers' server, at the Broker's own path unless told otherwise."""
    namespace, name = broker.url.split("/")[-2:]
    base = broker.url.removesuffix(f"/{namespace}/{name}")
    url = base + path.format(ns=namespace, name=name) if path else broker.url
    return broker.knative.recorder.send(url, method, headers, body)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/{ns}/{name}", 202),
        ("/{ns}/{name}/", 202),
        ("/", 404),
        ("/{ns}", 400),
        ("/{ns}/", 400),
        ("/{ns}/{name}/more", 400),
        ("/{ns}/{name}//", 400),
        ("//{ns}/{name}", 400),
        ("/{ns}//{name}", 400),
        ("//{name}", 404),
        ("/{ns}/absent", 404),
        ("/absent/{name}", 404),
        ("/{ns}/{name}?a=b", 404),
        ("/{ns}/?a=b", 404),
        ("/?a=b", 400),
    ],
)
def test_a_path_names_a_broker(broker: Broker, path: str, status: int) -> None:
    answer = ask(broker, path)
    assert (answer.status, answer.body) == (status, "")


@pytest.mark.parametrize(("method", "status"), [("GET", 405), ("PUT", 405), ("DELETE", 405), ("PATCH", 405)])
def test_other_methods_are_refused(broker: Broker, method: str, status: int) -> None:
    answer = ask(broker, method=method)
    assert (answer.status, answer.body, answer.headers["allow"]) == (status, "", "POST, OPTIONS")


def test_whoever_asks_may_send_as_much_as_it_wants(broker: Broker) -> None:
    answer = ask(broker, method="OPTIONS", headers={"webhook-request-origin": "example.org"})
    told = {name: answer.headers[f"webhook-allowed-{name}"] for name in ("origin", "rate")}
    assert (answer.status, answer.body, told) == (200, "", {"origin": "*", "rate": "*"})


@pytest.mark.parametrize("path", ["/{ns}/{name}", "/{ns}", "/", "/{ns}/absent"])
def test_every_answer_says_what_is_allowed(broker: Broker, path: str) -> None:
    assert ask(broker, path).headers["allow"] == "POST, OPTIONS"


def test_a_method_is_looked_at_before_the_path(broker: Broker) -> None:
    assert (ask(broker, "/", "GET").status, ask(broker, "/", "OPTIONS").status) == (405, 200)


def test_an_event_is_looked_at_before_the_broker(broker: Broker) -> None:
    assert ask(broker, "/{ns}/absent", headers={}).status == 400


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 202),
        ({"ce-specversion": "0.3"}, 202),
        ({"ce-specversion": "0.2"}, 400),
        ({"ce-specversion": ""}, 400),
        ({"ce-id": ""}, 400),
        ({"ce-id": " "}, 400),
        ({"ce-type": ""}, 400),
        ({"ce-source": ""}, 400),
        ({"ce-source": "%zz"}, 400),
        ({"ce-source": "a b"}, 202),
        ({"ce-source": "1a:b"}, 400),
        ({"ce-source": "http://a b/"}, 400),
        ({"ce-source": "http://a:b/"}, 400),
        ({"ce-source": "http://[::1"}, 400),
        ({"ce-subject": ""}, 202),
        ({"ce-time": "2026-07-01T12:00:00Z"}, 202),
        ({"ce-time": "2026-07-01T12:00:00.123456789+02:00"}, 202),
        ({"ce-time": "yesterday"}, 400),
        ({"ce-time": "2026-07-01"}, 400),
        ({"ce-time": ""}, 400),
        ({"ce-dataschema": "http://example.org/schema"}, 202),
        ({"ce-dataschema": "schema"}, 400),
        ({"ce-dataschema": ""}, 202),
        ({"content-type": "text/plain; charset=utf-8"}, 202),
        ({"content-type": "; charset=utf-8"}, 400),
        ({"content-type": "a b"}, 400),
        ({"content-type": ""}, 202),
        ({"ce-Extension": "x"}, 202),
        ({"ce-two_words": "x"}, 400),
        ({"ce-two-words": "x"}, 400),
        ({"ce-empty": ""}, 202),
    ],
    ids=str,
)
def test_headers_make_an_event_or_not(broker: Broker, changes: dict[str, str], status: int) -> None:
    answer = ask(broker, headers={**_EVENT, **changes})
    assert (answer.status, answer.body) == (status, "")


@pytest.mark.parametrize("missing", ["specversion", "id", "source", "type"])
def test_every_required_header_must_be_there(broker: Broker, missing: str) -> None:
    headers = {name: value for name, value in _EVENT.items() if name != f"ce-{missing}"}
    assert ask(broker, headers=headers).status == 400


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 202),
        ({"specversion": "0.3"}, 202),
        ({"specversion": "2.0"}, 400),
        ({"specversion": None}, 400),
        ({"specversion": 1.0}, 400),
        ({"id": ""}, 400),
        ({"id": " "}, 400),
        ({"id": 7}, 400),
        ({"id": None}, 400),
        ({"type": ""}, 400),
        ({"source": ""}, 400),
        ({"source": "%zz"}, 400),
        ({"subject": ""}, 202),
        ({"subject": " "}, 400),
        ({"subject": None}, 202),
        ({"time": "yesterday"}, 400),
        ({"time": ""}, 202),
        ({"dataschema": "schema"}, 400),
        ({"dataschema": "%zz"}, 202),
        ({"datacontenttype": "a b"}, 400),
        ({"Extension": "x"}, 202),
        ({"two_words": "x"}, 400),
        ({"extension": True}, 202),
        ({"extension": 7}, 202),
        ({"extension": 7.5}, 202),
        ({"extension": 2**31}, 400),
        ({"extension": None}, 202),
        ({"extension": {}}, 400),
        ({"extension": []}, 400),
        ({"data": {"a": 1}}, 202),
        ({"data": None}, 202),
        ({"data": "text", "datacontenttype": "text/plain"}, 202),
        ({"data": {"a": 1}, "datacontenttype": "text/plain"}, 400),
        ({"data_base64": "!"}, 400),
    ],
    ids=str,
)
def test_a_document_makes_an_event_or_not(broker: Broker, changes: dict[str, object], status: int) -> None:
    answer = ask(broker, headers=_STRUCTURED, body=json.dumps({**_CONTEXT, **changes}))
    assert (answer.status, answer.body) == (status, "")


@pytest.mark.parametrize("missing", ["specversion", "id", "source", "type"])
def test_every_required_member_must_be_there(broker: Broker, missing: str) -> None:
    document = {name: value for name, value in _CONTEXT.items() if name != missing}
    assert ask(broker, headers=_STRUCTURED, body=json.dumps(document)).status == 400


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, "{}", 400),
        ({"content-type": "application/json"}, json.dumps(_CONTEXT), 400),
        (_STRUCTURED, "", 400),
        (_STRUCTURED, "{", 400),
        (_STRUCTURED, "[]", 400),
        (_STRUCTURED, "null", 400),
        (_BATCH, json.dumps([_CONTEXT]), 400),
        ({"content-type": "application/cloudevents+xml"}, "<event/>", 400),
        ({"content-type": "Application/CloudEvents+JSON; charset=UTF-8"}, json.dumps(_CONTEXT), 202),
        ({**_EVENT, **_STRUCTURED}, json.dumps(_CONTEXT), 202),
        ({**_EVENT, **_STRUCTURED}, "{}", 400),
    ],
    ids=["nothing", "json", "empty", "broken", "list", "null", "batch", "xml", "words", "both", "both-but-empty"],
)
def test_what_claims_no_event_is_none(broker: Broker, headers: dict[str, str], body: str, status: int) -> None:
    answer = ask(broker, headers=headers, body=body)
    assert (answer.status, answer.body) == (status, "")
