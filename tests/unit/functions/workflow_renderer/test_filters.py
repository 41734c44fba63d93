"""The filters that say what a value is: name, number, text, and how it is written: shquote, tojson."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.workflow_renderer.checking import findings
from functions.workflow_renderer.errors import TemplateInvalid, UnsafeValue
from functions.workflow_renderer.rendering import render
from tests.unit.functions.workflow_renderer.manifests import alert, first, script, template

SPELLINGS = {
    "no engine, Go": "{{{{.v | {}}}}}",
    "no engine, Jinja": "{{{{ v | {} }}}}",
    "Go": "{{{{if .v}}}}{{{{end}}}}{{{{.v | {}}}}}",
    "Go, as a function": "{{{{if .v}}}}{{{{end}}}}{{{{ {} .v }}}}",
    "Jinja": "{{% if v %}}{{% endif %}}{{{{ v | {} }}}}",
}
each_spelling = pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)


def argument(value: str) -> str:
    return template(f"container: {{image: x, command: [echo, '{value}']}}")


@each_spelling
@pytest.mark.parametrize("value", ["dev1", "a.b-c", "10.0.0.1", "0", "a" * 253])
def test_a_name_is_one_of_kubernetes(spelling: str, value: str) -> None:
    assert first(render(argument(spelling.format("name")), alert(v=value)))["container"]["command"] == ["echo", value]


@each_spelling
@pytest.mark.parametrize("value", ["", "A", "a_b", "a/b", "-a", "a-", "a..b", ".a", "a b", "a:1", "a" * 254])
def test_nothing_else_is_a_name(spelling: str, value: str) -> None:
    with pytest.raises(UnsafeValue, match="is no name of a Kubernetes object"):
        render(argument(spelling.format("name")), alert(v=value))


@each_spelling
@pytest.mark.parametrize("value", ["0", "95", "97.25", "007"])
def test_a_number_is_decimal(spelling: str, value: str) -> None:
    assert first(render(argument(spelling.format("number")), alert(v=value)))["container"]["command"] == ["echo", value]


@each_spelling
@pytest.mark.parametrize("value", ["", "-5", "+5", "1e9", "0x1f", "1,5", "5%", "x", "NaN", ".5", "5.", "٣", "1" * 19])
def test_nothing_else_is_a_number(spelling: str, value: str) -> None:
    with pytest.raises(UnsafeValue, match="is no number"):
        render(argument(spelling.format("number")), alert(v=value))


@each_spelling
def test_text_may_begin_with_a_dash(spelling: str) -> None:
    assert render(argument(spelling.format("text")), alert(v="--all"))
    with pytest.raises(UnsafeValue, match="has other characters"):
        render(argument(spelling.format("text")), alert(v="a b"))


@pytest.mark.parametrize("filters", ["name | shquote", "shquote | name"])
def test_filters_are_taken_together(filters: str) -> None:
    manifest = script(f"kubectl cordon {{{{ v | {filters} }}}}")
    assert findings(manifest).problems == []
    assert render(manifest, alert(v="dev1"))
    with pytest.raises(UnsafeValue, match="is no name"):
        render(manifest, alert(v="a b"))


BODY = "http: {{url: 'https://x.org', body: {}}}"


@each_spelling
@given(value=st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="{}$"), max_size=60))
def test_json_holds_any_text(spelling: str, value: str) -> None:
    manifest = template(
        BODY.format(json.dumps('{"a": [' + spelling.format("tojson") + ', 1], "b": "{{workflow.name}}"}'))
    )
    body = first(render(manifest, alert(v=value)))["http"]["body"]
    assert json.loads(body)["a"] == [value, 1]


@pytest.mark.parametrize(
    "body", ['{"a": "{{ v | tojson }}"}', "text={{ v | tojson }}", "{{ v | tojson }}: 1", '{"a": {{ v | tojson }}']
)
def test_json_stands_in_json_alone(body: str) -> None:
    manifest = template(BODY.format(json.dumps(body)))
    assert any("tojson brings its own quotes" in problem for problem in findings(manifest).problems)
    with pytest.raises(TemplateInvalid):
        render(manifest, alert(v="a"))


@pytest.mark.parametrize("body", ['{"a": {{ v | tojson }}, "b": "{{ w }}", "c": {{ n | number }}}', "{{ v | tojson }}"])
def test_json_takes_words_and_numbers_beside_it(body: str) -> None:
    manifest = template(BODY.format(json.dumps(body)))
    assert findings(manifest).problems == []
    assert render(manifest, alert(v='"', w="dev1", n="5"))


@pytest.mark.parametrize(
    "lines",
    ["script: {image: x, command: [bash], source: 'echo {{ v | tojson }}'}", "container: {image: '{{ v | tojson }}'}"],
)
def test_json_is_of_no_use_elsewhere(lines: str) -> None:
    with pytest.raises(TemplateInvalid, match="is JSON, and may stand in a request's body"):
        render(template(lines), alert(v="a"))


def artifact(data: str) -> str:
    return template(f"inputs: {{artifacts: [{{name: a, path: /a, raw: {{data: {json.dumps(data)}}}}}]}}", "suspend: {}")


def held(workflow: dict[str, Any]) -> Any:
    return first(workflow)["inputs"]["artifacts"][0]["raw"]["data"]


@pytest.mark.parametrize("head", ["", "#!/bin/sh\n", "#!/usr/bin/env bash\n"])
def test_a_script_in_an_artifact_takes_quoted_values_where_they_are_data(head: str) -> None:
    manifest = artifact(f"{head}echo {{{{ v | shquote }}}}\n")
    assert findings(manifest).problems == []
    assert held(render(manifest, alert(v="a b"))) == f"{head}echo 'a b'\n"
    with pytest.raises(TemplateInvalid, match="shquote does not help"):
        render(artifact(f"{head}eval {{{{ v | shquote }}}}\n"), alert(v="a b"))


def test_one_for_another_program_takes_none() -> None:
    with pytest.raises(TemplateInvalid, match="shquote does not help where no shell"):
        render(artifact("#!/usr/bin/python3\nprint({{ v | shquote }})"), alert(v="a b"))


COMPUTED = [
    "(( {{ v }} > 5 ))",
    "[[ {{ v }} -gt 90 ]]",
    "let x={{ v }}",
    "n={{ v }}; (( n ))",
    "echo ${x:{{ v }}}",
    "a[{{ v }}]=1",
    "echo $(( {{ v }} + 1 ))",
    "declare -i x={{ v }}",
    "sh -c '(( {{ v }} ))'",
    'sh -c "(( {{ v }} ))"',
    "eval '(( {{ v }} ))'",
    "x=$(echo {{ v }}); (( x ))",
    "coproc (( {{ v }} ))",
]


@pytest.mark.parametrize("source", COMPUTED)
def test_a_word_that_is_computed_is_a_number(source: str) -> None:
    assert render(script(source), alert(v="95"))
    for value in ("VALUE", "PATH=0", "a.b"):
        with pytest.raises(UnsafeValue, match="the value of v is no number, and "):
            render(script(source), alert(v=value))
    assert render(artifact(f"#!/bin/bash\n{source}"), alert(v="95"))
    with pytest.raises(UnsafeValue, match="the value of v is no number, and "):
        render(artifact(f"#!/bin/bash\n{source}"), alert(v="VALUE"))
