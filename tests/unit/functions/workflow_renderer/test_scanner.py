"""What opens a brace in a template, found in one pass."""

import re
import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.workflow_renderer import scanner
from functions.workflow_renderer.argo_tags import Protected
from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.outline import outline
from functions.workflow_renderer.scanner import Kind, scan
from functions.workflow_renderer.spelling import spelling_of

LIMIT = 262_144


def found(text: str) -> list[tuple[Kind, str]]:
    return [(token.kind, token.text) for token in scan(text)]


@pytest.mark.parametrize(
    ("text", "kind", "inner"),
    [
        ("{{.node}}", Kind.ACTION, ".node"),
        ("{{- node -}}", Kind.ACTION, "- node -"),
        ('{{ "}}" }}', Kind.ACTION, ' "}}" '),
        ('{{ "\\"}}" }}', Kind.ACTION, ' "\\"}}" '),
        ("{{ '{{ x }}' }}", Kind.ACTION, " '{{ x }}' "),
        ("{{ `a\n}}` }}", Kind.ACTION, " `a\n}}` "),
        ("{{ it's }}", Kind.ACTION, " it's "),
        ("{{if\n.x}}", Kind.ACTION, "if\n.x"),
        ("{{/* don't {{ }} */}}", Kind.ACTION, "/* don't {{ }} */"),
        ("{{=map(x, {# * 2})}}", Kind.EXPRESSION, "=map(x, {# * 2})"),
        ("{% if x %}", Kind.STATEMENT, "if"),
        ("{%- endfor -%}", Kind.STATEMENT, "endfor"),
        ("{# a comment #}", Kind.COMMENT, ""),
        ("{% raw %}{{ .State.Status }}{% x {% endraw %}", Kind.RAW, "{{ .State.Status }}{% x "),
        ("{%raw%}{%endraw%}", Kind.RAW, ""),
        ("{%s}", Kind.LITERAL, ""),
        ("{%Y-%m}", Kind.LITERAL, ""),
        ("{%set}", Kind.LITERAL, ""),
        ("{#.*}", Kind.LITERAL, ""),
        ("{#}", Kind.LITERAL, ""),
    ],
)
def test_one_token(text: str, kind: Kind, inner: str) -> None:
    (token,) = scan(f"a: {text}")
    assert (token.kind, token.inner, token.start) == (kind, inner, 3)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("{{.a}}{{.b}}", [(Kind.ACTION, "{{.a}}"), (Kind.ACTION, "{{.b}}")]),
        ("{{{.a}}}", [(Kind.LITERAL, "{"), (Kind.ACTION, "{{.a}}")]),
        ("f(a, {# > 1}) g(b, {#})", [(Kind.LITERAL, "{#"), (Kind.LITERAL, "{#")]),
        ("{%s} {% if x %}", [(Kind.LITERAL, "{%"), (Kind.STATEMENT, "{% if x %}")]),
        ("{%if} {% if x %}", [(Kind.LITERAL, "{%"), (Kind.STATEMENT, "{% if x %}")]),
        ("${#a} {# b #}", [(Kind.LITERAL, "{#"), (Kind.COMMENT, "{# b #}")]),
        (
            "{%- raw %}x{% endraw %}",
            [(Kind.STATEMENT, "{%- raw %}"), (Kind.RAW, "x"), (Kind.STATEMENT, "{% endraw %}")],
        ),
        ("{a: {b: 1}} }} %} #} {", []),
    ],
)
def test_several(text: str, tokens: list[tuple[Kind, str]]) -> None:
    assert found(text) == tokens


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('a: 1\nvalue: "{{ node }"\nb: "c"\n', "line 2: {{ is not closed"),
        ('value: "{{ node }"\nb: {{ c }}', "line 1: {{ is not closed"),
        ("{{", "line 1: {{ is not closed"),
        ("a\n{{=x", "line 2: {{ is not closed"),
        ("a\n{% raw %}{% end %}", "line 2: {% raw %} is not closed"),
        ("{% if x }", "line 1: {% is not closed"),
    ],
)
def test_what_is_not_closed_is_named_by_its_line(text: str, problem: str) -> None:
    with pytest.raises(TemplateInvalid, match=re.escape(problem)):
        list(scan(text))


@given(st.text(st.sampled_from("{}%#=\"'`\\\n -.axif")))
def test_tokens_follow_one_another_and_are_parts_of_the_text(text: str) -> None:
    at = 0
    try:
        for token in scan(text):
            assert at <= token.start < token.end
            assert text[token.start : token.end] == token.text
            at = token.end
    except TemplateInvalid:
        pass


REPEATED = {
    "a missing brace before quoted lines": ('value: "{{ node }"\n', 'b: "c {{ d }}"\n'),
    "openings": ("", "{{"),
    "expressions that are not closed": ("", "{{="),
    "quotes that are not closed": ("", "{{ ' }}"),
    "escaped quotes": ("{{ '", " }}{{ \\'"),
    "backquotes": ("", "{{ ` }}"),
    "comments of Go that are not closed": ("", "{{/* }}"),
    "statements that are not closed": ("", "{%if"),
    "statements closed by the last": ("", "{%if ' "),
    "comments that are not closed": ("", "{#"),
    "blanks": ("{% ", " "),
    "raw texts": ("", "{% raw %}{{{% endraw %}"),
    "ends of raw texts that are none": ("{% raw %}", "{% endraw"),
    "tags of Argo's": ("", "{{workflow.a['b'].c}} "),
    "a long tag": ("{{workflow", ".a[b]"),
    "braces": ("", "{"),
    "parentheses": ("{{ ", "("),
    "words": ("{{ ", "a "),
    "comments of YAML": ("", "# {{ a }} # {{ b }}\n"),
    "hashes": ("", " # {{"),
    "comments of YAML with statements": ("", "# {{if .A}}\n"),
    "conditions": ("", "{{if .A}}{{end}}"),
    "a condition on a text that is not closed": ('{{if "', '\\"'),
    "a condition on names": ("{{if ", ".a ("),
    "conditions in lines": ("a: |\n", "  {{if .A}}\n"),
    "metrics": ("metrics:\n", "- '{{status}}'\n"),
}


def steps(text: str) -> int:
    """How many lines of the renderer's code run until a text is read."""
    taken = 0

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal taken
        if "workflow_renderer" not in frame.f_code.co_filename:
            return None
        taken += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        read(text)
    finally:
        sys.settrace(before)
    return taken


def read(text: str) -> None:
    try:
        known = outline(text)
        spelling_of(Protected(known.text, known.argos).text)
    except TemplateInvalid:
        pass


@pytest.mark.parametrize(("begin", "repeated"), REPEATED.values(), ids=REPEATED)
def test_twice_the_text_takes_at_most_twice_the_steps(begin: str, repeated: str) -> None:
    few, many = (steps(begin + repeated * times) for times in (200, 400))
    assert many <= 2 * few + 100


@pytest.mark.parametrize("end", ["", "}}", "%}", "#}", "\n"], ids=repr)
@pytest.mark.parametrize(("begin", "repeated"), REPEATED.values(), ids=REPEATED)
def test_the_longest_text_is_read(begin: str, repeated: str, end: str) -> None:
    read((begin + repeated * LIMIT)[:LIMIT] + end)


def test_the_line_of_a_position() -> None:
    assert [scanner.line_of("a\nb\n", at) for at in range(4)] == [1, 1, 2, 2]
