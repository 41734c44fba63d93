"""What a value may be, by the field it lands in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.workflow_renderer.errors import TemplateInvalid, UnsafeValue
from functions.workflow_renderer.places import Place, place_of
from functions.workflow_renderer.rendering import render
from functions.workflow_renderer.words import LONGEST_TEXT, LONGEST_WORD
from tests.unit.functions.workflow_renderer.manifests import alert, first, script, template

IN_CONTAINER = "container:\n  image: x\n"


def env(value: str = "{{.v}}", *more: str) -> str:
    return template(f"{IN_CONTAINER}  env: [{{name: A, value: '{value}'}}]", *more)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("spec.templates.0.container.command.2", Place.WORD),
        ("spec.templates.0.script.source", Place.WORD),
        ("spec.templates.0.containerSet.containers.0.args.0", Place.WORD),
        ("spec.templates.0.initContainers.0.lifecycle.postStart.exec.command.2", Place.WORD),
        ("spec.templates.0.sidecars.0.livenessProbe.exec.command.0", Place.WORD),
        ("spec.arguments.parameters.0.value", Place.WORD),
        ("spec.templates.0.steps.0.0.arguments.parameters.0.value", Place.WORD),
        ("spec.templates.0.steps.0.0.withItems.0", Place.WORD),
        ("spec.templates.0.inputs.parameters.0.default", Place.WORD),
        ("metadata.annotations.note", Place.WORD),
        ("metadata.labels.note", Place.WORD),
        ("spec.workflowMetadata.annotations.note", Place.WORD),
        ("spec.templates.0.container.image", Place.NAME),
        ("spec.serviceAccountName", Place.NAME),
        ("spec.templates.0.serviceAccountName", Place.NAME),
        ("spec.templates.0.nodeSelector.kubernetes.io/hostname", Place.NAME),
        ("spec.volumes.0.hostPath.path", Place.NAME),
        ("spec.templates.0.podSpecPatch", Place.NAME),
        ("spec.templates.0.resource.manifest", Place.NAME),
        ("spec.templates.0.steps.0.0.when", Place.NAME),
        ("spec.templates.0.data.transformation.0.expression", Place.NAME),
        ("spec.templates.0.steps.0.0.withParam", Place.NAME),
        ("spec.templates.0.container.env.0.name", Place.NAME),
        ("spec.templates.0.container.env.0.valueFrom.secretKeyRef.name", Place.NAME),
        ("spec.templates.0.container.env.0.value", Place.TEXT),
        ("spec.templates.0.inputs.artifacts.0.raw.data", Place.NESTED),
        ("spec.templates.0.http.body", Place.NESTED),
        ("spec.templates.0.metadata.annotations.note", Place.TEXT),
        ("spec.podMetadata.annotations.note", Place.TEXT),
        ("spec.templates.0.container.securityContext.runAsUser", Place.NOTHING),
        ("spec.securityContext.fsGroup", Place.NOTHING),
        ("spec.hostNetwork", Place.NOTHING),
        ("spec.automountServiceAccountToken", Place.NOTHING),
    ],
)
def test_each_field_has_its_place(path: str, place: Place) -> None:
    assert place_of(tuple(int(step) if step.isdigit() else step for step in path.split("."))) is place


WORDS = [
    "dev1",
    "a.b-c_d",
    "/dev/sda1",
    "10.0.0.1:9100",
    "user@host",
    "50%",
    "a=b,c+d",
    "...",
    "a..b",
    "x" * LONGEST_WORD,
]
NO_WORDS = [
    "a b",
    "a;b",
    "a\nb",
    "$x",
    "`x`",
    "a'b",
    'a"b',
    "a\\b",
    "(a)",
    "a|b",
    "a&b",
    "<a",
    "*",
    "?",
    "~",
    "#",
    "!",
    "[a]",
    "ä",
    "\u2028",
]
NO_WORDS += ["-a", "--all", "..", "../x", "a/../b", "a/..", "x" * (LONGEST_WORD + 1)]


@pytest.mark.parametrize("value", WORDS)
def test_words_may_stand_in_a_script(value: str) -> None:
    assert first(render(script("echo {{.v}}"), alert(v=value)))["script"]["source"] == f"echo {value}\n"


@pytest.mark.parametrize("value", NO_WORDS)
@pytest.mark.parametrize(
    "manifest",
    [
        script("echo {{.v}}"),
        template(f"{IN_CONTAINER}  args: ['{{{{.v}}}}']"),
        template("inputs: {parameters: [{name: a, value: '{{.v}}'}]}", "suspend: {}"),
        template("steps: [[{name: a, template: start, withItems: ['{{.v}}']}]]"),
        template("suspend: {}") + "metadata: {labels: {a: '{{.v}}'}}",
        template("suspend: {}") + "metadata: {annotations: {a: '{{.v}}'}}",
    ],
    ids=["script", "args", "parameter", "item", "label", "annotation"],
)
def test_nothing_else_may_stand_where_a_script_may_come_to_read_it(manifest: str, value: str) -> None:
    with pytest.raises(UnsafeValue):
        render(manifest, alert(v=value))


@pytest.mark.parametrize("value", ["a=b", "a,hostNetwork", "a%b", "a+b", *NO_WORDS])
@pytest.mark.parametrize(
    "line",
    [
        "container: {image: 'registry/{{.v}}'}",
        "serviceAccountName: '{{.v}}'",
        "nodeSelector: {a: '{{.v}}'}",
        "podSpecPatch: '{nodeName: {{.v}}}'",
        "resource: {action: get, manifest: 'kind: {{.v}}'}",
        "steps: [[{name: a, template: start, when: '{{.v}} == x'}]]",
        "volumes: [{name: a, hostPath: {path: '/{{.v}}'}}]",
    ],
)
def test_what_names_things_or_is_evaluated_takes_names_alone(line: str, value: str) -> None:
    with pytest.raises(UnsafeValue):
        render(template(line), alert(v=value))


@pytest.mark.parametrize(
    "lines",
    [
        f"{IN_CONTAINER}  securityContext: {{privileged: {{{{.v}}}}}}",
        f"{IN_CONTAINER}  securityContext: {{capabilities: {{add: ['{{{{.v}}}}']}}}}",
        "securityContext: {runAsUser: {{.v}}}",
        "automountServiceAccountToken: {{.v}}",
    ],
)
@pytest.mark.parametrize("value", ["true", "0", "SYS_ADMIN"])
def test_an_alert_never_chooses_what_a_pod_is_allowed_to_do(lines: str, value: str) -> None:
    with pytest.raises(TemplateInvalid, match="may not choose what a pod is allowed to do"):
        render(template(lines), alert(v=value))


@pytest.mark.parametrize("value", ["\x00", "a\x1bb", "\x7f", "\x85", "a\rb", "\x9b"], ids=ascii)
@pytest.mark.parametrize(
    "manifest", [env(), script("echo {{.v | shquote}}"), script("echo {{.v}}")], ids=["env", "quoted", "bare"]
)
def test_control_characters_stand_nowhere(manifest: str, value: str) -> None:
    with pytest.raises(UnsafeValue, match=r"has the control character U\+00"):
        render(manifest, alert(v=value))


@pytest.mark.parametrize("value", ["a\r\nb", "\r\n", "a\r\n\r\nb"], ids=ascii)
def test_line_ends_of_windows_are_text(value: str) -> None:
    assert first(render(env(), alert(v=value)))["container"]["env"][0]["value"] == value
    assert first(render(script("echo {{.v | shquote}}"), alert(v=value)))["script"]["source"] == f"echo '{value}'\n"
    with pytest.raises(UnsafeValue):
        render(script("echo {{.v}}"), alert(v=value))


TAGS = ["{{workflow.name}}", "{{=sh()}}", "a{{", "}}", "{{"]


@pytest.mark.parametrize("value", TAGS)
@pytest.mark.parametrize(
    "manifest", [env(), script("echo {{.v | shquote}}"), script("echo {{.v}}")], ids=["env", "quoted", "bare"]
)
def test_a_tag_of_argos_stands_nowhere(manifest: str, value: str) -> None:
    with pytest.raises(UnsafeValue, match="which Argo would read"):
        render(manifest, alert(v=value))


@pytest.mark.parametrize(("text", "value"), [("{{{.v}}", "{x"), ("{{.v}}}", "x}"), ("{{.v}}{{.v}}", "{")])
def test_no_tag_comes_of_a_value_and_what_is_beside_it(text: str, value: str) -> None:
    with pytest.raises(UnsafeValue, match="which Argo would read"):
        render(env(text), alert(v=value))


def test_a_value_does_not_stand_inside_a_tag_that_the_template_puts_together() -> None:
    manifest = env('{{"{{"}}inputs.parameters.{{.v}}{{"}}"}}')
    with pytest.raises(TemplateInvalid, match="inside one of Argo's tags"):
        render(manifest, alert(v="secret"))


@pytest.mark.parametrize(("text", "value"), [("{{.v}}", "$(SECRET)"), ("${{.v}}", "(SECRET)"), ("{{.v}}(SECRET)", "$")])
def test_a_variable_takes_no_expansion_of_the_kubelets(text: str, value: str) -> None:
    with pytest.raises(UnsafeValue, match="which the kubelet would expand"):
        render(env(text), alert(v=value))


@pytest.mark.parametrize("line", ["  command: [sh, -c, 'echo $(A)']", "  args: ['$(A)']", "  args: ['x{{.w}}$(A)']"])
def test_a_variable_that_the_command_expands_takes_words_alone(line: str) -> None:
    manifest = env().replace("  image: x\n", f"  image: x\n    {line}\n")
    assert render(manifest, alert(v="dev1", w="w"))
    with pytest.raises(UnsafeValue, match=r"env\[0\]\.value: the value of v has other characters"):
        render(manifest, alert(v="x; id", w="w"))


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="{}$"), max_size=500))
def test_a_variable_takes_any_other_text(value: str) -> None:
    assert first(render(env("{{.v | text}}"), alert(v=value)))["container"]["env"][0]["value"] == value


def test_a_variable_that_the_alert_names_takes_words_alone() -> None:
    named = template("container: {image: x, command: [sh, -c, 'echo $(A)'], env: [{name: '{{.n}}', value: '{{.v}}'}]}")
    assert render(named, alert(n="A", v="x"))
    with pytest.raises(UnsafeValue, match=r"env\[0\].value: the value of v has other characters"):
        render(named, alert(n="A", v="x; id"))


def test_long_lists_of_values_are_quoted_too() -> None:
    each = script("{% for x in list.split(',') %}echo {{ x | shquote }}; {% endfor %}echo")
    assert render(each, alert(list=",".join(["a b"] * 5_000)))


def test_text_is_bounded_too() -> None:
    assert render(env(), alert(v="x" * LONGEST_TEXT))
    with pytest.raises(UnsafeValue, match="is longer than 16384 characters"):
        render(env(), alert(v="x" * (LONGEST_TEXT + 1)))
    with pytest.raises(UnsafeValue, match="is longer than 16384 characters"):
        render(script("echo {{.v | shquote}}"), alert(v=" " * (LONGEST_TEXT + 1)))


def test_a_script_is_no_longer_than_the_kernel_takes() -> None:
    with pytest.raises(UnsafeValue, match="makes the field too long"):
        render(script("echo {{.v | shquote}}\n" * 10), alert(v=" " * LONGEST_TEXT))


@pytest.mark.parametrize("source", ["rm -rf /data/{{.v}}", "kubectl cordon {{.v}}", "{{.v}}"])
def test_an_empty_value_does_not_take_its_word_with_it(source: str) -> None:
    with pytest.raises(UnsafeValue, match="is empty"):
        render(script(source), alert(v=""))


@pytest.mark.parametrize("source", ["x={{.v}}", 'x="{{.v}}"', "[ -n '{{.v}}' ]", "echo {{.v | shquote}}"])
def test_an_empty_value_stands_where_it_is_an_empty_word(source: str) -> None:
    assert render(script(source), alert(v=""))


def test_the_finding_names_field_and_key_and_keeps_the_value_to_itself() -> None:
    with pytest.raises(UnsafeValue) as refused:
        render(script("echo {{.password}}"), alert(password="hunter 2"))
    assert str(refused.value).startswith("spec.templates[0].script.source: the value of password has other characters")
    assert "hunter" not in str(refused.value)
