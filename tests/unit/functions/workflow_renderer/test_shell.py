"""What quoting promises, held to the shells themselves."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis.models.alert import AegisAlert
from functions.workflow_renderer.errors import UnsafeValue
from functions.workflow_renderer.rendering import render
from functions.workflow_renderer.shell import is_script, not_plain, quote
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
@pytest.mark.parametrize("spelling", ["{{.value | shquote}}", "{{shquote .value}}", "{{ value | shquote }}"])
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
  - printf '%s\\0' {{.value | shquote}}""",
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


NOT_PLAIN = {
    "double quotes": 'echo "{}"',
    "single quotes": "echo '{}'",
    "quotes begun far above": "x='a\nb\n{}\n'",
    "an escaped quote inside quotes": 'echo "a\\"{}"',
    "a quoted script": "nsenter -t 1 -- sh -c 'echo {}'",
    "a comment": "ls # {}",
    "a comment after a separator": "ls;# {}",
    "a here-document": "cat <<EOF\n{}\nEOF",
    "behind a here-document": "cat <<-'EOF'\n'\nEOF\necho {}",
    "backquotes": "echo `echo {}`",
    "behind backquotes": "x=`date`; echo {}",
    "arithmetic": "echo $((1 + {}))",
    "an arithmetic command": "((x = {}))",
    "old arithmetic": "echo $[{}]",
    "an expansion": "echo ${{x:-{}}}",
    "behind an expansion with quotes": "echo ${{x:-'}}'}} {}",
    "a C string": "echo $'a' {}",
    "right behind a dollar sign": "echo ${}",
    "right behind a backslash": "echo \\{}",
    "a substitution inside quotes inside quotes": 'echo "$(echo "{}")"',
    "behind case inside a substitution": "echo $(case x in x) echo {};; esac)",
    "in a list": "x=(a {})",
    "behind an operator in two lines": "cat <\\\n<EOF\n'\nEOF\necho {}",
    "eval": "eval {}",
    "a script's argument": "bash -c {}",
    "another machine": "ssh root@node reboot {}",
    "a trap": "trap {} EXIT",
    "many at once": "ls | xargs -n1 {}",
}


@pytest.mark.parametrize("source", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_a_place_that_is_not_for_words_takes_no_quoted_value(source: str) -> None:
    with pytest.raises(UnsafeValue, match="shquote does not help"):
        render(script(source.replace("{}", "{{.value | shquote}}").replace("{{x", "{x")), alert(value="a b"))


@pytest.mark.parametrize("source", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_a_plain_word_stands_anywhere(source: str) -> None:
    source = source.replace("{}", "{{.value | shquote}}").replace("{{x", "{x")
    assert "dev1" in first(render(script(source), alert(value="dev1")))["script"]["source"]


PLAIN = {
    "alone": "{}",
    "an argument": "echo {}",
    "an assignment": "node={} other={}",
    "an option": "kubectl cordon --reason={} -n x",
    "behind quotes": "echo 'a b' \"c $d\" {}",
    "behind a closed quote": "echo 'it'\\''s' {}",
    "behind a number sign in a word": "echo a#b {}",
    "behind a comment": "# it's a \"comment\n{}",
    "behind expansions": "echo $x ${y} ${z:-a} ${#x} $# $? {}",
    "in a substitution": "x=$(echo {})",
    "behind a substitution": "x=$(echo 'a)' \")\") {}",
    "in a substitution inside quotes": 'x="a $(echo {}) b"',
    "a here-string": "cat <<<{}",
    "in parentheses": "(cd /; echo {})",
    "behind a case": "case $x in a) echo b;; esac\necho {}",
    "behind a continued line": "echo \\\n  {}",
    "in a condition": "if [ {} = x ]; then echo y; fi",
}


@pytest.mark.parametrize("source", PLAIN.values(), ids=PLAIN)
def test_a_place_for_words_takes_a_quoted_value(source: str) -> None:
    source = source.replace("{}", "{{.value | shquote}}")
    assert "'a b'" in first(render(script(source), alert(value="a b")))["script"]["source"]


TOKENS = st.lists(
    st.sampled_from(
        [
            "'",
            '"',
            "\\",
            "$(",
            "(",
            ")",
            "#",
            "`",
            "${x}",
            "<<",
            "<<<",
            " ",
            "\n",
            "a",
            ";",
            "$",
            "$'",
            "{",
            "}",
            "case ",
        ]
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(TOKENS)
def test_no_place_that_counts_as_plain_lets_a_value_run(tokens: list[str]) -> None:
    before = "".join(tokens)
    if not_plain(before):
        return
    hostile = quote("x'; echo RUN; \"`echo RUN`$(echo RUN)\necho RUN\n#")
    run = subprocess.run(["bash", "-c", f"{before} {hostile}"], capture_output=True, timeout=10, check=False, cwd="/")
    ran = [line for line in run.stdout.decode(errors="replace").splitlines() if line.strip() == "RUN"]
    assert not ran


@pytest.mark.parametrize(
    ("arguments", "index", "script_there"),
    [
        (["sh", "-c", "x"], 2, True),
        (["/bin/bash", "-euxc", "x"], 2, True),
        (["bash", "-e", "-o", "pipefail", "-c", "x"], 5, True),
        (["nsenter", "-t", "1", "--", "bash", "-c", "x"], 6, True),
        (["busybox", "sh", "-c", "x"], 3, True),
        (["sh", "-c", "x", "name"], 3, False),
        (["sh", "x"], 1, False),
        (["sh", "-e", "x"], 2, False),
        (["python", "-c", "x"], 2, False),
        (["kubectl", "logs", "-c", "x"], 3, False),
        (["x"], 0, False),
    ],
)
def test_a_script_is_what_stands_behind_a_shells_c(arguments: list[str], index: int, *, script_there: bool) -> None:
    assert is_script(arguments, index) is script_there


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
    with pytest.raises(UnsafeValue, match="where no shell is known to read the text"):
        render(template(lines), alert(value="a b"))


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
