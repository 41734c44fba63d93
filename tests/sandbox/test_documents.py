"""The documents' commands do what they say: each fenced block marked ``sh`` is run, in order, on a sandbox."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.driver import ROOT, Driver, running

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "sandbox" / "README.md"]


def blocks(document: Path) -> list[str]:
    return _BLOCK.findall(document.read_text(encoding="utf-8"))


WITH_COMMANDS = [document for document in _DOCUMENTS if document.exists() and blocks(document)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Driver]:
    with running() as driver:
        yield driver


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_of_a_document_work(document: Path, sandbox: Driver) -> None:
    cluster = sandbox.cluster
    script = "\n".join(["set -euo pipefail", *blocks(document)])
    script = script.replace("$PWD/.aegis/kubeconfig", str(cluster.kubeconfig))
    script = script.replace("http://127.0.0.1:8080", cluster.gateway)
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        cwd=ROOT,
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Error from server" not in done.stdout + done.stderr


def test_the_documents_have_commands_to_run() -> None:
    assert ROOT / "README.md" in WITH_COMMANDS
