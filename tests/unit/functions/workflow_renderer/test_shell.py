"""What quoting promises, held to the shells themselves."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis.models.alert import AegisAlert
from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.rendering import render
from functions.workflow_renderer.shell import quote, script_index
from tests.unit.functions.workflow_renderer.manifests import HOSTILE, alert, first, script, template

SHELLS = [shell for shell in ("sh", "bash", "dash", "busybox") if shutil.which(shell)]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)


def arguments_of(command: list[str], folder: Path) -> list[str]:
    """What a command prints, when it prints its arguments with a NUL behind each."""
    run = subprocess.run(
        command, cwd=folder, capture_output=True, timeout=10, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    assert run.stderr == b""
    return run.stdout.decode().split("\0")[:-1]


def run_with(shell: str, source: str, folder: Path) -> list[str]:
    return arguments_of([shell, *(["sh"] if shell == "busybox" else []), "-c", source], folder)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "spelling", ["{{.value | text | shquote}}", "{{shquote (text .value)}}", "{{ value | text | shquote }}"]
)
def test_a_quoted_value_is_one_argument_and_runs_nothing(shell: str, value: str, spelling: str, tmp_path: Path) -> None:
    source = rf"printf '%s\0' before {spelling} --name={spelling} after"
    (tmp_path / "file").touch()
    rendered = first(render(script(source), alert(value=value)))["script"]["source"]
    assert run_with(shell, rendered, tmp_path) == ["before", value, f"--name={value}", "after"]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_quoted_value_is_one_argument_in_a_command_too(value: str, tmp_path: Path) -> None:
    manifest = template(
        """\
container:
  image: x
  command: [/bin/sh, -e, -c]
  args:
  - printf '%s\\0' {{.value | shquote | text}}""",
    )
    container = first(render(manifest, alert(value=value)))["container"]
    assert arguments_of([*container["command"], *container["args"]], tmp_path) == [value]
    assert "$(" not in container["args"][0]
    assert "$$" not in container["args"][0]


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=8))
def test_any_values_are_one_argument_each(values: list[str]) -> None:
    source = r"printf '%s\0' " + " ".join(quote(value) for value in values)
    assert run_with("sh", source, Path("/")) == values


@given(TEXT, TEXT)
def test_the_kubelet_finds_nothing_to_expand(value: str, other: str) -> None:
    assert not any(found in quote(value) + quote(other) for found in ("$(", "$$"))


@pytest.mark.parametrize(
    ("arguments", "index"),
    [
        (["sh", "-c", "x"], 2),
        (["sh", "-c", "x", "name"], 2),
        (["sh", "-c", "--", "x"], 3),
        (["sh", "-c", "-e", "x"], 3),
        (["sh", "-c", None, "name"], 2),
        (["sh", None, "-c", "x"], 3),
        (["/bin/bash", "-euxc", "x"], 2),
        (["bash", "-e", "-o", "pipefail", "-c", "x"], 5),
        (["bash", "-euo", "pipefail", "-c", "x"], 4),
        (["bash", "--norc", "--rcfile", "f", "-c", "x"], 5),
        (["nsenter", "-t", "1", "--", "bash", "-c", "x"], 6),
        (["busybox", "sh", "-c", "x"], 3),
        (["zsh", "-c", "x"], 2),
        (["sh", "x"], None),
        (["sh", "x", "-c", "y"], None),
        (["sh", "-e", "x"], None),
        (["sh", "-c"], None),
        (["python", "-c", "x"], None),
        (["kubectl", "logs", "-c", "x"], None),
        (["x"], None),
        ([], None),
    ],
)
def test_a_script_is_the_first_operand_of_a_shell_with_c(arguments: list[object], index: int | None) -> None:
    assert script_index(arguments) == index


@pytest.mark.parametrize(
    "lines",
    [
        "script: {image: x, command: [python], source: 'print({{.value | shquote}})'}",
        "script: {image: x, source: 'echo {{.value | shquote}}'}",
        "container: {image: x, command: [kubectl, cordon, '{{.value | shquote}}']}",
        "container: {image: x, args: ['{{.value | shquote}}']}",
        "container: {image: x, command: [sh, -c, 'echo $1', sh, '{{.value | shquote}}']}",
        "container: {image: '{{.value | shquote}}'}",
    ],
)
def test_quotes_are_of_no_use_where_no_shell_reads_them(lines: str) -> None:
    with pytest.raises(TemplateInvalid, match="where no shell is known to read the text"):
        render(template(lines), alert(value="a b"))


@pytest.mark.parametrize("shell", ["zsh", "/bin/ksh"])
def test_quotes_are_for_the_shells_that_they_were_tried_with(shell: str) -> None:
    with pytest.raises(TemplateInvalid, match="shquote does not help in a script that is for"):
        render(script("echo {{.value | shquote}}", shell), alert(value="a b"))


def hostile_alert() -> AegisAlert:
    return alert(value="x; touch ran")


def test_a_script_that_passes_a_value_as_variable_runs_nothing_of_it(tmp_path: Path) -> None:
    manifest = template(
        """\
container:
  image: x
  command: [sh, -c, 'printf "%s\\0" "$VALUE"']
  env: [{name: VALUE, value: "{{.value}}"}]""",
    )
    container = first(render(manifest, hostile_alert()))["container"]
    env = {item["name"]: item["value"] for item in container["env"]}
    run = subprocess.run(container["command"], env=env, cwd=tmp_path, capture_output=True, timeout=10, check=True)
    assert run.stdout == b"x; touch ran\0"
    assert not list(tmp_path.iterdir())
