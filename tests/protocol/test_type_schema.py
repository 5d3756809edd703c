"""Python types, and what the API is told of them."""

import dataclasses
import datetime as dt
import enum
import subprocess
import sys
from typing import Annotated, Literal, TypedDict

import msgspec
import pydantic
import pytest
from jsonschema import Draft202012Validator

from fireworks_async._protocol.type_schema import (
    is_pydantic_model,
    reader_of_type,
    schema_of_type,
)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Point(msgspec.Struct):
    x: int
    y: int = 0


@dataclasses.dataclass
class Box:
    corner: Point
    colour: Colour | None = None


class Note(TypedDict, total=False):
    at: dt.date
    tags: dict[str, int]


class Tree(msgspec.Struct):
    name: str
    children: list["Tree"] = []


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    good: Literal[True]


class Model(pydantic.BaseModel):
    point: "Inner"


class Inner(pydantic.BaseModel):
    x: int


class Twig(pydantic.BaseModel):
    grown: dt.date
    twigs: list["Twig"] = []


def namesake():
    class Inner(pydantic.BaseModel):
        y: "Deep"

    class Deep(pydantic.BaseModel):
        z: int

    Inner.model_rebuild(_types_namespace={"Deep": Deep})
    return Inner


OtherInner = namesake()
GROWN = {"grown": "2026-01-03"}


@dataclasses.dataclass
class Bush:
    twigs: dict[str, Twig]
    inner: Inner | None = None
    point: Point | None = None
    other: OtherInner | None = None


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Point, {"x": 1}, {"y": 1}),
        (Box, {"corner": {"x": 1}, "colour": "red"}, {"corner": {}, "colour": "red"}),
        (Note, {"at": "2026-01-02", "tags": {"a": 1}}, {"tags": {"a": "b"}}),
        (
            Tree,
            {"name": "a", "children": [{"name": "b"}]},
            {"name": "a", "children": [{}]},
        ),
        (Cat | Dog, {"type": "dog", "good": True}, {"type": "dog", "lives": 9}),
        (list[Point] | None, [{"x": 1}], [{}]),
        (tuple[int, str], [1, "a"], ["a", 1]),
        (Literal["a", 2], 2, 1),
        (Annotated[int, msgspec.Meta(ge=3)], 3, 2),
        (Model, {"point": {"x": 1}}, {"point": {}}),
        (list[Inner] | None, [{"x": 1}], [{"x": "a"}]),
        (
            Bush,
            {
                "twigs": {"a": {"grown": "2026-01-02", "twigs": [GROWN]}},
                "other": {"y": {"z": 1}},
            },
            {"twigs": {"a": {"grown": "2026-01-02", "twigs": [{"twigs": []}]}}},
        ),
        (Bush, {"twigs": {}, "other": {"y": {"z": 1}}}, {"twigs": {}, "other": {}}),
    ],
    ids=str,
)
def test_the_schema_is_that_of_the_type(kind, good, bad):
    schema = schema_of_type(kind)
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(good)
    assert not Draft202012Validator(schema).is_valid(bad)


def test_the_root_is_never_a_bare_reference():
    assert schema_of_type(Point) == {
        "title": "Point",
        "type": "object",
        "properties": {
            "x": {"type": "integer"},
            "y": {"type": "integer", "default": 0},
        },
        "required": ["x"],
    }
    tree = schema_of_type(Tree)
    assert tree["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert set(tree["$defs"]) == {"Tree"}


@pytest.mark.parametrize("kind", [complex, list[object.__class__], {"a": int}])
def test_a_type_without_a_form_in_json_is_refused_by_name(kind):
    with pytest.raises(TypeError, match="has no JSON Schema"):
        schema_of_type(kind)


def test_pydantic_is_recognised_and_never_imported():
    assert is_pydantic_model(Model)
    assert not is_pydantic_model(Model(point=Inner(x=1)))
    assert not is_pydantic_model(Point)
    script = (
        "import sys; from fireworks_async._protocol.structured import ResponseType; "
        "ResponseType.of(int); sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_reader_makes_values_and_pydantics_inside_of_them():
    read = reader_of_type(Bush)
    bush = read(
        b'{"twigs":{"a":{"grown":"2026-01-02","twigs":[{"grown":"2026-01-03"}]}},'
        b'"inner":{"x":1},"point":{"x":2}}'
    )
    twig = Twig(grown=dt.date(2026, 1, 3))
    assert bush == Bush(
        twigs={"a": Twig(grown=dt.date(2026, 1, 2), twigs=[twig])},
        inner=Inner(x=1),
        point=Point(2),
    )


def test_a_reader_says_where_it_does_not_fit():
    with pytest.raises(ValueError, match=r"(?s)valid integer.*\$\.inner"):
        reader_of_type(Bush)(b'{"twigs":{},"inner":{"x":"a"}}')
    with pytest.raises(ValueError, match=r"\$\.point"):
        reader_of_type(Bush)(b'{"twigs":{},"point":{"x":"a"}}')


def test_a_type_that_json_has_no_form_for_is_named_wherever_it_is():
    with pytest.raises(TypeError, match=r"list\[complex\] .*<class 'complex'>"):
        schema_of_type(list[complex])
    with pytest.raises(NotImplementedError):
        reader_of_type(list[complex])(b"[1]")


def test_a_pydantic_model_alone_is_read_by_itself():
    assert reader_of_type(Inner)(b'{"x":1}') == Inner(x=1)


class Verdict(TypedDict):
    grounds: str
    by: Literal["judge"]
    verdict: bool


class Appeal(Verdict, total=False):
    again: list[Verdict]
    also: dict[str, "Appeal"]
    title: str
    properties: dict[str, str]


@pytest.mark.parametrize("kind", [Verdict, list[Verdict] | None, dict[str, Verdict]])
def test_properties_of_a_typed_dict_keep_their_order(kind):
    text = str(schema_of_type(kind))
    assert "'required': ['grounds', 'by', 'verdict']" in text
    assert (
        text.index("'grounds': {") < text.index("'by': {") < text.index("'verdict': {")
    )


def test_properties_of_a_typed_dict_that_extends_one_keep_theirs_too():
    schema = schema_of_type(Appeal)
    assert list(schema["properties"]) == [
        *("grounds", "by", "verdict"),
        *("again", "also", "title", "properties"),
    ]
    assert schema["required"] == ["grounds", "by", "verdict"]
    assert list(schema["$defs"]["Verdict"]["properties"]) == schema["required"]
