"""The cluster's DNS: CoreDNS, on the first node's address; names of the external domain are the gateway's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cluster.layout import BIN, EXTERNAL_DOMAIN, FIRST, SERVICE_DOMAIN, STATE
from tests.cluster.processes import start
from tests.cluster.waiting import kubectl

if TYPE_CHECKING:
    from tests.cluster.certificates import Authority

_USER = "system:coredns"


def up(authority: Authority) -> None:
    """Start CoreDNS, with the rights that its own installation gives it."""
    kubectl(
        "apply",
        "--server-side",
        "--filename=-",
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": _rights()}),
    )
    user = authority.kubeconfig(STATE / "coredns.kubeconfig", _USER)
    config = STATE / "Corefile"
    config.write_text(f"""
{EXTERNAL_DOMAIN}:53 {{
  bind {FIRST.address}
  template IN A {{
    answer "{{{{ .Name }}}} 5 IN A {FIRST.address}"
  }}
}}
.:53 {{
  bind {FIRST.address}
  errors
  cache 5
  kubernetes {SERVICE_DOMAIN} in-addr.arpa ip6.arpa {{
    kubeconfig {user} aegis
    ttl 5
  }}
}}
""")
    start("coredns", BIN / "coredns/coredns", "-conf", config, namespace=FIRST.namespace)


def _rights() -> list[dict[str, object]]:
    rbac = "rbac.authorization.k8s.io"
    read = ["list", "watch"]
    return [
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": _USER},
            "rules": [
                {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": read},
                {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
            ],
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": _USER},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": _USER},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": _USER}],
        },
    ]
