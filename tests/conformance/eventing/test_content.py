"""What of an event a subscriber gets to see: its attributes, its data, and in which form."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.conformance.eventing.knative import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.eventing.knative import Broker, Delivery

_STRUCTURED = "application/cloudevents+json"
_ADDED = {"knativearrivaltime"}


@pytest.fixture(scope="module")
def broker(make_broker: Callable[..., Broker]) -> Broker:
    """A Broker with one Trigger for everything."""
    made = make_broker()
    made.trigger(Trigger("all", {"subscriber": made.knative.subscriber("all")}, {}))
    return made


def binary(broker: Broker, body: str = "", content_type: str = "", **attributes: str) -> Delivery:
    """What is delivered of an event that is sent in binary mode."""
    identity = uuid.uuid4().hex
    context = {"specversion": "1.0", "id": identity, "source": "/s", "type": "t", **attributes}
    headers = {f"ce-{name}": value for name, value in context.items()}
    if content_type:
        headers["content-type"] = content_type
    return sent(broker, identity, headers, body)


def structured(broker: Broker, members: str = "") -> Delivery:
    """What is delivered of an event that is sent in structured mode with these members too, as they are written."""
    identity = uuid.uuid4().hex
    document = json.dumps({"specversion": "1.0", "id": identity, "source": "/s", "type": "t"})
    body = f"{document[:-1]}, {members}}}" if members else document
    return sent(broker, identity, {"content-type": _STRUCTURED}, body)


def sent(broker: Broker, identity: str, headers: dict[str, str], body: str) -> Delivery:
    """What is delivered of a request to the Broker."""
    answer = broker.knative.recorder.send(broker.url, headers=headers, body=body)
    assert answer.status == 202
    (delivery,) = broker.deliveries(identity)
    return delivery


def attributes(delivery: Delivery) -> dict[str, str]:
    """The attributes beyond those that every event here has."""
    known = {"specversion", "id", "source", "type", *_ADDED}
    return {name: value for name, value in delivery.attributes.items() if name not in known}


def test_a_blank_before_bytes_is_taken_for_one_of_them(broker: Broker) -> None:
    document = '{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data_base64": "AP8="}'
    answer = broker.knative.recorder.send(broker.url, headers={"content-type": _STRUCTURED}, body=document)
    assert answer.status == 400


def test_what_a_header_cannot_carry_is_not_delivered(broker: Broker) -> None:
    document = '{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "extra": "a\\nb"}'
    answer = broker.knative.recorder.send(broker.url, headers={"content-type": _STRUCTURED}, body=document)
    assert answer.status == 500


def test_an_event_gets_the_time_of_its_arrival_and_keeps_the_rest(broker: Broker) -> None:
    delivery = binary(broker, subject="s", kind="Node")
    own = {name: value for name, value in delivery.attributes.items() if name not in ("id", "knativearrivaltime")}
    assert own == {"specversion": "1.0", "source": "/s", "type": "t", "subject": "s", "kind": "Node"}
    assert delivery.attributes["knativearrivaltime"].endswith("Z")


def test_a_structured_event_is_delivered_in_binary_mode(broker: Broker) -> None:
    delivery = structured(broker, '"subject": "s", "kind": "Node", "data":{"a": 1}')
    assert attributes(delivery) == {"subject": "s", "kind": "Node"}
    assert delivery.body == b'{"a": 1}'


@pytest.mark.parametrize("body", ["", "{}", '{ "a":  1.0, "a": 1e3 }\n', "no JSON", "ü"])
def test_binary_data_is_handed_on_as_it_came(broker: Broker, body: str) -> None:
    assert binary(broker, body, "application/json").body == body.encode()


@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-8", "Text/X-Odd;a=b", ""])
def test_a_content_type_is_handed_on_as_it_came(broker: Broker, content_type: str) -> None:
    assert binary(broker, "1", content_type).headers.get("content-type", "") == content_type


@pytest.mark.parametrize(
    ("written", "data"),
    [
        ('"data":{"a": 1}', b'{"a": 1}'),
        ('"data":{ "b":  1.0, "b": 1e3 }', b'{ "b":  1.0, "b": 1e3 }'),
        ('"data": \n {}', b" \n {}"),
        ('"data":"text"', b'"text"'),
        ('"data":"\\u00fc"', b'"\\u00fc"'),
        ('"data":17', b"17"),
        ('"data":null', b"null"),
        ('"data":[1, 2]', b"[1, 2]"),
        ('"datacontenttype":"application/json", "data":{"a": 1}', b'{"a": 1}'),
        ('"data":{"a": 1}, "datacontenttype":"application/json"', b'{"a": 1}'),
        ('"datacontenttype":"text/plain", "data":"\\u00fc\\n"', "ü\n".encode()),
        ('"data":"text", "datacontenttype":"text/plain"', b"text"),
        ('"data_base64":"AP8="', b"\x00\xff"),
        ('"datacontenttype":"image/png", "data_base64": "AP8="', b"\x00\xff"),
        ('"subject":"s"', b""),
    ],
)
def test_structured_data_becomes_the_body(broker: Broker, written: str, data: bytes) -> None:
    assert structured(broker, written).body == data


@pytest.mark.parametrize(
    ("written", "content_type"),
    [
        ('"data": {}', None),
        ('"data_base64":"AP8="', None),
        ('"datacontenttype": "application/json", "data": {}', "application/json"),
        ('"datacontenttype": "text/plain", "data": ""', "text/plain"),
    ],
)
def test_a_content_type_is_not_made_up(broker: Broker, written: str, content_type: str | None) -> None:
    assert structured(broker, written).headers.get("content-type") == content_type


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"x"', "x"),
        ('"ü"', "ü"),
        ('"a b"', "a b"),
        ('"a%20b"', "a%20b"),
        ("true", "true"),
        ("false", "false"),
        ("7", "7"),
        ("-7", "-7"),
        ("7.9", "7"),
        ("1e3", "1000"),
        ('""', ""),
        ("null", None),
    ],
)
def test_an_extension_becomes_text(broker: Broker, written: str, value: str | None) -> None:
    assert attributes(structured(broker, f'"extra": {written}')).get("extra") == value


@pytest.mark.parametrize("value", ["x", "a b", "a%20b", "%", '"quoted"', "ü", "100%", "a,b;c=d", ""])
def test_a_header_is_handed_on_as_it_came(broker: Broker, value: str) -> None:
    assert binary(broker, extra=value).attributes["extra"] == value


@pytest.mark.parametrize("value", ["/s", "a b", "a%20b", "urn:x:1", "http://example.org/a?b=c#d", "/ü", "/a%2Fb"])
def test_a_source_is_handed_on_as_an_address(broker: Broker, value: str) -> None:
    expected = {"a b": "a%20b", "/ü": "/%C3%BC"}.get(value, value)
    assert binary(broker, source=value).attributes["source"] == expected


@pytest.mark.parametrize(
    ("value", "handed_on"),
    [
        ("2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"),
        ("2026-07-01T12:00:00.500Z", "2026-07-01T12:00:00.5Z"),
        ("2026-07-01T12:00:00+02:00", "2026-07-01T10:00:00Z"),
        ("2026-07-01T12:00:00.123456789Z", "2026-07-01T12:00:00.123456789Z"),
    ],
)
def test_a_time_is_handed_on_in_universal_time(broker: Broker, value: str, handed_on: str) -> None:
    assert binary(broker, time=value).attributes["time"] == handed_on


def test_names_are_handed_on_in_small_letters(broker: Broker) -> None:
    assert attributes(structured(broker, '"Extra": "x"')) == {"extra": "x"}


def test_an_empty_subject_is_none(broker: Broker) -> None:
    assert attributes(binary(broker, subject="")) == {}
    assert attributes(structured(broker, '"subject": ""')) == {}


@pytest.mark.parametrize("value", [" x ", "x "])
def test_an_attribute_is_trimmed(broker: Broker, value: str) -> None:
    delivery = structured(broker, f'"subject": {json.dumps(value)}, "extra": {json.dumps(value)}')
    assert attributes(delivery) == {"subject": "x", "extra": "x"}


def test_other_headers_do_not_come_through(broker: Broker) -> None:
    identity = uuid.uuid4().hex
    context = {"ce-specversion": "1.0", "ce-id": identity, "ce-source": "/s", "ce-type": "t"}
    headers = {"authorization": "Bearer secret", "x-other": "x", "cookie": "a=b", "prefer": "x"}
    delivery = sent(broker, identity, {**context, **headers}, "")
    assert {"authorization", "x-other", "cookie"} & delivery.headers.keys() == set()
    assert delivery.headers["prefer"] == "reply"


def test_an_older_event_stays_as_old(broker: Broker) -> None:
    assert binary(broker, specversion="0.3").attributes["specversion"] == "0.3"
