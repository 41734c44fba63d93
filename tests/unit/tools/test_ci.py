"""The run of everything: what a failure stops, and what is left out where there is little time."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.tools.programs import Programs

ROOT = Path(__file__).parents[3]
BASH = shutil.which("bash")

pytestmark = pytest.mark.skipif(BASH is None, reason="bash is not installed")


@pytest.fixture
def machine(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """A machine on which a cluster can be started."""
    monkeypatch.delenv("CI", raising=False)
    programs.install("dirname", "echo .ci")
    programs.install("uname", "echo Linux")
    programs.install("id", "echo 0")
    programs.install("go")
    programs.install("nice", 'shift 2; exec "$@"')
    return programs


def run() -> subprocess.CompletedProcess[str]:
    assert BASH is not None
    return subprocess.run([BASH, ".ci/run"], check=False, cwd=ROOT, capture_output=True, text=True)


def tasks(machine: Programs) -> list[str]:
    """What make was asked for, but for the build, which begins whenever it comes to it."""
    asked = [call.removeprefix("make ") for call in machine.calls if call.startswith("make ")]
    return [task for task in asked if task != "programs"]


def test_a_failure_while_programs_are_built_stops_the_build_and_the_cluster(machine: Programs) -> None:
    machine.install(
        "make", f"case $1 in programs) exec {shutil.which('sleep', path='/bin')} 600 ;; test) exit 3 ;; esac"
    )
    done = run()
    assert done.returncode == 3, done.stderr
    assert tasks(machine) == ["setup", "test", "cluster-down"]


def test_a_known_vulnerability_fails_the_run_and_is_shown(machine: Programs) -> None:
    machine.install("make", "case $1 in audit) echo CVE-2026-1; exit 1 ;; esac")
    done = run()
    assert done.returncode == 1
    assert "CVE-2026-1" in done.stdout
    assert tasks(machine)[-1] == "cluster-down"
    assert not [task for task in tasks(machine) if task.startswith("loop")]


@pytest.mark.parametrize("check", ["fuzz", "lint", "types", "licences", "check-crds"])
def test_a_check_that_fails_beside_the_cluster_fails_the_run(machine: Programs, check: str) -> None:
    machine.install("make", f"case $1 in {check}) echo what is wrong; exit 1 ;; esac")
    done = run()
    assert done.returncode == 1
    assert "what is wrong" in done.stdout
    assert tasks(machine)[-1] == "cluster-down"


def test_an_audit_that_asked_nobody_is_left_out(machine: Programs) -> None:
    machine.install("make", "case $1 in audit) echo skipped, and nothing audited: nobody is there ;; esac")
    last = run().stdout.splitlines()[-1]
    assert last.startswith("== all passed; left out: make audit: what it asks cannot be reached;")


def test_all_is_run_where_there_is_time(machine: Programs) -> None:
    machine.install("make")
    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("== all passed (")
    assert [task for task in tasks(machine) if task.endswith("-m long")] == [
        "loop SELECT=-m long",
        "test-cluster SELECT=-m long",
    ]


def test_the_last_line_says_what_there_was_no_time_for(machine: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_CI_MINUTES", "25")
    machine.install("make")
    done = run()
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("== all passed; left out: make loop SELECT=-m long; make test-cluster SELECT=-m long;")
    assert not [task for task in tasks(machine) if task.endswith("-m long")]


def test_where_no_cluster_can_be_the_last_line_says_so(machine: Programs) -> None:
    machine.install("id", "echo 1000")
    machine.install("make")
    done = run()
    assert done.returncode == 0, done.stderr
    assert "left out: all that needs a cluster" in done.stdout.splitlines()[-1]
    assert tasks(machine) == ["setup", "test", "fuzz", "lint", "types", "licences", "check-crds", "audit"]
