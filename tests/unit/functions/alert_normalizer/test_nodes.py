"""The nodes by address: one list for all alerts, read again neither for each nor never."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from aegis.kube import Kube
from aegis.models.node import Node
from functions.alert_normalizer.node_addresses import AMBIGUOUS
from functions.alert_normalizer.nodes import AGAIN_SECONDS, KEPT_SECONDS, Nodes, by_address
from functions.alert_normalizer.routes import Reception
from sandbox.api import Api
from tests.unit.functions.alert_normalizer.conftest import Way, client_of

INSTANCE = "10.0.0.7:9100"
ROW = "node-exporter's instance, by job"


def manifest(name: str, **addresses: str) -> dict[str, Any]:
    told = [{"type": kind, "address": address} for kind, address in addresses.items()]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"addresses": told}}


async def make(api: Api, name: str, **addresses: str) -> None:
    nodes, node = api.resource("nodes"), manifest(name, **addresses)
    await api.create(nodes, {key: value for key, value in node.items() if key != "status"})
    await api.patch(nodes, name, {"status": node["status"]}, subresource="status")


class Seconds:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def nodes(api: Api, kube: Kube, seconds: Seconds) -> Nodes:
    await make(api, "dev1", InternalIP="10.0.0.7", Hostname="dev1")
    return Nodes(kube, now=seconds)


async def node_at(nodes: Nodes, address: str) -> str | None:
    known = await nodes.by_address({address})
    return None if known is None else known.get(address, "nobody")


def refuse(code: int) -> Any:
    async def meddle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(code, json={"kind": "Status", "message": "no", "code": code})

    return meddle


def test_every_address_and_the_name_is_a_nodes() -> None:
    kinds = ("InternalIP", "ExternalIP", "Hostname", "InternalDNS", "ExternalDNS")
    addresses = ("10.0.0.7", "FD00:0::7", "Host7", "host7.int.", "host7.example.com")
    node = Node.read(manifest("dev1", **dict(zip(kinds, addresses, strict=True))))
    found = {"10.0.0.7", "fd00::7", "host7", "host7.int", "host7.example.com", "dev1"}
    assert by_address([node]) == dict.fromkeys(found, "dev1")


def test_an_address_of_two_nodes_is_neithers_and_a_name_its_own() -> None:
    one = Node.read(manifest("dev1", ExternalIP="198.51.100.1", Hostname="dev2"))
    other = Node.read(manifest("dev2", ExternalIP="198.51.100.1", Hostname="dev2"))
    assert by_address([one, other]) == {"198.51.100.1": AMBIGUOUS, "dev1": "dev1", "dev2": "dev2"}


async def test_all_alerts_share_one_list(nodes: Nodes, way: Way) -> None:
    found = await asyncio.gather(*(node_at(nodes, "10.0.0.7") for _ in range(9)))
    assert [*found, await node_at(nodes, "dev1")] == ["dev1"] * 10
    assert way.requests == ["GET"]


async def test_a_list_is_read_again_when_it_is_old(nodes: Nodes, way: Way, seconds: Seconds) -> None:
    await node_at(nodes, "10.0.0.7")
    seconds.now += KEPT_SECONDS - 1
    await node_at(nodes, "10.0.0.7")
    assert way.requests == ["GET"]
    seconds.now += 1
    assert await node_at(nodes, "10.0.0.7") == "dev1"
    assert way.requests == ["GET", "GET"]


async def test_a_new_node_is_found_after_a_while_and_not_asked_for_each_time(
    nodes: Nodes, api: Api, way: Way, seconds: Seconds
) -> None:
    await node_at(nodes, "10.0.0.7")
    await make(api, "dev2", InternalIP="10.0.0.8")
    assert [await node_at(nodes, "10.0.0.8") for _ in range(3)] == ["nobody"] * 3
    assert way.requests == ["GET"]
    seconds.now += AGAIN_SECONDS
    assert await node_at(nodes, "10.0.0.8") == "dev2"
    assert [await node_at(nodes, "10.0.0.9") for _ in range(3)] == ["nobody"] * 3
    assert way.requests == ["GET", "GET"]


@pytest.mark.parametrize("code", [403, 500])
async def test_what_cannot_be_listed_is_said_once_in_a_while(
    nodes: Nodes, way: Way, seconds: Seconds, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    way.meddle = refuse(code)
    assert [await node_at(nodes, "10.0.0.7") for _ in range(3)] == [None] * 3
    seconds.now += AGAIN_SECONDS
    assert await node_at(nodes, "10.0.0.7") is None
    assert len(way.requests) == 2
    assert [record.message.partition(":")[0] for record in caplog.records] == ["the nodes cannot be listed"] * 2


async def test_what_is_known_stays_known_while_it_cannot_be_read_again(
    nodes: Nodes, way: Way, seconds: Seconds
) -> None:
    await node_at(nodes, "10.0.0.7")
    way.meddle = refuse(500)
    seconds.now += AGAIN_SECONDS
    assert await node_at(nodes, "10.0.0.8") == "nobody"
    assert await node_at(nodes, "10.0.0.7") == "dev1"
    seconds.now += KEPT_SECONDS
    assert await node_at(nodes, "10.0.0.7") is None


async def test_a_list_that_takes_long_keeps_no_alert_waiting(
    nodes: Nodes, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.alert_normalizer.nodes._PATIENCE_SECONDS", 0)
    goes_on = asyncio.Event()

    async def wait(_: httpx.Request) -> None:
        await goes_on.wait()

    way.meddle = wait
    assert await node_at(nodes, "10.0.0.7") is None
    assert await node_at(nodes, "10.0.0.7") is None
    goes_on.set()
    monkeypatch.undo()
    assert await node_at(nodes, "10.0.0.7") == "dev1"
    assert way.requests == ["GET"]


async def refuse_nodes(request: httpx.Request) -> httpx.Response | None:
    refused: httpx.Response | None = await refuse(403)(request) if request.url.path.endswith("/nodes") else None
    return refused


def firing(**labels: str) -> Mapping[str, Any]:
    return {"status": "firing", "labels": {"alertname": "NodeFilesystemAlmostOutOfSpace", **labels}}


async def stored(reception: Reception, api: Api, *alerts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of all alerts, after these are posted."""
    async with client_of(reception) as client:
        answer = await client.post("/alertmanager/alert", json={"version": "4", "alerts": alerts})
    assert answer.status_code == 200, answer.text
    found = await api.list(api.resource("aegisalerts", "aegis.io"), "monitoring")
    return [alert["spec"]["involvedObject"] for alert in found]


