"""What a ResourceQuota that counts objects refuses: built-in ones, because new kinds are counted only after minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conformance.cluster import Cluster, Names


def secret(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}


def test_where_there_is_no_room_a_name_that_is_taken_is_refused_for_that(cluster: Cluster, names: Names) -> None:
    """So that the refusal does not tell whether the object is there."""
    secrets, quotas = (f"/api/v1/namespaces/{names.namespace}/{plural}" for plural in ("secrets", "resourcequotas"))
    cluster.post(secrets, secret("a"))
    spec = {"hard": {"count/secrets": "1"}}
    cluster.post(quotas, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec})

    def is_counted() -> bool:
        answer = cluster.post(secrets, secret("a"))
        return answer.status_code == 403 and "exceeded quota" in answer.json()["message"]

    cluster.until(is_counted)
    answer = cluster.post(secrets, secret("b"))
    assert (answer.status_code, answer.json()["reason"]) == (403, "Forbidden")
    limits = "requested: count/secrets=1, used: count/secrets=1, limited: count/secrets=1"
    assert answer.json()["message"] == f'secrets "b" is forbidden: exceeded quota: q, {limits}'
    assert cluster.patch(f"{secrets}/a", {"data": {"key": "dmFsdWU="}}).status_code == 200
