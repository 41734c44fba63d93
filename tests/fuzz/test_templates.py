"""Whatever a template is, in either spelling, it is recorded, and an alert gets its workflow or the reason why not."""

from hypothesis import strategies as st

from aegis.events import RESOURCE_ADDED, RULE_MATCHED
from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import TriggerStatus
from aegis.models.template import AegisOpsTemplate
from tests.fuzz.shapes import written
from tests.fuzz.system import NAMESPACE, System, fuzz

ATOMS = [
    "node",
    "long",
    "alert",
    "alert.spec",
    "missing",
    "1",
    "'a'",
    "1e999",
    "10**9",
    "0x" + "f" * 999,
    "[1, 2]",
    "range(9999)",
    "''",
]
PLAIN = [
    "upper",
    "lower",
    "title",
    "trim",
    "int",
    "float",
    "abs",
    "length",
    "list",
    "sort",
    "unique",
    "first",
    "last",
    "join",
    "string",
    "sum",
    "round",
    "shquote",
    "urlencode",
    "select",
    "xmlattr",
    "tojson",
    "text",
    "number",
    "name",
    "wordcount",
    "dictsort",
    "max",
    "min",
]
FILTERS = [
    *PLAIN,
    "truncate(1)",
    "truncate(9)",
    "replace('x',long)",
    "replace('','y')",
    "map('upper')",
    "default(9)",
    "center(10**9)",
    "indent(10**9)",
    "format(9)",
    "batch(2)",
    "groupby('x')",
]
JINJA = st.recursive(
    st.sampled_from(ATOMS),
    lambda part: st.one_of(
        st.builds(
            "({} {} {})".format,
            part,
            st.sampled_from(["+", "~", "*", "**", "%", "//", "and", "in", "<", "is eq"]),
            part,
        ),
        st.builds("{}|{}".format, part, st.sampled_from(FILTERS)),
        st.builds(
            "{}.{}".format, part, st.sampled_from(["x", "upper()", "split('')", "count('x')", "__class__", "format(9)"])
        ),
        st.builds("{}[{}]".format, part, st.sampled_from(["0", "1:", "'x'", "10**30", "::-1"])),
        st.builds("({} if {} else {})".format, part, part, part),
        st.lists(part, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.builds("m({})".format, part),
    ),
    max_leaves=8,
)
GOS = [
    *("print", "println", "html", "js", "urlquery", "len", "not", "shquote", "keep", "slice", "index"),
    *("eq 1", "lt 1", "and 1", "or 1", 'printf "%s"', 'printf "%999999999d"', 'printf "%[1]*d"', 'printf "%q"'),
]
GO = st.recursive(
    st.sampled_from(
        [".node", ".long", ".alert", ".alert.spec", ".missing", "1", '"a"', "1e999", "0x" + "f" * 999, "$", ".", "nil"]
    ),
    lambda part: st.one_of(
        st.builds("{} | {}".format, part, st.sampled_from(GOS)),
        st.builds(
            "{} ({}) ({})".format,
            st.sampled_from(["print", "and", "eq", "index", "slice", 'printf "%s%v"']),
            part,
            part,
        ),
    ),
    max_leaves=8,
)


def _blocks(expressions: st.SearchStrategy[str], forms: list[str]) -> st.SearchStrategy[str]:
    """Text of a template: forms with an expression in the place of ``E`` and other text in that of ``T``."""

    def grown(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        filled = st.builds(
            lambda form, inner, text: form.replace("E", inner).replace("T", text),
            st.sampled_from(forms),
            expressions,
            part,
        )
        return st.one_of(
            filled,
            st.lists(part, max_size=3).map("".join),
            st.builds(lambda text, times: text * times, part, st.sampled_from([2, 30, 300])),
            st.builds(
                lambda form, times: form.partition("T")[0] * times + form.partition("T")[2] * times,
                st.sampled_from(forms),
                st.sampled_from([9, 25, 200]),
            ),
        )

    return st.recursive(
        st.sampled_from(["x", "echo ", "\n", '"', "'", "#", " # ", "{{", "}}", "{%", "{#", "$(", "\\"]),
        grown,
        max_leaves=6,
    )


SOURCES = st.one_of(
    _blocks(
        JINJA,
        [
            "{{ E }}",
            "{% if E %}T{% endif %}",
            "{% for i in E %}T{% endfor %}",
            "{% set x = E %}T",
            "{% macro m(a) %}T{% endmacro %}T",
            "{# T #}",
            "{% raw %}T{% endraw %}",
            "{{ m(m) }}T",
        ],
    ),
    _blocks(
        GO,
        [
            "{{E}}",
            "{{if E}}T{{end}}",
            "{{range E}}T{{end}}",
            "{{range 9999}}T{{end}}",
            "{{with E}}T{{else}}T{{end}}",
            '{{define "a"}}T{{end}}T',
            '{{template "a" E}}',
            "{{$x := E}}T",
            "{{/* T */}}",
        ],
    ),
)
YAML = st.recursive(
    st.sampled_from(
        [
            "a",
            "1",
            "{{ node }}",
            "{{.node}}",
            "*a",
            "&a b",
            "!!int x",
            "0x" + "f" * 9_999,
            ".inf",
            "1:30",
            "'",
            '"',
            "?",
            "---",
            "|",
            "<<: *a",
            "\t",
            "%TAG ! x",
            "\x00",
        ]
    ),
    lambda part: st.one_of(
        st.lists(part, max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(part, max_size=4).map(
            lambda items: "{" + ", ".join(f"k{at}: {item}" for at, item in enumerate(items)) + "}"
        ),
        st.lists(part, max_size=4).map("\n".join),
        st.builds("&a {}".format, part),
        st.builds(lambda text, times: text * times, part, st.sampled_from([2, 100, 1_000])),
        st.builds(lambda text, times: f"[{f'{text}, ' * times}]", part, st.sampled_from([2, 100, 1_000])),
    ),
    max_leaves=8,
)
HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  entrypoint: a\n"
SCRIPT = f"{HEAD}  templates:\n  - name: a\n    script:\n      image: x\n      command: [sh]\n      source: |\n"
MANIFESTS = st.one_of(
    SOURCES.map(lambda text: f"{SCRIPT}        {text}\n"),
    SOURCES,
    YAML,
    YAML.map(lambda text: f"{HEAD}  arguments: {text}\n  templates: [{{name: a, suspend: {{}}}}]\n"),
    YAML.map(lambda text: f"{HEAD}  templates: [{{name: a, plugin: {{x: {text}}}}}]\n"),
).map(lambda text: text[:100_000])


def test_whatever_a_template_is_it_is_recorded_and_rendered(system: System, seconds: float) -> None:
    rule = system.store(AegisAlertOpsRule, "r", {"opsTemplate": {"name": "t"}})
    assert rule is not None
    matched = {
        "triggerStatus": "Triggered",
        "rule": {"namespace": NAMESPACE, "name": "r", "uid": rule.metadata.uid, "generation": 1},
        "template": {"namespace": NAMESPACE, "name": "t"},
    }

    def check(manifest: str) -> None:
        template = system.store(AegisOpsTemplate, "t", {"manifest": manifest})
        alert = system.store(AegisAlert, "a", {"type": "T", "details": {"node": "n1", "long": "x" * 9_999}})
        if template is None or alert is None:
            return
        event = {"specversion": "1.0", "id": "1", "source": "/t"}
        applied = {**event, "type": RESOURCE_ADDED, "kind": "AegisOpsTemplate", "data": template.manifest()}
        assert system.tell("workflow_renderer", written(applied)).status_code == 204
        assert system.now(template).status.status in ("Recorded", "Invalid")
        pending = system.write(alert, {"status": "Firing", "firing": matched})
        data = {"phase": "firing", "alert": pending.manifest()}
        answer = system.tell("workflow_renderer", written({**event, "type": RULE_MATCHED, "data": data}))
        refused = system.now(alert).status.firing.trigger_status is not TriggerStatus.TRIGGERED
        assert answer.status_code == (204 if refused else 200)

    fuzz(MANIFESTS, check, seconds=seconds)
