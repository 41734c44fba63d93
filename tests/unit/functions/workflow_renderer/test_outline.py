"""Where a template's text stands in the manifest to be."""

import pytest

from functions.workflow_renderer.outline import outline


def kept(*lines: str) -> bool:
    """Whether nothing of the text was taken for a placeholder in a comment."""
    text = "\n".join(lines)
    return outline(text).text == text


@pytest.mark.parametrize(
    "lines",
    [
        ["# {{steps.<name>.outputs.result}}", "a: 1"],
        ["a: 1 # {{ b }}"],
        ["a: {{.b}} # {{ c }}", "d: {{.e}}"],
        ["a:", "  # {{.b}}", "  - c"],
        ["a: '#{{.b}}' # {{.c}}"],
        ["a: |", "  b", "# {{.c}}", "d: e"],
        ["a: [b, # {{.c}}", "  d]"],
        ["{{if .a}}", "b: 1", "{{else}}", "b: 2", "{{end}}", "# {{.c}}"],
        ["{% if a %}", "b: 1", "{% endif %}", "c: 1 # {{ d }}"],
        ["# {{ is how a placeholder begins", "a: {{.b}}"],
        ["# {% raw %} is how text begins", "a: 1"],
        ["# {{if .a}}", "# - b", "# {{end}}", "c: 1"],
        ["# {{if .a}} and {{end}}", "c: 1"],
        ["{{- $x := .a }}", "b: {{$x}} # {{.c}}"],
    ],
    ids="|".join,
)
def test_no_placeholder_is_left_in_a_comment(lines: list[str]) -> None:
    text = "\n".join(lines)
    blanked = outline(text).text
    assert blanked != text
    assert len(blanked) == len(text)
    assert [line.partition("#")[0] for line in blanked.split("\n")][-1] == lines[-1].partition("#")[0]
    assert text[: text.index("#")] == blanked[: text.index("#")]


@pytest.mark.parametrize(
    "lines",
    [
        ["a: |", "  b # {{.c}}", "  # {{.d}}"],
        ["a: >-", "  # {{.b}}"],
        ["- |2", "    # {{.b}}"],
        ["a: 'b # {{.c}}'"],
        ['a: "b', '  # {{.c}}"'],
        ["a: b#{{.c}}"],
        ["a: |", "  {{if .b}}", "  # {{.c}}", "  {{end}}"],
        ["# {{if .a}}", "b: 1", "# {{end}}"],
        ["# {% if a %}", "b: 1", "# {% endif %}"],
        ["b: 1", "# {{else}}"],
        ["no: [yaml", "# {{.a}}", "b: 1: 2"],
    ],
    ids="|".join,
)
def test_text_and_control_flow_stay(lines: list[str]) -> None:
    assert kept(*lines)


@pytest.mark.parametrize("tag", ["{{status}}", "{{ duration }}", "{{exitCode}}", "{{resourcesDuration.a.b/c}}"])
def test_metrics_have_tags_of_their_own(tag: str) -> None:
    text = f"metrics:\n  prometheus:\n  - labels: [{{key: a, value: '{tag}'}}]\nargs: ['{tag}']"
    assert outline(text).argos == {text.index(tag)}


def test_a_request_has_tags_of_its_own_in_its_condition() -> None:
    text = "metrics: []\nhttp: {successCondition: '{{response.statusCode}}', body: '{{response.body}}'}"
    assert outline(text).argos == {text.index("{{response.statusCode")}


@pytest.mark.parametrize("condition", ['{{if eq .Names "x"}}', "{{with $.State}}", "{{- if (not .Names) }}"])
@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("args:\n- |\n  a '@'\n", {3}),
        ("args:\n- |\n  @\n", {3}),
        ("command: [sh, -c, \"a '@'\"]\n", {1}),
        ("script:\n  source: a '@'\n", {2}),
        ("image: '@x'\n", set()),
        ("@\na: 1\n", set()),
        ("no: b: yaml\nimage: '@x'", {2}),
    ],
)
def test_conditions_in_scripts_are_known_by_their_lines(condition: str, text: str, scripts: set[int]) -> None:
    assert outline(text.replace("@", condition)).scripts == scripts


@pytest.mark.parametrize("condition", ['{{if eq .names "x"}}', "{{.Names}}", '{{if eq .x "a .B"}}', "{{range .Items}}"])
def test_other_statements_are_not_asked_for(condition: str) -> None:
    assert outline(f"args: ['{condition}'] # if {{{{.x}}}}").scripts == set()


def test_what_nests_too_deeply_has_no_comments() -> None:
    assert kept("# {{.b}}", "a: " + "{a: " * 50_000)
