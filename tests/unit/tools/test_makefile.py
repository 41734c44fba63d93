"""What is given to make reaches the programs as it was given, and what changes nothing is said."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*args: str) -> subprocess.CompletedProcess[str]:
    """What make would do, with all that is to be installed taken for installed."""
    argv = ["make", "--dry-run", "--assume-old=.venv/.installed", *args]
    # Without what the make that runs the tests tells those it starts itself.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name and name != "MFLAGS"}
    return subprocess.run(argv, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("port=9090", "PORT=9090"), ("data=a b.db", "DATA=a b.db"), ("execute=1", "EXECUTE=1"), ("state=x", "STATE=x")],
)
def test_a_variable_in_small_letters_is_told_from_the_one_that_is_meant(given: str, meant: str) -> None:
    done = make("run", given)
    assert done.returncode == 2
    assert meant in done.stderr


@pytest.mark.parametrize("task", ["run", "demo"])
def test_paths_with_blanks_and_quotes_are_one_argument(task: str) -> None:
    done = make(task, "STATE=/tmp/it's a state", 'DATA=a "b".db', "PORT=0")
    *_, command = (shlex.split(line) for line in done.stdout.splitlines())
    assert command[command.index("--state-dir") + 1] == "/tmp/it's a state"
    assert command[command.index("--data") + 1] == 'a "b".db'


def test_one_sandbox_for_one_folder_unless_another_is_named() -> None:
    command = shlex.split(make("run").stdout.splitlines()[-1])
    assert command[command.index("--state-dir") + 1] == ".aegis"
    assert "--data" not in command
    assert "--execute" not in command
