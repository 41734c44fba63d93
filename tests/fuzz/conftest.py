"""The functions, started once, with no more memory than one of their pods has."""

import asyncio
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.system import System, running

MEMORY = 256 * 2**20
"""Bytes beyond what the process had when all was loaded; of it the API server beside the functions takes a part."""


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
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
        try:
            yield System(runner, clients, api)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
            runner.run(entered.__aexit__(None, None, None))
