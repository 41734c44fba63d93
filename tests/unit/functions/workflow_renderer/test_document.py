"""A manifest's text is read as the Go system's library reads it, and as one plain document."""

import pytest

from functions.workflow_renderer.document import Composite, parse, spelled
from functions.workflow_renderer.errors import TemplateInvalid
from functions.workflow_renderer.markers import Marks, Value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("0x1f", 31),
        ("0644", 420),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("yes", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("text", "text"),
        ("'5'", "5"),
        ('"yes"', "yes"),
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("1:30", "1:30"),
        ("=", "="),
        ("!!str 5", "5"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    assert repr(parse(f"a: {text}", Marks())) == repr({"a": value})


def test_anchors_and_merge_keys() -> None:
    text = "a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {<<: [*a, {z: 4}]}"
    one = {"x": 1, "y": 2}
    assert parse(text, Marks()) == {"a": one, "b": one, "c": {"x": 1, "y": 3}, "d": {**one, "z": 4}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "line 3 of the rendered manifest: the key a stands twice"),
        ("a: 1\n---\nb: 2", "more than one YAML document"),
        ("a: [", "not YAML"),
        ("a: !!binary aGk=", "the YAML tag binary"),
        ("a: !!python/object/apply:os.system [id]", "the YAML tag python/object/apply:os.system"),
        ("a: !x y", "the YAML tag !x"),
        ("[a]: 1", "a key that is no text"),
        ("a: *nowhere", "not YAML"),
        ("a: &a [*a]", "the document is too large"),
        ("a: \x00", "not YAML"),
        ("a:\n\tb: 1", "not YAML"),
        ("[" * 200, "the document is too large"),
        ("[" * 100 + "]" * 100, "the document is too large"),
        ("[" * 2_000, "the document is too large"),
        ("{a: " * 60_000, "the document is too large"),
        ("- " * 100_000, "the document is too large"),
        ("a: !!int x", "x is no integer"),
        ("a: 0x_", "0x_ is no integer"),
        ("a: 0b_", "0b_ is no integer"),
        ("a: " + "1" * 5_000, "is no integer"),
        ("a: !!float x", "x is no float"),
        ("a: !!float ''", "is no float"),
        ("a: !!bool x", "x is no bool"),
        ("a: {<<: {[b]: 1}}", "a key that is no text"),
        ("a: {<<: {b: 1, b: 2}}", "the key b stands twice"),
        ("a: {<<: 1}", "what is merged is no mapping"),
        ("a: {<<: [[]]}", "what is merged is no mapping"),
        ("a: &a {<<: *a}", "the document is too large"),
        ("a: \ud800", "not YAML"),
    ],
)
def test_what_is_no_plain_document_is_refused(text: str, problem: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        parse(text, Marks())
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    "form", ["[{0}, {0}, {0}, {0}, {0}, {0}]", "{{x: {0}, y: {0}, z: {0}}}", "{{<<: [{0}, {0}, {0}, {0}]}}"]
)
def test_aliases_of_aliases_do_not_fill_the_memory(form: str) -> None:
    lines = ["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} " + form.format(f"*a{n - 1}") for n in range(1, 30)]
    with pytest.raises(TemplateInvalid):
        parse("\n".join(lines), Marks())


def test_merges_within_merges_do_not_fill_the_memory() -> None:
    merged = "{" + ", ".join(f"k{n}: 1" for n in range(100)) + "}"
    for level in range(5):
        merged = f"{{<<: [&x{level} {merged}{f', *x{level}' * 100}]}}"
    with pytest.raises(TemplateInvalid):
        parse(f"a: {merged}", Marks())


def test_a_value_is_no_key_of_what_is_merged() -> None:
    marks = Marks()
    with pytest.raises(TemplateInvalid, match="a value of the alert in a key"):
        parse(f"a: {{<<: {{{marks.add('x', key='a', where='')}: 1}}}}", marks)


def test_scalars_keep_their_values_apart_from_the_authors_text() -> None:
    marks = Marks()
    a, b = marks.add("1\n2: 3", key="a", where=""), marks.add("true", key="b", where="")
    parsed = parse(f"x: a {a} b{b}\ny: {b}\nz: '{b}'", marks)
    assert parsed == {
        "x": Composite(("a ", Value("1\n2: 3", "a"), " b", Value("true", "b")), plain=True),
        "y": Composite((Value("true", "b"),), plain=True),
        "z": Composite((Value("true", "b"),), plain=False),
    }


def test_a_path_is_spelled_as_kubectl_spells_it() -> None:
    assert spelled(("spec", "templates", 0, "container", "command", 2)) == "spec.templates[0].container.command[2]"
