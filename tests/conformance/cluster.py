"""A server under test: raw requests and kubectl, the same for the sandbox and the real one."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import httpx
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

WIDGETS = "/apis/conformance.aegis.io/v1"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
_PATIENCE_SECONDS = 90  # the garbage collector looks for new kinds every half minute, and takes as long to know one


@dataclass(frozen=True)
class Names:
    """Where one test's objects are."""

    namespace: str
    widgets: str
    core: str


def _trust(cluster: Mapping[str, str], user: Mapping[str, str]) -> ssl.SSLContext | bool:
    """Return the authority to trust, with the user's own certificate where it has one."""
    if "certificate-authority" not in cluster:
        return False
    context = ssl.create_default_context(cafile=cluster["certificate-authority"])
    if "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    return context


class Cluster:
    """A server, reached through its kubeconfig."""

    def __init__(self, kubeconfig: Path, *, real: bool) -> None:
        self.kubeconfig = kubeconfig
        self.real = real
        config = yaml.safe_load(kubeconfig.read_text())
        user = config["users"][0]["user"]
        headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        cluster = config["clusters"][0]["cluster"]
        self.http = httpx.Client(base_url=cluster["server"], headers=headers, verify=_trust(cluster, user), timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.http.close()

    def get(self, path: str, accept: str = "application/json", **params: str) -> httpx.Response:
        return self.http.get(path, params=params, headers={"Accept": accept})

    def post(self, path: str, body: Any, **params: str) -> httpx.Response:
        return self.http.post(path, json=body, params=params)

    def put(self, path: str, body: Any, **params: str) -> httpx.Response:
        return self.http.put(path, json=body, params=params)

    def patch(self, path: str, body: Any, content_type: str = MERGE_PATCH, **params: str) -> httpx.Response:
        headers = {"Content-Type": content_type}
        return self.http.patch(path, content=json.dumps(body), params=params, headers=headers)

    def apply(self, path: str, body: Any, manager: str, **params: str) -> httpx.Response:
        return self.patch(path, body, APPLY, fieldManager=manager, **params)

    def delete(self, path: str, body: Any = None, **params: str) -> httpx.Response:
        return self.http.request("DELETE", path, json=body, params=params)

    def watch(self, path: str, accept: str = "application/json", **params: str) -> list[dict[str, Any]]:
        """The events of a watch until its timeout, a second unless told otherwise."""
        return list(self.watching(path, accept, **{"timeoutSeconds": "1", **params}))

    def watching(self, path: str, accept: str = "application/json", **params: str) -> Iterator[dict[str, Any]]:
        """The events of a watch as they come."""
        query = {"watch": "true", "timeoutSeconds": "10", **params}
        with self.http.stream("GET", path, params=query, headers={"Accept": accept}) as response:
            if response.status_code != 200:
                response.read()
                yield response.json()
                return
            for line in response.iter_lines():
                yield json.loads(line)

    def kubectl(self, *arguments: str, stdin: Any = None, check: bool = True) -> str:
        """What kubectl says; stdin as YAML when it is not text."""
        text = (
            stdin
            if stdin is None or isinstance(stdin, str)
            else yaml.safe_dump_all(stdin if isinstance(stdin, list) else [stdin])
        )
        command = ["kubectl", f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        if check:
            assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def established(self, crd: str) -> bool:
        found = self.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd}").json()
        conditions = (found.get("status") or {}).get("conditions") or []
        return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; what controllers do takes a moment."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)


def widget(name: str, spec: Mapping[str, Any] | None = None, /, **metadata: Any) -> dict[str, Any]:
    """A widget's manifest."""
    return {
        "apiVersion": "conformance.aegis.io/v1",
        "kind": "Widget",
        "metadata": {"name": name, **metadata} if name else metadata,
        "spec": {"size": 1, **(spec or {})},
    }


def config_map(name: str, data: Mapping[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    """A config map's manifest."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": dict(data or {})}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    """A pod's manifest; it stays as it is, since its scheduler never comes."""
    spec = {"containers": [{"name": "main", "image": "example/main"}], "schedulerName": "nobody", **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def managers(obj: Mapping[str, Any]) -> dict[tuple[str, str, str], Any]:
    """Who manages which fields."""
    return {
        (entry["manager"], entry["operation"], entry.get("subresource", "")): entry["fieldsV1"]
        for entry in obj["metadata"].get("managedFields", [])
    }
