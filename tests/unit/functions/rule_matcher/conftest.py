"""What the matcher's tests share."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from aegis import clock
from aegis.lifecycle.match import SETTLED_AFTER
from sandbox.api import Api
from sandbox.api.serve import Server, serve
from tests.unit.functions.rule_matcher.cluster import Cluster, start


@pytest.fixture
async def api() -> Api:
    """An API server without rules and alerts."""
    return await start()


@pytest.fixture
async def cluster(api: Api) -> AsyncIterator[Cluster]:
    """A cluster in the test's own process, whose watches never tell of anything: the slowest that a watch can be."""
    cluster = Cluster(api)
    yield cluster
    await cluster.rules.close()


@pytest.fixture
async def server(api: Api) -> AsyncIterator[Server]:
    """The API server on a socket, where watches tell what happens."""
    async with serve(api) as server:
        yield server


@pytest.fixture
def settle(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have so much time pass that no workflow can come any more of a match that was cancelled."""

    def pass_by() -> None:
        later = clock.rfc3339(datetime.now(UTC) + SETTLED_AFTER)
        monkeypatch.setattr(clock, "now", lambda: later)

    return pass_by
