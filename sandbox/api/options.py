"""What a caller may ask for besides the object itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from sandbox.api.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.api.objects import Object

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
PropagationPolicy = Literal["", "Background", "Foreground", "Orphan"]


def _ignore(warning: str) -> None:
    del warning


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How to write: as whom, how strictly, and whether at all."""

    field_manager: str = "sandbox"
    field_validation: str = "Warn"  # Ignore, Warn or Strict
    dry_run: bool = False
    force: bool = False  # take fields over from other managers (server-side apply)
    warn: Callable[[str], None] = field(default=_ignore)  # told what the Warning header says


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """How to delete."""

    propagation: PropagationPolicy = ""
    uid: str = ""  # precondition
    resource_version: str = ""  # precondition
    dry_run: bool = False

    @classmethod
    def from_body(cls, body: Mapping[str, Any], query: Mapping[str, str]) -> DeleteOptions:
        """Options as a request carries them: in a DeleteOptions body, or else in the query."""
        preconditions = body.get("preconditions") or {}
        propagation = body.get("propagationPolicy") or query.get("propagationPolicy") or ""
        if propagation not in ("", "Background", "Foreground", "Orphan"):
            raise bad_request(
                f'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "{propagation}"'
            )
        if body.get("orphanDependents") or query.get("orphanDependents") == "true":
            propagation = "Orphan"
        return cls(
            propagation=cast("PropagationPolicy", propagation),
            uid=preconditions.get("uid") or "",
            resource_version=preconditions.get("resourceVersion") or "",
            dry_run=bool(body.get("dryRun") or query.get("dryRun")),
        )


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One event of a watch: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, and the object."""

    type: str
    object: Object
