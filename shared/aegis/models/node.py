"""Kubernetes' Node, as far as it is read: who has an address."""

from typing import ClassVar

from pydantic import Field

from aegis.models.base import Model, Object, Resource, no_items


class NodeAddress(Model):
    """One of a node's addresses: InternalIP, ExternalIP, Hostname, InternalDNS or ExternalDNS."""

    address: str = ""


class NodeStatus(Model):
    """What a node reports."""

    addresses: list[NodeAddress] = Field(default_factory=no_items)


class Node(Object):
    """A node of the cluster."""

    resource: ClassVar[Resource] = Resource(group="", version="v1", kind="Node", plural="nodes")

    status: NodeStatus = Field(default_factory=NodeStatus)
