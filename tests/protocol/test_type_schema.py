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

from fireworks_async._protocol.type_schema import is_pydantic_model, schema_of_type


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
