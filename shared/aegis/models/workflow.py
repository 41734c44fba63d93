"""Argo's Workflow, as far as Aegis reads it; its spec stays open, because it is the template author's."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from aegis.models.base import Model, Object, Resource

ALERT_LABEL = "aegis.io/alert"
PHASE_LABEL = "aegis.io/phase"
RULE_LABEL = "aegis.io/rule"
ALERT_UID_ANNOTATION = "aegis.io/alert-uid"
ATTEMPT_ANNOTATION = "aegis.io/attempt"
"""Which attempt of its phase it is, from 1."""
RULE_ANNOTATION = "aegis.io/rule"
TEMPLATE_ANNOTATION = "aegis.io/template"
OUTCOME_FINALIZER = "aegis.io/outcome"
"""Holds a workflow until its outcome is on the alert and in the counts."""


class FailedStep(Model, defer_build=False):
    """A step that failed, as Argo tells of it."""

    id: str
    node: str
    """The node's name, from which that of its pod derives."""
    template: str
    name: str
    message: str

    def __str__(self) -> str:
        """The step's name, and what it said."""
        return f"step {self.name}: {self.message}"


def _failure(nodes: object) -> FailedStep | None:
    """The step that failed first, of those that say why; none where they are none.

    Argo compresses the steps of a large workflow, or keeps them elsewhere: they say nothing then.
    """
    steps = [
        (_text(node, "finishedAt"), _text(node, "displayName"), str(key), node)
        for key, node in (nodes.items() if isinstance(nodes, dict) else ())
        if isinstance(node, dict) and _failed(node)
    ]
    if not steps:
        return None
    _, name, key, node = min(steps, key=lambda step: step[:3])
    reference = node.get("templateRef")
    template = _text(reference, "template") if isinstance(reference, dict) else _text(node, "templateName")
    return FailedStep(id=key, node=_text(node, "name"), template=template, name=name, message=_text(node, "message"))


def _text(node: Mapping[str, Any], key: str) -> str:
    return str(node.get(key) or "")


def _failed(step: Mapping[str, Any]) -> bool:
    return step.get("type") == "Pod" and step.get("phase") in ("Failed", "Error") and bool(step.get("message"))


class WorkflowState(Model):
    """Argo's account of the workflow."""

    phase: str = ""
    message: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    failure: Annotated[FailedStep | None, BeforeValidator(_failure), Field(alias="nodes")] = None
    """The step that failed first. No more is kept of its steps: they may be many."""


class Workflow(Object):
    """An Argo Workflow."""

    resource: ClassVar[Resource] = Resource(
        group="argoproj.io", version="v1alpha1", kind="Workflow", plural="workflows"
    )

    spec: dict[str, Any] = Field(default_factory=dict)
    status: WorkflowState = Field(default_factory=WorkflowState)
