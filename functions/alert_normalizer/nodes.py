"""The cluster's nodes by their addresses, for alerts that say no more of a node: kept, not read for each alert.

One list serves all alerts for some minutes. An address that it lacks may be a new node's, so it is read again for that,
but not often: what is no node's address comes again and again too. That the nodes cannot be listed keeps no alert back.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from math import inf

from aegis.errors import ApiError, Unavailable
from aegis.kube import Kube
from aegis.models.node import Node
from functions.alert_normalizer.node_addresses import AMBIGUOUS, spelled

KEPT_SECONDS = 300.0
"""How long a list is good for: a node's address may be another's later."""
AGAIN_SECONDS = 30.0
"""How long it is not read again, though it lacks an address or could not be read."""
_PATIENCE_SECONDS = 5.0  # of an alert's sender, who waits for more than this
_PAGE = 100  # nodes: each is some 20 KiB, and little of it is kept
_log = logging.getLogger(__name__)


def by_address(nodes: Iterable[Node]) -> dict[str, str]:
    """The name of the node that has an address, by each address; a node's own name is always its own."""
    found: dict[str, str] = {}
    names: dict[str, str] = {}
    for node in nodes:
        name = node.metadata.name
        names[spelled(name)] = name
        for address in {spelled(each.address) for each in node.status.addresses}:
            found[address] = AMBIGUOUS if address in found else name
    found.pop("", None)
    return found | names


class Nodes:
    """All nodes, as they were when they were last listed."""

    def __init__(self, kube: Kube, *, now: Callable[[], float] = time.monotonic) -> None:
        """List through this connection, once an address is asked for."""
        self._kube = kube
        self._now = now
        self._known: Mapping[str, str] = {}
        self._known_since = self._asked_at = -inf
        self._listing: asyncio.Task[None] | None = None

    async def by_address(self, addresses: Collection[str]) -> Mapping[str, str] | None:
        """The names of all nodes by address, of which these are asked for; none where they cannot be listed now."""
        if not self._has(addresses):
            if self._listing is None and self._now() - self._asked_at >= AGAIN_SECONDS:
                self._asked_at = self._now()
                self._listing = asyncio.create_task(self._list(self._asked_at))
            if self._listing is not None:
                await asyncio.wait({self._listing}, timeout=_PATIENCE_SECONDS)
        return self._known if self._are_known() else None

    def _has(self, addresses: Collection[str]) -> bool:
        return self._are_known() and all(address in self._known for address in addresses)

    def _are_known(self) -> bool:
        return self._now() - self._known_since < KEPT_SECONDS

    async def _list(self, began: float) -> None:
        """List the nodes for everybody who waits for it, and who comes later."""
        try:
            listed = await self._kube.list(Node, page_size=_PAGE)
            self._known, self._known_since = by_address(listed.items), began
        except (Unavailable, ApiError) as error:
            _log.warning("the nodes cannot be listed: alerts name none by its address", extra={"error": str(error)})
        finally:
            self._listing = None
