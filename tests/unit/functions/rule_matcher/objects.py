"""Alerts and rules as the API server stores them, in as few words as a test needs."""

from collections.abc import Mapping
from typing import Any

from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from functions.rule_matcher.matching import Rule

NOW = "2026-01-01T00:00:00Z"
CREATED = "2025-12-31T23:59:59Z"


def alert(
    typ: str = "NodeDown",
    *,
    labels: Mapping[str, str] | None = None,
    status: Mapping[str, Any] | None = None,
    spec: Mapping[str, Any] | None = None,
    **meta: Any,
) -> AegisAlert:
    named = {"name": "a", "namespace": "monitoring", "uid": "u1", "resourceVersion": "1", "generation": 1}
    return AegisAlert.read(
        {
            "metadata": {**named, "creationTimestamp": CREATED, "labels": labels, **meta},
            "spec": {"type": typ, **(spec or {})},
            "status": status or {},
        }
    )


def rule_manifest(
    name: str = "r",
    *types: str,
    status: str = "Firing",
    namespace: str = "monitoring",
    template: str = "t",
    **spec: Any,
) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"{namespace}/{name}", "generation": 1},
        "spec": {
            "alertConditions": [{"type": typ, "status": status} for typ in types or ("NodeDown",)],
            "opsTemplate": {"kind": "AegisOpsTemplate", "name": template},
            **spec,
        },
    }


def rule(name: str = "r", *types: str, **changes: Any) -> Rule:
    return Rule.of(AegisAlertOpsRule.read(rule_manifest(name, *types, **changes)))
