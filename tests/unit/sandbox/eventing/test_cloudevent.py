"""CloudEvents are read and written as the HTTP binding says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.eventing.cloudevent import CloudEvent, NotAnEventError, is_event, parse, to_binary
from sandbox.http import Request, Response

REQUIRED = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
names = st.from_regex(r"\A[a-z0-9]{1,20}\Z").filter(lambda name: name not in (*REQUIRED, "data", "datacontenttype"))
texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1).map(str.strip).filter(bool)


def structured(document: object) -> Request:
    return Request("POST", "/", (("content-type", "application/cloudevents+json"),), json.dumps(document).encode())


def binary(body: bytes = b"", **attributes: str) -> Request:
    headers = tuple((f"ce-{name}", value) for name, value in attributes.items())
    return Request("POST", "/", (*headers, ("content-type", "application/json")), body)


def test_binary_data_is_left_as_it_came() -> None:
    body = b'{ "spaces":  1 }\xff'
    event = parse(binary(body, **REQUIRED, kind="Node"))
    assert event.data == body
    assert event.attributes == {**REQUIRED, "kind": "Node"}
    assert event.content_type == "application/json"


def test_structured_json_data_becomes_the_body() -> None:
    event = parse(structured({**REQUIRED, "data": {"a": 1}, "extension": 7, "flag": True}))
    assert json.loads(event.data) == {"a": 1}
    assert event.content_type == ""
    assert event.attributes["extension"] == "7"
    assert event.attributes["flag"] == "true"


def test_structured_base64_data_is_decoded() -> None:
    assert parse(structured({**REQUIRED, "datacontenttype": "image/png", "data_base64": "AP8="})).data == b"\x00\xff"


def test_structured_text_of_another_content_type_is_not_quoted() -> None:
    event = parse(structured({**REQUIRED, "datacontenttype": "text/plain", "data": "hi"}))
    assert event.data == b"hi"


@given(st.dictionaries(names, texts, max_size=4), st.binary(max_size=50))
def test_an_event_survives_being_handed_on(extensions: dict[str, str], data: bytes) -> None:
    event = CloudEvent({**REQUIRED, **extensions}, data, "application/octet-stream")
    headers, body = to_binary(event)
    assert parse(Request("POST", "/", headers, body)) == event


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (Request("POST", "/", (), b"{}"), "no ce-specversion"),
        (structured([REQUIRED]), "no JSON object"),
        (Request("POST", "/", (("content-type", "application/cloudevents+json"),), b"{"), "Expecting value"),
        (Request("POST", "/", (("content-type", "application/cloudevents-batch+json"),), b"[]"), "batch"),
        (structured({**REQUIRED, "data_base64": "!"}), "base64"),
        (structured({**REQUIRED, "specversion": "0.2"}), "no specversion that is known"),
        (structured({**REQUIRED, "two_words": "x"}), "'two_words' is no attribute name"),
        (structured({**REQUIRED, "Type": "x"}), "'Type' is no name of an extension"),
        (binary(b"", **REQUIRED, time="yesterday"), "time: 'yesterday'"),
        (binary(specversion="1.0", id="1"), "source is missing or empty; type is missing or empty"),
    ],
    ids=["none", "list", "broken", "batch", "base64", "version", "name", "taken", "time", "missing"],
)
def test_what_is_no_event_is_refused_with_its_problems(message: Request, problem: str) -> None:
    with pytest.raises(NotAnEventError, match=problem):
        parse(message).checked()


def test_an_answer_claims_an_event_by_header_or_content_type() -> None:
    assert is_event(Response(200, (("ce-specversion", "1.0"),)))
    assert is_event(Response(200, (("content-type", "application/cloudevents+json; charset=utf-8"),)))
    assert not is_event(Response(200, (("content-type", "application/json"),), b"{}"))
