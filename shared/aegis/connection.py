"""Where the API server is and how it is to be convinced: from the pod's service account, or from a kubeconfig."""

import json
import os
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpcore

from aegis.kube import Kube
from aegis.server import KEEPALIVE_SECONDS, Server

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_CONNECTIONS = 64


def _service_account_token() -> str:
    """The pod's own token, read for each request, because the kubelet renews it."""
    return (_SERVICE_ACCOUNT / "token").read_text().strip()


def _server(url: str, *, token: Callable[[], str] | None, context: ssl.SSLContext | None) -> Server:
    pool = httpcore.AsyncConnectionPool(
        ssl_context=context, max_connections=_CONNECTIONS, keepalive_expiry=KEEPALIVE_SECONDS
    )
    return Server(url, pool, user_agent=f"aegis-function/{os.environ.get('K_SERVICE', 'local')}", token=token)


def _from_kubeconfig(path: str) -> Server:
    config = _parsed(Path(path).read_text(encoding="utf-8"))
    context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
    cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
    user: dict[str, str] = next((u["user"] for u in config.get("users") or [] if u["name"] == context.get("user")), {})
    token = user.get("token")
    return _server(
        cluster["server"],
        token=None if token is None else lambda: token,
        context=_tls(cluster, user) if cluster["server"].startswith("https:") else None,
    )


def _tls(cluster: Mapping[str, Any], user: Mapping[str, str]) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    elif "certificate-authority" in cluster:
        tls.load_verify_locations(cafile=cluster["certificate-authority"])
    if "client-certificate" in user:
        tls.load_cert_chain(user["client-certificate"], user["client-key"])
    return tls


def _parsed(kubeconfig: str) -> Any:
    """The file as data; where it is JSON, as the sandbox writes it, YAML need not be loaded."""
    try:
        return json.loads(kubeconfig)
    except ValueError:
        import yaml  # noqa: PLC0415  (only outside a cluster)

        return yaml.safe_load(kubeconfig)


def _from_service_account() -> Server:
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    if ":" in host:  # IPv6
        host = f"[{host}]"
    context = ssl.create_default_context(cafile=str(_SERVICE_ACCOUNT / "ca.crt"))
    return _server(f"https://{host}:{port}", token=_service_account_token, context=context)


@cache
def kube() -> Kube:
    """The process's one connection to the API server, made when it is first needed.

    ``KUBECONFIG`` goes before the pod's service account. Of a kubeconfig the current context's server, CA file, token
    and client certificate files are used.
    """
    path = os.environ.get("KUBECONFIG")
    return Kube(_from_kubeconfig(path) if path else _from_service_account())
