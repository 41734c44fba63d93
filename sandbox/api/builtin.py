"""Built-in kinds."""
from __future__ import annotations
from typing import Any
from sandbox.api.kinds import Kind
def builtin_kind(resource: Any, clock: Any) -> Kind:
    return Kind(resource)
