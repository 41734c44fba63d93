"""Kubernetes Events: what ``kubectl describe`` shows about an object. Best effort: they report, they decide nothing."""

import logging
from datetime import UTC, datetime
from typing import ClassVar, Literal

from aegis.errors import AlreadyExists, ApiError, Unavailable
from aegis.kube import Kube
from aegis.models.base import Object, Resource
from aegis.names import digest

_NOTE_LENGTH = 1024  # the API server's limit
_log = logging.getLogger(__name__)


class _Event(Object):
    resource: ClassVar[Resource] = Resource(group="", version="v1", kind="Event", plural="events")


async def record(
    kube: Kube, about: Object, *, reason: str, message: str, kind: Literal["Normal", "Warning"] = "Normal"
) -> None:
    """Record an Event about an object; its name is derived, so the same thing said twice is recorded once."""
    meta = about.metadata
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    manifest = {
        "metadata": {"name": f"{meta.name[:200]}.{digest(meta.uid, reason, message)}", "namespace": meta.namespace},
        "involvedObject": {
            "apiVersion": about.resource.api_version,
            "kind": about.resource.kind,
            "namespace": meta.namespace,
            "name": meta.name,
            "uid": meta.uid,
        },
        "type": kind,
        "reason": reason,
        "message": message[:_NOTE_LENGTH],
        "source": {"component": "aegis"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        await kube.create(_Event, manifest, namespace=meta.namespace)
    except AlreadyExists:
        return
    except (ApiError, Unavailable) as error:
        _log.warning("an Event was not recorded", extra={"object": about.reference, "error": str(error)})
