"""AegisDiagnosis: a question about one object of the cluster, and its answer."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from aegis.models.base import Column, Count, Model, Object, Resource, Time, no_items
from aegis.models.cel import rule
from aegis.models.conditions import Conditions

_DURATION = r"^([0-9]+|([0-9]+(\\.[0-9]+)?(ms|s|m|h))+)$"
_LONGEST_DURATION = 64

Texts = Annotated[list[str], Field(default_factory=no_items, json_schema_extra={"x-kubernetes-list-type": "atomic"})]


class DiagnosisPhase(StrEnum):
    """How far the diagnosis got; empty until somebody took it up."""

    NONE = ""
    UNKNOWN = "Unknown"
    PENDING = "Pending"
    DIAGNOSING = "Diagnosing"
    FAILED = "Failed"
    COMPLETED = "Completed"

    @property
    def ended(self) -> bool:
        """Whether there is an answer, or the reason why there is none."""
        return self in (DiagnosisPhase.COMPLETED, DiagnosisPhase.FAILED)


class Health(StrEnum):
    """The verdict, in the spelling that older clients read."""

    NONE = ""
    HEALTHY = "Healthy"
    UNHEALTHY = "UnHealthy"
    UNKNOWN = "Unknown"


class DiagnosisObject(Model):
    """What is diagnosed."""

    kind: str = Field(default="", description="Node, Pod, Workflow, or PytorchJob; other kinds end as Failed.")
    name: str = Field(default="", description="Name of the object.")
    namespace: str = Field(default="", description="Namespace of the object; the diagnosis' own where it is empty.")
    node: str = Field(default="", description="The node it runs on; looked up where it is empty.")


class DiagnosisTTL(Model):
    """How long the diagnosis is kept, in seconds; the outcome's own value goes before secondsAfterCompletion."""

    seconds_after_completion: Count | None = Field(default=None, description="After it ended, either way.")
    seconds_after_success: Count | None = Field(default=None, description="After it was answered.")
    seconds_after_failure: Count | None = Field(default=None, description="After it failed.")


class DiagnosisSpec(Model):
    """The question."""

    object: DiagnosisObject = Field(default_factory=DiagnosisObject, description="What is diagnosed.")
    timeout: str = Field(
        default="",
        description="How long it may take: a duration like 90s or 5m, or a number of seconds.",
        json_schema_extra={
            "maxLength": _LONGEST_DURATION,
            "x-kubernetes-validations": [
                rule(
                    f"self == '' || self.matches('{_DURATION}')",
                    "timeout must be a duration like 90s, 5m or 1h30m, or a number of seconds",
                )
            ],
        },
    )
    ttl_strategy: DiagnosisTTL | None = Field(default=None, description="How long the diagnosis is kept.")


class DiagnosisResult(Model):
    """What was found, from worst to least."""

    status: Health = Field(default=Health.NONE, description="The verdict.")
    failures: Texts = Field(description="What is broken.")
    warnings: Texts = Field(description="What may break, or may be the cause.")
    infos: Texts = Field(description="What is worth knowing besides.")


class DiagnosisState(Model):
    """The answer."""

    phase: DiagnosisPhase = Field(default=DiagnosisPhase.NONE, description="How far it got.")
    start_time: Time | None = Field(default=None, description="When it was taken up.")
    completion_time: Time | None = Field(default=None, description="When it ended.")
    result: DiagnosisResult | None = Field(default=None, description="What was found.")
    explain: str | None = Field(default=None, description="What was found, explained for people.")
    error_result: str | None = Field(default=None, description="Why there is no answer.")
    conditions: Conditions


class AegisDiagnosis(Object):
    """A question about one object of the cluster, and its answer."""

    resource: ClassVar[Resource] = Resource(
        group="aegis.io",
        version="v1alpha1",
        kind="AegisDiagnosis",
        plural="aegisdiagnosises",
        short_names=("diagnosis", "diagnoses"),
        columns=(
            Column("Phase", "string", ".status.phase"),
            Column("Age", "date", ".status.startTime"),
        ),
    )

    spec: DiagnosisSpec = Field(default_factory=DiagnosisSpec)
    status: DiagnosisState = Field(default_factory=lambda: DiagnosisState.model_validate({}))
