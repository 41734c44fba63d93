"""CloudEvents at the boundary: read in every mode, refused without quoting what the sender wrote."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.errors import BadEvent
from aegis.events import Event, derived_id, read_batch, read_event, write_event

TEXT = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=20)
SECRET = "password=hunter2"
STRUCTURED = {"content-type": "application/cloudevents+json"}
GOOD = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {"a": 1}}


@given(TEXT, TEXT, TEXT, st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_what_is_written_is_read_again(typ: str, source: str, identifier: str, data: object) -> None:
    event = Event(type=typ, source=source, id=identifier, data={"x": data}, subject="n/a", extensions={"kind": "K"})
    headers, body = write_event(event)
    assert read_event(headers, body) == event


def test_binary_mode_is_read() -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t", "content-type": "text/json"}
    assert read_event(headers, b'{"a": 1}').data == {"a": 1}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(STRUCTURED, SECRET.encode(), id="not JSON"),
        pytest.param(STRUCTURED, json.dumps({"id": SECRET}).encode(), id="attributes missing"),
        pytest.param({}, SECRET.encode(), id="no event"),
        pytest.param(
            {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}, SECRET.encode(), id="data"
        ),
    ],
)
def test_what_cannot_be_read_is_refused_without_being_quoted(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(BadEvent) as refused:
        read_event(headers, body)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("attribute", ["type", "source", "id", "subject"])
@pytest.mark.parametrize("value", [{"a": SECRET}, [SECRET], {}, [], 0, 1, True], ids=repr)
def test_an_attribute_that_is_no_string_is_refused(attribute: str, value: object) -> None:
    event = {**GOOD, attribute: value}
    with pytest.raises(BadEvent, match=f"^{attribute}: not a string$"):
        read_event(STRUCTURED, json.dumps(event).encode())
    refused, other = read_batch(json.dumps([event, GOOD]).encode())
    assert isinstance(refused, BadEvent)
    assert isinstance(other, Event)


@pytest.mark.parametrize("attribute", ["type", "source", "id", "subject"])
def test_half_a_character_is_refused(attribute: str) -> None:
    with pytest.raises(BadEvent, match=f"^{attribute}: has half of a surrogate pair"):
        read_event(STRUCTURED, json.dumps({**GOOD, attribute: "\ud800"}).encode())


@pytest.mark.parametrize("missing", [("specversion",), ("id",), ("source", "type")], ids=" ".join)
def test_what_is_missing_is_named(missing: tuple[str, ...]) -> None:
    event = {name: value for name, value in GOOD.items() if name not in missing}
    message = f"^{', '.join(missing)}: missing; a CloudEvent 1.0 has specversion, id, source, type$"
    with pytest.raises(BadEvent, match=message):
        read_event(STRUCTURED, json.dumps(event).encode())
    with pytest.raises(BadEvent, match=message):
        read_event({f"Ce-{name}": str(value) for name, value in event.items() if name != "data"}, b"{}")
    (refused,) = read_batch(json.dumps([event]).encode())
    assert str(refused).startswith(", ".join(missing))


def test_an_event_of_a_batch_may_hold_its_data_in_base64() -> None:
    event = {**GOOD, "data_base64": base64.b64encode(b'{"a": 1}').decode()}
    del event["data"]
    (read,) = read_batch(json.dumps([event]).encode())
    assert isinstance(read, Event)
    assert (read.data, read.extensions) == ({"a": 1}, {})


def test_a_bad_event_in_a_batch_is_told_in_its_place() -> None:
    first, second = read_batch(json.dumps([{"id": SECRET}, GOOD]).encode())
    assert isinstance(first, BadEvent)
    assert SECRET not in str(first)
    assert isinstance(second, Event)


@pytest.mark.parametrize("body", [b"{}", b"no", b'"x"'], ids=["object", "not JSON", "string"])
def test_a_batch_that_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(BadEvent):
        read_batch(body)


def test_the_same_step_derives_the_same_id() -> None:
    assert derived_id("a", "b") == derived_id("a", "b") != derived_id("ab")
