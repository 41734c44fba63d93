"""Standard Kubernetes conditions: one entry per type, updated in place.

Source: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from aegis.models.base import Model, no_items

MESSAGE_LENGTH = 32768
"""What the API server takes of a message, as of any condition's in Kubernetes."""


class ConditionType(StrEnum):
    """What Aegis observes of its objects; others may write conditions of types of their own."""

    TRIGGERED = "Triggered"
    """Of an alert: whether a rule applies, and why not."""
    COMPLETED = "Completed"
    """Of an alert: whether its newest workflow ended, and how."""
    STALLED = "Stalled"
    """Of an alert: whether an event about it could not be delivered."""
    TEMPLATE_FOUND = "TemplateFound"
    """Of a rule: whether the template that it names is there."""
    VALID = "Valid"
    """Of a rule or template: whether it can work as it is written."""


def _cut(message: object) -> object:
    if isinstance(message, str) and len(message) > MESSAGE_LENGTH:
        return f"{message[: MESSAGE_LENGTH - 1]}…"
    return message


class Condition(Model, defer_build=False):
    """One observation of an object's state."""

    type: str = Field(description="What is observed, in CamelCase.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    reason: str = Field(default="", description="Why, in one CamelCase word.")
    message: Annotated[str, BeforeValidator(_cut)] = Field(
        default="", description="Why, for people.", json_schema_extra={"maxLength": MESSAGE_LENGTH}
    )
    last_transition_time: str | None = Field(
        default=None, description="When the status last changed.", json_schema_extra={"format": "date-time"}
    )
    last_probe_time: str | None = Field(
        default=None, description="Accepted for older clients, not used.", json_schema_extra={"format": "date-time"}
    )
    observed_generation: int | None = Field(default=None, description="The generation this was observed on.")


Conditions = Annotated[
    list[Condition],
    Field(
        default_factory=no_items,
        description="The latest observations of the object's state, one per type.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    ),
]


def with_condition(conditions: Sequence[Condition], new: Condition, *, now: str) -> list[Condition]:
    """The conditions with ``new`` in its type's place; its transition time moves only when its status does."""
    old = next((c for c in conditions if c.type == new.type), None)
    since = old.last_transition_time if old and old.status == new.status and old.last_transition_time else now
    placed = new.model_copy(update={"last_transition_time": since})
    return [placed if c.type == new.type else c for c in conditions] + ([] if old else [placed])
