"""What the statuses of rules and templates have in common."""

from typing import Annotated

from pydantic import Field

from aegis.models.base import Model, no_items
from aegis.models.conditions import Conditions


class Counted(Model):
    """A workflow that is in the counts and not yet released; while it is listed it is not counted again."""

    uid: str = Field(description="Uid of the workflow.")


class CheckedState(Model):
    """Whether something that was applied is valid, and which workflows it counts."""

    status: str = Field(
        default="",
        description="Recorded, or Invalid; empty until it was checked.",
        json_schema_extra={"enum": ["", "Recorded", "Invalid"]},
    )
    observed_generation: int = Field(default=0, description="The generation that the status is about.")
    counted: Annotated[
        list[Counted],
        Field(
            default_factory=no_items,
            description="Workflows in the counts whose finalizer may still be there.",
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"]},
        ),
    ]
    conditions: Conditions
