"""AegisAlertOpsRule: which alerts are answered with which template."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aegis.models.base import Column, Model, Object, Resource, Text, no_items
from aegis.models.checked import CheckedState
from aegis.models.selectors import LabelSelector


class AlertCondition(Model):
    """One alert type and status that the rule applies to."""

    type: Text = Field(
        default="",
        description="Required. A regular expression (RE2) that the whole type of the alert matches: Disk matches Disk "
        "alone, .*Disk.* every type that contains it.",
    )
    status: Literal["Firing", "Resolved"] = Field(default="Firing", description="The alert's status. Default: Firing.")


class TemplateObjectReference(Model):
    """The template to run."""

    api_version: Text = Field(default="", description="aegis.io/v1alpha1, or nothing.")
    kind: str = Field(
        default="AegisOpsTemplate",
        description="Default: AegisOpsTemplate, the only kind there is.",
        json_schema_extra={"enum": ["AegisOpsTemplate", ""]},
    )
    namespace: Text = Field(default="", description="Namespace of the template. Default: the rule's own.")
    name: Text = Field(default="", description="Required. Name of the template.")
    uid: Text = Field(default="", description="Accepted, not used.")
    resource_version: Text = Field(default="", description="Accepted, not used.")
    field_path: Text = Field(default="", description="Accepted, not used.")


class RuleSpec(Model):
    """When the rule applies, and what is done then."""

    alert_conditions: Annotated[
        list[AlertCondition],
        Field(
            default_factory=no_items,
            description="Required. The rule applies when one of these holds, and the selector too.",
            json_schema_extra={"x-kubernetes-list-type": "atomic", "maxItems": 1000},
        ),
    ]
    selector: LabelSelector | None = Field(
        default=None,
        description="Labels that the AegisAlert must have besides: its details are labels, a value that is none is "
        "there as a hash. Default: all alerts are selected.",
    )
    matchers: Annotated[
        list[Text],
        Field(
            default_factory=no_items,
            description="Conditions on the alert's details and on its type, severity and source, as Alertmanager "
            'writes them: mountpoint="/boot", severity=~"critical|page", team!="". All must hold. Default: none.',
            json_schema_extra={"x-kubernetes-list-type": "atomic", "maxItems": 100},
        ),
    ]
    priority: int = Field(
        default=0,
        description="Of several rules that apply, the one with the highest runs; none if two have it. Default: 0.",
        json_schema_extra={"format": "int32"},
    )
    ops_template: TemplateObjectReference = Field(
        default_factory=TemplateObjectReference, description="Required. The template to run."
    )


class TriggerCounts(Model):
    """How the workflows ended that the rule triggered."""

    succeeded: int = Field(default=0, ge=0, description="How many succeeded.")
    failed: int = Field(default=0, ge=0, description="How many failed.")


class RuleState(CheckedState):
    """Whether the rule is valid, and what it did."""

    trigger_status: TriggerCounts = Field(default_factory=TriggerCounts, description="Outcomes so far.")


class AegisAlertOpsRule(Object):
    """Which alerts are answered with which template."""

    resource: ClassVar[Resource] = Resource(
        group="aegis.io",
        version="v1alpha1",
        kind="AegisAlertOpsRule",
        plural="aegisalertopsrules",
        short_names=("opsrule", "opsrules"),
        columns=(
            Column("Status", "string", ".status.status"),
            Column("Types", "string", ".spec.alertConditions[*].type"),
            Column("Template", "string", ".spec.opsTemplate.name"),
            Column("Priority", "integer", ".spec.priority"),
            Column("Succeeded", "integer", ".status.triggerStatus.succeeded"),
            Column("Failed", "integer", ".status.triggerStatus.failed"),
            Column("Age", "date", ".metadata.creationTimestamp"),
        ),
    )

    spec: RuleSpec = Field(default_factory=lambda: RuleSpec.model_validate({}))
    status: RuleState = Field(default_factory=lambda: RuleState.model_validate({}))
