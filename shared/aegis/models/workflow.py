"""Argo's Workflow, as far as Aegis reads it; its spec stays open, because it is the template author's."""

from typing import Any, ClassVar

from pydantic import Field

from aegis.models.base import Model, Object, Resource

ALERT_LABEL = "aegis.io/alert"
PHASE_LABEL = "aegis.io/phase"
RULE_LABEL = "aegis.io/rule"
ALERT_UID_ANNOTATION = "aegis.io/alert-uid"
RULE_ANNOTATION = "aegis.io/rule"
TEMPLATE_ANNOTATION = "aegis.io/template"
OUTCOME_FINALIZER = "aegis.io/outcome"
"""Holds a workflow until its outcome is on the alert and in the counts."""


class WorkflowState(Model):
    """Argo's account of the workflow."""

    phase: str = ""
    message: str = ""
    started_at: str | None = None
    finished_at: str | None = None


class Workflow(Object):
    """An Argo Workflow."""

    resource: ClassVar[Resource] = Resource(
        group="argoproj.io", version="v1alpha1", kind="Workflow", plural="workflows"
    )

    spec: dict[str, Any] = Field(default_factory=dict)
    status: WorkflowState = Field(default_factory=WorkflowState)
