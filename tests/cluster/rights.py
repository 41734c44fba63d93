"""What the cluster's own programs may do there, where Kubernetes does not bring a role for them."""

from __future__ import annotations

from typing import Any

from tests.cluster.waiting import apply

_RBAC = "rbac.authorization.k8s.io"


def grant(user: str, *rules: dict[str, Any]) -> None:
    """Let a user do in all namespaces what these rules of a ClusterRole say."""
    role = {"name": user}
    bound = {"apiGroup": _RBAC, "kind": "User", "name": user}
    apply(
        {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": role, "rules": list(rules)},
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": role,
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": user},
            "subjects": [bound],
        },
    )
