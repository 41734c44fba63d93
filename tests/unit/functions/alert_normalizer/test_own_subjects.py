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
    assert subject_of(LABELS)[:3] == ("Pod", "rabbitmq-0", "shop")
    assert subject_of(LABELS, rows) == ("Queue", "orders", "shop", "", "queues")
    assert subject_of({**LABELS, "job": "web"}, rows).kind == "Pod"


def test_a_row_may_take_kind_namespace_and_node_from_labels() -> None:
    row = {**QUEUE, "kind": "{what}", "namespace": "team", "node": "host"}
    labels = {**LABELS, "what": "Topic", "team": "data", "host": "dev1"}
    assert subject_of(labels, read_rows(json.dumps([row]))) == ("Topic", "orders", "data", "dev1", "queues")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"when": {}}, "when"),
        ({"when": {"queue": "("}}, "when.queue: Value error, is no regular expression"),
        ({"kind": "no kind"}, "kind"),
        ({"object": ""}, "object"),
        ({"objekt": "x"}, "objekt"),
    ],
)
def test_a_bad_row_is_left_out_by_name(change: dict[str, Any], problem: str, caplog: pytest.LogCaptureFixture) -> None:
    rows = read_rows(json.dumps([{**QUEUE, **change}, {**QUEUE, "name": "good"}]))
    assert [row.name for row in rows] == ["good"]
    (record,) = caplog.records
    assert record.__dict__["row"] == "queues"
    assert record.__dict__["error"].startswith(problem)


@pytest.mark.parametrize("text", ["{", "{}", "7", json.dumps([QUEUE] * 101)])
def test_what_is_no_list_of_rows_changes_nothing(text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert read_rows(text) == ()
    assert "AEGIS_SUBJECT_RULES" in caplog.text


def test_none_are_needed() -> None:
    assert read_rows("") == read_rows(" \n") == ()
