"""AegisAlert: one episode of one alert, its work and its outcome."""

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, model_validator

from aegis.models.base import Column, Count, Model, Object, Resource, StringMap, Time, ToldText, no_items
from aegis.models.cel import immutable
from aegis.models.conditions import Condition, Conditions, ConditionType
from aegis.models.selectors import LabelSelector
from aegis.models.states import AlertStatus, OpsPhase, Phase, TriggerStatus
from aegis.names import Fingerprint, Uid, workflow_name

MANAGED_BY_LABEL = "aegis.io/managed-by"
"""What the intake labels its alerts with, unlike those made by hand."""
STATUS_LABEL = "alert-status"
"""The label that says whether the alert fires; the intake has it follow ``status.status``."""
RETRY_ANNOTATION = "aegis.io/retry"
"""Any new value asks for another attempt; it begins with the user name of who asks."""
RETRY_LENGTH = 253
"""Characters of it that count."""
ATTEMPTS_KEPT = 10


class InvolvedObject(Model):
    """What the alert is about."""

    kind: ToldText = Field(default="", description="Kind of the object, for example Node or Pod.")
    name: ToldText = Field(default="", description="Name of the object.")
    namespace: ToldText = Field(default="", description="Namespace of the object, where its kind has one.")
    node: ToldText = Field(default="", description="The node it is, or runs on.")
    inferred_from: ToldText = Field(
        default="",
        description="Where the intake has it from: a row of its table of subjects, or a label that says it; "
        "and of a node that is not found by its address, why.",
    )


AFTER_SUCCESS, AFTER_FAILURE, AFTER_NO_OPS = 2 * 86400, 4 * 86400, 86400
"""Seconds that an alert is kept which does not say how long."""


class TTLStrategy(Model):
    """How long the alert is kept, in seconds; the outcome's own value goes before secondsAfterCompletion."""

    seconds_after_completion: Count | None = Field(
        default=None, description="After its work ended, either way. Default: none, those of the two outcomes count."
    )
    seconds_after_success: Count | None = Field(
        default=None,
        description=f"After its work succeeded. Default: secondsAfterCompletion, else {AFTER_SUCCESS} (2 days).",
    )
    seconds_after_failure: Count | None = Field(
        default=None,
        description=f"After its work failed. Default: secondsAfterCompletion, else {AFTER_FAILURE} (4 days).",
    )
    seconds_after_no_ops: Count | None = Field(
        default=None, description=f"After it came, when nothing was to be done. Default: {AFTER_NO_OPS} (1 day)."
    )


_DETAILS = (
    "What else the sender told. Templates use it by key: {{.node}} or {{ node }}. The intake makes labels of them, "
    "by which rules select; an alert made by hand has the labels that it is given."
)

_SOURCE = (
    "Where it came from: AlertManager, Default, or what its sender says. A sender stores and resolves alerts of those "
    "sources alone that its token is for."
)
_RECEIVED = (
    "Hashes of the last events counted, and of posts that are to come again, so that what is delivered twice counts "
    "once."
)


