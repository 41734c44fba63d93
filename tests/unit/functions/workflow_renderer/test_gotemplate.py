"""Go's spelling means what it means in Go, and values come out as marks."""

import pytest

from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.gotemplate import prepare
from functions.workflow_renderer.markers import Marks, Value
from functions.workflow_renderer.parameters import Parameters

PARAMETERS = Parameters(
    {"node": "dev1", "pod": "p-0", "empty": "", "a-b": "dash", "half": "{{"},
    {"metadata": {"name": "x"}, "spec": {"type": "T", "count": 3, "fires": True}, "list": ["a", "b"]},
)


def evaluate(text: str) -> str:
    """What comes out, each value in angle brackets and with a tilde where it is quoted."""
    marks = Marks()
    parts = marks.split(prepare(text, marks)(PARAMETERS))
    return "".join(f"<{'~' * part.quoted}{part.text}>" if isinstance(part, Value) else part for part in parts)


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("a {{.node}} b", "a <dev1> b"),
        ("a {{- .node -}} b", "a<dev1>b"),
        ("节点 {{.node}} 完成 {{.pod}}", "节点 <dev1> 完成 <p-0>"),
        ("{{/* {{ }} */}}x", "x"),
        ("{{if .node}}y{{else}}n{{end}}", "y"),
        ("{{if .empty}}y{{else}}n{{end}}", "n"),
        ("{{if .missing}}y{{else}}n{{end}}", "n"),
        ("{{if .alert.spec.missing}}y{{else}}n{{end}}", "n"),
        ("{{if not .missing}}y{{end}}", "y"),
        ("{{if and .node .missing}}y{{else}}n{{end}}", "n"),
        ('{{if eq .node "dev1"}}y{{else if eq .node "dev2"}}z{{end}}', "y"),
        ('{{if eq .missing "dev1"}}y{{else}}n{{end}}', "n"),
        ('{{if ne $.node "dev1"}}y{{else}}n{{end}}', "n"),
        ("{{with .pod}}{{.}}{{end}}{{with .missing}}{{.}}{{else}}-{{end}}", "<p-0>-"),
        ('{{or .missing "none"}}', "<none>"),
        ("{{range $i, $v := .alert.list}}{{$i}}={{$v}};{{end}}", "<0>=<a>;<1>=<b>;"),
        ('{{range .alert.list}}{{.}}{{if eq . "a"}}{{continue}}{{end}},{{end}}', "<a><b>,"),
        ('{{printf "%s-%d" .node 5}}', "<dev1-5>"),
        ('{{.node | printf "%q"}}', '<"dev1">'),
        ('{{print .node "x"}}', "<dev1x>"),
        ("{{len .node}}{{slice .node 0 3}}", "<4><dev>"),
        ('{{index . "a-b"}}', "<dash>"),
        ('{{index .alert "spec" "type"}}', "<T>"),
        ("{{.alert.spec.count}}{{.alert.spec.fires}}", "<3><true>"),
        ("{{$x := .node}}{{$x}}{{$x = .pod}}{{$x}}", "<dev1><p-0>"),
        ("{{.node | shquote}}{{shquote .pod}}", "<~dev1><~p-0>"),
        ('{{printf "%s" (shquote .node)}}', "<dev1>"),
        ('{{keep "status.phase"}}', "{{.status.phase}}"),
        ('{{"{{status}}"}}{{`{{x}}`}}{{5}}{{true}}{{printf "%d" 5}}', "{{status}}{{x}}5true5"),
        ("{{keep .node}}", "<{{.dev1}}>"),
        ('{{define "t"}}[{{.}}]{{end}}{{template "t" .node}}', "[<dev1>]"),
        ('{{block "b" .}}[{{.pod}}]{{end}}', "[<p-0>]"),
    ],
)
def test_what_comes_out(text: str, out: str) -> None:
    assert evaluate(text) == out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n{{.missing}}", "line 2: this alert has no parameter missing"),
        ('{{printf "%s" .missing}}', "this alert has no parameter missing"),
        ("{{.missing | shquote}}", "this alert has no parameter missing"),
        ('{{index . "missing"}}', "missing has no value"),
        ("{{.alert.spec.missing}}", "'missing'"),
        ("{{.alert.spec}}", "alert.spec is a mapping"),
        ("{{.alert.list}}", "alert.list is a list"),
        ("{{.node.upper}}", "'upper' is not allowed"),
        ("{{.node.__class__}}", "'__class__' is not allowed"),
        ("a\n{{upper .node}}", "line 2: function 'upper' not defined"),
        ("{{if .node}}", "line 1: "),
        ("{{.node", "unclosed action"),
        ("{{call .node}}", "call"),
        ("{{printf .half}}", "printf without a literal format"),
        ('{{printf "%1000d" 1}}', "printf with a width over 999"),
        ('{{printf "%.*f" 9999 1}}', "printf with a width over 999"),
        ('{{keep "a b"}}', "keep takes the name of a field"),
        ('{{define "t"}}{{template "t"}}{{end}}{{template "t"}}', "depth"),
        ('{{$x := "12345678"}}' + "{{$x = print $x $x $x $x $x $x $x $x}}" * 12, "a text over 200000 characters"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        evaluate(text)
    assert problem in str(refused.value)


def test_the_marks_know_the_parameters_they_come_from() -> None:
    marks = Marks()
    text = '{{.node}}{{printf "%s%s" .pod .alert.spec.type}}{{index . "a-b"}}{{or .missing .node}}'
    parts = marks.split(prepare(text, marks)(PARAMETERS))
    keys = [part.key for part in parts if isinstance(part, Value)]
    assert keys == ["node", "pod, alert.spec.type", "a-b", "missing, node"]
