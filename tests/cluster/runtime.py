"""containerd on a node: it pulls each image from the node's registry, and keeps it from one cluster to the next."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

from tests.cluster import processes
from tests.cluster.containers import PAUSE
from tests.cluster.layout import BIN, LOGS, REGISTRY_ADDRESS, Node
from tests.cluster.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

_READY = b"containerd successfully booted"
"""What it logs once all of it answers."""
_CRI = ("io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images")
_PATH = f"{BIN / 'containerd'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def up(node: Node, entering: Sequence[str]) -> None:
    """Start containerd with the words that enter a node, and wait until it answers.

    Its store holds images, which are to stay, and the containers of the cluster before, which are not: the kubelet
    would first have to find out what became of each. So it is started once without the part that the kubelet talks to.
    """
    networks, mirrors = node.folder / "cni", node.folder / "mirrors/_default"
    for folder in (networks, mirrors):
        folder.mkdir(parents=True)
    (networks / "10-pods.conflist").write_text(json.dumps(_pod_network(node)))
    mirror = f"http://{REGISTRY_ADDRESS}"
    (mirrors / "hosts.toml").write_text(f'server = "{mirror}"\n[host."{mirror}"]\ncapabilities = ["pull", "resolve"]\n')
    if node.images.exists():
        _start(node, entering, without=_CRI)
        if before := ctr(node, "containers", "list", "--quiet").split():
            ctr(node, "containers", "delete", *before)
        processes.stop(_name(node), signal.SIGTERM, signal.SIGKILL)
    _start(node, entering)


def ctr(node: Node, *words: str) -> str:
    """Run containerd's own client on a node."""
    return processes.run(BIN / "containerd/ctr", "--address", node.socket, "--namespace", "k8s.io", *words)


def _start(node: Node, entering: Sequence[str], without: Sequence[str] = ()) -> None:
    config = node.folder / "containerd.toml"
    config.write_text(_configuration(node, without))
    program, log = BIN / "containerd/containerd", LOGS / f"{_name(node)}.log"
    before = log.stat().st_size if log.exists() else 0
    processes.start(_name(node), *entering, program, "--config", config, environment={"PATH": _PATH})
    # It answers its own client earlier than the kubelet, which would give up.
    until(
        f"containerd of {node.name} answers", lambda: _READY in log.read_bytes()[before:], seconds=60, by=(_name(node),)
    )


def _name(node: Node) -> str:
    return f"containerd-{node.name}"


def _configuration(node: Node, without: Sequence[str]) -> str:
    return f"""
version = 3
root = "{node.images}"
state = "{node.folder}/containerd"
disabled_plugins = {json.dumps(without)}
[grpc]
  address = "{node.socket}"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{PAUSE}"
[plugins."io.containerd.cri.v1.images".registry]
  config_path = "{node.folder}/mirrors"
[plugins."io.containerd.cri.v1.runtime"]
  # Lowering a score takes CAP_SYS_RESOURCE, which root has not everywhere.
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "{node.folder}/cni"
"""


def _pod_network(node: Node) -> dict[str, object]:
    addresses = {
        "type": "host-local",
        "dataDir": str(node.folder / "ipam"),
        "ranges": [[{"subnet": node.pods}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "hairpinMode": True, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, ports]}
