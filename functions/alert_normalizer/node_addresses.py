"""The node that an address is one of, where that is all an alert says: node-exporter's ``instance`` above all.

An address that no node has, or more than one, or that cannot be looked up, leaves the alert without a subject, which
then says why in ``inferredFrom``. Where the addresses come from is not known here (``nodes``).
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address

from functions.alert_normalizer.incoming import Incoming, Subject
from functions.alert_normalizer.subjects import NODE_NAME

AMBIGUOUS = ""
"""In place of the node's name: more than one has that address."""
_LONGEST = 253  # characters of a host name
_WITH_PORT = re.compile(r"\[(?P<bracketed>[^\]]+)\](?::[0-9]+)?|(?P<plain>[^:]+):[0-9]+")


def host_of(instance: str) -> str:
    """An instance without its port, and of an IPv6 address without the brackets."""
    found = _WITH_PORT.fullmatch(instance)
    return (found["bracketed"] or found["plain"]) if found else instance


def spelled(host: str) -> str:
    """An address or host name in the one spelling in which they are compared; empty for what can be neither."""
    if len(host) > _LONGEST:
        return ""
    try:
        address = ip_address(host)
    except ValueError:
        return host.removesuffix(".").lower()
    return str(getattr(address, "ipv4_mapped", None) or address)


def placed(alert: Incoming, nodes: Mapping[str, str] | None) -> Incoming:
    """The alert with the node whose address it says, by the names of all nodes by address; none where they are unknown.

    While they are unknown it keeps the address. A host that is told by its name, and is no node, is what it says.
    """
    address, row = alert.node_address, alert.involved_object.inferred_from
    if not address:
        return alert
    known = nodes.get(address) if nodes is not None else None
    if known is None and _is_name(address):
        known = address
    if known:
        found = Subject("Node", known, node=known, inferred_from=row)
        return alert._replace(involved_object=found, node_address="" if nodes is not None else address)
    if nodes is None:
        return alert._replace(involved_object=_empty(row, "the nodes could not be listed"))
    subject = without_node(row) if known is None else _empty(row, "more than one node has that address")
    return alert._replace(involved_object=subject, node_address="")


def _is_name(host: str) -> bool:
    """Whether a host is told by its name: neither by an address, even one that is misspelled, nor as the one it is."""
    last = host.rpartition(".")[2]
    return re.fullmatch(NODE_NAME, host) is not None and not last.isdigit() and last != "localhost"


def without_node(row: str) -> Subject:
    """The empty subject of an address that is no node's."""
    return _empty(row, "no node has that address")


def _empty(row: str, reason: str) -> Subject:
    return Subject(inferred_from=f"{row}: {reason}")
