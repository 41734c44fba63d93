"""Alerts as senders write them, drawn at random or from the samples."""

from typing import Any

from hypothesis import strategies as st

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["alerts", "type", "Status", "involvedObject", "KIND", "name", "namespace", "details", "fingerprint"]
KEYS += ["startsAt", "source", "labels", "annotations", "alertname", "truncatedAlerts", "severity", "status"]
NEARLY: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(
        [None, 1, "Firing", "resolved", "", "2026-01-01T00:00:00Z", "Pod", "\ud800", "9999-12-31T23:59:59-14:00"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=7),
    max_leaves=25,
)
"""Data that has the shape of alerts more often than not."""

TEXT = st.text(max_size=12)
MOMENTS = st.sampled_from(["", "2026-01-01T08:00:00.250+01:00", "2026-01-01T08:00:00Z", "0001-01-01T00:00:00Z"])
CUSTOM = st.fixed_dictionaries(
    {"type": st.text(min_size=1).filter(str.strip), "status": st.sampled_from(["firing", "FIRING", "Resolved"])},
    optional={
        "involvedObject": st.fixed_dictionaries(
            {"kind": st.sampled_from(["Node", "Etcd", "Deployment"])},
            optional={"name": TEXT, "namespace": TEXT, "node": TEXT},
        ),
        "details": st.dictionaries(TEXT, TEXT | st.integers() | st.booleans() | st.none(), max_size=5),
        "fingerprint": TEXT,
        "severity": TEXT,
        "startsAt": MOMENTS,
        "source": st.sampled_from(["", "AI", "health-check"]),
    },
)
LABEL_NAMES = st.sampled_from(
    ["severity", "pod", "namespace", "node", "kind", "job", "instance", "deployment", "summary"]
)
WEBHOOK_ALERT = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["firing", "resolved"]),
        "labels": st.dictionaries(LABEL_NAMES, TEXT).map(lambda labels: {**labels, "alertname": "A"}),
    },
    optional={
        "annotations": st.dictionaries(st.sampled_from(["description", "summary", "runbook_url"]), TEXT),
        "startsAt": MOMENTS,
        "endsAt": MOMENTS,
        "fingerprint": TEXT,
    },
)
