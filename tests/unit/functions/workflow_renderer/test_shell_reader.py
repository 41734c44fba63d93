"""A shell script is read as shells read it, or not at all."""

import shutil
import subprocess
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.workflow_renderer.shell_cursor import Unreadable
from functions.workflow_renderer.shell_flow import Flow
from functions.workflow_renderer.shell_reader import read_script
from functions.workflow_renderer.shell_syntax import Compound, Simple


def words(text: str) -> list[list[str | None]]:
    """The words of each simple command of a script, None for those that are no literals."""
    return [
        [word.literal for word in command.words]
        for pipeline in read_script(text)
        for command in pipeline
        if isinstance(command, Simple)
    ]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a b  c", [["a", "b", "c"]]),
        ("a; b & c\nd", [["a"], ["b"], ["c"], ["d"]]),
        ("a | b && c || d", [["a"], ["b"], ["c"], ["d"]]),
        ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
        ("a'b'\"c\"\\d", [["abcd"]]),
        ("a \\\n b", [["a", "b"]]),
        ("a\\\nb", [["ab"]]),
        ('"a\\\nb"', [["ab"]]),
        ("'a\\\nb'", [["a\\\nb"]]),
        ("a # b 'c", [["a"]]),
        ("a#b", [["a#b"]]),
        ("# a \\\nb", [["b"]]),
        ("a $b `c` $(d)", [["a", None, None, None]]),
        ("a $$ $", [["a", None, "$"]]),
        ("a $'b\\n'", [["a", "b\\n"]]),
        ("a >b 2>&1 <c", [["a"]]),
        ("x=1 y=2 a", [["a"]]),
        ("cat <<END\na 'b\nEND\nc", [["cat"], ["c"]]),
        ("cat <<-END\n\ta\n\tEND\nc", [["cat"], ["c"]]),
        ("cat <<A <<B\na\nA\nb\nB\nc", [["cat"], ["c"]]),
        ("cat <<'END'\n$(a\nEND\nc", [["cat"], ["c"]]),
        ("! a", [["a"]]),
        ("a }", [["a", "}"]]),
        ("a if", [["a", "if"]]),
        ("", []),
    ],
)
def test_words_are_those_of_the_shell(text: str, read: list[list[str | None]]) -> None:
    assert words(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "if a; then b; elif c; then d; else e; fi",
        "while a; do b; done > f",
        "until a\ndo b\ndone",
        "for i in a b\ndo c; done",
        "for i do c; done",
        "for ((i=0;i<3;i++)); do c; done",
        "case $a in (b|c) d;; e) f;& *) g; esac",
        "{ a; b; }",
        "(a; b)",
        "((a + b))",
        "[[ -n $a && ( $b == c* || $d =~ ^[a-z]+$ ) ]]",
        "if a; then { b; }; fi",
    ],
)
def test_compound_commands_are_one_command(text: str) -> None:
    (((compound,),)) = read_script(text)
    assert isinstance(compound, Compound)


UNREADABLE = [
    "'",
    '"',
    "`",
    "$(",
    "${",
    "$((",
    "$((1)",
    "(",
    ")",
    "{ a",
    "}",
    "a;;",
    "if a",
    "if a; then b",
    "fi",
    "th\\\nen",
    "i\\\nf a; then b; fi",
    "for",
    "for 1 in a; do b; done",
    "case a in b) c",
    "f() a",
    "a (b)",
    "a=(b",
    "a=(b & c)",
    "a=(b; c)",
    "[[ a",
    "a &&",
    "a |",
    "| a",
    "a <",
    "a <<E",
    "a <<E\nb",
    "a <<$E\nb\n$E",
    "a <<E\nb\\\nE\n",
    "a $(b <<E)\nE\n",
    "a <<E 'b\nc'\nE\n",
    "a <\\\n<E\nE\n",
    "a &\\\n& b",
    "a $\\\n(b)",
    "a$'b\\'c'",
    'a $"b"',
    'a${b:-$"c"}',
    "a@(b|c)",
    "coproc a",
    "a\\",
    "echo $(case a in a) b;; esac)",
    "echo \"${a:-'b'}\"",
    "a[1 + 2]=3",
    "{ " * 100 + "a" + "; }" * 100,
    "( " * 100 + "a" + ")" * 100,
    "$((" * 100,
    "f() " * 100,
    "`" * 99,
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_script_or_read_differently_is_not_read(text: str) -> None:
    with pytest.raises(Unreadable):
        read_script(text)


PIECES = [
    *"'\"\\#`\n;|&$(){}[]=<>! a",
    "if ",
    "then ",
    "fi",
    "; do ",
    "done",
    "for i in ",
    "case a in ",
    "esac",
    "<<E",
    "\nE\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Unreadable):
        Flow(text)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([*"'\"\\#`;|&${} a\n", "$(a)", "${a}", "'b'", '"c"', "x=", "\\\n"]), max_size=10).map(
        "".join
    )
)
def test_a_word_that_is_read_as_literal_is_the_one_that_bash_passes(text: str) -> None:
    try:
        read = words(f"printf '%s\\0' {text}")
    except Unreadable:
        return
    if len(read) == 1 and None not in read[0] and not {*"{}"} & {*text}:
        run = subprocess.run(
            ["bash", "-c", f"printf '%s\\0' {text}"], capture_output=True, timeout=10, check=False, cwd="/"
        )
        if len(read[0]) > 2 and run.returncode == 0 and not run.stderr:
            assert run.stdout.decode().split("\0")[:-1] == read[0][2:]


REPEATED = [
    "echo a b; ",
    "$x ",
    "'a' ",
    "\\\n",
    "# c\n",
    "$(",
    "`a` ",
    "cat <<E\nx\nE\n",
    "f() { a; }\n",
    "a|",
    "> >(a) ",
    "eval a;",
]


@pytest.mark.parametrize("piece", REPEATED)
def test_a_long_script_is_read_to_its_end(piece: str) -> None:
    with suppress(Unreadable):
        Flow(piece * (50_000 // len(piece)))
