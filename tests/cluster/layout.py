"""Where everything of the cluster is: its folders, names and addresses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("AEGIS_CLUSTER_HOME") or Path.home() / ".cache/aegis-cluster")
"""What outlives a cluster: programs, images. ``STATE`` inside it is what runs now, and goes with it."""
BIN = CACHE / "bin"
MANIFESTS = CACHE / "manifests"
REGISTRY = CACHE / "registry"
STATE = CACHE / "state"

CERTIFICATES = STATE / "certificates"
KUBECONFIG = STATE / "kubeconfig"
LOGS = STATE / "log"
READY = STATE / "ready"
"""Written last by a start: without it, what is there is a start that was cut off."""

REGISTRY_ADDRESS = "127.0.0.1:5000"
"""On the host, and in each node's namespace, where it is containerd's mirror of every registry."""
POD_NETWORK = "10.252.0.0/16"
SERVICE_NETWORK = "10.253.0.0/16"
SERVICE_DOMAIN = "cluster.local"
EXTERNAL_DOMAIN = "example.com"


@dataclass(frozen=True)
class Node:
    """One node: a network namespace with its own containerd and kubelet."""

    number: int

    @property
    def name(self) -> str:
        return f"dev{self.number}"

    @property
    def namespace(self) -> str:
        return f"aegis-{self.name}"

    @property
    def address(self) -> str:
        return f"10.250.{self.number}.1"

    @property
    def subnet(self) -> str:
        return f"10.250.{self.number}.0/24"

    @property
    def pods(self) -> str:
        return f"10.252.{self.number}.0/24"

    @property
    def folder(self) -> Path:
        return STATE / self.name

    @property
    def images(self) -> Path:
        """Containerd's image store: kept between clusters, so that the next one pulls little."""
        return CACHE / "containerd" / self.name

    @property
    def socket(self) -> Path:
        return self.folder / "containerd.sock"

    @property
    def cgroup(self) -> str:
        """Two kubelets on one kernel need a root each, or each ends the other's pods as orphans."""
        return f"/{self.namespace}"


NODES = (Node(1), Node(2))
FIRST = NODES[0]
"""The node that also carries the control plane, the cluster's DNS and the gateway."""
API_SERVER = f"https://{FIRST.address}:6443"
