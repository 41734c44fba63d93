"""A template and an alert make a workflow, whatever the alert's values are."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.workflow_renderer.checking import findings
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
    lambda text: not re.search(r"^-|[{}]|\$\(", text)
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
        (script("{{.node | print}} \ud800"), "line 11: half a surrogate pair, which is no character"),
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


AS_IT_STANDS = {
    "a format with a percent sign": "printf '{%s}\\n' \"$HOSTNAME\"",
    "a date": "date '+{%Y-%m-%d}'",
    "a substitution in braces": "perl -pe 's{#.*}{}' /etc/hosts",
    "a length": "echo ${#x} ${#a[@]}",
    "a closure of Argo's": "echo '{{=filter(data, {# endsWith \".log\"})}}'",
    "a program in braces": "awk '{if($1){print $1}}' | jq '{a:{b:.}}'",
    "a JSONPath": "kubectl get pods -o jsonpath='{range .items[*]}{.metadata.name}{end}'",
}


@pytest.mark.parametrize("source", AS_IT_STANDS.values(), ids=AS_IT_STANDS)
@pytest.mark.parametrize("placeholder", ["", "kubectl cordon {{.node}}; ", "kubectl cordon {{ node }}; "])
@pytest.mark.parametrize("engine", ["", "{{if .node}}{{end}}", "{% if node %}{% endif %}"])
def test_text_that_is_no_placeholder_stands_as_it_is(source: str, placeholder: str, engine: str) -> None:
    if (".node" in placeholder and "%" in engine) or (" node" in placeholder and "." in engine):
        return
    rendered = first(render(script(f"{placeholder}{source}{engine}"), alert(node="dev1")))
    assert rendered["script"]["source"] == f"{placeholder and 'kubectl cordon dev1; '}{source}\n"
    assert findings(script(f"{placeholder}{source}{engine}")).problems == []


LITERALLY = ["{% raw %}{{ .Names }}{% endraw %}", '{{ "{{ .Names }}" }}', "{%- raw %}{{ .Names }}{%- endraw %}"]


@pytest.mark.parametrize("literal", LITERALLY)
@pytest.mark.parametrize("placeholder", ["", "{{.node}}", "{{ node }}"])
def test_braces_of_another_program_are_written_as_text(literal: str, placeholder: str) -> None:
    if "{%-" in literal and "." in placeholder:
        return  # blanks are Jinja's to take away
    source = f"docker ps --format={literal} {placeholder}"
    rendered = first(render(script(source), alert(node="dev1")))["script"]["source"]
    assert rendered.strip() == f"docker ps --format={{{{ .Names }}}} {placeholder and 'dev1'}".strip()


@pytest.mark.parametrize(
    "comment", ["# {{steps.<name>.outputs.result}}", "# {{ x }} or {{.x}}", "# {{if", "# {% raw %}"]
)
@pytest.mark.parametrize("placeholder", ["dev1", "{{.node}}", "{{ node }}"])
def test_placeholders_in_comments_are_none(comment: str, placeholder: str) -> None:
    manifest = f"{comment}\n{script(f'cordon {placeholder}')}  {comment}\n"
    assert first(render(manifest, alert(node="dev1")))["script"]["source"] == "cordon dev1\n"
    assert findings(manifest).problems == []


def test_a_placeholder_in_a_scripts_comment_is_one() -> None:
    source = "# {{.node}} is cordoned # {{.node}}\nkubectl cordon {{.node}}"
    assert first(render(script(source), alert(node="dev1")))["script"]["source"] == (
        "# dev1 is cordoned # dev1\nkubectl cordon dev1\n"
    )


METRICS = """\
metrics:
  prometheus:
  - name: seconds
    help: of {{ node }}
    labels: [{key: phase, value: "{{status}}"}, {key: code, value: "{{exitCode}}-{{ status }}"}]
    when: "{{resourcesDuration.cpu}} > 1"
    gauge: {realtime: true, value: "{{duration}}"}
suspend: {}"""


@pytest.mark.parametrize("details", [{}, {"status": "firing", "duration": "5m", "exitCode": "1"}], ids=str)
@pytest.mark.parametrize("engine", ["", "{% if node %}{% endif %}\n"])
def test_in_a_metric_argos_tags_are_argos(engine: str, details: dict[str, str]) -> None:
    (metric,) = first(render(engine + template(METRICS), alert(node="dev1", **details)))["metrics"]["prometheus"]
    assert metric == {
        "name": "seconds",
        "help": "of dev1",
        "labels": [{"key": "phase", "value": "{{status}}"}, {"key": "code", "value": "{{exitCode}}-{{ status }}"}],
        "when": "{{resourcesDuration.cpu}} > 1",
        "gauge": {"realtime": True, "value": "{{duration}}"},
    }


def test_elsewhere_they_are_the_alerts() -> None:
    rendered = render(script("echo {{status}}"), alert(status="firing"))
    assert first(rendered)["script"]["source"] == "echo firing\n"
    with pytest.raises(TemplateInvalid, match="no parameter status"):
        render(script("echo {{status}}"), alert())


EXPORTED = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  creationTimestamp: null
  generateName: x-
spec:
  entrypoint: start
  templates:
  - name: start
    suspend: {}
  volumeClaimTemplates:
  - metadata:
      creationTimestamp: null
      name: work
    spec: {}
    status: {}
status: {}
"""


