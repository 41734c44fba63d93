"""What a ResourceQuota that counts objects refuses."""

from __future__ import annotations

from tests.conformance.cluster import Cluster, Names, widget

COUNTED = "count/widgets.conformance.aegis.io"


def test_where_there_is_no_room_a_name_that_is_taken_is_refused_for_that(cluster: Cluster, names: Names) -> None:
    """So that from the refusal nobody learns whether the object is there."""
    cluster.post(names.widgets, widget("a"))
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {COUNTED: "1"}}}
    cluster.post(f"/api/v1/namespaces/{names.namespace}/resourcequotas", quota)

    def refused(name: str) -> bool:
        answer = cluster.post(names.widgets, widget(name))
        return answer.status_code == 403 and "exceeded quota" in answer.json()["message"]

    cluster.until(lambda: refused("a"))  # the controller counts first, and then admission hears of it
    answer = cluster.post(names.widgets, widget("b"))
    assert (answer.status_code, answer.json()["reason"]) == (403, "Forbidden")
    limits = f"requested: {COUNTED}=1, used: {COUNTED}=1, limited: {COUNTED}=1"
    assert answer.json()["message"] == f'widgets.conformance.aegis.io "b" is forbidden: exceeded quota: q, {limits}'
    assert cluster.patch(f"{names.widgets}/a", {"spec": {"size": 2}}).status_code == 200
