"""What the benchmark of a cluster makes of what it reads."""

from collections import Counter

import pytest

from benchmarks.cluster.accounting import OTHER, flow_schema, kind_of
from benchmarks.cluster.bare import due
from benchmarks.cluster.metrics import totals
from benchmarks.cluster.spread import spread

_EXPOSITION = """\
# HELP apiserver_request_total [STABLE] Counter of apiserver requests
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",resource="aegisalerts",scope="namespace",verb="LIST"} 48
apiserver_request_total{code="200",resource="aegisalerts",scope="cluster",verb="LIST"} 2
apiserver_request_total{code="409",resource="aegisalerts",scope="resource",verb="POST"} 1e+03
apiserver_request_total_other{code="200",resource="aegisalerts",verb="LIST"} 7
# HELP text [ALPHA] with "quotes"
text{said="a \\"b\\" \\\\ c\\nd, e}"} 3
plain 4
"""


def test_samples_are_added_up_by_the_labels_asked_for() -> None:
    found = totals(_EXPOSITION, "apiserver_request_total", "verb", "code")
    assert found == {("LIST", "200"): 50, ("POST", "409"): 1000}


def test_labels_are_unescaped_and_may_be_absent() -> None:
    assert totals(_EXPOSITION, "text", "said", "missing") == {('a "b" \\ c\nd, e}', ""): 3}
    assert totals(_EXPOSITION, "plain") == {(): 4}
    assert totals(_EXPOSITION, "absent", "verb") == {}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (("patch", "aegis.io", "aegisalerts/status"), "patch aegisalerts/status"),
        (("create", "", "events"), "create events"),
        ((), OTHER),
    ],
)
def test_a_flow_schema_is_named_by_what_it_counts(kind: tuple[str, ...], said: str) -> None:
    assert kind_of(flow_schema(["rule-matcher"], *kind)["metadata"]["name"]) == said


def test_what_is_not_of_a_kind_is_asked_for_last() -> None:
    kind, rest = flow_schema(["a"], "get", "", "events")["spec"], flow_schema(["a"])["spec"]
    assert kind["matchingPrecedence"] < rest["matchingPrecedence"]
    assert (len(kind["rules"][0]["nonResourceRules"]), len(rest["rules"][0]["nonResourceRules"])) == (0, 1)


@pytest.mark.parametrize("of", [1, 7, 1000])
def test_the_shares_of_all_alerts_are_all_writes(of: int) -> None:
    writes = Counter({"create aegisalerts": of, "patch aegisalerts/status": 3 * of + 1, "create events": of // 2})
    shares = [due(writes, number, of) for number in range(of)]
    assert sum(shares, Counter()) == +writes
    assert all(share["patch aegisalerts/status"] in (3, 4) for share in shares)


def test_percentiles_lie_among_the_samples() -> None:
    assert spread([float(n) for n in range(101)]) == (101, 50.0, 95.0, 100.0)
    assert spread([3.0, 1.0, 2.0]) == (3, 2.0, 2.9, 3.0)
