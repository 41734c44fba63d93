"""Where a quoted value may stand, held to the shells themselves: nothing of it ever runs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.workflow_renderer.checking import findings
from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.rendering import render
from functions.workflow_renderer.scripts import Reading
from functions.workflow_renderer.shell import quote
from functions.workflow_renderer.shell_values import value_character
from tests.unit.functions.workflow_renderer.manifests import alert, script
from tests.unit.functions.workflow_renderer.placements import DATA, MORE, scripts

SHELLS = [["bash"], ["dash"], ["busybox", "sh"]]
PRESENT = [shell for shell in SHELLS if shutil.which(shell[0])]
QUOTED = "{{ value | shquote }}"

HOSTILE = [
    "x'; >ran; '",
    '"; >ran; "',
    "$(>ran)",
    "`>ran`",
    "x\n>ran\n#",
    "BASH_VERSINFO[$(>ran)0]",
    "a[$(>ran)]=1",
    "x=a[$(>ran)]",
    "-v",
    "-e $(>ran)",
    "--\n>ran",
    "* ? [a] {a,b} ~ !!",
    "\\'; >ran; \\'",
    ");\n>ran\n(",
    "}; >ran; {",
    "END\n>ran\nEND",
    "% %s %n %q \\x41",
    "",
]
"""Values that make a file named ran wherever they are read as code or computed."""


def ran(source: str, folder: Path) -> list[str]:
    """The shells in which a script makes that file; nothing is there for it to call but what the folder holds."""
    found = []
    for shell in PRESENT:
        subprocess.run(
            [shutil.which(shell[0]) or "", *shell[1:], "-c", source],
            cwd=folder,
            env={"PATH": str(folder), "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
        if (folder / "ran").exists():
            (folder / "ran").unlink()
            found.append(shell[0])
    return found


def is_data(source: str) -> bool:
    """Whether each Q of a script may be a quoted value."""
    pieces = source.split("Q")
    text = "".join(piece + value_character(index) for index, piece in enumerate(pieces[:-1])) + pieces[-1]
    reading = Reading(text, frozenset(range(len(pieces) - 1)), sure=True)
    return len(pieces) > 1 and not any(reading.misplaced(index) for index in range(len(pieces) - 1))


def with_value(source: str, value: str) -> str:
    return source.replace("Q", quote(value))


@pytest.mark.parametrize("source", scripts(DATA))
def test_a_quoted_value_may_be_a_plain_argument_or_in_a_variable_that_stays_one(source: str) -> None:
    assert findings(script(source.replace("Q", QUOTED))).problems == []
    assert render(script(source.replace("Q", QUOTED)), alert(value="it's"))


@pytest.mark.parametrize("value", ["a b", "dev1", "1", ""])
@pytest.mark.parametrize("source", scripts(MORE))
def test_anywhere_else_the_template_is_invalid_whatever_the_value_is(source: str, value: str) -> None:
    manifest = script(source.replace("Q", QUOTED))
    (problem, *_) = findings(manifest).problems
    assert "shquote does not help" in problem
    assert 'env: [{name: TEXT, value: "{{ … }}"}]' in problem
    with pytest.raises(TemplateInvalid, match="shquote does not help"):
        render(manifest, alert(value=value))


SAFE_TO_RUN = [
    source
    for source in scripts(DATA)
    if not re.search(r"\b(?:rm|mkdir|systemctl|sudo|chroot|nsenter|timeout|sleep|logger|trap|termination)\b", source)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the programs that scripts may call; each prints its arguments, a NUL behind each."""
    for name in ("kubectl", "curl"):
        (tmp_path / name).write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
        (tmp_path / name).chmod(0o755)
    for name in ("cat", "tr", "grep", "date"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    return tmp_path


@pytest.mark.parametrize("value", HOSTILE)
def test_nothing_of_a_value_runs_where_one_may_be_quoted(value: str, folder: Path) -> None:
    for source in SAFE_TO_RUN:
        assert (ran(with_value(source, value), folder), source) == ([], source)


@pytest.mark.parametrize("shell", PRESENT, ids=lambda shell: shell[0])
@pytest.mark.parametrize("value", HOSTILE)
def test_the_argument_arrives_as_it_was_given(shell: list[str], value: str, folder: Path) -> None:
    run = subprocess.run(
        [shutil.which(shell[0]) or "", *shell[1:], "-c", with_value('x=Q; kubectl label a=Q "$x" "b=${x}" Q', value)],
        cwd=folder,
        env={"PATH": str(folder)},
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert run.stdout.decode().split("\0")[:-1] == ["label", f"a={value}", value, f"b={value}", value]


WRAPPERS = [
    "{}",
    "{{ {}; }}",
    "( {} )",
    "if {}; then :; fi",
    "if true; then {}; fi",
    "for i in 1 2; do {}; done",
    "case a in a) {};; esac",
    "x=$({})",
    'x="$({})"; echo "$x"',
    "x=$({}); echo $x",
    'x=$({}); eval "$x"',
    "x=$({}); (( x ))",
    'echo "$({})"',
    "echo $({})",
    "{} | cat",
    "{} | sh",
    "{} | while read l; do echo $l; done",
    "f() {{ {}; }}; f",
    "! {}",
    "{} &",
    "true && {}",
    "set -e; {}",
    "echo a \\\n  b; {}",
    "cat <<END\n$HOME\nEND\n{}",
    "# a comment's end\n{}",
    "echo `echo a`; {}",
    "{} > ran2",
    "{} 2>&1",
    "trap '{}' EXIT",
    "eval '{}'",
    "sh -c '{}'",
    'sh -c "{}"',
    'echo "a {} b"',
    "[[ -n $({}) ]]",
    "y=$x; {}",
    "unset x; {}",
    "n=1; (( n > 0 )); {}",
    'let "n=$x"; {}',
]
"""Scripts around a script."""

fragments = st.sampled_from(
    [
        source
        for source in [*SAFE_TO_RUN, *scripts(MORE)]
        if not re.search(r"\n|#|<<|/(?:tmp|etc)|exec|rm |\bat\b", source)
    ]
)
wrapped = st.recursive(
    fragments,
    lambda inner: st.one_of(
        st.builds(lambda around, source: around.format(source), st.sampled_from(WRAPPERS), inner),
        st.builds(
            lambda one, between, other: one + between + other,
            inner,
            st.sampled_from(["; ", "\n", " && ", " | "]),
            inner,
        ),
    ),
    max_leaves=4,
)
TOKENS = [
    *"'\"\\#`\n;|&$(){}[]=<! aE",
    *("Q", "Q", "Q ", "echo ", "x=", '"$x"', "${x}", "$x", "$(", "$((", "((", "))", "[[ ", " ]]", "$'", "<<", "<<<"),
    *("\\\n", "; ", "case ", " in ", "a) ", ";; ", "esac", "if true; then ", "; fi", "for i in ", "; do ", "; done"),
    *(
        "<<E\n",
        "\nE\n",
        "eval ",
        "let ",
        "cat ",
        "sh ",
        "$$",
        "2>&1 ",
        "f() ",
        "${x:-",
        "-gt 1 ",
        "printf %s ",
        "n",
        "$_",
    ),
    *(
        "[ ",
        " ]",
        "test ",
        "-v ",
        "read ",
        "&& ",
        "|| ",
        "| ",
        "x=Q; ",
        'echo "$x" ',
        "$[",
        "`echo ",
        "`",
        "<(",
        "coproc ",
    ),
]


@settings(max_examples=300, deadline=None)
@given(wrapped, st.sampled_from(HOSTILE))
def test_no_script_of_scripts_lets_a_value_run(
    tmp_path_factory: pytest.TempPathFactory, source: str, value: str
) -> None:
    if is_data(source):
        assert ran(with_value(source, value), tmp_path_factory.mktemp("run")) == []


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=14).map("".join), st.sampled_from(HOSTILE))
def test_no_text_at_all_lets_a_value_run(tmp_path_factory: pytest.TempPathFactory, text: str, value: str) -> None:
    source = f"echo {text}"
    if is_data(source):
        assert ran(with_value(source, value), tmp_path_factory.mktemp("run")) == []