async def test_alerts_of_node_exporter_are_about_the_node(reception: Reception, api: Api, way: Way) -> None:
    await make(api, "dev1", InternalIP="10.0.0.7")
    alerts = [firing(job="node-exporter", instance=INSTANCE, mountpoint=path) for path in ("/", "/var", "/home")]
    found = await stored(reception, api, *alerts)
    assert found == [{"kind": "Node", "name": "dev1", "namespace": "", "node": "dev1", "inferredFrom": ROW}] * 3
    assert way.requests == ["GET", "POST", "POST", "POST"]


async def test_alerts_that_name_what_they_are_about_have_no_node_listed(
    reception: Reception, api: Api, way: Way
) -> None:
    await stored(reception, api, firing(node="dev1"), firing(job="node-exporter", nodename="dev1", instance=INSTANCE))
    assert "GET" not in way.requests


async def test_an_alert_is_stored_though_the_nodes_cannot_be_listed(reception: Reception, api: Api, way: Way) -> None:
    way.meddle = refuse_nodes
    (found,) = await stored(reception, api, firing(job="node-exporter", instance=INSTANCE))
    assert found["name"] == found["kind"] == ""
    assert found["inferredFrom"] == f"{ROW}: the nodes could not be listed"


async def test_a_repeat_that_cannot_be_looked_up_leaves_the_node(reception: Reception, api: Api, way: Way) -> None:
    alert = firing(job="node-exporter", instance=INSTANCE)
    await make(api, "dev1", InternalIP="10.0.0.7")
    before = await stored(reception, api, alert)
    way.meddle = refuse_nodes
    fresh = Reception(reception.kube, reception.settings, reception.intake)
    assert await stored(fresh, api, {**alert, "annotations": {"summary": "Fuller."}}) == before
    (kept,) = await api.list(api.resource("aegisalerts", "aegis.io"), "monitoring")
    assert kept["spec"]["details"]["summary"] == "Fuller."