def test_what_an_exported_manifest_leaves_empty_is_left_out() -> None:
    rendered = render(f"{EXPORTED}---\n", alert())
    assert sorted(rendered) == ["apiVersion", "kind", "metadata", "spec"]
    assert rendered["spec"]["volumeClaimTemplates"] == [{"metadata": {"name": "work"}, "spec": {}, "status": {}}]
    assert findings(EXPORTED).problems == []


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("metadata: {uid: 5e1}", "metadata.uid"),
        ("metadata: {resourceVersion: '5'}", "metadata.resourceVersion"),
        ("metadata: {creationTimestamp: '2026-01-01T00:00:00Z'}", "metadata.creationTimestamp"),
        ("status: {phase: Running}", "status"),
        ("metadata: {labels: {workflows.argoproj.io/completed: 'true'}}", "metadata.labels.workflows.argoproj.io"),
    ],
)
def test_what_a_workflow_has_once_it_is_there_is_no_templates(line: str, field: str) -> None:
    (problem,) = findings(f"{template('suspend: {}')}{line}\n").problems
    assert problem.startswith(field)
    assert problem.endswith("is set once the workflow is there: leave it out")


@pytest.mark.parametrize("engine", ["", "{{if .node}}{{end}}", "{% if node %}{% endif %}"])
def test_line_ends_of_windows_are_line_ends(engine: str) -> None:
    manifest = "# {{ a comment }}\n" + script(f"a={engine}\nb='{{{{ \"{{{{x}}}}\" }}}}'")
    assert render(manifest.replace("\n", "\r\n"), alert(node="a")) == render(manifest, alert(node="a"))


@pytest.mark.parametrize(
    ("before", "behind"), [("---\n", ""), ("", "---\n"), ("--- # a\n", "---\n# b\n"), ("", "...\n"), ("", "---\n---\n")]
)
def test_empty_documents_are_none(before: str, behind: str) -> None:
    manifest = template("suspend: {}")
    assert render(before + manifest + behind, alert()) == render(manifest, alert())


FORMATS = {
    "a condition": """docker ps --format '{{if eq .Names "x"}}{{"{{.ID}}"}}{{end}}' | xargs docker rm -f""",
    "a bare condition": "docker inspect -f '{{if .State}}a{{else}}b{{end}}' x",
    "a text before the name": "docker ps --format '{{if eq \"x\" .Names}}a{{end}}' | xargs docker rm -f",
    "two texts and a name": 'docker ps --format \'{{if or (eq `x` "a .b") (eq "\\"" .Names)}}a{{end}}\'',
    "a second condition": "docker inspect -f '{{if .gpu}}a{{else if .State}}b{{end}}' x",
    "with": "docker inspect -f '{{with .State}}{{.Status}}{{end}}' x",
    "with and root": "docker inspect -f '{{with $.State}}a{{end}}' x",
    "a negation": "docker inspect -f '{{if not .State}}a{{end}}' x",
    "in lines": "docker inspect -f '\n{{if\n  not (eq .State \"x\")}}\na\n{{end}}' x",
    "a choice that is put out": "docker ps --format '{{or .Names .ID}}' | xargs docker rm -f",
    "a comparison that is put out": "docker inspect -f '{{eq .State \"x\"}}' x",
    "range": "docker inspect -f '{{range .Mounts}}a{{end}}' x",
    "range over what kubectl reads": "kubectl get pods -o go-template='{{range .items}}{{.metadata.name}}{{end}}'",
    "a path": "kubectl get node x -o go-template='{{if .spec.unschedulable}}a{{end}}'",
    "a function": "docker inspect -f '{{json .State}}' x",
    "a value": "docker ps --format '{{.Names}}'",
    "a pipeline": "docker ps --format '{{.Names | upper}}'",
}


