"""Status as Knative writes it: conditions that keep the time of their last change, and no write without a change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.api import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.api import Api, Object, Resource

_GONE_OR_CHANGED = (404, 409)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; without a reason it is true."""

    type: str
    reason: str = ""
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is true."""
        return not self.reason


def now() -> str:
    """The time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ready_from(conditions: Sequence[Condition]) -> list[Condition]:
    """The conditions and `Ready`, which takes reason and message from the first that is false."""
    failed = next((condition for condition in conditions if not condition.ok), None)
    ready = Condition("Ready", failed.reason, failed.message) if failed else Condition("Ready")
    return [ready, *conditions]


async def write_status(
    api: Api, resource: Resource, obj: Object, conditions: Sequence[Condition], **fields: Any
) -> None:
    """Write status, with Ready among its conditions, if it says something new. A field of None is removed."""
    meta = obj["metadata"]
    old: Mapping[str, Any] = obj.get("status") or {}
    status: dict[str, Any] = {
        **fields,
        "observedGeneration": meta.get("generation", 1),
        "conditions": _merged(old.get("conditions") or [], ready_from(conditions)),
    }
    if all(old.get(key) == value for key, value in status.items()):
        return
    try:
        await api.patch(resource, meta["name"], {"status": status}, meta.get("namespace", ""), subresource="status")
    except ApiError as error:
        if error.code not in _GONE_OR_CHANGED:
            raise


def _merged(old: Sequence[Mapping[str, Any]], new: Sequence[Condition]) -> list[dict[str, Any]]:
    before = {condition.get("type"): condition for condition in old}
    merged = []
    for condition in new:
        entry: dict[str, Any] = {"type": condition.type, "status": "True" if condition.ok else "False"}
        if not condition.ok:
            entry |= {"reason": condition.reason, "message": condition.message}
        previous = before.get(condition.type, {})
        same = previous.get("status") == entry["status"]
        entry["lastTransitionTime"] = previous.get("lastTransitionTime", now()) if same else now()
        merged.append(entry)
    return merged
