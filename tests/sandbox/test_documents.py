"""The documents' commands do what they say: each fenced block marked ``sh`` is run, in order, on a sandbox.

Each document is tried as its reader does: with ``make run`` just started, in a checkout whose path has blanks in it.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import httpx
import pytest

from sandbox.testing import Sandbox, sandbox
from tests.sandbox.commands import Ran, blocks, is_shown, run
from tests.sandbox.driver import ALERTS, ROOT, Driver, Json, ops_status

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
    ROOT / "sandbox" / "README.md",
]
WITH_COMMANDS = [document for document in DOCUMENTS if blocks(document)]


@pytest.fixture
def cluster() -> Iterator[Sandbox]:
    """The sandbox of `make run`, once it has shown its alert's life."""
    with sandbox(command="run") as cluster, closing(httpx.Client(timeout=60, trust_env=False)) as http:
        Driver(cluster, http).watch_until(ALERTS, lambda seen: any(map(succeeded, seen.values())))
        yield cluster


@pytest.fixture
def checkout(cluster: Sandbox, tmp_path: Path) -> Path:
    """A folder that looks as the checkout does in which that sandbox was started; there are blanks in its path."""
    folder = tmp_path / "a new user's checkout"
    folder.mkdir()
    for path in {*ROOT.iterdir(), ROOT / ".aegis"}:
        (folder / path.name).symlink_to(cluster.state if path.name == ".aegis" else path)
    return folder


def test_kubectl_has_nothing_to_say_of_the_example_that_run_applied(cluster: Sandbox) -> None:
    example = ROOT / "examples" / "nodehasemergencyevent"
    argv = ["kubectl", f"--kubeconfig={cluster.kubeconfig}", "apply", "-f", str(example)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert [line.rpartition(" ")[2] for line in done.stdout.splitlines()] == ["unchanged", "unchanged"]


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_of_a_document_do_what_it_says(document: Path, cluster: Sandbox, checkout: Path) -> None:
    found = blocks(document)
    commands = [
        command.replace("http://127.0.0.1:8080", cluster.gateway) for block in found for command in block.commands
    ]
    ran = run(commands, folder=checkout, kubeconfig=cluster.kubeconfig)
    assert [each.problem for each in ran if each.problem] == []
    done = iter(ran)
    for block in found:
        output = "".join(each.output for each in islice(done, len(block.commands)))
        assert [line for line in block.shown if not is_shown(line, output)] == [], output


def succeeded(alert: Json) -> bool:
    """Whether an alert's work went well."""
    return ops_status(alert).get("alertOpsStatus") == "Succeeded"


def test_the_documents_have_commands_to_run() -> None:
    assert ROOT / "README.md" in WITH_COMMANDS
    assert {path.parent for path in WITH_COMMANDS} >= set((ROOT / "examples").iterdir())


@pytest.mark.parametrize(
    ("output", "errors"),
    [
        pytest.param("", "No resources found in monitoring namespace.\n", id="nothing is found"),
        pytest.param("", "", id="nothing is printed"),
        pytest.param("", "Error from server (NotFound): pods 'x' not found\n", id="an error"),
    ],
)
def test_a_command_that_shows_nothing_is_a_problem(output: str, errors: str) -> None:
    assert Ran("kubectl get pods", output, errors).problem


def test_a_command_that_shows_something_is_none() -> None:
    assert not Ran("kubectl get pods", "pod/x\n", "Warning: old\n").problem
    assert not Ran("export KUBECONFIG=x", "", "").problem


def test_what_is_shown_may_leave_out_what_differs() -> None:
    output = "NAME   AGE\ndev2-1f2e   3s\n"
    assert is_shown("NAME AGE", output)
    assert is_shown("dev2-…  …", output)
    assert not is_shown("dev3-… …", output)
    assert not is_shown("AGE dev2-…", output)