@pytest.mark.parametrize("source", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    "place",
    [
        script,
        lambda source: template(f"container:\n  image: x\n  args:\n  - |\n{indented(source)}"),
        lambda source: template(f"container:\n  image: x\n  command:\n  - sh\n  - -c\n  - |\n{indented(source)}"),
    ],
    ids=["source", "args", "command"],
)
def test_what_another_program_is_to_evaluate_is_not_evaluated_to_nothing(place: Any, source: str) -> None:
    with pytest.raises(TemplateInvalid, match=r"line \d+: .*for another program's as text \{\{ "):
        render(place(source), alert(node="dev1"))


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("a {{if .gpu}}b{{end}}", "a "),
        ("a {{if and .node .gpu}}b{{else}}c{{end}}", "a c"),
        ("a {{with .gpu}}{{.}}{{else}}d{{end}}", "a d"),
        ('a {{or .gpu "e"}}', "a e"),
        ("a {{if .InvolvedObjectNode}}b{{end}}{{if .AlertName}}c{{end}}", "a c"),
        ("a {{if .Cluster}}{{.Cluster}}{{end}}", "a c1"),
        ("a {{if .alert.details.Cluster}}b{{end}}{{if .alert.details.Rack}}c{{end}}", "a b"),
        ('a {{if eq .gpu "a .Name"}}b{{end}}', "a "),
    ],
)
def test_a_condition_on_a_detail_that_not_every_alert_has_is_one(source: str, rendered: str) -> None:
    assert first(render(script(source), alert(node="dev1", Cluster="c1")))["script"]["source"] == f"{rendered}\n"


def test_outside_of_scripts_any_name_may_be_asked_for() -> None:
    manifest = template(
        'container: {image: "{{if .Registry}}{{.Registry}}/{{end}}x"}', "{{if .Deadline}}\nx: y\n{{end}}"
    )
    assert first(render(manifest, alert()))["container"] == {"image": "x"}
    assert first(render(manifest, alert(Registry="r.example")))["container"] == {"image": "r.example/x"}


LONG = "x" * 64


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ("metadata: {labels: {a: 'x-'}}", "metadata.labels.a: 'x-' is no label's value (accepted: at most 63"),
        ("metadata: {labels: {a: 'x y'}}", "metadata.labels.a: 'x y' is no label's value"),
        (f"metadata: {{labels: {{a: {LONG}}}}}", f"metadata.labels.a: '{LONG}' is no label's value"),
        ("metadata: {labels: {'a b': x}}", "metadata.labels: the key 'a b' is none"),
        ("metadata: {labels: {A.com/x: x}}", "metadata.labels: the key 'A.com/x' is none"),
        ("metadata: {annotations: {'a b': 'x y'}}", "metadata.annotations: the key 'a b' is none"),
        ("podMetadata: {labels: {a: 'x-'}}", "spec.podMetadata.labels.a: 'x-' is no label's value"),
        ("workflowMetadata: {labels: {a: 'x-'}}", "spec.workflowMetadata.labels.a: 'x-' is no label's value"),
        (
            "templateDefaults: {metadata: {labels: {a: 'x-'}}}",
            "spec.templateDefaults.metadata.labels.a: 'x-' is no label's value",
        ),
        (
            "volumeClaimTemplates: [{metadata: {name: a, labels: {a: 'x-'}}}]",
            "spec.volumeClaimTemplates[0].metadata.labels.a: 'x-' is no label's value",
        ),
    ],
)
def test_labels_that_kubernetes_would_refuse_are_the_templates_fault(metadata: str, problem: str) -> None:
    manifest = START.replace("spec:\n", f"{metadata}\nspec:\n" if metadata[0] == "m" else f"spec:\n  {metadata}\n")
    manifest += "    suspend: {}\n"
    (found,) = findings(manifest).problems
    assert found.startswith(problem)
    with pytest.raises(TemplateInvalid, match=re.escape(problem)):
        render(manifest, alert())


@pytest.mark.parametrize(
    "metadata", ["labels: {a: '', b: x.y_z-1, c.d/e: F, f: '{{workflow.name}}-'}", "annotations: {A.B/c: 'x y-'}"]
)
def test_other_labels_and_annotations_stand(metadata: str) -> None:
    assert findings(template("suspend: {}", f"metadata: {{{metadata}}}")).problems == []


@pytest.mark.parametrize("value", ["a/b", "a=b", "x-", "x" * 64])
def test_a_value_that_makes_no_label_is_refused(value: str) -> None:
    manifest = f"{template('suspend: {}')}metadata: {{labels: {{node: '{{{{.v}}}}'}}}}\n"
    assert render(manifest, alert(v="dev1"))["metadata"]["labels"] == {"node": "dev1"}
    with pytest.raises(UnsafeValue, match=r"metadata\.labels\.node: the value of v makes no label's value"):
        render(manifest, alert(v=value))


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
