"""A template and an alert make a workflow, whatever the alert's values are."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.workflow_renderer.errors import TemplateInvalid, UnsafeValue
from functions.workflow_renderer.rendering import render
from tests.unit.functions.workflow_renderer.manifests import (
    HOSTILE,
    START,
    alert,
    first,
    script,
    structure,
    template,
)

ROOT = Path(__file__).resolve().parents[4]
PYTHONPATH = {"PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}"}
CORDON = START.replace(
    "  entrypoint", "  serviceAccountName: aegis-workflow\n  ttlSecondsAfterFinished: 60\n  entrypoint"
)
CORDON += """\
    retryStrategy:
      limit: 1
    container:
      image: bitnami/kubectl:latest
      command:
      - /bin/bash
      - -c
      - |
        kubectl cordon {{.node}}
"""
EVERYWHERE = template(
    """\
metadata:
  annotations: {a: "{{.value}}", b: 'x {{.value}} y', c: {{.value}}}
container:
  image: x
  env:
  - {name: QUOTED, value: "{{.value}}"}
  - {name: SINGLE, value: '{{.value}}'}
  - name: PLAIN
    value: {{.value}}
  - name: BLOCK
    value: |
      before {{.value}} after
  - name: FOLDED
    value: >-
      {{.value}}
      {{.value}}""",
)


def test_the_common_template_renders_as_the_go_system_renders_it_with_what_argo_renamed_carried_over() -> None:
    assert render(CORDON, alert(node="dev1")) == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {},
        "spec": {
            "serviceAccountName": "aegis-workflow",
            "ttlStrategy": {"secondsAfterCompletion": 60},
            "entrypoint": "start",
            "templates": [
                {
                    "name": "start",
                    "retryStrategy": {"limit": 1},
                    "container": {
                        "image": "bitnami/kubectl:latest",
                        "command": ["/bin/bash", "-c", "kubectl cordon dev1\n"],
                    },
                }
            ],
        },
    }


@given(st.text(max_size=300))
def test_no_value_changes_the_keys_or_the_structure(value: str) -> None:
    plain = render(EVERYWHERE, alert(value="plain"))
    try:
        rendered = render(EVERYWHERE, alert(value=value))
    except UnsafeValue:
        return
    assert structure(rendered) == structure(plain)


@given(st.dictionaries(st.sampled_from(["node", "pod", "value", "kind"]), st.text(max_size=40)))
def test_no_labels_change_the_keys_or_the_structure(labels: dict[str, str]) -> None:
    names = ("node", "pod", "value", "kind")
    manifest = template(
        "container:\n  image: x",
        *[f"  env: [{', '.join(f'{{name: {n}, value: {{{{.{n}}}}}}}' for n in names)}]"],
    )
    plain = dict.fromkeys(names, "plain")
    try:
        rendered = render(manifest, alert(**{**plain, **labels}))
    except UnsafeValue:
        return
    assert structure(rendered) == structure(render(manifest, alert(**plain)))


SAFE_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200).filter(
    lambda text: not re.search(r"[{}]|\$\(", text)
)


@given(SAFE_TEXT)
def test_a_value_comes_out_as_it_went_in(value: str) -> None:
    rendered = first(render(EVERYWHERE, alert(value=value)))
    env = {item["name"]: item["value"] for item in rendered["container"]["env"]}
    assert env == {
        "QUOTED": value,
        "SINGLE": value,
        "PLAIN": value,
        "BLOCK": f"before {value} after\n",
        "FOLDED": f"{value} {value}",
    }
    assert rendered["metadata"]["annotations"] == {"a": value, "b": f"x {value} y", "c": value}


@given(SAFE_TEXT)
def test_both_spellings_say_the_same(value: str) -> None:
    jinja = EVERYWHERE.replace("{{.value}}", "{{ value }}")
    assert render(jinja, alert(value=value)) == render(EVERYWHERE, alert(value=value))


ENGINES = {
    "no engine": lambda text: text,
    "the Go engine": lambda text: text + "{{if .value}}{{end}}",
    "Jinja": lambda text: text.replace("{{.value", "{{ value") + "{% if value %}{% endif %}",
}


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("value", ["dev1", "", "a: b\n- c", "'\"\\ #&*!|>%@`", "\u2028", "null", "{a: [b"], ids=repr)
def test_plain_names_mean_the_same_with_an_engine_and_without(engine: Any, value: str) -> None:
    assert render(engine(EVERYWHERE), alert(value=value)) == render(EVERYWHERE, alert(value=value))


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_value_that_is_no_word_makes_no_workflow(engine: Any, value: str) -> None:
    with pytest.raises(UnsafeValue, match=r"spec\.templates\[0\]\.script\.source: the value of value ") as refused:
        render(engine(script("kubectl cordon {{.value}}")), alert(value=value))
    assert value not in str(refused.value)


@pytest.mark.parametrize("value", ["true", "5", "null", "~", "1.5", "2020-01-01", "0x10", "[]", "{}", "yes"])
def test_a_value_stays_text_where_the_field_takes_text(value: str) -> None:
    container = first(render(template("container: {image: x, env: [{name: A, value: {{.v}}}]}"), alert(v=value)))
    assert container["container"]["env"] == [{"name": "A", "value": value}]


@pytest.mark.parametrize(
    ("line", "value", "written"),
    [
        ("parallelism: {{.v}}", "3", 3),
        ('parallelism: "{{.v}}"', "3", 3),
        ("activeDeadlineSeconds: {{.v}}", "60", 60),
        ('activeDeadlineSeconds: "{{.v}}"', "60", "60"),
        ("activeDeadlineSeconds: {{.v}}", "1h", "1h"),
        ("daemon: {{.v}}", "true", True),
        ("name: {{.v}}", "3", "3"),
    ],
)
def test_a_value_has_its_fields_type_where_it_is_the_whole_field(line: str, value: str, written: object) -> None:
    name = line.partition(":")[0]
    manifest = template("suspend: {}", line) if name != "name" else template("suspend: {}").replace("name: start", line)
    assert repr(first(render(manifest, alert(v=value)))[name]) == repr(written)


@pytest.mark.parametrize(("line", "value"), [("parallelism: {{.v}}", "many"), ("daemon: {{.v}}", "maybe")])
def test_a_value_that_is_none_of_its_fields_type_is_refused(line: str, value: str) -> None:
    with pytest.raises(UnsafeValue, match="the value of v is no "):
        render(template(line), alert(v=value))


def test_text_around_a_value_is_no_number() -> None:
    with pytest.raises(TemplateInvalid, match=r"parallelism: text with values in it \(accepted: integer\)"):
        render(template("parallelism: 1{{.v}}"), alert(v="3"))


@pytest.mark.parametrize(
    "manifest",
    [
        template("{{.value}}: x"),
        template('"{{.value}}": x'),
        template("metadata: {labels: {x-{{.value}}: a}}"),
        template("? {{.value}}\n: x"),
    ],
)
def test_a_value_may_not_be_a_key(manifest: str) -> None:
    with pytest.raises(TemplateInvalid, match="in a key"):
        render(manifest, alert(value="name"))


def test_each_problem_of_a_template_is_reported_at_once() -> None:
    with pytest.raises(TemplateInvalid) as refused:
        render(template("contaner: {}", "suspend: 5", "parallelism: lots"), alert())
    assert [problem.where for problem in refused.value.problems] == [
        "spec.templates[0].contaner",
        "spec.templates[0].suspend",
        "spec.templates[0].parallelism",
    ]


def test_each_unsafe_value_is_reported_at_once() -> None:
    with pytest.raises(UnsafeValue) as refused:
        render(template("container: {image: '{{.a}}', args: ['{{.b}}']}"), alert(a="a b", b="c;d"))
    assert [(finding.field, finding.key) for finding in refused.value.findings] == [
        ("spec.templates[0].container.image", "a"),
        ("spec.templates[0].container.args[0]", "b"),
    ]


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        (
            "{name: x, generateName: y-, labels: {a: b}, annotations: {c: d}}",
            {"labels": {"a": "b"}, "annotations": {"c": "d"}},
        ),
        ("{namespace: monitoring}", {"namespace": "monitoring"}),
        ("", {}),
    ],
)
def test_a_name_of_the_templates_own_is_dropped_and_its_labels_stay(metadata: str, kept: dict[str, Any]) -> None:
    assert render(f"{template('suspend: {}')}metadata: {metadata}\n", alert())["metadata"] == kept


@pytest.mark.parametrize("namespace", ["kube-system", "{{.elsewhere}}"])
def test_a_workflow_lives_in_its_alerts_namespace(namespace: str) -> None:
    with pytest.raises(TemplateInvalid, match=r"metadata\.namespace: .* \(accepted: monitoring\)"):
        render(f"{template('suspend: {}')}metadata: {{namespace: '{namespace}'}}\n", alert(elsewhere="default"))


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        ("", "manifest: is empty"),
        ("- a", "manifest: is no mapping"),
        (template("suspend: {}").replace("kind: Workflow", "kind: CronWorkflow"), "kind: is 'CronWorkflow'"),
        (template("suspend: {}").replace("v1alpha1", "v2"), "apiVersion: is 'argoproj.io/v2'"),
        (template("suspend: {}").replace("kind: Workflow", ""), "kind: is missing"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow", "spec: is missing"),
        (f"{template('suspend: {}')}---\nkind: Pod", "more than one YAML document"),
        (template("suspend: {}", "suspend: {}"), "the key suspend stands twice"),
        ("a: [", "not YAML"),
        ("x" * 300_000, "is longer than 262144 characters"),
    ],
)
def test_what_is_no_workflow_is_said_to_be_none(manifest: str, problem: str) -> None:
    with pytest.raises(TemplateInvalid, match=re.escape(problem)):
        render(manifest, alert())


@pytest.mark.parametrize(
    "spelling", ["{{.nod}}", "{{ nod }}", "{{.nod | shquote}}", "{% if nod %}{% endif %}", '{{printf "%s" .nod}}']
)
def test_a_missing_parameter_is_named_with_those_that_there_are(spelling: str) -> None:
    with pytest.raises(
        TemplateInvalid, match=r"line 7: this alert has no parameter nod, did you mean node\?"
    ) as refused:
        render(template(f"x: {spelling}"), alert(node="a"))
    assert "InvolvedObjectKind" in str(refused.value)


def test_tags_of_argo_reach_it_untouched() -> None:
    source = "echo {{workflow.name}} {{ inputs.parameters.x }} {{item}} {{=asInt(inputs.parameters.y) + 1}} {{.node}}"
    assert (
        first(render(script(source), alert(node="dev1")))["script"]["source"]
        == source.replace("{{.node}}", "dev1") + "\n"
    )


def test_a_template_of_plain_names_loads_no_engine() -> None:
    code = (
        "import sys; from functions.workflow_renderer.rendering import render;"
        "from tests.unit.functions.workflow_renderer.test_rendering import CORDON, alert;"
        "before = set(sys.modules); render(CORDON, alert(node='dev1'));"
        "print(sorted({'gotpl', 'jinja2'} & (set(sys.modules) - before)), 'gotpl' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], env=PYTHONPATH, capture_output=True, text=True, check=True)
    assert run.stdout == "[] False\n"
