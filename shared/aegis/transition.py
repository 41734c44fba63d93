"""A step of a resource's life: decided on what is known, written only if that still holds, decided again if not.

Every step may run twice and at the same time elsewhere. The decision is a pure function that says nothing where the
step was already taken, so a second delivery changes nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from aegis.errors import Conflict, Unavailable
from aegis.kube import Kube
from aegis.models.base import Model, Object

T = TypeVar("T", bound=Object)
D = TypeVar("D")
_ATTEMPTS = 20


class Outcome(NamedTuple, Generic[T]):
    """The object after the step, and whether it was this call that took it."""

    item: T
    changed: bool


class Decided(NamedTuple, Generic[T, D]):
    """The object after the step, and what was decided on it last."""

    item: T
    decision: D
    changed: bool


async def transition(kube: Kube, known: T, decide: Callable[[T], Model | None], *, fresh: bool = False) -> Outcome[T]:
    """Merge what ``decide`` says into the status, by compare-and-swap (``decided``).

    What it says is of the status' type, and only what is to change is set in it.
    """
    item, _, changed = await decided(kube, known, decide, lambda status: status, fresh=fresh)
    return Outcome(item, changed)


async def decided(
    kube: Kube, known: T, decide: Callable[[T], D], status_of: Callable[[D], Model | None], *, fresh: bool = False
) -> Decided[T, D]:
    """Merge what a decision says into the status, by compare-and-swap (``swapped``)."""

    def write(item: T, decision: D) -> Awaitable[T] | None:
        status = status_of(decision)
        return None if status is None else kube.patch_status(item, status)

    return await swapped(kube, known, decide, write, fresh=fresh)


async def swapped(
    kube: Kube,
    known: T,
    decide: Callable[[T], D],
    write: Callable[[T, D], Awaitable[T] | None],
    *,
    fresh: bool = False,
) -> Decided[T, D]:
    """Write what a decision says, by compare-and-swap.

    ``known`` may be an old copy, such as an event carries: where the object moved on, it is read and decided again.
    With ``fresh`` the copy only names the object, and it is read first. ``write`` raises ``Conflict`` where the object
    is not as it was decided on, and is nothing where there is nothing to write.

    Raises:
        NotFound: when the object is gone.
        Unavailable: when others changed it every time.
    """
    for _ in range(_ATTEMPTS):
        item = (
            known
            if not fresh
            else await kube.get(type(known), namespace=known.metadata.namespace, name=known.metadata.name)
        )
        decision = decide(item)
        writing = write(item, decision)
        if writing is None and fresh:
            return Decided(item, decision, changed=False)
        if writing is not None:
            try:
                return Decided(await writing, decision, changed=True)
            except Conflict:
                pass
        fresh = True
    raise Unavailable(f"{known.reference} changed {_ATTEMPTS} times while it was written")
