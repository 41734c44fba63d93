"""What is given to make reaches the programs as it was given, and what changes nothing is said."""

import json
import os
import re
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
    return subprocess.run(argv, check=False, cwd=ROOT, env=without_make(), capture_output=True, text=True, timeout=60)


def without_make() -> dict[str, str]:
    """The environment without what the make that runs the tests tells those it starts itself."""
    return {name: value for name, value in os.environ.items() if "MAKE" not in name and name != "MFLAGS"}


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


def test_the_bill_of_materials_of_a_function_is_what_it_pins(tmp_path: Path) -> None:
    made = tmp_path / "rule_matcher.cdx.json"
    argv = ["make", "--assume-old=.venv/.installed", f"SBOM={tmp_path}", str(made)]
    subprocess.run(argv, check=True, cwd=ROOT, env=without_make(), capture_output=True)
    components = json.loads(made.read_text())["components"]
    requirements = (ROOT / "functions/rule_matcher/requirements.txt").read_text()
    pins = re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)", requirements, re.MULTILINE)
    assert sorted((each["name"], each["version"]) for each in components) == sorted(pins)
    assert all(each["externalReferences"][0]["hashes"] for each in components)
