"""The cluster's DNS: CoreDNS, on the first node's address; names of the external domain are the gateway's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.layout import BIN, EXTERNAL_DOMAIN, FIRST, SERVICE_DOMAIN, STATE
from tests.cluster.processes import start
from tests.cluster.rights import grant

if TYPE_CHECKING:
    from tests.cluster.certificates import Authority

_USER = "system:coredns"


def up(authority: Authority) -> None:
    """Start CoreDNS, with the rights that its own installation gives it."""
    read = ["list", "watch"]
    grant(
        _USER,
        {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": read},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
    )
    user = authority.kubeconfig(STATE / "coredns.kubeconfig", _USER)
    config = STATE / "Corefile"
    config.write_text(f"""
{EXTERNAL_DOMAIN}:53 {{
  bind {FIRST.address}
  template IN A {{
    answer "{{{{ .Name }}}} 5 IN A {FIRST.address}"
  }}
  template IN AAAA {{
    rcode NOERROR
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