class AlertSpec(Model):
    """The alert as its sender described it; what identifies it never changes."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": immutable(
                "type", "source", "fingerprint", "startsAt", remedy="delete the alert and create another"
            )
        }
    )

    type: ToldText = Field(default="", description="Required for a rule to match it: the alert's name.")
    status: AlertStatus = Field(
        default=AlertStatus.FIRING,
        description="The status it came with; of an alert made by hand, the one it has. Default: Firing.",
    )
    source: ToldText = Field(default="", description=_SOURCE)
    severity: ToldText = Field(default="", description="The sender's severity, as it spells it.")
    involved_object: InvolvedObject = Field(default_factory=InvolvedObject, description="What the alert is about.")
    details: StringMap = Field(default_factory=dict, description=_DETAILS)
    detials: StringMap = Field(
        default_factory=dict, description="An older spelling of details, read too; details go before."
    )
    selector: LabelSelector | None = Field(
        default=None, description="The alert's own labels, for older clients; nothing reads them."
    )
    ttl_strategy: TTLStrategy = Field(default_factory=TTLStrategy, description="How long the alert is kept.")
    fingerprint: Fingerprint = Field(
        default=Fingerprint(""),
        description="Identifies the alert at its sender.",
        json_schema_extra={"maxLength": 32768},
    )
    starts_at: ToldText = Field(
        default="", description="When this episode began, as the sender first gave it; empty if it did not."
    )
    episode: Count = Field(default=0, description="Number of the episode among the alert's, from 0.")

    @property
    def all_details(self) -> dict[str, str]:
        """The details under either spelling."""
        return {**self.detials, **self.details}


class RuleReference(Model):
    """The rule that was matched, as it was then."""

    namespace: str = Field(description="Namespace of the rule.")
    name: str = Field(description="Name of the rule.")
    uid: Uid = Field(description="Uid of the rule.")
    generation: int = Field(description="The generation that was matched.")


class TemplateReference(Model):
    """The template that the rule names."""

    namespace: str = Field(description="Namespace of the template.")
    name: str = Field(description="Name of the template.")


class Attempt(Model, defer_build=False):
    """What was decided in one attempt, and what came of it."""

    attempt: Count = Field(default=1, description="Number of the attempt, from 1; a person asks for another.")
    trigger_status: TriggerStatus = Field(default=TriggerStatus.NONE, description="What came of looking for a rule.")
    trigger_time: Time | None = Field(default=None, description="When that was decided.")
    workflow: str = Field(default="", description="Name of the workflow.")
    workflow_uid: Uid = Field(default=Uid(""), alias="workflowUID", description="Uid of the workflow.")
    outcome: OpsPhase = Field(default=OpsPhase.NONE, description="Succeeded or Failed, once it ended.")
    completion_time: Time | None = Field(default=None, description="When it ended.")


class PhaseRecord(Attempt, defer_build=False):
    """What was decided and what came of it in one phase of the alert: in its newest attempt, and in those before."""

    rule: RuleReference | None = Field(default=None, description="The rule that applies, set once in an attempt.")
    template: TemplateReference | None = Field(default=None, description="The template it names.")
    earlier_succeeded: Count = Field(default=0, description="Workflows of earlier attempts that succeeded.")
    earlier_failed: Count = Field(default=0, description="Workflows of earlier attempts that failed.")
    earlier: Annotated[
        list[Attempt],
        Field(
            default_factory=no_items,
            description="The last attempts before, oldest first.",
            max_length=ATTEMPTS_KEPT,
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ]

    @property
    def has_workflow(self) -> bool:
        """Whether there was a workflow in this attempt."""
        return bool(self.workflow) or self.outcome.ended

    @property
    def ever_had_workflow(self) -> bool:
        """Whether there was a workflow in this attempt or one before."""
        return self.has_workflow or self.earlier_succeeded + self.earlier_failed > 0

    @property
    def is_under_way(self) -> bool:
        """Whether its workflow runs, or is to be made."""
        return self.trigger_status is TriggerStatus.TRIGGERED and not self.outcome.ended

    @property
    def awaits_workflow(self) -> bool:
        """Whether a rule was matched, and its workflow was not seen yet."""
        return self.trigger_status is TriggerStatus.TRIGGERED and not self.workflow and self.outcome is OpsPhase.NONE

    @property
    def is_taken_back(self) -> bool:
        """Whether what was to be done was needless before a workflow of it was seen."""
        return self.trigger_status.is_taken_back and not self.has_workflow

    @property
    def is_undecided(self) -> bool:
        """Whether nobody has looked for a rule yet, or what was found was forgotten."""
        return self.trigger_status is TriggerStatus.NONE


class Turn(Model, defer_build=False):
    """Which of an alert's later episodes took the last turn to have a workflow run, and in which phase."""

    episode: Count = Field(description="Number of the episode.")
    phase: Phase = Field(description="The phase whose workflow it is.")
    attempt: Count = Field(default=1, description="The attempt whose workflow it is.")
    owes: bool = Field(default=False, description="Whether a repair of before had not been undone then.")


class OpsStatus(Model):
    """The newest phase in brief, and the counts of the alert's workflows."""

    trigger_status: TriggerStatus = Field(default=TriggerStatus.NONE, description="What came of looking for a rule.")
    alert_ops_status: OpsPhase = Field(default=OpsPhase.NONE, description="How far the workflow got.")
    active: Count = Field(default=0, description="Workflows that run.")
    succeeded: Count = Field(default=0, description="Workflows that succeeded.")
    failed: Count = Field(default=0, description="Workflows that failed.")
    total: Count = Field(default=0, description="Workflows that there were.")
    start_time: Time | None = Field(default=None, description="When the newest workflow started.")
    completion_time: Time | None = Field(default=None, description="When the newest workflow ended.")


