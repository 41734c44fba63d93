"""What the matcher knows of the rules while they change, its watch ends and the API server is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from aegis.errors import Unavailable
from functions.rule_matcher.matching import RuleIndex
from functions.rule_matcher.rules import RuleCache, StoredRule
from sandbox.api import Api
from sandbox.api.serve import Server
from tests.unit.functions.rule_matcher.cluster import Cluster
from tests.unit.functions.rule_matcher.objects import alert, rule, rule_manifest
from tests.unit.transports import kube_over


class Way(httpx.AsyncBaseTransport):
    """The way to the API server, where a test may stop an answer or give one of its own."""

    def __init__(self) -> None:
        self._transport = httpx.AsyncHTTPTransport()
        self.before: Callable[[], httpx.Response | None] = lambda: None
        self.after: Callable[[], Awaitable[None]] = self._at_once
        self.lists = 0
        self.watches: asyncio.Queue[str] = asyncio.Queue()

    async def _at_once(self) -> None:
        return

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "watch" in request.url.params:
            response = await self._transport.handle_async_request(request)
            self.watches.put_nowait(request.url.params["resourceVersion"])
            return response
        self.lists += 1
        own = self.before()
        if own is not None:
            return own
        response = await self._transport.handle_async_request(request)
        await response.aread()
        await self.after()
        return response

    async def watched(self) -> None:
        """Wait for the next watch to begin."""
        await self.watches.get()

    async def aclose(self) -> None:
        await self._transport.aclose()


@pytest.fixture
def way() -> Way:
    return Way()


@pytest.fixture
async def rules(server: Server, way: Way, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RuleCache]:
    monkeypatch.setattr("functions.rule_matcher.rules._PAUSE_SECONDS", 0.01)
    rules = RuleCache(kube_over(way, server.url))
    yield rules
    await rules.close()
    await way.aclose()


@pytest.fixture
async def cluster(api: Api) -> Cluster:
    return Cluster(api)


def found(index: RuleIndex, typ: str = "NodeDown") -> str:
    verdict = index.find(alert(typ))
    return str(verdict.rule or verdict.trigger_status.value)


async def until(rules: RuleCache, expected: str, typ: str = "NodeDown") -> None:
    """Wait until the watch has told."""
    while found(await rules.current(), typ) != expected:  # noqa: ASYNC110  (what is waited for is what is asked)
        await asyncio.sleep(0.001)


async def test_the_rules_of_all_namespaces_are_listed_when_first_needed(
    cluster: Cluster, rules: RuleCache, way: Way
) -> None:
    await cluster.rule("a", "NodeDown")
    await cluster.rule("b", "DiskFull", namespace="gpu-team")
    assert way.lists == 0
    index = await rules.current()
    theirs = index.find(alert("DiskFull", namespace="gpu-team"))
    assert [found(index), str(theirs.rule), way.lists] == ["monitoring/a", "gpu-team/b", 1]


async def test_changes_are_followed_without_reading(cluster: Cluster, rules: RuleCache, way: Way) -> None:
    await rules.current()
    await way.watched()
    rule = await cluster.rule("r", "NodeDown")
    await until(rules, "monitoring/r")
    await cluster.write(rule, {"spec": {"alertConditions": [{"type": "DiskFull", "status": "Firing"}]}})
    await until(rules, "monitoring/r", "DiskFull")
    assert found(await rules.current()) == "RuleNotFound"
    await cluster.delete(rule)
    await until(rules, "RuleNotFound", "DiskFull")
    await cluster.rule("r", "NodeDown")
    await until(rules, "monitoring/r")
    assert way.lists == 1


async def test_counting_workflows_on_a_rule_does_not_remake_the_index(cluster: Cluster, rules: RuleCache) -> None:
    rule = await cluster.rule("r")
    index = await rules.current()
    await cluster.write(rule, {"status": {"triggerStatus": {"succeeded": 1}}}, subresource="status")
    await cluster.rule("later", "Later")
    await until(rules, "monitoring/later", "Later")
    remade = await rules.current()
    assert remade is not index
    await cluster.write(rule, {"status": {"triggerStatus": {"succeeded": 2}}}, subresource="status")
    assert await rules.reread() is remade


async def test_a_watch_that_ends_begins_again(cluster: Cluster, rules: RuleCache, way: Way, server: Server) -> None:
    await rules.current()
    await way.watched()
    server.app.end_watches()
    await way.watched()
    await cluster.rule("other", "Other")
    await until(rules, "monitoring/other", "Other")


def named(rules: RuleCache, name: str) -> list[str]:
    return [str(each) for each in rules.tied(rule(name))]


async def test_rules_like_another_are_known_as_they_come_and_go(cluster: Cluster, rules: RuleCache) -> None:
    first = await cluster.rule("first")
    await rules.current()
    assert named(rules, "mine") == ["monitoring/first"]
    await cluster.rule("second", priority=1)
    await until(rules, "monitoring/second")
    assert named(rules, "mine") == ["monitoring/first"]
    await cluster.delete(first)
    await cluster.rule("third", "Third")
    await until(rules, "monitoring/third", "Third")
    assert named(rules, "mine") == []


async def test_one_namespaces_rules_are_bounded_together_and_leave_the_others_alone(
    cluster: Cluster, rules: RuleCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.rule_matcher.rules.NAMESPACE_BYTES", 500)
    first = await cluster.rule("a", "First", namespace="gpu-team")
    excess = await cluster.rule("b", "Second" + 100 * "x", namespace="gpu-team", matchers=["a=b" + 200 * "c"])
    ours = await cluster.rule("c")
    index = await rules.current()
    assert found(index) == "monitoring/c"
    assert index.find(alert("First", namespace="gpu-team")).rule is not None
    assert index.find(alert(excess.spec.alert_conditions[0].type, namespace="gpu-team")).rule is None
    assert [rules.has_room(each) for each in (first, excess, ours)] == [True, False, True]
    await cluster.delete(first)
    await rules.reread()
    assert rules.has_room(excess)


async def test_without_a_watch_the_rules_are_read_each_time(cluster: Cluster, rules: RuleCache, way: Way) -> None:
    await rules.close()
    for number in range(3):
        await cluster.rule(f"r{number}", f"Type{number}")
        assert found(await rules.current(), f"Type{number}") == f"monitoring/r{number}"
        await rules.close()
    assert way.lists == 3


async def test_rules_that_cannot_be_read_are_asked_for_again(cluster: Cluster, rules: RuleCache, way: Way) -> None:
    await cluster.rule("r")
    way.before = lambda: httpx.Response(503)
    with pytest.raises(Unavailable):
        await rules.current()
    way.before = lambda: None
    assert found(await rules.current()) == "monitoring/r"


async def test_the_watch_outlives_an_api_server_that_is_away(
    cluster: Cluster, rules: RuleCache, way: Way, server: Server
) -> None:
    await rules.current()
    await way.watched()
    refused = iter([httpx.Response(503), httpx.Response(410), httpx.Response(200, text="cut o")])
    way.before = lambda: next(refused, None)
    server.app.end_watches()
    await way.watched()
    await cluster.rule("r")
    await until(rules, "monitoring/r")
    assert next(refused, None) is None


async def test_those_who_ask_at_the_same_time_share_a_list(rules: RuleCache, way: Way) -> None:
    await asyncio.gather(*(rules.reread() for _ in range(10)))
    assert way.lists <= 2


async def test_nobody_shares_a_list_that_began_before_he_asked(cluster: Cluster, rules: RuleCache, way: Way) -> None:
    answered, go_on = asyncio.Event(), asyncio.Event()

    async def held() -> None:
        answered.set()
        await go_on.wait()

    way.after = held
    first = asyncio.create_task(rules.reread())
    await answered.wait()
    await cluster.rule("r")  # too late for the list whose answer is on its way
    second = asyncio.create_task(rules.reread())
    await asyncio.sleep(0)
    go_on.set()
    await first
    assert found(await second) == "monitoring/r"


async def test_what_the_watch_tells_during_a_list_is_not_lost(cluster: Cluster, rules: RuleCache, way: Way) -> None:
    old = await cluster.rule("old", "OldType")
    await rules.current()

    async def meanwhile() -> None:
        await cluster.rule("new", "NewType")
        await cluster.delete(old)
        await until(rules, "monitoring/new", "NewType")
        await until(rules, "RuleNotFound", "OldType")

    way.after = meanwhile
    index = await rules.reread()
    assert [found(index, "NewType"), found(index, "OldType")] == ["monitoring/new", "RuleNotFound"]


async def test_a_rule_that_an_older_crd_let_through_hides_no_other(
    cluster: Cluster, rules: RuleCache, caplog: pytest.LogCaptureFixture
) -> None:
    definitions = cluster.api.resource("customresourcedefinitions", "apiextensions.k8s.io")
    crd = await cluster.api.get(definitions, "aegisalertopsrules.aegis.io")
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    del spec["alertConditions"]["items"]["properties"]["status"]["enum"]
    await cluster.api.replace(definitions, crd)
    await cluster.create(StoredRule, rule_manifest("odd", status="Sleeping"))
    await cluster.rule("r")
    assert found(await rules.current()) == "monitoring/r"
    assert [record.__dict__["object"] for record in caplog.records] == ["aegisalertopsrule/monitoring/odd"]


async def test_nothing_is_left_running_when_it_is_closed(rules: RuleCache) -> None:
    await rules.current()
    assert any(task.get_name() == "follow the rules" for task in asyncio.all_tasks())
    await rules.close()
    assert not any(task.get_name() == "follow the rules" for task in asyncio.all_tasks())
