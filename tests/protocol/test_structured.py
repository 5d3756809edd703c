"""Types that answers are to have, and texts that become values of them."""

import dataclasses
import datetime as dt
import json
from typing import Any, Literal, TypedDict

import msgspec
import pydantic
import pytest
from jsonschema import Draft202012Validator

from fireworks_async._protocol.structured import ResponseType, json_in


class Event(msgspec.Struct):
    """Something that happens."""

    name: str
    day: dt.date
    guests: list[str] = []
    place: str | None = "home"


@dataclasses.dataclass
class Data:
    number: int
    by_id: dict[int, Literal["a", "b"]] = dataclasses.field(default_factory=dict)


class Typed(TypedDict, total=False):
    number: int


class Model(pydantic.BaseModel):
    day: dt.date
    count: int = 3


class Cat(msgspec.Struct, tag=True):
    lives: int = 9


class Dog(msgspec.Struct, tag=True):
    good: bool


class Tree(msgspec.Struct):
    name: str
    left: "Tree | None" = None


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (
            Event,
            '{"name": "x", "day": "2026-01-02", "guests": null, "place": null}',
            Event("x", dt.date(2026, 1, 2), [], None),
        ),
        (Data, '{"number": 1, "by_id": {"2": "a"}}', Data(1, {2: "a"})),
        (Data, '{"number": 1, "by_id": null}', Data(1)),
        (Typed, '{"number": null}', {}),
        (Typed, '{"number": 2}', {"number": 2}),
        (Model, '{"day": "2026-01-02", "count": null}', Model(day=dt.date(2026, 1, 2))),
        (Cat | Dog, '{"type": "Cat", "lives": null}', Cat()),
        (Cat | Dog, '{"type": "Dog", "good": true}', Dog(good=True)),
        (list[Cat], '[{"type": "Cat", "lives": 7}]', [Cat(7)]),
        (
            Tree,
            '{"name": "a", "left": {"name": "b", "left": null}}',
            Tree("a", Tree("b")),
        ),
        (int, "3", 3),
        ({"type": "array", "items": {"type": "integer"}}, "[1, 2]", [1, 2]),
        (
            {"type": "object", "properties": {"a": {"type": "integer"}}},
            '{"a": null}',
            {},
        ),
        ({}, '{"a": null}', {"a": None}),
    ],
)
def test_strict_answers_become_values(kind, text, value):
    wanted = ResponseType.of(kind)
    schema = wanted.schema(strict=True)
    Draft202012Validator(schema).validate(json.loads(text))
    assert wanted.read(text, strict=True) == value
    # As the arguments of a tool, what is no object is wrapped in one.
    parameters = wanted.tool(strict=True)["function"]["parameters"]
    arguments = text if schema.get("type") == "object" else f'{{"value": {text}}}'
    assert parameters["type"] == "object"
    Draft202012Validator(parameters).validate(json.loads(arguments))
    assert wanted.read(arguments, strict=True, is_tool=True) == value


def test_answers_that_are_not_strict_are_taken_as_they_are():
    wanted = ResponseType.of(Event)
    assert wanted.schema(strict=False)["required"] == ["name", "day"]
    text = '{"name": "x", "day": "2026-01-02"}'
    assert wanted.read(text, strict=False) == Event("x", dt.date(2026, 1, 2))
    with pytest.raises(
        ValueError, match=r"Expected `array`, got `null` - at `\$.guests`"
    ):
        wanted.read(text[:-1] + ', "guests": null}', strict=False)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (Event, "It is tomorrow.", "malformed"),
        (Event, '{"name": "x", "da', "truncated"),
        (Event, '{"name": 1, "day": "2026-01-02"}', r"at `\$\.name`"),
        (Event, '{"name": "x", "day": "soon"}', r"at `\$\.day`"),
        (Model, '{"day": "2026-01-02", "count": "many"}', "count"),
        ({"required": ["a"]}, "{}", r"missing 'a' at \$"),
        (Tree, '{"name":"a","left":' * 100_000, "truncated|nested too deeply"),
        ({}, "[" * 100_000 + "]" * 100_000, "nested too deeply"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_answers_that_do_not_fit_say_where(kind, text, said, strict):
    with pytest.raises(ValueError, match=said):
        ResponseType.of(kind).read(text, strict=strict)


def test_the_tool_is_described():
    function = ResponseType.of(Event).tool(strict=True)["function"]
    assert function["name"] == "Event"
    assert function["description"] == "Something that happens."
    assert function["parameters"]["additionalProperties"] is False
    assert "description" not in ResponseType.of(int).tool(strict=True)["function"]


def test_a_recursive_schema_stays_whole_in_a_tool():
    schema = {
        "type": "array",
        "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/N"}]},
        "definitions": {"N": {"type": "integer"}},
    }
    wanted = ResponseType.of(schema)
    parameters = wanted.tool(strict=True)["function"]["parameters"]
    validator = Draft202012Validator(parameters)
    assert validator.is_valid({"value": [1, [2, []]]})
    assert not validator.is_valid({"value": [{"value": []}]})
    assert wanted.read('{"value": [1, [2]]}', strict=True, is_tool=True) == [1, [2]]


def test_names_are_those_that_the_api_takes():
    odd = msgspec.defstruct("Übergrößenträger", [("a", int)])
    assert ResponseType.of(odd).name == "bergr_entr_ger"
    assert ResponseType.of({"title": "a b/c"}).name == "a_b_c"
    assert ResponseType.of({"title": "x" * 100}).name == "x" * 64
    assert ResponseType.of(Cat | Dog).name == "answer"
    assert ResponseType.of({"title": 5}).name == "answer"


def test_the_callers_schema_is_not_changed():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    before = json.dumps(schema)
    wanted = ResponseType.of(schema)
    wanted.schema(strict=True)
    wanted.tool(strict=True)
    wanted.read('{"a": null}', strict=True)
    assert json.dumps(schema) == before
    assert wanted.schema(strict=False) is schema


def test_a_class_is_looked_at_once():
    assert ResponseType.of(Event) is ResponseType.of(Event)


@pytest.mark.parametrize("kind", [complex, Any.__class__, "text", 3])
def test_what_is_no_type_is_refused(kind):
    with pytest.raises(TypeError, match="has no JSON Schema"):
        ResponseType.of(kind)


def test_a_whole_response_format_is_refused():
    with pytest.raises(TypeError, match=r"goes to create\(\)"):
        ResponseType.of({"type": "json_schema", "json_schema": {"schema": {}}})


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        ' \n{"a": 1}\n',
        '```json\n{"a": 1}\n```',
        '\n```\n{"a": 1}```\n',
        '<think>{"a": 2}\n``` </think>\n\n{"a": 1}',
        '<think></think>```json\n{"a": 1}\n```',
    ],
)
def test_what_models_write_around_json_is_left_out(text):
    assert json.loads(json_in(text)) == {"a": 1}


def test_text_around_json_is_not_guessed_at():
    text = 'Here: ```json\n{"a": 1}\n```'
    assert json_in(text) == text


def test_arguments_that_are_not_wrapped_as_asked_are_refused_or_taken():
    wanted = ResponseType.of(list[int])
    assert wanted.read("[1]", strict=True, is_tool=True) == [1]
    with pytest.raises(ValueError, match="got `null`"):
        wanted.read('{"values": [1]}', strict=True, is_tool=True)