class AlertState(Model):
    """What became of the alert."""

    status: AlertStatus = Field(default=AlertStatus.FIRING, description="Whether it still fires.")
    count: Count = Field(default=1, description="How often it was received firing.")
    start_time: Time | None = Field(default=None, description="When it was first received.")
    last_received_time: Time | None = Field(default=None, description="When it was last received.")
    resolved_time: Time | None = Field(default=None, description="When its resolve was received.")
    latest_starts_at: Time | None = Field(
        default=None, description="The latest beginning that its sender gave, where that is later than spec.startsAt."
    )
    reopens_at: Time | None = Field(
        default=None,
        description="It was resolved, and fires with a beginning that is known: when the next episode opens, unless a "
        "resolve comes first.",
    )
    observed_retry: str = Field(
        default="",
        description="The value of the annotation aegis.io/retry that was answered last.",
        json_schema_extra={"maxLength": RETRY_LENGTH},
    )
    latest_episode: Count = Field(default=0, description="On episode 0: the number of the newest episode.")
    turn: Turn | None = Field(
        default=None, description="On episode 0: which later episode took the last turn; one workflow runs at a time."
    )
    received_events: Annotated[
        list[str],
        Field(
            default_factory=no_items,
            description=_RECEIVED,
            max_length=50,
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ]
    ops_status: OpsStatus = Field(default_factory=OpsStatus, description="The newest phase in brief.")
    firing: PhaseRecord = Field(default_factory=PhaseRecord, description="The work done because it fires.")
    resolved: PhaseRecord = Field(default_factory=PhaseRecord, description="The work done because it resolved.")
    conditions: Conditions

    def record(self, phase: Phase) -> PhaseRecord:
        """The record of one phase."""
        return self.firing if phase is Phase.FIRING else self.resolved


def of_phase(phase: Phase, record: PhaseRecord) -> AlertState:
    """A patch of the record of one phase."""
    return AlertState(firing=record) if phase is Phase.FIRING else AlertState(resolved=record)


class AegisAlert(Object):
    """One episode of one alert, and what was done about it."""

    resource: ClassVar[Resource] = Resource(
        group="aegis.io",
        version="v1alpha1",
        kind="AegisAlert",
        plural="aegisalerts",
        short_names=("alert", "alerts"),
        columns=(
            Column("Type", "string", ".spec.type"),
            Column("ObjectKind", "string", ".spec.involvedObject.kind"),
            Column("ObjectName", "string", ".spec.involvedObject.name"),
            Column("Status", "string", ".status.status"),
            Column("Count", "integer", ".status.count"),
            Column("TriggerStatus", "string", ".status.opsStatus.triggerStatus"),
            Column("OpsStatus", "string", ".status.opsStatus.alertOpsStatus"),
            Column("Age", "date", ".status.startTime"),
            Column("Rule", "string", ".status.firing.rule.name", priority=1),
            Column("Workflow", "string", ".status.firing.workflow", priority=1),
            Column("Attempt", "integer", ".status.firing.attempt", priority=1),
            Column("LastReceived", "date", ".status.lastReceivedTime", priority=1),
        ),
        selectable=(".spec.type", ".status.status", ".status.opsStatus.triggerStatus"),
    )

    spec: AlertSpec = Field(default_factory=AlertSpec)
    status: AlertState = Field(
        default_factory=lambda: AlertState.model_validate({}),
        description="What became of the alert; one that was just created reads as firing, received once.",
        json_schema_extra={"default": {}},
    )

    @model_validator(mode="before")
    @classmethod
    def _status_from_spec(cls, data: Any) -> Any:
        """An alert stored as resolved is resolved also in the moment before its status is written."""
        if isinstance(data, dict) and (data.get("spec") or {}).get("status") == AlertStatus.RESOLVED:
            return {**data, "status": {**(data.get("status") or {}), "status": AlertStatus.RESOLVED}}
        return data

    def condition(self, typ: ConditionType) -> Condition | None:
        """The latest observation of one type."""
        return next((condition for condition in self.status.conditions if condition.type == typ), None)

    @property
    def triggered(self) -> Condition | None:
        """The condition that says whether a rule applies, and why not."""
        return self.condition(ConditionType.TRIGGERED)

    @property
    def is_as_judged(self) -> bool:
        """Whether it says what it said when rules were looked for last."""
        return self.triggered is not None and self.triggered.observed_generation == self.metadata.generation

    @property
    def is_edited(self) -> bool:
        """Whether it says something else than when rules were looked for last."""
        return self.triggered is not None and not self.is_as_judged

    @property
    def phase(self) -> Phase:
        """The phase its status puts it in."""
        return Phase.RESOLVED if self.status.status is AlertStatus.RESOLVED else Phase.FIRING

    @property
    def retry(self) -> str:
        """What asks for another attempt and was not answered yet; empty where nobody does."""
        asked = self.metadata.annotations.get(RETRY_ANNOTATION, "")[:RETRY_LENGTH]
        return "" if asked == self.status.observed_retry else asked

    def workflow_name(self, phase: Phase) -> str:
        """The name of the workflow of a phase's newest attempt."""
        meta = self.metadata
        return workflow_name(meta.name, meta.uid, phase, attempt=self.status.record(phase).attempt)
