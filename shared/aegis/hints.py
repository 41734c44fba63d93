"""Which object an event is about. No more of an event is believed: anyone who reaches the Broker can send one.

What the object is like is read from the API server, and its uid compared: one that was made anew under the name has
events of its own.
"""

from typing import TypeVar

from pydantic import ValidationError

from aegis.errors import BadEvent, NotFound
from aegis.events import ALERT_FIRING, ALERT_RESOLVED, Event, derived_id
from aegis.kube import Kube
from aegis.models.alert import AegisAlert
from aegis.models.base import Object, ObjectMeta
from aegis.models.states import Phase
from aegis.names import is_object_name
from aegis.payloads import Reference

T = TypeVar("T", bound=Object)


def about(item: Object, typ: str, *, source: str, data: object = None, **extensions: str) -> Event:
    """The event that tells of an object as it is: always the same one of the same version. Its data is the object."""
    meta = item.metadata
    return Event(
        type=typ,
        source=source,
        id=derived_id(typ, meta.uid, meta.resource_version),
        subject=f"{meta.namespace}/{meta.name}",
        data=item.manifest() if data is None else data,
        extensions=extensions,
    )


def look_at(alert: AegisAlert, *, source: str) -> Event:
    """The event that has rules looked for: firing or resolved, as the alert is."""
    return about(alert, ALERT_FIRING if alert.phase is Phase.FIRING else ALERT_RESOLVED, source=source)


def named(data: object, model: type[T]) -> T:
    """The object whose namespace, name and uid an event's data gives, with nothing else of it.

    Raises:
        BadEvent: when it gives none that an object of the API server can have.
    """
    try:
        identity = Reference.model_validate(data).metadata
    except ValidationError as error:
        raise BadEvent(f"data: not a stored {model.resource.kind}: {error}") from error
    if not (is_object_name(identity.namespace) and is_object_name(identity.name) and identity.uid):
        raise BadEvent(f"data: not a stored {model.resource.kind}: it has a namespace, a name and a uid")
    return model(metadata=ObjectMeta(namespace=identity.namespace, name=identity.name, uid=identity.uid))


async def read(kube: Kube, hint: T) -> T:
    """The object that was named, as it is now.

    Raises:
        NotFound: when it is gone, also where another has its name.
    """
    meta = hint.metadata
    found = await kube.get(type(hint), namespace=meta.namespace, name=meta.name)
    if found.metadata.uid != meta.uid:
        raise NotFound(f"{hint.reference} was made anew")
    return found
