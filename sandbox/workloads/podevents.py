"""Events about pods, as the scheduler and the kubelet tell them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from sandbox.api import ApiError
from sandbox.conditions import now

if TYPE_CHECKING:
    from sandbox.api import Api, Object

SCHEDULER = "default-scheduler"
KUBELET = "kubelet"
_LONGEST_NAME = 253
_GOING = (403, 404)  # the namespace is being emptied, or is gone


async def warn(api: Api, pod: Object, *, reason: str, message: str, component: str) -> None:
    """Tell what is wrong with a pod."""
    meta, moment = pod["metadata"], now()
    event = {
        "metadata": {"name": _name(meta["name"])},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"],
        },
        "type": "Warning",
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "reportingComponent": component,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
    }
    try:
        await api.create(api.resource("events"), event, meta["namespace"])
    except ApiError as error:
        if error.code not in _GOING:
            raise


def _name(pod: str) -> str:
    """An Event's name as client-go makes it, also for a pod whose name leaves no room."""
    name = f"{pod}.{time.time_ns():x}"
    return name if len(name) <= _LONGEST_NAME else str(uuid4())
