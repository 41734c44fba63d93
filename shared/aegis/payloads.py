"""What the events between the functions say beside which object changed: one frozen class for each of them.

Where an event says no more than that, its data is the object or a ``Reference`` (``aegis.hints``).
"""

from typing import Self, TypeVar

from pydantic import ValidationError

from aegis.errors import BadEvent
from aegis.events import Event
from aegis.models.base import Model, Object
from aegis.models.states import OpsPhase, Phase
from aegis.names import Uid


class Identity(Model):
    """Which object it is, among all that ever had its name."""

    namespace: str
    name: str
    uid: Uid


class Reference(Model):
    """No more of an object than which it is, in the form that objects have."""

    metadata: Identity

    @classmethod
    def of(cls, item: Object) -> Self:
        """Refer to an object."""
        meta = item.metadata
        return cls(metadata=Identity(namespace=meta.namespace, name=meta.name, uid=meta.uid))


class Matched(Model):
    """``io.aegis.rule.matched.v1``: a rule applies to the alert in this phase."""

    phase: Phase
    alert: Reference


class Created(Matched):
    """``io.aegis.workflow.created.v1``: the workflow of a phase was made."""

    workflow: Reference


class Completed(Created):
    """``io.aegis.alert.completed.v1``: the workflow of a phase ended."""

    outcome: OpsPhase


P = TypeVar("P", bound=Model)


def read(payload: type[P], event: Event) -> P:
    """Read what an event says.

    Raises:
        BadEvent: when its data is something else.
    """
    try:
        return payload.model_validate(event.data)
    except ValidationError as error:
        raise BadEvent(f"data: not what {event.type} carries: {error}") from error
