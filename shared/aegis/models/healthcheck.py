"""AegisNodeHealthCheck and AegisClusterHealthCheck: checks that run in a pod on a node, once or on a schedule."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from aegis.models.base import Column, Count, Model, Object, Resource, Time, no_items
from aegis.models.cel import rule
from aegis.models.conditions import Conditions
from aegis.models.selectors import LabelSelector

_ZONE = r"((CRON_)?TZ=[0-9A-Za-z_+/-]+ +)?"
_FIELD = r"[0-9A-Za-z*/,?-]+"
_NAMED = r"@(yearly|annually|monthly|weekly|daily|midnight|hourly)"
_CRON = rf"^{_ZONE}({_FIELD}( +{_FIELD}){{4}}|{_NAMED}|@every +[0-9a-z.]+)$"


class NodeCheckStatus(StrEnum):
    """How far the check of one node got; empty until somebody took it up."""

    NONE = ""
    UNKNOWN = "Unknown"
    PENDING = "Pending"
    CHECKING = "Checking"
    FAILED = "Failed"
    SUCCEEDED = "Succeeded"


class ClusterCheckPhase(StrEnum):
    """How far the newest round of a cluster check got; empty before the first."""

    NONE = ""
    UNKNOWN = "Unknown"
    PENDING = "Pending"
    CHECKING = "Checking"
    FAILED = "Failed"
    COMPLETED = "Completed"


class OpenModel(Model):
    """A part of somebody else's type: what is not named here is kept as it is."""

    model_config = ConfigDict(extra="allow")


class PodContainer(OpenModel):
    """A container; the API server validates it when the pod is created."""

    name: str = Field(description="Name of the container.")
    image: str = Field(default="", description="Its image.")


class PodSpec(OpenModel):
    """Spec of the pod; the API server validates it when the pod is created."""

    containers: list[PodContainer] = Field(
        description="The containers of the pod.",
        json_schema_extra={"minItems": 1, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )


class PodTemplate(Model):
    """The pod that runs the check, as in Kubernetes' PodTemplateSpec."""

    metadata: dict[str, Any] = Field(default_factory=dict, description="Labels and annotations of the pod.")
    spec: PodSpec | None = Field(default=None, description="Spec of the pod; its node and restart policy are set.")


class CheckItem(Model):
    """What a check says of one item."""

    item: str = Field(default="", description="What was checked, for example one device.")
    condition: str = Field(default="", description="The bad condition that was looked for, in CamelCase.")
    level: str = Field(default="", description="How bad it would be, as the check's rules spell it.")
    status: bool = Field(default=False, description="Whether the bad condition is present.")
    message: str = Field(default="", description="What was seen.")


CheckItems = Annotated[list[CheckItem], Field(json_schema_extra={"x-kubernetes-list-type": "atomic"})]

RuleSelector = Annotated[
    LabelSelector | None,
    Field(
        default=None,
        description="Selects the ConfigMaps with the check's rules; each is mounted at /nodecheck/config/<its name>.",
    ),
]


class NodeCheckSpec(Model):
    """Which node is checked, and how."""

    node: str = Field(default="", description="Name of the node.")
    rule_configmap_selector: RuleSelector
    template: PodTemplate | None = Field(default=None, description="The pod that runs the check.")


class NodeCheckState(Model):
    """What the check found."""

    status: NodeCheckStatus = Field(default=NodeCheckStatus.NONE, description="How far it got.")
    start_time: Time | None = Field(default=None, description="When it was taken up.")
    completion_time: Time | None = Field(default=None, description="When it ended.")
    results: dict[str, CheckItems] = Field(
        default_factory=dict, description="What was found, by the module that was checked."
    )
    conditions: Conditions


class AegisNodeHealthCheck(Object):
    """One check of one node, in a pod on it."""

    resource: ClassVar[Resource] = Resource(
        group="aegis.io",
        version="v1alpha1",
        kind="AegisNodeHealthCheck",
        plural="aegisnodehealthchecks",
        short_names=("nodecheck", "nodechecks"),
        columns=(
            Column("Node", "string", ".spec.node"),
            Column("Status", "string", ".status.status"),
            Column("Age", "date", ".status.startTime"),
        ),
    )

    spec: NodeCheckSpec = Field(default_factory=lambda: NodeCheckSpec.model_validate({}))
    status: NodeCheckState = Field(default_factory=lambda: NodeCheckState.model_validate({}))


class ClusterCheckSpec(Model):
    """Which nodes are checked, how and when."""

    schedule: str = Field(
        default="",
        description="When, as five cron fields, @hourly and its like, or @every and a duration; empty: once.",
        json_schema_extra={
            "maxLength": 128,
            "x-kubernetes-validations": [
                rule(
                    f"self == '' || self.matches('{_CRON}')",
                    "schedule must be five cron fields like 0 3 * * 1-5, or @hourly, @daily, @weekly, @monthly or "
                    "@yearly, or @every and a duration like 30m; CRON_TZ=<zone> may stand before it",
                )
            ],
        },
    )
    timeout: int | None = Field(
        default=None,
        description="How many seconds a round may take; what is not there by then is left out of its results.",
        json_schema_extra={"format": "int32", "minimum": 1},
    )
    rule_configmap_selector: RuleSelector
    template: PodTemplate | None = Field(
        default=None,
        description="The pod that runs the check on each node; its nodeSelector and tolerations say on which nodes.",
    )


class CheckResult(Model):
    """What is wrong with one node."""

    name: str = Field(default="", description="Name of the node.")
    result_infos: dict[str, CheckItems] = Field(
        default_factory=dict, description="The bad conditions that are present, by the module that was checked."
    )


class CheckResults(Model):
    """What the newest round found."""

    check_type: Literal["Node"] = Field(default="Node", description="What was checked: Node.")
    results: Annotated[
        list[CheckResult],
        Field(
            default_factory=no_items,
            description="The nodes with a bad condition.",
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ]


class ClusterCheckState(Model):
    """The newest round."""

    phase: ClusterCheckPhase = Field(default=ClusterCheckPhase.NONE, description="How far it got.")
    start_time: Time | None = Field(default=None, description="When it began.")
    completion_time: Time | None = Field(default=None, description="When it ended.")
    desired: Count | None = Field(default=None, description="Nodes to be checked.")
    active: Count = Field(default=0, description="Node checks that run.")
    succeeded: Count = Field(default=0, description="Node checks that ended with results.")
    failed: Count = Field(default=0, description="Node checks that ended without.")
    check_results: CheckResults | None = Field(default=None, description="What it found.")
    conditions: Conditions


class AegisClusterHealthCheck(Object):
    """A check of many nodes, once or on a schedule."""

    resource: ClassVar[Resource] = Resource(
        group="aegis.io",
        version="v1alpha1",
        kind="AegisClusterHealthCheck",
        plural="aegisclusterhealthchecks",
        short_names=("clustercheck", "clusterchecks"),
        columns=(
            Column("Desired", "integer", ".status.desired"),
            Column("Active", "integer", ".status.active"),
            Column("Succeeded", "integer", ".status.succeeded"),
            Column("Failed", "integer", ".status.failed"),
            Column("Phase", "string", ".status.phase"),
            Column("Age", "date", ".status.startTime"),
        ),
    )

    spec: ClusterCheckSpec = Field(default_factory=lambda: ClusterCheckSpec.model_validate({}))
    status: ClusterCheckState = Field(default_factory=lambda: ClusterCheckState.model_validate({}))
