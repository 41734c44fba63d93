"""A node: containerd, the kubelet and kube-proxy in network, mount and process namespaces of their own.

Whatever they mount, and wherever they write outside the cluster's folder, is seen inside only; and when the node's
first process ends, the kernel ends all others and takes the mounts back. The machine's own settings stay as they are.
"""

from __future__ import annotations

import errno
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tests.cluster import processes, registry, runtime
from tests.cluster.certificates import AUTHORITY
from tests.cluster.layout import BIN, CACHE, FIRST, POD_NETWORK, SERVICE_DOMAIN, Node
from tests.cluster.processes import run, running, start
from tests.cluster.waiting import until

if TYPE_CHECKING:
    from tests.cluster.certificates import Authority

# Where containerd, the network plugins and the kubelet write, whatever they are told. A mount takes a folder that is
# there: these are on any Linux (https://refspecs.linuxfoundation.org/FHS_3.0/fhs/index.html), what is in them is not.
_OWN_FOLDERS = ("/run", "/var/lib", "/var/log", "/opt")
# What the kubelet insists on, or sets, though it is the whole machine's: here it finds a file that says so already.
_KERNEL = {
    "kernel/keys/root_maxbytes": "25000000",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
}
_CGROUPS = Path("/sys/fs/cgroup")


def up(node: Node, authority: Authority) -> None:
    """Start a node; that it is ready shows on its Node object."""
    node.folder.mkdir(parents=True, exist_ok=True)
    _init(node)
    registry.start(f"registry-{node.name}", namespace=node.namespace)
    runtime.up(node, _entering(node))
    _kubelet(node, authority)
    _proxy(node, authority)


def ensure_visible() -> None:
    """Check that a node will see the cluster's own folder.

    Raises:
        RuntimeError: it is below a folder of which each node has one of its own.
    """
    for folder in _OWN_FOLDERS:
        if CACHE.resolve().is_relative_to(folder):
            raise RuntimeError(f"AEGIS_CLUSTER_HOME={CACHE} is below {folder}, which each node has for itself")


def cgroups(node: Node) -> list[Path]:
    """Return a node's own folder in each hierarchy of control groups: one in version 2, one per controller in 1."""
    roots = [_CGROUPS] if (_CGROUPS / "cgroup.controllers").exists() else [p for p in _CGROUPS.iterdir() if p.is_dir()]
    return [root / node.cgroup.lstrip("/") for root in roots]


def stop(node: Node) -> None:
    """End a node's first process, and so all that runs on it."""
    processes.stop(_first(node), signal.SIGKILL)


def remove_cgroups(node: Node) -> None:
    """Remove the control groups of what ran on a node."""
    for group in cgroups(node):
        for path in sorted(group.glob("**/"), reverse=True):
            until(f"{path} is empty", lambda path=path: _removed(path))  # type: ignore[misc]


def _removed(path: Path) -> bool:
    try:
        path.rmdir()
    except OSError as error:
        return error.errno == errno.ENOENT
    return True


def _init(node: Node) -> None:
    """Start the node's first process, which holds its namespaces and reaps what others leave."""
    binds = []
    for inside in _OWN_FOLDERS:
        outside = node.folder / inside.strip("/")
        outside.mkdir(parents=True)
        binds.append(f"mount --bind {outside} {inside}")
    for setting, value in _KERNEL.items():
        file = node.folder / "kernel" / setting.replace("/", ".")
        file.parent.mkdir(exist_ok=True)
        file.write_text(value)
        binds.append(f"mount --bind {file} /proc/sys/{setting}")
    script = node.folder / "init.sh"
    script.write_text("\n".join(["set -e", *binds, "mount --make-rshared /", "exec tini -s -- sleep infinity", ""]))
    start(
        _first(node),
        *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("sh", script),
        namespace=node.namespace,
    )
    until(
        f"{node.name} has its folders",
        lambda: "tini" in run(*_entering(node), "cat", "/proc/1/comm"),
        seconds=30,
        by=(_first(node),),
    )


def _first(node: Node) -> str:
    return f"init-{node.name}"


def _entering(node: Node) -> list[str]:
    parent = running(_first(node))
    try:
        child = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0]
    except (OSError, IndexError):
        raise RuntimeError(f"node {node.name} has no first process (yet)") from None
    return ["nsenter", f"--target={child}", "--net", "--mount", "--pid"]


def _kubelet(node: Node, authority: Authority) -> None:
    for group in cgroups(node):
        group.mkdir(exist_ok=True)
        # Version 1: a new group of this controller accepts no process until it has processors and memory.
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (group / setting).exists() and (group.parent / setting).exists():
                (group / setting).write_text((group.parent / setting).read_text())
    resolv = node.folder / "resolv.conf"
    resolv.write_text(f"nameserver {FIRST.address}\n")
    serving = authority.issue(f"kubelet-{node.name}", node.address, node.name)
    config = node.folder / "kubelet.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kubelet.config.k8s.io/v1beta1",
                "kind": "KubeletConfiguration",
                "address": node.address,
                "tlsCertFile": str(serving.crt),
                "tlsPrivateKeyFile": str(serving.key),
                "authentication": {
                    "anonymous": {"enabled": False},
                    "webhook": {"enabled": True},
                    "x509": {"clientCAFile": str(AUTHORITY)},
                },
                "authorization": {"mode": "Webhook"},
                "containerRuntimeEndpoint": f"unix://{node.socket}",
                "cgroupDriver": "cgroupfs",
                "cgroupRoot": node.cgroup,
                "failCgroupV1": False,
                "failSwapOn": False,
                "localStorageCapacityIsolation": False,
                "clusterDNS": [FIRST.address],
                "clusterDomain": SERVICE_DOMAIN,
                "resolvConf": str(resolv),
                "healthzPort": 0,
                "maxPods": 200,
                "nodeStatusUpdateFrequency": "5s",
                "serializeImagePulls": False,
                # A disk that is nearly full is the machine's, not this cluster's, to complain of.
                "evictionHard": {"memory.available": "100Mi"},
                "imageGCHighThresholdPercent": 100,
                "volumePluginDir": "/opt/kubelet-plugins",
            }
        )
    )
    user = authority.kubeconfig(node.folder / "kubelet.kubeconfig", f"system:node:{node.name}", "system:nodes")
    start(
        f"kubelet-{node.name}",
        *_entering(node),
        BIN / "kube/kubelet",
        f"--config={config}",
        f"--kubeconfig={user}",
        f"--root-dir={node.folder / 'kubelet'}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
    )


def _proxy(node: Node, authority: Authority) -> None:
    user = authority.kubeconfig(node.folder / "proxy.kubeconfig", "system:kube-proxy")
    start(
        f"proxy-{node.name}",
        BIN / "kube/kube-proxy",
        f"--kubeconfig={user}",
        "--proxy-mode=nftables",
        f"--cluster-cidr={POD_NETWORK}",
        f"--hostname-override={node.name}",
        "--conntrack-max-per-core=0",
        "--conntrack-min=0",
        "--healthz-bind-address=127.0.0.1:10256",
        namespace=node.namespace,
    )
