"""Where the API server is and how it is to be convinced: from the pod's service account, or from a kubeconfig."""

import json
import os
import ssl
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from aegis.kube import Kube

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT_SECONDS = 10.0
_CONNECTIONS = 64


class _ServiceAccountToken(httpx.Auth):
    """The pod's own token, read for each request, because the kubelet renews it."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {(_SERVICE_ACCOUNT / 'token').read_text().strip()}"
        yield request


class _StaticToken(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _client(url: str, *, auth: httpx.Auth | None, context: ssl.SSLContext) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=url,
        auth=auth,
        verify=context,
        timeout=_TIMEOUT_SECONDS,
        limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
        headers={"User-Agent": f"aegis-function/{os.environ.get('K_SERVICE', 'local')}", "Accept": "application/json"},
        trust_env=False,
    )


def _from_kubeconfig(path: str) -> httpx.AsyncClient:
    config = _parsed(Path(path).read_text(encoding="utf-8"))
    context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
    cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
    user: dict[str, str] = next((u["user"] for u in config.get("users") or [] if u["name"] == context.get("user")), {})
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    elif "certificate-authority" in cluster:
        tls.load_verify_locations(cafile=cluster["certificate-authority"])
    if "client-certificate" in user:
        tls.load_cert_chain(user["client-certificate"], user["client-key"])
    return _client(cluster["server"], auth=_StaticToken(user["token"]) if "token" in user else None, context=tls)


def _parsed(kubeconfig: str) -> Any:
    """The file as data; where it is JSON, as the sandbox writes it, YAML need not be loaded."""
    try:
        return json.loads(kubeconfig)
    except ValueError:
        import yaml  # noqa: PLC0415  (only outside a cluster)

        return yaml.safe_load(kubeconfig)


def _from_service_account() -> httpx.AsyncClient:
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    if ":" in host:  # IPv6
        host = f"[{host}]"
    context = ssl.create_default_context(cafile=str(_SERVICE_ACCOUNT / "ca.crt"))
    return _client(f"https://{host}:{port}", auth=_ServiceAccountToken(), context=context)


@cache
def kube() -> Kube:
    """The process's one connection to the API server, made when it is first needed.

    ``KUBECONFIG`` goes before the pod's service account. Of a kubeconfig the current context's server, CA file, token
    and client certificate files are used.
    """
    path = os.environ.get("KUBECONFIG")
    return Kube(_from_kubeconfig(path) if path else _from_service_account())
