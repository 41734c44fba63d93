"""The functions, started for each test, and how long a test goes on."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import celpy
import pytest

from tests.fuzz.system import System, running

celpy.Environment()  # raises the recursion limit, which hypothesis wants to stay as it is within a test


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """How long they take is theirs to say."""
    for item in items:
        item.add_marker(pytest.mark.timeout(0))


@pytest.fixture(scope="session")
def seconds() -> float:
    """How long each test goes on."""
    return float(os.environ.get("FUZZ_SECONDS") or 60) / 4


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """Every function, and an API server."""
    with asyncio.Runner() as runner, pytest.MonkeyPatch.context() as environment:
        entered = running(tmp_path, environment)
        clients, api = runner.run(entered.__aenter__())
        yield System(runner, clients, api)
        runner.run(entered.__aexit__(None, None, None))