@pytest.mark.skipif(len(PRESENT) < len(SHELLS), reason="one of bash, dash and busybox is not installed")
def test_each_hostile_value_runs_somewhere_so_that_the_tests_above_mean_something(folder: Path) -> None:
    for value in HOSTILE:
        if "ran" in value:
            places = [
                "{}",
                "'{}'",
                '"{}"',
                "(echo {}:)",
                "{{ {}; }}",
                "cat <<END\n{}\nEND",
                "\\'{}\\'",
                "n='{}'; (( n ))",
                "let '{}'",
            ]
            assert any(ran(place.format(value), folder) for place in places), value


@pytest.mark.parametrize(
    ("source", "value", "problem"),
    [
        ("kubectl cordon Q", "--selector=kubernetes.io/os!=plan9", "begins with -, like an option"),
        ("rm -rf /data/Q/*", ".", "as a part of a path"),
        ("rm -rf /data/Q/*", "a/../..", "as a part of a path"),
        ("rm -rf /data/Q", "", "is empty, or makes an empty part of a path"),
        ("kubectl delete pods --field-selector=spec.nodeName=Q", "", "is empty, and would select everything"),
        ("kubectl delete pods -l Q", "", "is empty, and would select everything"),
        ("kubectl delete pods -l app=Q", "a,b", "inside a selector"),
        ("curl -d Q https://example.org", "@/etc/shadow", "begins with @, which names a file to read"),
    ],
)
def test_a_value_that_changes_what_a_command_means_is_refused(source: str, value: str, problem: str) -> None:
    with pytest.raises(Exception, match=problem) as refused:
        render(script(source.replace("Q", QUOTED)), alert(value=value))
    assert type(refused.value).__name__ == "UnsafeValue"


TEXT = "{{ value | text | shquote }}"


@pytest.mark.parametrize("source", ["echo Q", "printf '%s' Q", "kubectl cordon -- Q", "kubectl label node x a=Q"])
def test_any_text_may_stand_where_no_option_is_read(source: str) -> None:
    assert findings(script(source.replace("Q", TEXT))).problems == []
    assert render(script(source.replace("Q", TEXT)), alert(value="--all"))


@pytest.mark.parametrize("source", ["kubectl cordon Q", "touch Q", "timeout 5 touch Q", "curl -d Q https://x.org"])
def test_any_text_needs_a_double_dash_where_options_are_read(source: str) -> None:
    (problem,) = findings(script(source.replace("Q", TEXT))).problems
    assert "put -- before it" in problem
