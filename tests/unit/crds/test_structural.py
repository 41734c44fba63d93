"""The way from pydantic's JSON schema to a structural one: what changes, what stays, and what is refused."""

import types
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, create_model

from tests.unit.crds.schemas import invalid, unknown_fields, violations
from tools.structural import NotStructural, structural


class Colour(StrEnum):
    """A colour."""

    NONE = ""
    RED = "red"


class Part(BaseModel):
    """A part."""

    size: int


class Open(BaseModel):
    """Somebody else's."""

    model_config = ConfigDict(extra="allow")

    name: str = ""


class Node(BaseModel):
    """A tree."""

    children: list["Node"] = Field(default_factory=list)


def field(annotation: Any, default: Any = ..., **extra: Any) -> dict[str, Any]:
    """The structural schema of one field of a model."""
    definition: Any = (annotation, Field(default, **extra))
    model = create_model("Example", field=definition)
    return dict(structural(model.model_json_schema())["properties"]["field"])


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        pytest.param(str, {"type": "string"}, id="text"),
        pytest.param(bool, {"type": "boolean"}, id="truth"),
        pytest.param(int, {"type": "integer", "format": "int64"}, id="a whole number is 64 bits wide"),
        pytest.param(
            Annotated[int, Field(ge=0, le=9, json_schema_extra={"format": "int32"})],
            {"type": "integer", "format": "int32", "minimum": 0, "maximum": 9},
            id="unless it says otherwise",
        ),
        pytest.param(float, {"type": "number", "format": "double"}, id="number"),
        pytest.param(str | None, {"type": "string"}, id="an optional field is absent, not null"),
        pytest.param(
            Annotated[str, Field(json_schema_extra={"format": "date-time"})] | None,
            {"type": "string", "format": "date-time"},
            id="what is said inside an optional stays",
        ),
        pytest.param(Colour, {"description": "A colour.", "type": "string", "enum": ["", "red"]}, id="enum"),
        pytest.param(Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}, id="literals"),
        pytest.param(Literal["a"], {"type": "string", "enum": ["a"]}, id="one literal"),
        pytest.param(
            Annotated[list[str], Field(min_length=1, max_length=3)],
            {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string"}},
            id="list",
        ),
        pytest.param(
            dict[str, list[bool]],
            {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "boolean"}}},
            id="map",
        ),
        pytest.param(
            dict[str, Any], {"type": "object", "x-kubernetes-preserve-unknown-fields": True}, id="a map of anything"
        ),
        pytest.param(
            Part,
            {
                "description": "A part.",
                "type": "object",
                "required": ["size"],
                "properties": {"size": {"type": "integer", "format": "int64"}},
            },
            id="a model is put in place",
        ),
        pytest.param(
            Open,
            {
                "description": "Somebody else's.",
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "x-kubernetes-preserve-unknown-fields": True,
            },
            id="a model that allows more keeps it",
        ),
    ],
)
def test_a_type_becomes_its_structural_schema(annotation: Any, expected: dict[str, Any]) -> None:
    assert field(annotation) == expected


@pytest.mark.parametrize("default", ["red", 3, 1.5, True], ids=repr)
def test_a_default_that_says_something_is_kept(default: Any) -> None:
    assert field(type(default), default)["default"] == default


@pytest.mark.parametrize("default", ["", 0, 0.0, False, None, []], ids=repr)
def test_an_empty_default_is_left_to_the_reader(default: Any) -> None:
    annotation = list[str] if default == [] else str | None if default is None else type(default)
    assert "default" not in field(annotation, default)


def test_an_empty_object_as_default_is_kept_because_defaults_within_it_hang_on_it() -> None:
    assert field(Part, default_factory=lambda: Part(size=1), json_schema_extra={"default": {}})["default"] == {}


def test_the_description_of_a_field_goes_before_that_of_its_type() -> None:
    assert field(Part, description="The left one.")["description"] == "The left one."
    assert field(Part | None, description="The left one.")["description"] == "The left one."


def test_rules_and_list_types_stay() -> None:
    class Ruled(BaseModel):
        model_config = ConfigDict(json_schema_extra={"x-kubernetes-validations": [{"rule": "true"}]})

        names: list[str] = Field(json_schema_extra={"x-kubernetes-list-type": "set"})

    schema = structural(Ruled.model_json_schema())
    assert schema["x-kubernetes-validations"] == [{"rule": "true"}]
    assert schema["properties"]["names"]["x-kubernetes-list-type"] == "set"


