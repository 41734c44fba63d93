"""The cluster for the tests, names of their own for what they make, and what was to be seen when one failed."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e import evidence
from tests.e2e.api import Api
from tests.e2e.driver import NODES, ROOT, Cluster, connect

_TIMEOUT_SECONDS = 900
_FIGURES = ROOT / ".aegis" / "e2e.json"
_started = pytest.StashKey[datetime]()


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    """The API server as the kubeconfig's user."""
    with Api.connect() as found:
        yield found


@pytest.fixture
def cluster(api: Api) -> Iterator[Cluster]:
    """The cluster; what the test makes through it is deleted at its end."""
    found = connect(api)
    try:
        yield found
    finally:
        found.clean()
        found.close()


@pytest.fixture
def unique() -> str:
    """A word of the test's own, to name things with."""
    return f"e2e{uuid.uuid4().hex[:8]}"


@pytest.fixture
def node(api: Api) -> str:
    """The node that is repaired: dev1, or AEGIS_E2E_NODE where there is none of that name; not the only one."""
    names = [item["metadata"]["name"] for item in api.items(NODES)]
    if len(names) < 2:
        pytest.skip("a cordoned only node keeps every function at zero from starting")
    return os.environ.get("AEGIS_E2E_NODE", "dev1" if "dev1" in names else names[0])


@pytest.fixture
def schedulable(api: Api) -> Iterator[None]:
    """Every node can be scheduled to again when the test ends."""
    try:
        yield
    finally:
        for node in api.items(NODES):
            if node["spec"].get("unschedulable"):
                api.merge(f"{NODES}/{node['metadata']['name']}", {"spec": {"unschedulable": None}})


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, float], None]:
    """Keeps a measurement: in the test report, and in .aegis/e2e.json."""

    def keep(name: str, value: float) -> None:
        record_property(name, value)
        known = json.loads(_FIGURES.read_text()) if _FIGURES.exists() else {}
        _FIGURES.parent.mkdir(exist_ok=True)
        _FIGURES.write_text(json.dumps({**known, name: value}, indent=2) + "\n")

    return keep


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Functions that start from zero, and the sweep's minute, take longer than a test may elsewhere."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(_TIMEOUT_SECONDS))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note when the test began: logs from then on are its own."""
    item.stash[_started] = datetime.now(UTC)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Put the cluster's state and the functions' logs beside a failure, before the test's objects are deleted."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed:
        report.sections += evidence.gather(item.stash[_started])
