"""What `kubectl explain` says of the fields that people write: what is required, what holds unless given, and how."""

from collections.abc import Iterator
from typing import Any

import pytest

from aegis.models.alert import AFTER_FAILURE, AFTER_NO_OPS, AFTER_SUCCESS, AegisAlert
from aegis.models.rule import RuleSpec
from functions.rule_matcher.validity import problems
from functions.workflow_renderer.parameters import WHOLE, parameters_of
from tests.unit.crds.schemas import nodes
from tools.crds import KINDS

ALERT, RULE, TEMPLATE = "AegisAlert", "AegisAlertOpsRule", "AegisOpsTemplate"


def _after(seconds: int) -> str:
    return f"secondsAfterCompletion, else {seconds}"


DEFAULTS = {
    (RULE, ".spec.priority"): "0",
    (RULE, ".spec.selector"): "all alerts",
    (RULE, ".spec.opsTemplate.namespace"): "the rule's own",
    (ALERT, ".spec.ttlStrategy.secondsAfterSuccess"): _after(AFTER_SUCCESS),
    (ALERT, ".spec.ttlStrategy.secondsAfterFailure"): _after(AFTER_FAILURE),
    (ALERT, ".spec.ttlStrategy.secondsAfterNoOps"): str(AFTER_NO_OPS),
}
"""Of the fields whose default is not in the schema: what holds unless they are given."""


def explained(schemas: dict[str, dict[str, Any]]) -> dict[tuple[str, str], str]:
    """What is said of each field, by kind and path."""
    return {(kind, path): node.get("description", "") for kind in schemas for path, node in nodes(schemas[kind])}


def defaults_of_schemas(schemas: dict[str, dict[str, Any]]) -> Iterator[tuple[tuple[str, str], str]]:
    for kind in KINDS:
        for path, node in nodes(schemas[kind.resource.kind]):
            if path.startswith(".spec") and "default" in node:
                yield (kind.resource.kind, path), str(node["default"])


def test_a_default_is_named(schemas: dict[str, dict[str, Any]]) -> None:
    said = explained(schemas)
    wanted = {**DEFAULTS, **dict(defaults_of_schemas(schemas))}
    assert [field for field, default in wanted.items() if f"Default: {default}" not in said[field]] == []


@pytest.mark.parametrize("spec", [{}, {"alertConditions": [{}]}], ids=["nothing", "an empty condition"])
def test_what_a_rule_cannot_do_without_is_called_required(
    spec: dict[str, Any], schemas: dict[str, dict[str, Any]]
) -> None:
    said = explained(schemas)
    fields = ["." + problem.field.replace("[0]", "[]") for problem in problems(RuleSpec.model_validate(spec))]
    assert [field for field in fields if "Required" not in said[RULE, field]] == []


def test_what_alerts_and_templates_cannot_do_without_is_called_required(schemas: dict[str, dict[str, Any]]) -> None:
    said = explained(schemas)
    assert "Required" in said[ALERT, ".spec.type"]
    assert "Required" in said[TEMPLATE, ".spec.manifest"]


def test_both_spellings_and_every_parameter_are_named(schemas: dict[str, dict[str, Any]]) -> None:
    said = explained(schemas)[TEMPLATE, ".spec.manifest"]
    alert = AegisAlert.read({"metadata": {"name": "x", "namespace": "monitoring"}, "spec": {"details": {"node": "a"}}})
    assert "{{.node}}" in said
    assert "{{ node }}" in said
    assert [name for name in (*parameters_of(alert).names, WHOLE) if name not in said] == []
