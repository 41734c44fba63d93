"""AegisOpsTemplate: the standard operating procedure that a rule runs, as an Argo Workflow with placeholders."""

from typing import ClassVar

from pydantic import Field

from aegis.models.base import Column, Model, Object, Resource, Text
from aegis.models.checked import CheckedState

MANIFEST_LENGTH = 262_144
"""Characters."""
_MANIFEST = (
    "Required. One Argo Workflow in YAML with placeholders for the alert's values.\n"
    "Placeholders are spelled in one of two ways: as in Go, {{.node}}, {{if .gpu}}…{{end}}, {{.summary | shquote}}; or "
    "as in Jinja2, {{ node }}, {% if gpu is defined %}…{% endif %}, {{ summary | shquote }}. Argo's own tags, such as "
    "{{workflow.name}}, stay as they are.\n"
    "Parameters: the keys of the alert's details; InvolvedObjectKind, InvolvedObjectName, InvolvedObjectNamespace, "
    "InvolvedObjectNode; AlertName, AlertNamespace; the installation's system parameters; and alert, the whole "
    "AegisAlert.\n"
    "A value may be a plain word; any other text needs shquote or a container's env."
)


class TemplateSpec(Model):
    """The workflow to be."""

    manifest: str = Field(
        default="",
        description=_MANIFEST,
        json_schema_extra={"maxLength": MANIFEST_LENGTH},
    )
    namespace: Text = Field(
        default="", description="Where the workflow runs. Default: the alert's namespace, which is all it may say."
    )
    generate_name: Text = Field(default="", description="Accepted for older clients; names derive from the alert's.")


class ExecuteCounts(Model):
    """How the template's workflows ended."""

    succeeded: int = Field(default=0, ge=0, description="How many succeeded.", json_schema_extra={"format": "int32"})
    failed: int = Field(default=0, ge=0, description="How many failed.", json_schema_extra={"format": "int32"})


class TemplateState(CheckedState):
    """Whether the template is valid, and what became of its workflows."""

    execute_status: ExecuteCounts = Field(default_factory=ExecuteCounts, description="Outcomes so far.")


class AegisOpsTemplate(Object):
    """A standard operating procedure as an Argo Workflow with placeholders."""

    resource: ClassVar[Resource] = Resource(
        group="aegis.io",
        version="v1alpha1",
        kind="AegisOpsTemplate",
        plural="aegisopstemplates",
        short_names=("opstemplate", "opstemplates"),
        columns=(
            Column("Status", "string", ".status.status"),
            Column("ExecuteSucceed", "integer", ".status.executeStatus.succeeded"),
            Column("ExecuteFailed", "integer", ".status.executeStatus.failed"),
            Column("Reason", "string", '.status.conditions[?(@.type=="Valid")].reason'),
        ),
    )

    spec: TemplateSpec = Field(default_factory=TemplateSpec)
    status: TemplateState = Field(default_factory=lambda: TemplateState.model_validate({}))
