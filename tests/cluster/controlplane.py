"""etcd, the API server, the controller manager and the scheduler, in the first node's namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.certificates import AUTHORITY
from tests.cluster.layout import BIN, FIRST, KUBECONFIG, NODES, POD_NETWORK, SERVICE_NETWORK, STATE
from tests.cluster.processes import start
from tests.cluster.waiting import kubectl, until

if TYPE_CHECKING:
    from tests.cluster.certificates import Authority

_ETCD = "https://127.0.0.1:2379"
_API_SERVICE = SERVICE_NETWORK.replace(".0.0/16", ".0.1")


def up(authority: Authority) -> None:
    """Start the control plane, and wait until the API server is ready."""
    authority.kubeconfig(KUBECONFIG, "aegis-admin", "system:masters")
    _etcd(authority)
    accounts = authority.issue("service-accounts").key
    _api_server(authority, accounts)
    until("the API server is ready", lambda: kubectl("get", "--raw", "/readyz") == "ok", by=("etcd", "apiserver"))
    manager = authority.kubeconfig(STATE / "controller-manager.kubeconfig", "system:kube-controller-manager")
    start(
        "controller-manager",
        BIN / "kube/kube-controller-manager",
        f"--kubeconfig={manager}",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={accounts}",
        f"--root-ca-file={AUTHORITY}",
        f"--cluster-cidr={POD_NETWORK}",
        "--allocate-node-cidrs=false",
        "--leader-elect=false",
        # A node that is gone is noticed, and its pods are moved, within a test's patience.
        "--node-monitor-grace-period=20s",
        "--concurrent-gc-syncs=5",
        "--bind-address=127.0.0.1",
        namespace=FIRST.namespace,
    )
    start(
        "scheduler",
        BIN / "kube/kube-scheduler",
        f"--kubeconfig={authority.kubeconfig(STATE / 'scheduler.kubeconfig', 'system:kube-scheduler')}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        namespace=FIRST.namespace,
    )


def _etcd(authority: Authority) -> None:
    served = authority.issue("etcd", "127.0.0.1")
    start(
        "etcd",
        BIN / "etcd/server",
        f"--data-dir={STATE / 'etcd'}",
        "--unsafe-no-fsync",  # the cluster goes with its state: there is nothing to keep through a power cut
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        f"--cert-file={served.crt}",
        f"--key-file={served.key}",
        "--client-cert-auth",
        f"--trusted-ca-file={AUTHORITY}",
        "--log-level=error",
        namespace=FIRST.namespace,
    )


def _api_server(authority: Authority, accounts: object) -> None:
    serving = authority.issue(
        "kube-apiserver",
        *(FIRST.address, _API_SERVICE, "127.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
    )
    client = authority.issue("kube-apiserver-client", group="system:masters")
    start(
        "apiserver",
        BIN / "kube/kube-apiserver",
        f"--etcd-servers={_ETCD}",
        f"--etcd-cafile={AUTHORITY}",
        f"--etcd-certfile={client.crt}",
        f"--etcd-keyfile={client.key}",
        f"--bind-address={FIRST.address}",
        f"--advertise-address={FIRST.address}",
        "--secure-port=6443",
        f"--tls-cert-file={serving.crt}",
        f"--tls-private-key-file={serving.key}",
        f"--client-ca-file={AUTHORITY}",
        "--anonymous-auth=false",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={accounts}",
        f"--service-account-signing-key-file={accounts}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        f"--kubelet-certificate-authority={AUTHORITY}",
        f"--kubelet-client-certificate={client.crt}",
        f"--kubelet-client-key={client.key}",
        "--kubelet-preferred-address-types=InternalIP",
        "--allow-privileged=true",
        namespace=FIRST.namespace,
    )


def nodes_ready() -> None:
    """Wait until every node has joined and is ready."""
    for node in NODES:
        until(
            f"node {node.name} is ready",
            lambda node=node: (
                "True"
                in kubectl(  # type: ignore[misc]
                    *("get", "node", node.name, "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')
                )
            ),
            by=(f"containerd-{node.name}", f"kubelet-{node.name}"),
        )
