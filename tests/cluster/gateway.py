"""The ingress that Knative Serving leaves to others: an nginx that follows the cluster's Ingress objects.

``up`` starts it; ``python -m tests.cluster.gateway`` is what then runs. It has two ports: what is visible in the
cluster only answers at the private one.
"""

from __future__ import annotations

import json
import ssl
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.cluster.certificates import AUTHORITY, Authority, certificate
from tests.cluster.ingress import Configuration, Gateway, Unsupported, check, configuration
from tests.cluster.layout import API_SERVER, FIRST, SERVICE_DOMAIN, STATE
from tests.cluster.processes import run, running, start
from tests.cluster.rights import grant
from tests.cluster.waiting import apply, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ingress = dict[str, Any]

_USER = "aegis-gateway"
_GROUP, _PLURAL = "networking.internal.knative.dev", "ingresses"
_NAMESPACE = "gateway-system"
_GATEWAY = Gateway(
    FIRST.address, resolver=FIRST.address, folder=STATE / "gateway", public=80, private=8081, version=8079
)
_CONFIGURATION = _GATEWAY.folder / "nginx.conf"
_SERVICES = {"public": _GATEWAY.public, "private": _GATEWAY.private}
_CONDITIONS = ("LoadBalancerReady", "NetworkConfigured", "Ready")
_WATCH_SECONDS = 30
_TRY_AGAIN_SECONDS = 1


def up(authority: Authority) -> None:
    """Start the gateway, and give it its rights and its two Services."""
    grant(
        _USER,
        {"apiGroups": [_GROUP], "resources": [_PLURAL], "verbs": ["list", "watch"]},
        {"apiGroups": [_GROUP], "resources": [f"{_PLURAL}/status"], "verbs": ["patch"]},
    )
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}})
    apply(*(item for name, port in _SERVICES.items() for item in _service(name, port)))
    authority.issue(_USER)
    _GATEWAY.folder.mkdir()
    root = Path(__file__).parents[2]
    start("gateway", sys.executable, "-m", "tests.cluster.gateway", environment={"PYTHONPATH": str(root)})


def main() -> None:
    """Follow the Ingress objects until stopped, through restarts of the API server too."""
    own = certificate(_USER)
    trust = ssl.create_default_context(cafile=AUTHORITY)
    trust.load_cert_chain(own.crt, own.key)
    with httpx.Client(base_url=f"{API_SERVER}/apis/{_GROUP}/v1alpha1", verify=trust) as api:
        take = _taking(api)
        while True:
            try:
                for ingresses in _follow(api):
                    take(ingresses)
            except (httpx.HTTPError, RuntimeError, TimeoutError) as error:
                print(error, file=sys.stderr, flush=True)  # noqa: T201
                time.sleep(_TRY_AGAIN_SECONDS)


def _follow(api: httpx.Client) -> Iterator[list[Ingress]]:
    """Return all Ingress objects, as they are and after each change; end after some time, to be called again."""
    listed = api.get(_PLURAL).raise_for_status().json()
    known = {item["metadata"]["uid"]: item for item in listed["items"]}
    yield list(known.values())
    since = {"watch": "1", "resourceVersion": listed["metadata"]["resourceVersion"], "timeoutSeconds": _WATCH_SECONDS}
    with api.stream("GET", _PLURAL, params=since, timeout=2 * _WATCH_SECONDS) as changes:
        for line in changes.raise_for_status().iter_lines():
            change = json.loads(line)
            if change["type"] == "ERROR":  # what was changed since is known no more
                return
            item = change["object"]
            known.pop(item["metadata"]["uid"], None)
            if change["type"] != "DELETED":
                known[item["metadata"]["uid"]] = item
            yield list(known.values())


def _taking(api: httpx.Client) -> Callable[[list[Ingress]], None]:
    """Return what has nginx serve these Ingress objects, and says on each that it does."""
    loaded = ""

    def take(ingresses: list[Ingress]) -> None:
        nonlocal loaded
        refused = {ingress["metadata"]["uid"]: reason for ingress in ingresses if (reason := _refused(ingress))}
        wanted = configuration(_GATEWAY, [i for i in ingresses if i["metadata"]["uid"] not in refused])
        if wanted.version != loaded or running("nginx") is None:
            _load(wanted)
            loaded = wanted.version
        for ingress in ingresses:
            reason = refused.get(ingress["metadata"]["uid"], "")
            if not _is_said(ingress, reason):
                _say(api, ingress, reason)

    return take


def _refused(ingress: Ingress) -> str:
    try:
        check(ingress)
    except Unsupported as error:
        return str(error)
    return ""


def _load(wanted: Configuration) -> None:
    """Have nginx take a configuration, and wait until it answers by it."""
    _CONFIGURATION.write_text(wanted.text)
    if running("nginx") is None:
        start("nginx", "nginx", "-c", _CONFIGURATION, namespace=FIRST.namespace)
    else:
        run("nginx", "-c", _CONFIGURATION, "-s", "reload", namespace=FIRST.namespace)
    until("nginx has the new configuration", lambda: _loaded() == wanted.version, seconds=30, every=0.02, by=("nginx",))


def _loaded() -> str:
    try:
        with urllib.request.urlopen(f"http://{_GATEWAY.address}:{_GATEWAY.version}/", timeout=2) as answer:
            return str(answer.read().decode())
    except OSError as error:
        raise RuntimeError(str(error)) from error


def _is_said(ingress: Ingress, refused: str) -> bool:
    status, generation = ingress.get("status", {}), ingress["metadata"]["generation"]
    ready = {condition["type"]: condition["status"] for condition in status.get("conditions", [])}.get("Ready")
    return status.get("observedGeneration") == generation and ready == ("False" if refused else "True")


def _say(api: httpx.Client, ingress: Ingress, refused: str) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {"status": "False", "reason": "Unsupported", "message": refused} if refused else {"status": "True"}
    metadata = ingress["metadata"]
    status = {
        "observedGeneration": metadata["generation"],
        "publicLoadBalancer": _balancer("public"),
        "privateLoadBalancer": _balancer("private"),
        "conditions": [{"type": kind, "lastTransitionTime": now, **said} for kind in _CONDITIONS],
    }
    answer = api.patch(
        f"namespaces/{metadata['namespace']}/{_PLURAL}/{metadata['name']}/status",
        json={"status": status},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    if answer.status_code != httpx.codes.NOT_FOUND:  # it is deleted: that is the next change
        answer.raise_for_status()


def _balancer(service: str) -> dict[str, Any]:
    return {"ingress": [{"domainInternal": f"{service}.{_NAMESPACE}.svc.{SERVICE_DOMAIN}"}]}


def _service(name: str, port: int) -> list[dict[str, Any]]:
    """Return a Service that leads to a port of nginx, which is no pod."""
    named = {"name": name, "namespace": _NAMESPACE}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": named,
            "spec": {"ports": [{"name": "http", "port": 80, "targetPort": port}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**named, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": port}],
            "endpoints": [{"addresses": [FIRST.address], "conditions": {"ready": True}}],
        },
    ]


if __name__ == "__main__":
    main()
