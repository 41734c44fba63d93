"""AegisRawAlert: a message of unknown shape, kept as it came for a while."""

from typing import Annotated, ClassVar

from pydantic import Field

from aegis.models.base import Column, Model, Object, Resource, StringMap, no_items
from aegis.models.conditions import Conditions


class RawAlertSpec(Model):
    """The message."""

    body: str = Field(default="", description="The body, in base64.", json_schema_extra={"format": "byte"})
    content_type: str = Field(default="", description="The content type it came with.")
    headers: StringMap = Field(default_factory=dict, description="The sender's headers that matter.")
    received_at: Annotated[
        str | None, Field(default=None, description="When it came.", json_schema_extra={"format": "date-time"})
    ]


class RawAlertState(Model):
    """What became of the message."""

    phase: str = Field(
        default="",
        description="Received, Parsed or Failed; empty until somebody took it up.",
        json_schema_extra={"enum": ["", "Received", "Parsed", "Failed"]},
    )
    alerts: Annotated[
        list[str],
        Field(
            default_factory=no_items,
            description="Names of the alerts found in it.",
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ]
    conditions: Conditions


class AegisRawAlert(Object):
    """A message of unknown shape, kept as it came for whoever reads it, and deleted when its time is over.

    Nothing reads it yet; its time is a day, or what status-tracker's AEGIS_RAW_TTL_SECONDS says.
    """

    resource: ClassVar[Resource] = Resource(
        group="aegis.io",
        version="v1alpha1",
        kind="AegisRawAlert",
        plural="aegisrawalerts",
        short_names=("rawalert", "rawalerts"),
        columns=(
            Column("ContentType", "string", ".spec.contentType"),
            Column("Phase", "string", ".status.phase"),
            Column("Age", "date", ".metadata.creationTimestamp"),
        ),
    )

    spec: RawAlertSpec = Field(default_factory=lambda: RawAlertSpec.model_validate({}))
    status: RawAlertState = Field(default_factory=lambda: RawAlertState.model_validate({}))
