"""Jinja's spelling in its sandbox: values come out as marks, and nothing runs away."""

import pytest

from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.jinja import prepare
from functions.workflow_renderer.markers import Marks, Value
from functions.workflow_renderer.parameters import Parameters

PARAMETERS = Parameters(
    {"node": "dev1", "pod": "p-0", "empty": "", "range": "r", "big": "x" * 10_000, "a-b": "dash"},
    {"metadata": {"name": "x"}, "spec": {"type": "T", "fires": True}, "details": {"a-b": "dash"}, "list": ["a", "b"]},
)
MACRO = "{% macro m(a) %}<{{ a }}>{% endmacro %}"


def evaluate(text: str) -> str:
    """What comes out, each value in angle brackets and with a tilde where it is quoted."""
    marks = Marks()
    parts = marks.split(prepare(text, marks)(PARAMETERS))
    return "".join(f"<{'~' * part.quoted}{part.text}>" if isinstance(part, Value) else part for part in parts)


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("a {{ node }} b\n", "a <dev1> b\n"),
        ('{{ node | upper }}{{ "x" ~ node }}{{ node + "x" }}{{ node[0] }}', "<DEV1><xdev1><dev1x><d>"),
        ('{{ "lit" }}{{ 5 }}{% raw %}{{x}}{% endraw %}', "lit5{{x}}"),
        ('{{ "a b" if node else "c" }}', "<a b>"),
        ('{% if node == "dev1" %}y{% elif empty %}z{% else %}n{% endif %}', "y"),
        ('{% if missing is defined %}y{% else %}n{% endif %}{{ missing | default("d") }}', "n<d>"),
        (
            "{% for x in alert.list %}{{ loop.index }}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}",
            "<1><a>,<2><b>",
        ),
        ("{% for x in range(2) %}{{ x }}{% endfor %}", "<0><1>"),
        ('{% set x = node ~ "!" %}{{ x }}{% with y = pod %}{{ y }}{% endwith %}', "<dev1!><p-0>"),
        ('{{ alert.details["a-b"] }}{{ alert.spec.type }}{{ alert.spec.fires }}', "<dash><T><true>"),
        ('{{ node.split("e") | first }}{{ node.startswith("d") }}', "<d><true>"),
        ('{{ alert.list | map("upper") | join(",") }}', "<A,B>"),
        ("{{ node | shquote }}{{ (node ~ 1) | shquote }}{{ node | shquote | upper }}", "<~dev1><~dev11><DEV1>"),
        (MACRO + "{{ m(node) }}{% set x = m(pod) %}{{ x }}", "<<dev1>><<p-0>>"),
        ("{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}in {{ pod }}{% endcall %}", "[in <p-0>]"),
        ("{# a comment #}x", "x"),
    ],
)
def test_what_comes_out(text: str, out: str) -> None:
    assert evaluate(text) == out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n{{ missing }}", "line 2: this alert has no parameter missing"),
        ("{% if missing %}{% endif %}", "this alert has no parameter missing"),
        ("{{ missing | shquote }}", "this alert has no parameter missing"),
        ("{% for x in missing %}{% endfor %}", "this alert has no parameter missing"),
        ("\n\n{{ alert.spec.missing }}", "line 3: "),
        ("{{ alert.spec }}", "alert.spec is a mapping"),
        ("{{ node | nofilter }}", "No filter named 'nofilter'"),
        ("a\n{% if node %}", "line 2: "),
        ("{{ node.__class__ }}", "not open to templates"),
        ("{{ node.__class__.__mro__ }}", "not open to templates"),
        ("{{ node.format(1) }}", "not open to templates"),
        ("{{ node.center(1000000000) }}", "not open to templates"),
        ("{{ alert.list.append(1) }}", "not open to templates"),
        ("{{ lipsum() }}", "no parameter lipsum"),
        ("{{ cycler }}", "no parameter cycler"),
        ("{{ self._TemplateReference__context }}", "not open to templates"),
        ("{% filter upper %}{{ node }}{% endfilter %}", "a filter block"),
        ("{% set x %}{{ node }}{% endset %}", "a set block"),
        ("{% include 'x' %}", "include"),
        ("{% extends 'x' %}", "extends"),
        ("{% from 'x' import y %}", "import"),
        ("{% for item in alert.list %}{% endfor %}", "a variable item, but {{ item }} is Argo's"),
        (MACRO + "{{ m(node) | upper }}", "a macro's text is worked on"),
        (MACRO + "{{ m(node) ~ 1 }}", "a macro's text is worked on"),
        (MACRO + "{{ m(node) + 'x' }}", "a macro's text is worked on"),
        (MACRO + "{{ m(node).upper() }}", "a macro's text is worked on"),
        (MACRO + "{{ m(node)[0] }}", "a macro's text is worked on"),
        (MACRO + "{{ [m(node)] | join }}", "holds other values"),
        ("{% call node.upper() %}{% endcall %}", "a macro's text is worked on"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        evaluate(text)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{% set x = 99999999999999999999 %}" + "{% set x = x * x %}" * 30,
        "{% set x = big %}" + "{% set x = x ~ x %}" * 30,
        "{% set x = big %}" + "{% set x = x + x %}" * 30,
        "{{ big | replace('x', big) }}",
        "{{ big | list | join(big) }}",
        "{% for a in range(1000000000) %}{% endfor %}",
        "{% for a in range(5000) %}{% for b in range(5000) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for a in range(9999) %}" + "x" * 1_000 + "{% endfor %}",
        "{% macro m() %}" + "x" * 1_000 + "{% endmacro %}{% for a in range(9999) %}{{ m() }}{% endfor %}",
        "{% macro m(t) %}{% for a in range(9999) %}{{ t }}{% endfor %}{% endmacro %}"
        "{% macro x() %}" + "x" * 1_000 + "{% endmacro %}{{ m(x()) }}",
        "{% set x = [1] %}" + "{% set x = [x, x] %}" * 30 + "{{ x | join }}",
        "{% set x = (1,) %}" + "{% set x = (x, x) %}" * 30 + "{{ x | join }}",
        "{% set x = {1: 1} %}" + "{% set x = {1: x, 2: x} %}" * 30 + "{{ x | dictsort | join }}",
        "{% set x = [1] %}{% set y = [1] %}"
        + "{% set x = [x, x] %}{% set y = [y, y] %}" * 30
        + "{% if x == y %}{% endif %}",
        "{% set x = [1] %}{% set y = [1] %}"
        + "{% set x = [x, x] %}{% set y = [y, y] %}" * 16
        + "{% for a in range(5000) %}{% if x == y %}{% endif %}{% endfor %}",
        "{% set x = range(999) | list %}{% for a in range(5000) %}{% if x is eq(x | list) %}{% endif %}{% endfor %}",
        "{% set x = range(9999) | list %}{% for a in range(999) %}{{ x | max }}{% endfor %}",
        "{% for a in range(999) %}{% set x = big[1:] %}{% endfor %}",
        "{{ range(999) | map('replace', '1', big) | list | length }}",
        "{% for a in range(5000) %}{% if range(9999) | max %}{% endif %}{% endfor %}",
        "{% for a in range(5000) %}{% if 1 in (range(9999) | select('eq', 5.5)) %}{% endif %}{% endfor %}",
        "{% for a in range(5000) %}{% if range(9999) | map('abs') | last %}{% endif %}{% endfor %}",
        "{{ 10 | round(-100000000) }}",
        "{{ 1.5 | round(method='floor', precision=100000000) }}",
        "{{ alert.list | map('list') | sum(start=[]) }}",
        "{{ range(9999)" + " | map('string')" * 150 + " | join }}",
        "{{ node" + ".a" * 500 + " }}",
        "{{ 1e999 }}",
        "{{ 1e999 | int }}",
        "{{ " + "1" * 5_000 + " }}",
        "{{ 0x" + "f" * 900 + " }}",
        "{{ 1e308 * 10 }}",
        "{{ 1e308 * 10 - 1e308 * 10 }}",
        "{{ range(999) | map(attribute='x', default=big) | join }}",
        "{{ " + "(" * 5_000 + "node" + ")" * 5_000 + " }}",
        "{{ " + "not " * 5_000 + "node }}",
        "{{ node" + " | upper" * 5_000 + " }}",
        "{{ 1" + " + 1" * 5_000 + " }}",
        "{% if node %}" * 1_000 + "{% endif %}" * 1_000,
        "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
    ],
)
def test_a_template_uses_up_neither_time_nor_memory(text: str) -> None:
    with pytest.raises(TemplateInvalid):
        evaluate(text)


def test_the_marks_know_the_parameters_they_come_from() -> None:
    marks = Marks()
    text = '{{ node }}{{ node ~ pod }}{{ alert.spec.type | upper }}{{ alert.details["a-b"] }}'
    parts = marks.split(prepare(text, marks)(PARAMETERS))
    keys = [part.key for part in parts if isinstance(part, Value)]
    assert keys == ["node", "node, pod", "alert.spec.type", "alert.details.a-b"]
