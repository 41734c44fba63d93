"""The name that was probably meant where one names nothing."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

_COMPARED, _MOST_COMPARED = 64, 500
"""Characters of a name, and names, that are looked through for one that is near: that takes their product."""


def similar(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant; empty where none is near, or what is compared would be long."""
    if len(name) > _COMPARED:
        return ""
    few = islice((other for other in names if len(other) <= _COMPARED), _MOST_COMPARED)
    return next(iter(get_close_matches(name, few, n=1)), "")
