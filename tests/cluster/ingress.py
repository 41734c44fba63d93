"""nginx' configuration for Knative's Ingress objects: which host and path goes to which Kubernetes Services, and how.

Pure: the gateway reads the objects, and has nginx load what is written here.
https://github.com/knative/networking/blob/main/pkg/apis/networking/v1alpha1/ingress_types.go
"""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.cluster.layout import SERVICE_DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

EXTERNAL, CLUSTER_LOCAL = "ExternalIP", "ClusterLocal"

_HARMLESS = re.compile(r"[A-Za-z0-9._:/*-]+")
_UNKNOWN_TO_US = ("headers", "rewriteHost")


class Unsupported(ValueError):
    """An Ingress asks for what this gateway cannot do."""


@dataclass(frozen=True)
class Gateway:
    """Where nginx listens, and where it keeps its files."""

    address: str
    resolver: str
    folder: Path
    public: int
    private: int
    version: int
    """The port at which nginx says which configuration it has."""

    def port(self, visibility: str) -> int:
        return {EXTERNAL: self.public, CLUSTER_LOCAL: self.private}[visibility]


@dataclass(frozen=True)
class Configuration:
    """What nginx is to load, and the words by which it is known."""

    version: str
    text: str


def check(ingress: Mapping[str, Any]) -> None:
    """Check that nginx can be told all that an Ingress asks for.

    Raises:
        Unsupported: it cannot; the message says what.
    """
    if ingress["spec"].get("tls"):
        raise Unsupported("spec.tls")
    for path in (path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]):
        for field in _UNKNOWN_TO_US:
            if path.get(field):
                raise Unsupported(f"spec.rules.http.paths.{field}")
    for word in _words(ingress):
        if not _HARMLESS.fullmatch(word):
            raise Unsupported(f"{word!r} in a name, a path or a header")


def configuration(gateway: Gateway, ingresses: Iterable[Mapping[str, Any]]) -> Configuration:
    """Write the configuration for Ingress objects that were checked."""
    number = itertools.count()
    blocks = [
        _server(gateway, rule, number)
        for ingress in sorted(ingresses, key=lambda ingress: str(ingress["metadata"]["uid"]))
        for rule in ingress["spec"]["rules"]
    ]
    routes = "\n".join(blocks)
    version = hashlib.sha256(routes.encode()).hexdigest()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n  ".join(f"{kind}_temp_path {gateway.folder}/{kind};" for kind in kinds)
    nowhere = "\n  ".join(
        f"server {{ listen {gateway.address}:{port} default_server; return 404; }}"
        for port in (gateway.public, gateway.private)
    )
    text = f"""
daemon off;
pid {gateway.folder}/nginx.pid;
error_log {gateway.folder}/error.log;
worker_processes 1;
worker_rlimit_nofile 8192;
events {{ worker_connections 4000; }}
http {{
  {temporary}
  access_log off;
  server_tokens off;
  server_names_hash_bucket_size 256;
  server_names_hash_max_size 4096;
  client_max_body_size 32m;
  # Old workers end when they have answered: no connection may then be idle that a client is about to use again.
  keepalive_timeout 0;
  resolver {gateway.resolver} valid=2s ipv6=off;
  proxy_http_version 1.1;
  # Nothing is written to files, which nginx' workers could not read here.
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  proxy_read_timeout 600s;
  server {{ listen {gateway.address}:{gateway.version}; return 200 {version}; }}
  {nowhere}
{routes}
}}
"""
    return Configuration(version, text)


def _server(gateway: Gateway, rule: Mapping[str, Any], number: Iterator[int]) -> str:
    variables, locations = [], []
    for path in rule["http"]["paths"]:
        splits = [split for split in path["splits"] if split.get("percent", 100)]
        names = sorted({name for split in splits for name in split.get("appendHeaders", {})})
        route = f"$route_{next(number)}"
        variables.append(_choice(f"{route}_to", splits, [_backend(split) for split in splits]))
        headers = {**path.get("appendHeaders", {})}
        for column, name in enumerate(names):
            values = [split.get("appendHeaders", {}).get(name, "") for split in splits]
            variables.append(_choice(f"{route}_{column}", splits, values))
            headers[name] = f"{route}_{column}"
        locations.append(_location(path.get("path") or "/", f"{route}_to", headers))
    port = gateway.port(rule.get("visibility") or EXTERNAL)
    server = [
        f"  server {{ listen {gateway.address}:{port}; server_name {' '.join(rule['hosts'])};",
        *locations,
        "  }",
    ]
    return "\n".join([*variables, *server])


def _choice(variable: str, splits: Sequence[Mapping[str, Any]], values: Sequence[str]) -> str:
    """Define a variable that has each value for its split's share of requests.

    All variables of a path divide the same number in the same way: the headers are those of the chosen Service.
    """
    *shares, last = zip(splits, values, strict=True)
    chosen = " ".join(f'{split["percent"]}% "{value}";' for split, value in shares)
    return f'  split_clients $request_id {variable} {{ {chosen} * "{last[1]}"; }}'


def _location(path: str, backend: str, headers: Mapping[str, str]) -> str:
    sent = {
        "Host": "$http_host",
        "Connection": '""',
        "X-Forwarded-For": "$proxy_add_x_forwarded_for",
        "X-Forwarded-Proto": "$scheme",
        **headers,
    }
    lines = "".join(f" proxy_set_header {name} {value};" for name, value in sent.items())
    # Through a variable, so that the name is looked up when a request comes, and not when nginx starts.
    return f"    location {path} {{{lines} proxy_pass http://{backend}; }}"


def _backend(split: Mapping[str, Any]) -> str:
    return f"{split['serviceName']}.{split['serviceNamespace']}.svc.{SERVICE_DOMAIN}:{split['servicePort']}"


def _words(ingress: Mapping[str, Any]) -> Iterator[str]:
    """Return all that is written into the configuration."""
    for rule in ingress["spec"]["rules"]:
        yield from rule["hosts"]
        for path in rule["http"]["paths"]:
            yield path.get("path") or "/"
            for split in path["splits"]:
                yield _backend(split)
            for holder in (path, *path["splits"]):
                yield from itertools.chain.from_iterable(holder.get("appendHeaders", {}).items())
