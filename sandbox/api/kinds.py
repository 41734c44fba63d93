"""What a kind does with its objects on their way in: the hooks that the write path calls.

`Kind` is what all kinds share. `builtin` holds those of Kubernetes itself, `custom` those that a
CustomResourceDefinition describes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.api.errors import Cause
    from sandbox.api.objects import Object
    from sandbox.api.resources import Resource
    from sandbox.api.structural import Node


class Kind:
    """One kind's behaviour; the hooks may change the new object, never the old."""

    strategic_merge = True  # whether strategic merge patches are taken

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.has_status = "status" in resource.subresources
        self.selectable: frozenset[str] = frozenset()

    @property
    def schema(self) -> Node | None:
        """What the fields are; None for anything."""
        return None

    def default(self, obj: Object) -> None:
        """Fill in what the schema has defaults for."""

    def prepare_create(self, obj: Object) -> None:
        """Put a new object into its initial state."""

    def admit(self, obj: Object) -> None:
        """Add to a new object what admission adds: what nobody asked for and nobody owns."""

    def prepare_update(self, new: Object, old: Object, subresource: str) -> None:
        """Take back what this kind of update may not change."""

    def validate(self, new: Object, old: Object | None, subresource: str = "") -> list[Cause]:
        """What is wrong with the object, in itself or as a successor of the old one."""
        del new, old, subresource
        return []

    def counts_generation(self) -> bool:
        """Whether metadata.generation says how often the specification changed."""
        return False
