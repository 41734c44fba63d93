"""What a used up quota does to known and to new alerts, by a real API server's admission."""

import time

import httpx

from tests.e2e.api import NAMESPACE, WAIT_SECONDS, Json
from tests.e2e.driver import ALERTS, Cluster, custom

COUNTED = "count/aegisalerts.aegis.io"


def count(cluster: Cluster, name: str) -> int:
    """How often an alert was received."""
    return int(cluster.api.get(f"{ALERTS}/{name}")["status"]["count"])


def used_up(item: Json | None) -> bool:
    """Whether a quota has been counted, and has no room."""
    status = (item or {}).get("status", {})
    return bool(status.get("hard")) and int(status["used"][COUNTED]) >= int(status["hard"][COUNTED])


def test_over_quota_new_alerts_come_again_and_known_ones_go_on(cluster: Cluster, unique: str) -> None:
    known, new = custom(f"{unique}known"), custom(f"{unique}new")
    name = cluster.result(known)["name"]
    hard = {COUNTED: str(len(cluster.api.items(ALERTS)))}
    manifest = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": unique, "namespace": NAMESPACE}}
    quota = cluster.apply({**manifest, "spec": {"hard": hard}})
    cluster.api.wait_for(quota, used_up)
    for _ in range(2):
        answer = cluster.post([known, new])
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert count(cluster, name) == 2
    assert cluster.result(known)["result"] == "counted"
    cluster.api.delete(quota)
    cluster.api.wait_for(quota, lambda item: item is None)
    deadline = time.monotonic() + WAIT_SECONDS
    while (answer := cluster.post([known, new])).status_code == httpx.codes.SERVICE_UNAVAILABLE:
        assert time.monotonic() < deadline, answer.text  # admission has yet to hear that the quota is gone
    assert answer.status_code == httpx.codes.OK, answer.text
    again, created = answer.json()["alerts"]
    cluster.made.append(f"{ALERTS}/{created['name']}")
    assert (again["result"], created["result"], count(cluster, name)) == ("counted", "created", 3)
