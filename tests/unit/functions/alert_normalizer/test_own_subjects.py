"""An operator's own rows of the table of subjects."""

import json
from typing import Any

import pytest

from functions.alert_normalizer.own_subjects import read_rows
from functions.alert_normalizer.subject import subject_of

QUEUE = {"name": "queues", "when": {"queue": ".+", "job": "rabbit.*"}, "kind": "Queue", "object": "queue"}
LABELS = {"job": "rabbitmq", "queue": "orders", "namespace": "shop", "pod": "rabbitmq-0"}


def test_own_rows_go_before_the_table() -> None:
    rows = read_rows(json.dumps([QUEUE]))
    assert subject_of(LABELS).subject[:3] == ("Pod", "rabbitmq-0", "shop")
    assert subject_of(LABELS, rows).subject == ("Queue", "orders", "shop", "", "queues")
    assert subject_of({**LABELS, "job": "web"}, rows).subject.kind == "Pod"


def test_a_row_may_take_kind_namespace_and_node_from_labels() -> None:
    row = {**QUEUE, "kind": "{what}", "namespace": "team", "node": "host"}
    labels = {**LABELS, "what": "Topic", "team": "data", "host": "dev1"}
    assert subject_of(labels, read_rows(json.dumps([row]))).subject == ("Topic", "orders", "data", "dev1", "queues")


def test_a_row_may_name_a_node_by_its_address() -> None:
    rows = read_rows(json.dumps([{"name": "ipmi", "when": {"job": "ipmi"}, "kind": "Node", "node_address": "target"}]))
    assert subject_of({"job": "ipmi", "target": "10.0.0.7:623"}, rows) == (("", "", "", "", "ipmi"), "10.0.0.7")
    nothing = subject_of({"job": "ipmi"}, rows)
    assert nothing == (("", "", "", "", "ipmi: no node has that address"), "")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"when": {}}, "when"),
        ({"when": {"queue": "("}}, "when.queue: Value error, is no regular expression"),
        ({"kind": "no kind"}, "kind"),
        ({"object": ""}, "object"),
        ({"objekt": "x"}, "objekt"),
        ({"node_address": ""}, "node_address"),
        ({"kind": "Node", "node_address": "host"}, "row: Value error, with node_address"),
    ],
)
def test_a_bad_row_is_left_out_by_name(change: dict[str, Any], problem: str, caplog: pytest.LogCaptureFixture) -> None:
    rows = read_rows(json.dumps([{**QUEUE, **change}, {**QUEUE, "name": "good"}]))
    assert [row.name for row in rows] == ["good"]
    (record,) = caplog.records
    assert record.__dict__["row"] == "queues"
    assert record.__dict__["error"].startswith(problem)


@pytest.mark.parametrize("change", [{"kind": "Pod"}, {"node": "node"}, {"node_address": None}])
def test_a_row_says_once_where_the_object_is_named(change: dict[str, Any]) -> None:
    row = {"name": "ipmi", "when": {"job": "ipmi"}, "kind": "Node", "node_address": "target"}
    without_object = {key: value for key, value in {**row, **change}.items() if value is not None}
    assert read_rows(json.dumps([row]))
    assert read_rows(json.dumps([without_object])) == ()


@pytest.mark.parametrize("text", ["{", "{}", "7", json.dumps([QUEUE] * 101)])
def test_what_is_no_list_of_rows_changes_nothing(text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert read_rows(text) == ()
    assert "AEGIS_SUBJECT_RULES" in caplog.text


def test_none_are_needed() -> None:
    assert read_rows("") == read_rows(" \n") == ()
