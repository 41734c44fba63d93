"""The API server of the cluster that KUBECONFIG names: requests, server-side apply, and waiting by watching.

A connection that breaks while something is waited for is made again until the deadline, so that what a test restarts
does not fail the test itself.
"""

import json
import math
import ssl
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import yaml
from kubernetes import client, config

NAMESPACE = "monitoring"
FIELD_MANAGER = "aegis-e2e"
WAIT_SECONDS = 90.0

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

Json = dict[str, Any]

_RECONNECT_SECONDS = 0.2
_REQUEST_SECONDS = 60.0


@dataclass
class Api:
    """The API server as one user."""

    http: httpx.Client
    _served: dict[str, list[Json]] = field(default_factory=dict)

    @classmethod
    def connect(cls, token: str | None = None) -> Self:
        """Connect as the kubeconfig says, or with a token in place of its user."""
        settings = client.Configuration()
        config.load_kube_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        tls = ssl.create_default_context(cafile=settings.ssl_ca_cert)
        if not settings.verify_ssl:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        headers = {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        else:
            if settings.cert_file:
                tls.load_cert_chain(settings.cert_file, settings.key_file)
            if authorization := settings.get_api_key_with_prefix("BearerToken"):
                headers["Authorization"] = authorization
        return cls(
            httpx.Client(base_url=settings.host, verify=tls, headers=headers, timeout=_REQUEST_SECONDS, trust_env=False)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.http.close()

    def as_account(self, name: str, namespace: str = NAMESPACE) -> "Api":
        """The API server as a ServiceAccount, with a token of its own."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        }
        return Api.connect(self.call("POST", path, request)["status"]["token"])

    def who(self) -> str:
        """The user name that the API server knows this one by."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = self.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
        return str(answer["status"]["userInfo"]["username"])

    def request(
        self, method: str, path: str, body: object = None, content_type: str = "application/json", **params: str
    ) -> httpx.Response:
        """One request, whatever the answer."""
        content = None if body is None else json.dumps(body)
        return self.http.request(method, path, content=content, params=params, headers={"Content-Type": content_type})

    def call(
        self, method: str, path: str, body: object = None, content_type: str = "application/json", **params: str
    ) -> Json:
        """One request that must succeed."""
        answer = self.request(method, path, body, content_type, **params)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return dict(answer.json())

    def get(self, path: str) -> Json:
        """An object that must exist."""
        return self.call("GET", path)

    def find(self, path: str) -> Json | None:
        """An object, if it exists."""
        answer = self.request("GET", path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        assert answer.is_success, f"GET {path}: {answer.status_code} {answer.text[:2000]}"
        return dict(answer.json())

    def items(self, path: str, **params: str) -> list[Json]:
        """The objects of a collection."""
        return list(self.call("GET", path, **params)["items"])

    def merge(self, path: str, patch: Json) -> Json:
        """A merge patch."""
        return self.call("PATCH", path, patch, MERGE_PATCH)

    def delete(self, path: str) -> None:
        """Have an object deleted, if it exists."""
        answer = self.request("DELETE", path, propagationPolicy="Background")
        assert answer.is_success or answer.status_code == httpx.codes.NOT_FOUND, answer.text

    def apply(self, manifest: Mapping[str, Any]) -> str:
        """Server-side apply of one manifest; the object's path."""
        path = self.path_of(manifest)
        self.call("PATCH", path, manifest, APPLY_PATCH, fieldManager=FIELD_MANAGER, force="true")
        return path

    def path_of(self, manifest: Mapping[str, Any]) -> str:
        """Where an object is, by the server's own discovery."""
        group_version, kind = str(manifest["apiVersion"]), manifest["kind"]
        base = f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"
        if base not in self._served:
            self._served[base] = self.get(base)["resources"]
        (served,) = (r for r in self._served[base] if r["kind"] == kind and "/" not in r["name"])
        metadata = manifest["metadata"]
        if served["namespaced"]:
            base += f"/namespaces/{metadata.get('namespace', NAMESPACE)}"
        return f"{base}/{served['name']}/{metadata['name']}"

    def watch_until(
        self, path: str, done: Callable[[dict[str, Json]], bool], *, seconds: float = WAIT_SECONDS, **params: str
    ) -> dict[str, Json]:
        """Watch a collection until its objects, by name, are as wanted; fails with what they are at the deadline."""
        seen: dict[str, Json] = {}
        with closing(self.follow(path, seconds=seconds, **params)) as states:
            for seen, _ in states:
                if done(seen):
                    return seen
        objects = yaml.safe_dump([_without_managed_fields(item) for item in seen.values()])
        raise AssertionError(f"{path} {params} did not become as wanted in {seconds:.0f} s; it is\n{objects[:8000]}")

    def follow(
        self, path: str, *, seconds: float, **params: str
    ) -> Generator[tuple[dict[str, Json], Collection[str]], None, None]:
        """A collection by name, and the names that are new, changed or gone: all at first, then one after the other."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with suppress(httpx.TransportError, httpx.HTTPStatusError):
                yield from self._states(path, left, params)
            time.sleep(_RECONNECT_SECONDS)

    def _states(
        self, path: str, seconds: float, params: Mapping[str, str]
    ) -> Iterator[tuple[dict[str, Json], Collection[str]]]:
        """A collection as it is, and after each change, until the connection ends."""
        page = self.http.get(path, params=params).raise_for_status().json()
        seen = {item["metadata"]["name"]: item for item in page["items"]}
        yield seen, list(seen)
        query = {
            **params,
            "watch": "true",
            "resourceVersion": page["metadata"]["resourceVersion"],
            "timeoutSeconds": str(math.ceil(seconds)),
        }
        with self.http.stream("GET", path, params=query, timeout=seconds) as changes:
            for line in changes.raise_for_status().iter_lines():
                change = json.loads(line)
                if change["type"] == "ERROR":
                    return
                name = change["object"]["metadata"]["name"]
                if change["type"] == "DELETED":
                    seen.pop(name, None)
                else:
                    seen[name] = change["object"]
                yield seen, (name,)

    def wait_for(self, path: str, done: Callable[[Json | None], bool], *, seconds: float = WAIT_SECONDS) -> Json | None:
        """Watch one object, which may not exist, until it is as wanted."""
        collection, _, name = path.rpartition("/")
        selector = f"metadata.name={name}"
        seen = self.watch_until(
            collection, lambda found: done(found.get(name)), seconds=seconds, fieldSelector=selector
        )
        return seen.get(name)


def _without_managed_fields(item: Json) -> Json:
    return {**item, "metadata": {k: v for k, v in item["metadata"].items() if k != "managedFields"}}
