"""Managed fields."""
from __future__ import annotations
from typing import Any
def note_update(*a: Any) -> None: a[2]["metadata"].pop("managedFields", None)
def same(new: Any, old: Any) -> bool: return bool(new == old)
