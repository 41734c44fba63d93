"""What stands beside a value decides which values would change its meaning."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.workflow_renderer.errors import UnsafeValue
from functions.workflow_renderer.rendering import render
from functions.workflow_renderer.surroundings import Surroundings
from tests.unit.functions.workflow_renderer.manifests import alert, script, template

CHANGED = [
    ("rm -rf /data/", ".", "/*"),
    ("rm -rf /data/", "..", "/*"),
    ("rm -rf /data/", "", "/*"),
    ("rm -rf /data/", "", ""),
    ("rm -rf /data/", "a/../b", ""),
    ("rm -rf /data/", "a/./b", ""),
    ("rm -rf /data/", "a//b", ""),
    ("rm -rf /data/", "/", ""),
    ("rm -rf /data/", "/etc", ""),
    ("rm -rf /data/", "a/", ""),
    ("rm -rf /data/.", ".", ""),
    ("rm -rf /data/.", "", "/x"),
    ("rm -rf '/data/'", ".", "/*"),
    ('rm -rf "/data/', ".", '"/*'),
    ("rm -rf ", "", "/x"),
    ("rm -rf ", ".", "/x"),
    ("rm -rf ", "..", "/x"),
    ("rm -rf ", "/", "/x"),
    ("rm -rf --dir=/data/", "..", ""),
    ("rm -rf --dir=", "", "/x"),
    ("kubectl delete pod/", "", ""),
    ("https://", "evil.com/x", ".internal/"),
    ("https://", "evil.com?", ".internal/"),
    ("https://", "evil.com#", ".internal/"),
    ("https://", "a@evil.com", ""),
    ("https://", "a:b", ".internal/"),
    ("https://", "a:b", "/"),
    ("https://", "", ".internal/"),
    ("https://api.", "x/y", ".internal/"),
    ("https://api.", "", ".internal/"),
    ("https://user:", "x@evil.com", "@example.org/"),
    ("https://example.org:", "1@evil.com", "/"),
    ("https://example.org/a/", "..", "/b"),
    ("kubectl get pods --field-selector=spec.nodeName=", "", ""),
    ("kubectl get pods --field-selector=spec.nodeName=", "a,b!=c", ""),
    ("kubectl get pods --field-selector spec.nodeName=", "", ""),
    ("kubectl get pods --field-selector=a=b,spec.nodeName=", "", ""),
    ("kubectl get pods --selector=", "", ""),
    ("kubectl get pods --selector 'app=", "", "'"),
    ("kubectl get pods -l app=", "", ""),
    ("kubectl get pods -l=app=", "", ""),
    ("kubectl get pods -lapp=", "", ""),
    ("kubectl get pods -l ", "", ""),
]
KEPT = [
    ("rm -rf /data/", "a", "/*"),
    ("rm -rf /data/", "a/b.c", ""),
    ("rm -rf /data/x", "..", ""),
    ("rm -rf /data/x", "", ""),
    ("cat ", "/dev/sda1", ""),
    ("cat ", "/var/log", "/syslog"),
    ("echo ", "..", ""),
    ("echo ", "", ""),
    ("echo a/b ", ".", ""),
    ("kubectl annotate node x aegis.io/note=", "see https://x//y/../z", ""),
    ("kubectl annotate node x aegis.io/note=", "", ""),
    ("https://", "example.org", "/x"),
    ("https://", "10.0.0.1:9100", "/metrics"),
    ("https://", "eu-1", ".internal/x"),
    ("https://example.org/", "a@b", ""),
    ("https://example.org/?q=", "a/b//c", ""),
    ("kubectl get pods --field-selector=spec.nodeName=", "dev1", ""),
    ("kubectl get pods -l ", "app=a,b!=c", ""),
    ("ls -l ", "a", ""),
    ("x=", "", ""),
]


@pytest.mark.parametrize(("before", "value", "behind"), CHANGED)
def test_a_value_that_changes_the_meaning_is_refused(before: str, value: str, behind: str) -> None:
    assert Surroundings.of(before, behind).changed_by(value)


@pytest.mark.parametrize(("before", "value", "behind"), KEPT)
def test_a_value_that_only_fills_in_is_taken(before: str, value: str, behind: str) -> None:
    assert Surroundings.of(before, behind).changed_by(value) == ""


@given(st.text("./ab", max_size=6), st.sampled_from(["", "/*", "/x/y", "x/y"]), st.sampled_from(["/data/", "/data/b"]))
def test_a_path_never_leads_anywhere_else(value: str, behind: str, before: str) -> None:
    if Surroundings.of(f"rm {before}", behind).changed_by(value) == "":
        parts = f"{before}{value}{behind}".split("/")[1:]
        assert not {"", ".", ".."} & set(parts)


@given(st.text("./:@?#ab1", max_size=8), st.sampled_from(["", "/x", ".internal/x", ".internal"]))
def test_a_host_never_becomes_another_part_of_an_address(value: str, behind: str) -> None:
    if Surroundings.of("curl https://", behind).changed_by(value) == "":
        authority = f"{value}{behind}".partition("/")[0]
        assert authority.startswith(value)
        assert "@" not in authority
        assert ":" not in authority or authority == value


FIELDS = [
    (script("rm -rf /data/{{ v }}/*"), ["."]),
    (script("rm -rf /data/{{ a }}{{ v }}/*"), ["."]),
    (script("curl https://{{ v }}.internal/x"), ["evil.com/x", "a:b", "a@b"]),
    (script("kubectl get pods --field-selector=spec.nodeName={{ v }}"), ["", "a,b"]),
    (script("curl -d {{ v }} https://example.org"), ["@/etc/passwd"]),
    (template("container: {image: x, command: [rm, -rf, '/data/{{ v }}/x']}"), ["."]),
    (template("container: {image: x, command: [kubectl, get, pods, -l, 'app={{ v }}']}"), [""]),
    (template("container: {image: x, command: [kubectl, get, pods], args: [--field-selector, 'a={{ v }}']}"), [""]),
    (template("container: {image: x, command: [curl, -d, '{{ v }}', 'https://example.org']}"), ["@/etc/passwd"]),
    (template("container: {image: x, command: [kubectl, cordon, '{{ v }}']}"), ["--all", "-"]),
    (template("container: {image: 'sop-{{ v }}:v1'}"), ["x.evil.io/foo", "a:b", "a@b"]),
    (template("container: {image: 'registry.io/{{ v }}'}"), ["a/b", "..", ""]),
    (template("container: {image: x, env: [{name: A, value: '/data/{{ v }}'}]}"), ["..", "", "a/../b"]),
    (template("container: {image: x, env: [{name: A, value: 'https://{{ v }}.internal'}]}"), ["evil.com/x", "a@b"]),
    (template("container: {image: x, env: [{name: A, value: '{{ v }}'}]}"), ["-x", "--all"]),
    (template("http: {url: 'https://{{ v }}.internal/x'}"), ["evil.com/x", "a:b"]),
    (template("volumes: [{name: a, hostPath: {path: '/data/{{ v }}'}}]", "suspend: {}"), [".", "", "/etc"]),
    (template("inputs: {parameters: [{name: a, value: 'https://{{ v }}.internal'}]}", "suspend: {}"), ["evil.com/x"]),
]


@pytest.mark.parametrize(("manifest", "values"), FIELDS, ids=[str(number) for number in range(len(FIELDS))])
def test_each_field_is_held_to_what_stands_beside_a_value(manifest: str, values: list[str]) -> None:
    assert render(manifest, alert(v="dev1", a="."))
    for value in values:
        with pytest.raises(UnsafeValue, match="the value of "):
            render(manifest, alert(v=value, a="."))


def test_an_image_that_is_a_value_as_a_whole_is_the_alerts_choice() -> None:
    assert render(template("container: {image: '{{ v }}'}"), alert(v="registry.io/a/b:v1@sha256:0"))


WHOLE = json.dumps('x", "admin": true, "y": "')


@pytest.mark.parametrize(
    "field",
    [
        "http: {{url: 'https://x.org', body: {}}}",
        "suspend: {{}}\ninputs: {{artifacts: [{{name: a, path: /a, raw: {{data: {}}}}}]}}",
    ],
)
class TestNestedLanguages:
    """Text in the JSON of a request, or in an artifact."""

    def test_any_text_is_taken_as_the_whole(self, field: str) -> None:
        assert render(template(field.format("'{{ v }}'")), alert(v=WHOLE + " -x"))
        assert render(template(field.format("'{{ v }}'")), alert(v="- a"))

    @pytest.mark.parametrize("text", ['{"a": "{{ v }}"}', "a {{ v }}", "{{ v }}{{ v }}"])
    def test_inside_of_more_it_is_a_word(self, field: str, text: str) -> None:
        manifest = template(field.format(json.dumps(text)))
        assert render(manifest, alert(v="dev1"))
        with pytest.raises(UnsafeValue, match="pipe it through tojson"):
            render(manifest, alert(v=WHOLE))
