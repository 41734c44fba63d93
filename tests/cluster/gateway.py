"""The ingress that Knative Serving leaves to others: an nginx that follows the cluster's KIngress objects.

It knows what Aegis' Services need: one revision for each route. ``python -m tests.cluster.gateway``, with KUBECONFIG.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import urllib.request
from datetime import UTC, datetime
from typing import Any

from tests.cluster.layout import FIRST, SERVICE_DOMAIN, STATE
from tests.cluster.processes import run, running, start
from tests.cluster.waiting import kubectl, until

_NAMESPACE, _NAME = "gateway-system", "gateway"
_FOLDER = STATE / "gateway"
_CONFIG = _FOLDER / "nginx.conf"
_VERSION_PORT = 8079
_BALANCER = {"ingress": [{"domainInternal": f"{_NAME}.{_NAMESPACE}.svc.{SERVICE_DOMAIN}"}]}
_CONDITIONS = ("LoadBalancerReady", "NetworkConfigured", "Ready")
_INTERVAL_SECONDS = 0.5


def configuration(ingresses: list[dict[str, Any]]) -> str:
    """Write nginx' configuration for these KIngress objects; its first line tells it from all others."""
    servers = "".join(_server(rule) for ingress in ingresses for rule in ingress["spec"].get("rules", []))
    version = hashlib.sha256(servers.encode()).hexdigest()
    temporary = "".join(
        f"{kind}_temp_path {_FOLDER}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""# {version}
daemon off; pid {_FOLDER}/nginx.pid; error_log {_FOLDER}/error.log; worker_processes 1; worker_rlimit_nofile 4096;
events {{ worker_connections 2000; }}
http {{
  access_log off; resolver {FIRST.address} valid=2s; {temporary}
  client_max_body_size 32m; proxy_http_version 1.1; proxy_read_timeout 600s; proxy_request_buffering off;
  server_names_hash_bucket_size 256;
  server {{ listen {FIRST.address}:{_VERSION_PORT}; location / {{ return 200 "{version}"; }} }}
  server {{ listen {FIRST.address}:80 default_server; return 404; }}
{servers}}}
"""


def _server(rule: dict[str, Any]) -> str:
    split = rule["http"]["paths"][0]["splits"][0]
    backend = f"{split['serviceName']}.{split['serviceNamespace']}.svc.{SERVICE_DOMAIN}"
    headers = "".join(f"proxy_set_header {name} {value}; " for name, value in split.get("appendHeaders", {}).items())
    return (
        f"  server {{ listen {FIRST.address}:80; server_name {' '.join(rule['hosts'])}; location / {{"
        # A variable, so that the name is resolved when a request comes, and not when nginx starts.
        f" set $backend {backend}; {headers}proxy_set_header Host $http_host;"
        f' proxy_set_header Connection ""; proxy_pass http://$backend:{split["servicePort"]}; }} }}\n'
    )


def _load(config: str) -> None:
    """Have nginx take a configuration, and wait until it answers by it."""
    _FOLDER.mkdir(exist_ok=True)
    _CONFIG.write_text(config)
    if running("nginx") is None:
        start("nginx", "nginx", "-c", _CONFIG, namespace=FIRST.namespace)
    else:
        run("nginx", "-c", _CONFIG, "-s", "reload", namespace=FIRST.namespace)
    until("nginx has the new configuration", lambda: _loaded() in config.partition("\n")[0])


def _loaded() -> str:
    try:
        with urllib.request.urlopen(f"http://{FIRST.address}:{_VERSION_PORT}/", timeout=2) as answer:
            return str(answer.read().decode())
    except OSError as error:
        raise RuntimeError(str(error)) from error


def _is_ready(ingress: dict[str, Any]) -> bool:
    status = ingress.get("status", {})
    return status.get("observedGeneration") == ingress["metadata"]["generation"] and "publicLoadBalancer" in status


def _say_ready(ingress: dict[str, Any]) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = ingress["metadata"]
    status = {
        "observedGeneration": metadata["generation"],
        "publicLoadBalancer": _BALANCER,
        "privateLoadBalancer": _BALANCER,
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in _CONDITIONS],
    }
    patch = json.dumps({"status": status})
    kubectl(
        *("patch", "kingress", "-n", metadata["namespace"], metadata["name"]),
        *("--subresource=status", "--type=merge", "-p", patch),
    )


def _service() -> dict[str, Any]:
    named = {"name": _NAME, "namespace": _NAMESPACE}
    endpoint = {"addresses": [FIRST.address], "conditions": {"ready": True}}
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}},
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": named,
                "spec": {"ports": [{"name": "http", "port": 80}]},
            },
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {**named, "labels": {"kubernetes.io/service-name": _NAME}},
                "addressType": "IPv4",
                "ports": [{"name": "http", "port": 80}],
                "endpoints": [endpoint],
            },
        ],
    }


def main() -> None:
    """Follow the KIngress objects until stopped, through restarts of the API server too."""
    kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(_service()))
    loaded = ""
    while True:
        try:
            ingresses = json.loads(kubectl("get", "kingress", "--all-namespaces", "--output=json"))["items"]
            wanted = configuration(ingresses)
            if wanted != loaded:
                _load(wanted)
                loaded = wanted
            for ingress in ingresses:
                if not _is_ready(ingress):
                    _say_ready(ingress)
        except (RuntimeError, TimeoutError) as error:
            print(error, file=sys.stderr, flush=True)  # noqa: T201
        time.sleep(_INTERVAL_SECONDS)


if __name__ == "__main__":
    main()
