"""Sources send what Knative's would, when it would."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.api import Api
from sandbox.eventing.apiserversource import ApiServerSource, label_selector
from sandbox.eventing.cloudevent import CloudEvent, parse
from sandbox.eventing.pingsource import InvalidScheduleError, PingSource
from sandbox.eventing.sinkbinding import binds, environment
from sandbox.eventing.sources import Adapter
from sandbox.http import Request, Response


class Sink:
    """Keeps what it is sent; answers with the given statuses, then with 202."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.events: asyncio.Queue[CloudEvent] = asyncio.Queue()
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, url: str, request: Request) -> Response:
        del url
        self.events.put_nowait(parse(request))
        await self.open.wait()
        return Response(self.statuses.pop(0) if self.statuses else 202)

    async def next(self) -> CloudEvent:
        return await asyncio.wait_for(self.events.get(), 5)


def config_map(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}}


@asynccontextmanager
async def api_source(api: Api, sink: Sink, **spec: Any) -> AsyncIterator[None]:
    entry = {"apiVersion": "v1", "kind": "ConfigMap", "selector": {"matchLabels": {"watched": "yes"}}}
    manifest = {"spec": {"mode": "Resource", "resources": [entry], **spec}}
    source = ApiServerSource(
        api,
        manifest,
        Adapter(sink, "sink", None),
        server="https://api",
        wants=lambda _: True,
        in_namespace=lambda namespace: namespace == "default",
    )
    task = asyncio.create_task(source.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def test_what_exists_already_is_not_sent_and_the_rest_is() -> None:
    api, sink = Api(), Sink()
    maps = api.resource("configmaps")
    await api.create(maps, config_map("old", watched="yes"), "default")
    async with api_source(api, sink):
        await api.create(maps, config_map("new", watched="yes"), "default")
        await api.patch(maps, "new", {"data": {"a": "1"}}, "default")
        await api.delete(maps, "new", "default")
        events = [await sink.next() for _ in range(3)]
    assert [event.type.rpartition(".")[2] for event in events] == ["add", "update", "delete"]
    added = events[0].attributes
    assert added["type"] == "dev.knative.apiserver.resource.add"
    assert added["source"] == "https://api"
    assert added["subject"] == "/apis/v1/namespaces/default/configmaps/new"
    assert {key: added[key] for key in ("kind", "name", "namespace", "apiversion")} == {
        "kind": "ConfigMap",
        "name": "new",
        "namespace": "default",
        "apiversion": "v1",
    }
    assert json.loads(events[1].data)["data"] == {"a": "1"}


async def test_an_object_that_begins_to_match_is_added_and_one_that_stops_is_deleted() -> None:
    api, sink = Api(), Sink()
    maps = api.resource("configmaps")
    await api.create(maps, config_map("m"), "default")
    async with api_source(api, sink):
        await api.patch(maps, "m", {"metadata": {"labels": {"watched": "yes"}}}, "default")
        assert (await sink.next()).type.endswith(".add")
        await api.patch(maps, "m", {"metadata": {"labels": {"watched": "no"}}}, "default")
        assert (await sink.next()).type.endswith(".delete")


async def test_one_event_waits_for_the_one_before() -> None:
    api, sink = Api(), Sink()
    maps = api.resource("configmaps")
    sink.open.clear()
    async with api_source(api, sink):
        for name in ("a", "b"):
            await api.create(maps, config_map(name, watched="yes"), "default")
        assert (await sink.next()).attributes["name"] == "a"
        assert sink.events.empty()
        sink.open.set()
        assert (await sink.next()).attributes["name"] == "b"


async def test_other_namespaces_and_other_owners_do_not_concern_a_source() -> None:
    api, sink = Api(), Sink()
    maps = api.resource("configmaps")
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u", "controller": True}
    async with api_source(api, sink, owner={"apiVersion": "v1", "kind": "Node"}):
        await api.create(maps, config_map("elsewhere", watched="yes"), "kube-system")
        await api.create(maps, config_map("orphan", watched="yes"), "default")
        owned = config_map("owned", watched="yes")
        owned["metadata"]["ownerReferences"] = [owner]
        await api.create(maps, owned, "default")
        assert (await sink.next()).attributes["name"] == "owned"


async def test_reference_mode_sends_no_more_than_the_reference() -> None:
    api, sink = Api(), Sink()
    async with api_source(api, sink, mode="Reference"):
        await api.create(api.resource("configmaps"), config_map("m", watched="yes"), "default")
        event = await sink.next()
    assert event.type == "dev.knative.apiserver.ref.add"
    assert json.loads(event.data) == {"apiVersion": "v1", "kind": "ConfigMap", "name": "m", "namespace": "default"}


@pytest.mark.parametrize(("status", "attempts"), [(503, 2), (404, 2), (500, 1), (400, 1)])
async def test_a_source_repeats_only_what_its_sdk_would(status: int, attempts: int) -> None:
    sink = Sink(status)
    await Adapter(sink, "sink", None).emit({"type": "t", "source": "/s"}, b"", "")
    assert sink.events.qsize() == attempts


async def test_overrides_add_extensions() -> None:
    sink = Sink()
    await Adapter(sink, "sink", {"extensions": {"team": "a"}}).emit({"type": "t", "source": "/s"}, b"", "")
    assert (await sink.next()).attributes["team"] == "a"


def test_a_label_selector_has_a_text_form() -> None:
    selector = {
        "matchLabels": {"a": "1"},
        "matchExpressions": [
            {"key": "b", "operator": "In", "values": ["x", "y"]},
            {"key": "c", "operator": "NotIn", "values": ["z"]},
            {"key": "d", "operator": "Exists"},
            {"key": "e", "operator": "DoesNotExist"},
        ],
    }
    assert label_selector(selector) == "a=1,b in (x,y),c notin (z),d,!e"


def ping(**spec: Any) -> dict[str, Any]:
    return {"kind": "PingSource", "metadata": {"namespace": "ns", "name": "tick"}, "spec": spec}


async def test_a_ping_carries_its_data() -> None:
    sink = Sink()
    manifest = ping(schedule="* * * * *", contentType="application/json", data='{"a": 1}')
    task = asyncio.create_task(PingSource(manifest, Adapter(sink, "sink", None), every=0.001).run())
    first, second = await sink.next(), await sink.next()
    task.cancel()
    await asyncio.wait((task,))
    assert first.type == "dev.knative.sources.ping"
    assert first.attributes["source"] == "/apis/v1/namespaces/ns/pingsources/tick"
    assert (first.data, first.content_type) == (b'{"a": 1}', "application/json")
    assert first.attributes["id"] != second.attributes["id"]


def test_a_schedule_is_read_in_its_time_zone() -> None:
    source = PingSource(ping(schedule="0 9 * * *", timezone="Asia/Shanghai"), Adapter(Sink(), "sink", None))
    due = source.next_after(datetime(2026, 1, 1, 0, 30, tzinfo=UTC))
    assert due == datetime(2026, 1, 1, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [({"schedule": "every minute"}, "schedule"), ({"schedule": "* * * * *", "timezone": "Mars"}, "timezone")],
)
def test_a_schedule_that_cannot_be_read_is_refused(spec: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidScheduleError, match=problem):
        PingSource(ping(**spec), Adapter(Sink(), "sink", None))


@pytest.mark.parametrize(
    ("subject", "bound"),
    [
        ({"name": "a"}, True),
        ({"name": "b"}, False),
        ({"name": "a", "namespace": "other"}, False),
        ({"selector": {"matchLabels": {"app": "x"}}}, True),
        ({"selector": {"matchLabels": {"app": "y"}}}, False),
    ],
)
def test_a_binding_has_its_subjects(subject: dict[str, Any], bound: bool) -> None:  # noqa: FBT001
    whole = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", **subject}
    binding = {"metadata": {"namespace": "ns"}, "spec": {"subject": whole}}
    found = binds(
        binding, api_version="serving.knative.dev/v1", kind="Service", namespace="ns", name="a", labels={"app": "x"}
    )
    assert found is bound


def test_a_bound_container_is_told_its_sink() -> None:
    assert environment({"spec": {}}, "http://b") == {"K_SINK": "http://b", "K_CE_OVERRIDES": ""}
    overrides = {"extensions": {"a": "1"}}
    bound = environment({"spec": {"ceOverrides": overrides}}, "http://b")
    assert json.loads(bound["K_CE_OVERRIDES"]) == overrides
