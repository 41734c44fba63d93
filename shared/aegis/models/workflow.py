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


_TOLD = ("finishedAt", "displayName", "message")


def _failure(nodes: object) -> str:
    """What the step said that failed first, with its name; empty where none says anything, or they are none.

    Argo compresses the steps of a large workflow, or keeps them elsewhere: they say nothing then.
    """
    steps = [node for node in (nodes.values() if isinstance(nodes, dict) else ()) if isinstance(node, dict)]
    told = [tuple(str(step.get(key) or "") for key in _TOLD) for step in steps if _failed(step)]
    _, name, message = min(told, default=("", "", ""))
    return f"step {name}: {message}" if message else ""


def _failed(step: Mapping[str, Any]) -> bool:
    return step.get("type") == "Pod" and step.get("phase") in ("Failed", "Error") and bool(step.get("message"))


class WorkflowState(Model):
    """Argo's account of the workflow."""

    phase: str = ""
    message: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    failure: Annotated[str, BeforeValidator(_failure), Field(alias="nodes")] = ""
    """What the step said that failed first. No more is kept of its steps: they may be many."""


class Workflow(Object):
    """An Argo Workflow."""

    resource: ClassVar[Resource] = Resource(
        group="argoproj.io", version="v1alpha1", kind="Workflow", plural="workflows"
    )

    spec: dict[str, Any] = Field(default_factory=dict)
    status: WorkflowState = Field(default_factory=WorkflowState)
