"""A template is checked when it is applied, without an alert."""

import pytest

from functions.workflow_renderer.checking import findings
from tests.unit.functions.workflow_renderer.manifests import script, template


@pytest.mark.parametrize(
    "manifest",
    [
        script("kubectl cordon {{.node}}"),
        script("kubectl cordon {{ node | shquote }}"),
        script('{{if eq .kind "Node"}}echo {{.node}}{{else}}echo {{.pod}}{{end}}'),
        script("{% for x in alert.spec.details.nodes.split(',') %}echo {{ x }}\n{% endfor %}echo"),
        script('echo {{.alert.metadata.name}} {{index . "a-b"}} {{.alert.spec.involvedObject.kind}}'),
        script("echo {{ alert.details['a-b'] }} {{ alert.status.opsStatus.total }} {{ (node | int) + 1 }}"),
        template("parallelism: {{.x}}", "daemon: {{.y}}", "suspend: {}"),
        script("echo {{workflow.name}}"),
        template("container: {image: x, env: [{name: A, value: '{{.description | shquote}}'}]}"),
    ],
)
def test_a_template_that_can_work_has_no_problems(manifest: str) -> None:
    assert findings(manifest).problems == []


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        (script("{{if .node}}"), "line 12: unexpected EOF"),
        (script("{{ node | nofilter }}"), "line 11: No filter named 'nofilter'."),
        (script("{{.a}} {{ b }}"), "both spellings in one template"),
        (template("contaner: {}"), "spec.templates[0].contaner: Argo knows no such field"),
        (
            template("{{if .x}}suspend: {}{{else}}suspnd: {}{{end}}"),
            "spec.templates[0].suspnd: Argo knows no such field",
        ),
        (
            template("{{if .x}}suspnd: {}{{else}}suspend: {}{{end}}"),
            "spec.templates[0].suspnd: Argo knows no such field",
        ),
        (template("{{.x}}: y"), "a value of the alert in a key"),
        (
            template("securityContext: {runAsUser: {{.x}}}"),
            "spec.templates[0].securityContext.runAsUser: the value of x may not choose",
        ),
        (
            script('echo "{{.x | shquote}}"'),
            "spec.templates[0].script.source: the value of x is quoted, and shquote does not help inside double quotes",
        ),
        (script("print({{.x | shquote}})", "python"), "shquote does not help where no shell is known to read the text"),
        ("a: [", "not YAML"),
        ("", "manifest: is empty"),
        ("kind: Pod", "kind: is 'Pod'"),
    ],
)
def test_a_template_that_cannot_work_says_where_and_why(manifest: str, problem: str) -> None:
    assert any(problem in found for found in findings(manifest).problems), findings(manifest).problems


def test_each_problem_is_said_once() -> None:
    found = findings(template("contaner: {}", "suspend: 5")).problems
    assert found == sorted(set(found))
    assert len(found) == 2


def test_what_not_every_release_of_argo_has_is_noted_once() -> None:
    manifest = template("pendingTimeout: 5m", "suspend: {}")
    assert findings(manifest).problems == []
    assert findings(manifest).notes == ["spec.templates[0].pendingTimeout: Argo has it since 4.1 and drops it before"]
    assert findings(template("suspend: {}")).notes == []
