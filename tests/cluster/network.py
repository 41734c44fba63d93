"""The nodes' network: a namespace for each, with a cable to the host and one to each other node.

No route or setting of the host changes but the routes to the cluster's own networks.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from tests.cluster.layout import FIRST, NODES, SERVICE_NETWORK, STATE, Node
from tests.cluster.processes import run

_NAMES = Path("/run/netns")
_NAMES_ARE_OURS = STATE / "names-of-namespaces-are-ours"


def up() -> None:
    """Make the namespaces and lay the cables."""
    if not _mounted(_NAMES):
        _NAMES_ARE_OURS.touch()
    for node in NODES:
        _lay(node)
    for one, other in itertools.combinations(NODES, 2):
        _join(one, other)
    run("ip", "route", "add", SERVICE_NETWORK, "via", _far_end(FIRST))


def down() -> None:
    """Remove the namespaces; their links, addresses and routes go with them."""
    for node in NODES:
        if node.namespace in namespaces():
            run("ip", "netns", "delete", node.namespace)
        # The kernel takes a namespace apart in its own time; the host's end of the cable is ours to take now.
        if f" {_cable(node)}@" in run("ip", "-oneline", "link"):
            run("ip", "link", "delete", _cable(node))
    # The first namespace that gets a name makes ip mount this folder on itself.
    if _NAMES_ARE_OURS.exists() and not namespaces():
        if _mounted(_NAMES):
            run("umount", _NAMES)
        if _NAMES.exists():
            _NAMES.rmdir()


def inhabitants() -> list[int]:
    """Return the pids of all processes in the nodes' namespaces."""
    there = [node.namespace for node in NODES if node.namespace in namespaces()]
    return [int(pid) for name in there for pid in run("ip", "netns", "pids", name).split()]


def namespaces() -> set[str]:
    """Return the names of all network namespaces of this host."""
    return {line.split()[0] for line in run("ip", "netns", "list").splitlines() if line.strip()}


def _mounted(folder: Path) -> bool:
    # Not os.path.ismount(): it cannot tell a folder that is mounted on itself.
    return str(folder) in (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())


def _lay(node: Node) -> None:
    run("ip", "netns", "add", node.namespace)
    near, far = _cable(node), "host0"
    _inside(node, "link", "set", "lo", "up")
    # Not a dummy device: kernels of virtual machines often have none. A bridge carries an address as well.
    _inside(node, "link", "add", "node0", "type", "bridge")
    _inside(node, "address", "add", f"{node.address}/24", "dev", "node0")
    _inside(node, "link", "set", "node0", "up")
    run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", node.namespace)
    run("ip", "address", "add", f"{_near_end(node)}/30", "dev", near)
    run("ip", "link", "set", near, "up")
    _inside(node, "address", "add", f"{_far_end(node)}/30", "dev", far)
    _inside(node, "link", "set", far, "up")
    _inside(node, "route", "add", "default", "via", _near_end(node))
    for network in (node.subnet, node.pods):
        run("ip", "route", "add", network, "via", _far_end(node))
    run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward", namespace=node.namespace)


def _join(one: Node, other: Node) -> None:
    """Lay a cable between two nodes, so that the host need not forward for them."""
    ends = ((one, other, f"10.251.{one.number}{other.number}.1"), (other, one, f"10.251.{one.number}{other.number}.2"))
    run(
        *("ip", "link", "add", other.name, "netns", one.namespace, "type", "veth"),
        *("peer", "name", one.name, "netns", other.namespace),
    )
    for node, peer, address in ends:
        _inside(node, "address", "add", f"{address}/30", "dev", peer.name)
        _inside(node, "link", "set", peer.name, "up")
    for (node, peer, _), (_, _, gateway) in (ends, ends[::-1]):
        for network in (peer.subnet, peer.pods):
            _inside(node, "route", "add", network, "via", gateway)


def _inside(node: Node, *words: str) -> None:
    run("ip", *words, namespace=node.namespace)


def _cable(node: Node) -> str:
    return f"aegis-{node.name}"


def _near_end(node: Node) -> str:
    return f"10.251.0.{4 * node.number + 1}"


def _far_end(node: Node) -> str:
    return f"10.251.0.{4 * node.number + 2}"
