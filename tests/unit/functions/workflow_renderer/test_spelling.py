"""Which spelling a template uses, and what is Argo's in it."""

import pytest

from functions.workflow_renderer.argo_tags import Protected
from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.spelling import Spelling, spelling_of

GO = """\
{{.node}}|{{ .node }}|{{- .node -}}|{{$x}}|{{$x := .node}}|{{if .x}}|{{ if eq .x "a" }}|{{range .x}}|{{with $x}}|\
{{end}}|{{- end }}|{{else}}|{{else if .x}}|{{keep "x"}}|{{printf "%s" .x}}|{{index . "a-b"}}|{{shquote .x}}|\
{{/* c */}}|{{- /* c */ -}}|{{(index . "a").b}}|{{and .a .b}}|{{not .a}}|{{len .x}}|\
{{define "t"}}|{{template "t" .}}|{{`raw`}}|{{ printf "}}" .x }}|{{ default "none" .x }}|{{json .}}|{{json .State}}"""
JINJA = """\
{{ node }}|{{node}}|{{ node | upper }}|{{- node -}}|{{ alert.spec.type }}|{{ alert.details["a-b"] }}|\
{{ a if b else c }}|\
{% if x %}|{%- for x in y -%}|{% set x = 1 %}|{{ "a" ~ b }}|{{ 'a' }}|{{ (a or b) | shquote }}|{{ not a }}|\
{{ print }}|{{ index }}|{{ a | default("}}") }}"""
NEITHER = """plain|{{"{{status}}"}}|{{ "a" }}|{{ 5 }}|a { b } c|${x%%.*}|printf {%s}|date +{%Y}|{# comment|\
{% raw %}{{ .State.Status }}{% endraw %}|{%raw%}{{ x }}{% if y %}{%endraw%}|perl s{#.*}{}|filter(data, {# > 1})"""


@pytest.mark.parametrize("text", GO.split("|"))
def test_go(text: str) -> None:
    assert spelling_of(f"a: {text}\n") is Spelling.GO


@pytest.mark.parametrize("text", [piece.replace("¦", "|") for piece in JINJA.replace(" | ", " ¦ ").split("|")])
def test_jinja(text: str) -> None:
    assert spelling_of(f"a: {text}\n") is Spelling.JINJA


@pytest.mark.parametrize("text", NEITHER.split("|"))
def test_neither(text: str) -> None:
    assert spelling_of(f"a: {text}\n") is Spelling.NONE


def test_a_template_that_mixes_both_is_told_which_tags_clash() -> None:
    with pytest.raises(TemplateInvalid, match=r"\{\{\.a\}\} \(Go, line 1\) and \{% if b %\} \(Jinja, line 3\)"):
        spelling_of("x: {{.a}}\ny: 1\nz: {% if b %}{% endif %}")


TAGS = """\
{{workflow.name}}|{{ workflow.parameters.x }}|{{workflow.labels.app.kubernetes.io/name}}|{{inputs.parameters.a-b}}|\
{{inputs.artifacts.x.path}}|{{outputs.parameters.x.path}}|{{steps.a-b.outputs.result}}|\
{{tasks.a.outputs.parameters.b}}|{{item}}|\
{{ item }}|{{item.x}}|{{item['x']}}|{{retries}}|{{lastRetry.exitCode}}|{{pod.name}}|{{node.name}}|\
{{cronworkflow.name}}|\
{{inputs.parameters}}|{{lastRetry}}|{{workflow.duration}}|{{workflow.creationTimestamp.Y}}|{{outputs.result}}|\
{{=asInt(inputs.parameters.x) > 1 ? "a" : "b"}}|{{=map(x,\n  {# * 2})}}|{{= steps['a'].outputs.result }}|${#x}"""


@pytest.mark.parametrize("tag", TAGS.split("|"))
def test_a_tag_of_argos_is_out_of_the_way_and_comes_back(tag: str) -> None:
    text = f"a: '{tag}' {{{{.node}}}} {tag}"
    tags = Protected(text)
    assert tag not in tags.text
    assert spelling_of(tags.text) is Spelling.GO
    assert tags.restore(tags.text) == text


PLACEHOLDERS = """\
{{ node }}|{{ pod }}|{{.item}}|{{ workflow }}|{{ items }}|{{ node.names }}|{{ node.name ¦ upper }}|{{ item.a + 1 }}"""


@pytest.mark.parametrize("text", [text.replace("¦", "|") for text in PLACEHOLDERS.split("|")])
def test_what_has_not_the_form_of_a_tag_is_a_placeholder(text: str) -> None:
    assert Protected(text).text == text


def test_raw_text_stands_as_it_is_in_both_spellings() -> None:
    for placeholder in ("{{.node}}", "{{ node }}"):
        tags = Protected(placeholder + "{% raw %}{{ .State.Status }}{% endraw %}")
        assert tags.restore(tags.text) == placeholder + "{{ .State.Status }}"


@pytest.mark.parametrize("braces", ["{%s}", "{%Y}", "{#.*}{}", "${#x}", "{#}"])
def test_braces_that_open_nothing_are_out_of_the_engines_way(braces: str) -> None:
    tags = Protected(f"{{{{ node }}}} {braces}")
    assert not any(opening in tags.text for opening in ("{%", "{#"))
    assert tags.restore(tags.text) == f"{{{{ node }}}} {braces}"


def test_a_clash_says_how_braces_stand_for_themselves() -> None:
    with pytest.raises(TemplateInvalid, match=r'as text \{\{ "\{\{\.Name\}\}" \}\} or \{% raw %\}'):
        spelling_of("docker ps --format '{{json .}}' {{ node }}")


def test_a_placeholder_inside_an_expression_is_refused() -> None:
    with pytest.raises(TemplateInvalid, match="line 2: a placeholder inside an Argo expression"):
        Protected("a\n{{= {{.node}} == 'x' }}")


@pytest.mark.parametrize(
    "text", ["{{.a | print}}" * 3_000, "{{ " + "a ~ " * 10_000 + "b }}", "{% if a %}{% endif %}" * 2_000]
)
def test_what_the_engines_have_to_read_is_bounded(text: str) -> None:
    with pytest.raises(TemplateInvalid, match="over 16384 characters in placeholders and statements"):
        spelling_of(text)
