"""Whatever a sender posts, the intake answers it: with what was stored, or with what is wrong."""

from typing import Any

from hypothesis import strategies as st

from tests.fuzz.shapes import bodies, mutated
from tests.fuzz.system import System, fuzz

FIRING = {
    "status": "firing",
    "labels": {"alertname": "DiskFull", "node": "n1", "severity": "critical"},
    "annotations": {"summary": "full"},
    "startsAt": "2026-01-01T08:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "fingerprint": "f1",
}
WEBHOOK: dict[str, Any] = {
    "version": "4",
    "groupKey": "g",
    "status": "firing",
    "receiver": "aegis",
    "groupLabels": {},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://a",
    "truncatedAlerts": 0,
    "alerts": [FIRING, {**FIRING, "status": "resolved", "endsAt": "2026-01-01T09:00:00Z"}],
}
CUSTOM: dict[str, Any] = {
    "type": "DiskFull",
    "status": "Firing",
    "fingerprint": "f1",
    "severity": "critical",
    "involvedObject": {"kind": "Node", "name": "n1", "namespace": "", "node": "n1"},
    "details": {"node": "n1"},
}
EVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "io.aegis.alert.v1", "data": CUSTOM}
PATHS = st.sampled_from(["/alertmanager/alert", "/alert", "/default/alert", "/ai/alert", "/"])
TYPES = st.sampled_from(
    ["application/json", "application/cloudevents+json", "application/cloudevents-batch+json", "text/plain", ""]
)
BODIES = bodies(st.sampled_from([WEBHOOK, CUSTOM, [CUSTOM] * 3, EVENT, [EVENT] * 3]).flatmap(mutated))


def test_whatever_is_posted_is_answered(system: System, seconds: float) -> None:
    def check(sent: tuple[str, str, bytes]) -> None:
        path, content_type, body = sent
        system.post("alert_normalizer", body, path=path, content_type=content_type)

    fuzz(st.tuples(PATHS, TYPES, BODIES), check, seconds=seconds)
