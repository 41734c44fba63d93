"""What an alert from Prometheus is about: what its labels say outright, else what the table (``subjects``) says."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from functions.alert_normalizer.incoming import Subject
from functions.alert_normalizer.measurer import is_measurer
from functions.alert_normalizer.node_addresses import host_of, spelled, without_node
from functions.alert_normalizer.subjects import NODE_NAME, ROWS, Row

_LABEL_OF = {"Job": "job_name", **{row.kind: row.object for row in ROWS if row.object == row.kind.lower()}}
_KIND_OF = {kind.casefold(): kind for kind in (*_LABEL_OF, "Node", "Namespace")}
_CLUSTER_WIDE = frozenset({"Node", "Namespace", "PersistentVolume"})
_LONGEST = 1000  # of a value, when it is compared


class Found(NamedTuple):
    """What an alert is about, as far as its labels say."""

    subject: Subject
    node_address: str = ""
    """Where all that they say is an address of a node: that address, which is to be looked up (``node_addresses``)."""


def subject_of(labels: Mapping[str, str], own_rows: Sequence[Row] = ()) -> Found:
    """The object that an alert's labels speak of, told apart from their measurer's; empty where they speak of none.

    ``own_rows`` go before those of the table.
    """
    if labels.get("involved_object_name"):
        return Found(_named(labels))
    if kind := labels.get("involved_object_kind") or labels.get("kind"):
        return Found(_of_kind(_KIND_OF.get(kind.casefold(), kind), labels))
    row = next((row for row in (*own_rows, *ROWS) if _fits(row, labels)), None)
    if row is None:
        return Found(Subject())
    return _at_address(row, labels) if row.node_address else Found(_by(row, labels))


def normalised(subject: Subject) -> Subject:
    """A subject with its kind as Kubernetes spells it, and a namespace only where it has one; a node is on itself."""
    kind = _KIND_OF.get(subject.kind.casefold(), subject.kind)
    namespace = "" if kind in _CLUSTER_WIDE else subject.namespace
    node = subject.node or subject.name if kind == "Node" else subject.node
    return subject._replace(kind=kind, namespace=namespace, node=node)


def _fits(row: Row, labels: Mapping[str, str]) -> bool:
    return all(re.fullmatch(wanted, labels.get(label, "")[:_LONGEST], re.DOTALL) for label, wanted in row.when.items())


def _at_address(row: Row, labels: Mapping[str, str]) -> Found:
    address = spelled(host_of(labels.get(row.node_address, "")))
    return Found(Subject(inferred_from=row.name), address) if address else Found(without_node(row.name))


def _by(row: Row, labels: Mapping[str, str]) -> Subject:
    kind = labels.get(row.kind[1:-1], "") if row.kind.startswith("{") else row.kind
    name = labels.get(row.object, "")
    name = host_of(name) if row.object == "instance" else name
    node = labels.get(row.node, "")
    found = Subject(kind, name, labels.get(row.namespace, ""), node if re.fullmatch(NODE_NAME, node) else "", row.name)
    return normalised(found)


def _named(labels: Mapping[str, str]) -> Subject:
    """The object that the labels name outright."""
    kind = labels.get("involved_object_kind") or labels.get("kind", "")
    namespace = labels.get("involved_object_namespace") or labels.get("namespace", "")
    node = labels.get("involved_object_node") or labels.get("node", "")
    found = normalised(Subject(kind, labels["involved_object_name"], namespace, node, "involved_object_name"))
    if found.kind == "Node":
        found = found._replace(node=labels.get("involved_object_node") or found.name)
    return found._replace(name="") if not kind or (found.kind == "Pod" and not namespace) else found


def _of_kind(kind: str, labels: Mapping[str, str]) -> Subject:
    """The object of a kind that the labels say; a kind unknown here is called by its instance or its job."""
    namespace, node = labels.get("namespace", ""), labels.get("node", "") if kind == "Pod" else ""
    name = labels.get(_LABEL_OF.get(kind, kind.lower()), "")
    if kind == "Node":
        name = name or host_of(labels.get("instance", ""))
    elif kind not in _LABEL_OF and not name:
        name = labels.get("name", "")
    if not name and kind not in _KIND_OF.values():
        namespace, name = "", "" if is_measurer(labels) else labels.get("instance") or labels.get("job", "")
    if kind == "Pod" and not namespace:
        name = ""  # there is no pod without its namespace
    return normalised(Subject(kind, name, namespace, node, "kind"))
