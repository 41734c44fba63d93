"""What goes over the wire to the API server, and what comes of a server that fails."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpcore
import pytest

from aegis import connection, server
from aegis.errors import Unavailable
from aegis.kube import Change, Kube
from aegis.models.workflow import Workflow
from aegis.names import ResourceVersion
from aegis.server import Server

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]
SINCE = ResourceVersion("1")


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


OBJECT = ok(b'{"metadata": {"name": "x"}}')


@asynccontextmanager
async def serving(reply: bytes | Reply, asked: list[str] | None = None) -> AsyncIterator[str]:
    """A server on a socket that answers one request a connection, whatever it is; ``asked`` are the requests' heads."""
    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.append(head.decode())
        if isinstance(reply, bytes):
            writer.write(reply)
        else:
            await reply(writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.create_task(handle(reader, writer)))

    async with await asyncio.start_server(start, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        await asyncio.gather(*handlers)


async def read(url: str) -> Workflow:
    return await Kube(Server(url, httpcore.AsyncConnectionPool())).get(Workflow, namespace="n", name="x")


def kubeconfig(path: Path, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> str:
    """A kubeconfig with one cluster and one user."""
    names = {"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}
    users = {"clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": user}]}
    path.write_text(json.dumps(names | users))
    return str(path)


async def test_a_server_may_be_under_a_path() -> None:
    asked: list[str] = []
    async with serving(OBJECT, asked) as url:
        await read(f"{url}/clusters/c1/")
    assert asked[0].startswith("GET /clusters/c1/apis/argoproj.io/v1alpha1/namespaces/n/workflows/x HTTP/1.1\r\n")
    assert f"Host: {url.removeprefix('http://')}\r\n" in asked[0]


async def test_no_name_leads_elsewhere() -> None:
    asked: list[str] = []
    async with serving(OBJECT, asked) as url:
        kube = Kube(Server(url, httpcore.AsyncConnectionPool()))
        await kube.get(Workflow, namespace="n", name="x?watch=true#\r\nÄ")
        await kube.create(Workflow, {}, namespace="n")
    assert asked[0].split()[1].endswith("/workflows/x%3Fwatch%3Dtrue%23%0D%0A%C3%84")
    assert "/workflows?fieldValidation=Strict HTTP" in asked[1]


async def test_a_token_is_read_for_each_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_SERVICE_ACCOUNT", tmp_path)
    asked: list[str] = []
    async with serving(OBJECT, asked) as url:
        kube = Kube(connection._server(url, token=connection._service_account_token, context=None))
        for token in ("old", "new"):
            (tmp_path / "token").write_text(f"{token}\n")
            await kube.get(Workflow, namespace="n", name="x")
    assert ["Authorization: Bearer old\r\n" in asked[0], "Authorization: Bearer new\r\n" in asked[1]] == [True, True]


async def test_a_kubeconfigs_token_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    async with serving(OBJECT, asked) as url:
        monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path / "config", {"server": url}, {"token": "t"}))
        connection.kube.cache_clear()
        await connection.kube().get(Workflow, namespace="n", name="x")
        connection.kube.cache_clear()
    assert "Authorization: Bearer t\r\n" in asked[0]


async def test_nobody_listens() -> None:
    with pytest.raises(Unavailable, match="ConnectError"):
        await read("http://127.0.0.1:1")


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_TIMEOUT_SECONDS", 0.05)

    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)

    async with serving(silent) as url:
        with pytest.raises(Unavailable, match="ReadTimeout"):
            await read(url)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "RemoteProtocolError", id="in its body"),
        pytest.param(b"", "RemoteProtocolError", id="before its answer"),
        pytest.param(ok(b'{"metadata"'), "cut off", id="in its JSON"),
        pytest.param(b"hello\r\n\r\n", "RemoteProtocolError", id="by no HTTP"),
    ],
)
async def test_an_answer_that_breaks_off(reply: bytes, message: str) -> None:
    async def break_off(writer: asyncio.StreamWriter) -> None:
        writer.write(reply)

    async with serving(break_off) as url:
        with pytest.raises(Unavailable, match=message):
            await read(url)


async def test_a_watch_may_be_silent_and_its_lines_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_TIMEOUT_SECONDS", 0.05)
    lines = "".join(
        json.dumps({"type": typ, "object": {"metadata": {"name": typ}, "status": {"message": "a\u2028b"}}}) + "\n"
        for typ in ("ADDED", "BOOKMARK", "DELETED")
    ).encode()

    async def slowly(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for piece in (lines[:7], lines[7:-3], lines[-3:]):
            await asyncio.sleep(0.1)
            writer.write(piece)
            await writer.drain()

    async with serving(slowly) as url:
        kube = Kube(Server(url, httpcore.AsyncConnectionPool()))
        changes: list[Change[Workflow]] = [change async for change in kube.watch(Workflow, since=SINCE)]
    assert [(change.item.metadata.name, change.deleted) for change in changes] == [("ADDED", False), ("DELETED", True)]


async def test_a_watch_that_breaks_off() -> None:
    async def break_off(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{")

    async with serving(break_off) as url:
        kube = Kube(Server(url, httpcore.AsyncConnectionPool()))
        with pytest.raises(Unavailable, match="RemoteProtocolError"):
            _ = [change async for change in kube.watch(Workflow, since=SINCE)]