def test_a_definition_may_stand_in_two_places() -> None:
    class Pair(BaseModel):
        left: Part
        right: Part

    schema = structural(Pair.model_json_schema())
    assert schema["properties"]["left"] == schema["properties"]["right"]


class Unsaid(BaseModel):
    """Holds one field each that a CRD cannot say."""

    union: ClassVar[Any] = str | int
    exclusive: ClassVar[Any] = Annotated[int, Field(gt=0)]
    pair: ClassVar[Any] = tuple[str, int]
    anything: ClassVar[Any] = Any
    unique: ClassVar[Any] = set[str]


@pytest.mark.parametrize(
    ("annotation", "problem"),
    [
        (Unsaid.union, ".field: a union of types has no structural form"),
        (Unsaid.exclusive, ".field: exclusiveMinimum has no structural form"),
        (list[Unsaid.pair], r".field.\[\]: "),
        (Unsaid.anything, ".field: has no single type"),
        (dict[str, Unsaid.unique], r".field.\{\}: uniqueItems has no structural form"),
        (Node, r".field.children.\[\]: Node contains itself"),
    ],
    ids=["union", "exclusive bound", "tuple", "anything", "set", "recursion"],
)
def test_what_a_crd_cannot_say_is_an_error_that_says_where(annotation: Any, problem: str) -> None:
    with pytest.raises(NotStructural, match=problem):
        field(annotation)


Shape = tuple[Any, st.SearchStrategy[Any]]
"""A type annotation, and the JSON values that it takes."""

_NAMES = st.from_regex(r"[a-z][a-zA-Z]{0,6}", fullmatch=True).filter(lambda name: not hasattr(BaseModel, name))

scalars = st.sampled_from(
    [
        (str, st.text(max_size=5)),
        (int, st.integers(-(2**31), 2**31)),
        (bool, st.booleans()),
        (float, st.floats(allow_nan=False, allow_infinity=False)),
        (Literal["a", "b"], st.sampled_from(["a", "b"])),
        (Colour, st.sampled_from(["", "red"])),
    ]
)


def containers(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    return st.one_of(
        inner.map(lambda shape: (types.GenericAlias(list, shape[0]), st.lists(shape[1], max_size=2))),
        inner.map(
            lambda shape: (types.GenericAlias(dict, (str, shape[0])), st.dictionaries(_NAMES, shape[1], max_size=2))
        ),
        st.dictionaries(_NAMES, st.tuples(inner, st.booleans()), min_size=1, max_size=3).map(model_of),
    )


def model_of(fields: dict[str, tuple[Shape, bool]]) -> Shape:
    """A model with these fields, each required or optional."""
    definitions: dict[str, Any] = {
        name: (shape[0], ...) if required else (shape[0] | None, None) for name, (shape, required) in fields.items()
    }
    values = st.fixed_dictionaries(
        {name: shape[1] for name, (shape, required) in fields.items() if required},
        optional={name: shape[1] for name, (shape, required) in fields.items() if not required},
    )
    return create_model("Generated", __doc__="Generated.", **definitions), values


models = st.dictionaries(
    _NAMES, st.tuples(st.recursive(scalars, containers, max_leaves=4), st.booleans()), min_size=1, max_size=4
).map(model_of)


@given(model=models, data=st.data())
def test_any_model_becomes_a_structural_schema_that_takes_what_the_model_takes(
    model: Shape, data: st.DataObject
) -> None:
    kind, values = model
    schema = structural(kind.model_json_schema())
    value = data.draw(values)
    kind.model_validate(value)
    assert violations(schema) == []
    assert invalid(schema, value) == []
    assert unknown_fields(schema, value) == []


@given(model=models, data=st.data())
def test_no_field_takes_null(model: Shape, data: st.DataObject) -> None:
    kind, values = model
    schema = structural(kind.model_json_schema())
    name = data.draw(st.sampled_from(sorted(schema["properties"])))
    value = {**data.draw(values), name: None}
    assert invalid(schema, value) != []
