"""What nginx does with the configuration written for it: a real nginx, a name server and two servers."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, TCPServer, ThreadingUDPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.cluster.ingress import CLUSTER_LOCAL, EXTERNAL, Gateway, Unsupported, check, configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")

_SERVERS = {"one": "127.0.0.2", "two": "127.0.0.3"}
_HOST = "shop.default.example.com"


def test_a_request_goes_by_its_host_with_the_headers_of_its_split(nginx: Nginx) -> None:
    nginx.load(_ingress(_path(_split("one", headers={"Knative-Serving-Revision": "one-1"}))))

    seen = nginx.get("/any/path?q=1")

    assert seen["server"] == "one"
    assert seen["path"] == "/any/path?q=1"
    assert seen["headers"]["Host"] == _HOST
    assert seen["headers"]["Knative-Serving-Revision"] == "one-1"
    assert nginx.request("/", host="other.example.com").status_code == httpx.codes.NOT_FOUND


def test_the_longest_path_wins(nginx: Nginx) -> None:
    nginx.load(_ingress(_path(_split("one")), _path(_split("two"), prefix="/two")))

    assert nginx.get("/two/deeper")["server"] == "two"
    assert nginx.get("/elsewhere")["server"] == "one"


def test_each_split_gets_its_share_and_its_own_headers(nginx: Nginx) -> None:
    splits = [_split(name, percent, {"Revision": name}) for name, percent in (("one", 80), ("two", 20))]
    nginx.load(_ingress(_path(*splits)))

    seen = [nginx.get("/") for _ in range(400)]

    assert {(each["server"], each["headers"]["Revision"]) for each in seen} == {("one", "one"), ("two", "two")}
    # 80 are expected, with a standard deviation of 8.
    assert 40 < Counter(each["server"] for each in seen)["two"] < 120


def test_a_header_of_one_split_is_not_sent_to_the_other(nginx: Nginx) -> None:
    nginx.load(_ingress(_path(_split("one", 50, {"Only": "one"}), _split("two", 50))))

    seen = [nginx.get("/") for _ in range(50)]

    assert {(each["server"], each["headers"].get("Only")) for each in seen} == {("one", "one"), ("two", None)}


def test_a_split_of_no_percent_gets_nothing(nginx: Nginx) -> None:
    nginx.load(_ingress(_path(_split("one", 100), _split("two", 0))))

    assert {nginx.get("/")["server"] for _ in range(50)} == {"one"}


def test_what_is_cluster_local_answers_at_the_private_port_only(nginx: Nginx) -> None:
    nginx.load(_ingress(_path(_split("one")), visibility=CLUSTER_LOCAL))

    assert nginx.request("/", port=nginx.gateway.public).status_code == httpx.codes.NOT_FOUND
    assert nginx.request("/", port=nginx.gateway.private).json()["server"] == "one"


def test_no_request_fails_while_nginx_takes_one_configuration_after_the_other(nginx: Nginx) -> None:
    nginx.load(_ingress(_path(_split("one"))))
    answers: list[int] = []
    enough = threading.Event()

    def ask() -> None:
        with httpx.Client(headers={"Host": _HOST}) as client:
            while not enough.is_set():
                answers.append(client.post(nginx.url(nginx.gateway.public), content=b"x" * 10_000).status_code)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for number in range(10):
        nginx.load(_ingress(_path(_split("one"))), _ingress(_path(_split("two")), host=f"{number}.example.com"))
    enough.set()
    for asker in askers:
        asker.join()

    assert len(answers) > 10
    assert set(answers) == {httpx.codes.OK}


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ({"tls": [{"hosts": [_HOST]}], "rules": []}, "tls"),
        (
            {"rules": [{"hosts": [_HOST], "http": {"paths": [{"headers": {"a": {"exact": "b"}}, "splits": []}]}}]},
            "headers",
        ),
        ({"rules": [{"hosts": [_HOST], "http": {"paths": [{"rewriteHost": "a", "splits": []}]}}]}, "rewriteHost"),
        ({"rules": [{"hosts": ["a; } server {"], "http": {"paths": []}}]}, "server {"),
        ({"rules": [{"hosts": [_HOST], "http": {"paths": [{"path": "/$host", "splits": []}]}}]}, "/$host"),
    ],
    ids=["tls", "headers", "rewriteHost", "host", "path"],
)
def test_what_nginx_cannot_be_told_is_refused(spec: dict[str, Any], named: str) -> None:
    with pytest.raises(Unsupported, match=named.replace("$", r"\$").replace("{", r"\{")):
        check({"metadata": {"uid": "1"}, "spec": spec})


class Nginx:
    """A real nginx, in front of servers that tell who they are and what they were asked."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._client = httpx.Client()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, port: int) -> str:
        return f"http://{self.gateway.address}:{port}"

    def load(self, *ingresses: dict[str, Any]) -> None:
        """Have nginx take the configuration for these objects, and wait until it has."""
        for ingress in ingresses:
            check(ingress)
        wanted = configuration(self.gateway, ingresses)
        file = self.gateway.folder / "nginx.conf"
        file.write_text(wanted.text)
        if self._process is None:
            self._process = subprocess.Popen(["nginx", "-c", file])
        else:
            subprocess.run(["nginx", "-c", file, "-s", "reload"], check=True)
        deadline = time.monotonic() + 10
        while self._version() != wanted.version:
            assert time.monotonic() < deadline, "nginx does not have the new configuration"
            time.sleep(0.01)

    def request(self, path: str, *, host: str = _HOST, port: int | None = None) -> httpx.Response:
        return self._client.get(f"{self.url(port or self.gateway.public)}{path}", headers={"Host": host})

    def get(self, path: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.request(path).raise_for_status().json()
        return answer

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
        self._client.close()

    def _version(self) -> str:
        try:
            return self._client.get(self.url(self.gateway.version)).text
        except httpx.TransportError:
            return ""


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    with contextlib.ExitStack() as stack:
        for name, address in _SERVERS.items():
            stack.enter_context(_serving(ThreadingHTTPServer((address, _port()), _answering(name))))
        resolver = stack.enter_context(_serving(ThreadingUDPServer(("127.0.0.1", 0), NameServer)))
        public, private, version = _free_ports(3)
        gateway = Gateway(
            "127.0.0.1",
            resolver=f"127.0.0.1:{resolver.socket.getsockname()[1]}",
            folder=tmp_path,
            public=public,
            private=private,
            version=version,
        )
        nginx = Nginx(gateway)
        stack.callback(nginx.stop)
        yield nginx


@contextlib.contextmanager
def _serving(server: TCPServer) -> Iterator[TCPServer]:
    with server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server
        server.shutdown()
        serving.join()


class NameServer(BaseRequestHandler):
    """Says of every name where the server is that its first label names: RFC 1035, section 4."""

    def handle(self) -> None:
        query, channel = self.request
        name = query[13 : 13 + query[12]].decode()
        header = query[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0)
        address = struct.pack(">3HIH", 0xC00C, 1, 1, 5, 4) + socket.inet_aton(_SERVERS[name])
        channel.sendto(header + query[12:] + address, self.client_address)


def _answering(name: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"server": name, "path": self.path, "headers": dict(self.headers)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    return Handler


@functools.cache
def _port() -> int:
    """Return the port at which all servers are, each at an address of its own."""
    return _free_ports(1)[0]


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def _ingress(*paths: dict[str, Any], host: str = _HOST, visibility: str = EXTERNAL) -> dict[str, Any]:
    rule = {"hosts": [host], "visibility": visibility, "http": {"paths": list(paths)}}
    return {"metadata": {"uid": str(next(_uids))}, "spec": {"rules": [rule]}}


_uids: Iterator[int] = itertools.count()


def _path(*splits: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    return {"splits": list(splits), **({"path": prefix} if prefix else {})}


def _split(name: str, percent: int = 100, headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "serviceName": name,
        "serviceNamespace": "default",
        "servicePort": _port(),
        "percent": percent,
        **({"appendHeaders": headers} if headers else {}),
    }
