"""`make run` as a new user meets it, in a folder whose name has blanks and a quote."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.driver import ROOT

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]

NEEDED = ("sandbox", "shared", "functions", "crds", "knative", "eventing", "examples")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make run` needs of the project, and the virtual environment that there is."""
    folder = tmp_path / "it's a checkout"
    for name in NEEDED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def test_run_works_there_and_prints_commands_that_a_shell_takes(checkout: Path) -> None:
    argv = ["make", "--assume-old=.venv/.installed", "run", "PORT=0", "STATE=a state"]
    with subprocess.Popen(
        argv, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            printed = []
            for line in process.stdout:
                printed.append(line)
                if "Kubernetes API" in line:
                    break
        finally:
            os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read()
    assert any("Succeeded" in line for line in printed), "".join(printed)
    (export,) = [shlex.split(line) for line in printed if "export" in line]
    assert export == ["export", f"KUBECONFIG={checkout}/a state/kubeconfig"]
    assert "Traceback" not in rest
    assert not (checkout / "a state" / "kubeconfig").exists()
