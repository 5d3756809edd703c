"""Schemas that a server enforces token by token, which nobody here wrote."""

import dataclasses
import enum
from typing import Literal, TypedDict

import msgspec
import pydantic
import pytest

from tests.support.llama_server import MODEL

QUESTION = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "hello world, in JSON"}],
    "max_tokens": 4_000,
    "seed": 3,
}


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Point(msgspec.Struct):
    x: bool
    colour: Colour
    near: Literal["a", "b"] = "a"


class Cat(msgspec.Struct, tag="cat"):
    tame: bool = True


class Dog(msgspec.Struct, tag="dog"):
    good: bool


@dataclasses.dataclass
class Box:
    corner: Point
    inside: Cat | Dog
    colour: Colour | None = None


class Note(TypedDict, total=False):
    done: bool
    colour: Colour


class Nested(pydantic.BaseModel):
    class Inner(pydantic.BaseModel):
        ok: bool | None = None

    inner: Inner
    colour: Colour = Colour.RED


RAW = {
    "type": "object",
    "properties": {"a": {"type": "boolean"}, "b": {"enum": [1, 2]}},
    "required": ["a"],
}


@pytest.mark.parametrize("kind", [Point, Box, Note, Nested], ids=lambda k: k.__name__)
@pytest.mark.parametrize("strict", [True, False])
async def test_the_answer_is_of_the_type(client, kind, strict):
    completion = await client.chat.completions.parse(
        **QUESTION, response_format=kind, strict=strict
    )
    value = completion.choices[0].message.parsed
    assert isinstance(value, dict if kind is Note else kind)
    assert completion.choices[0].finish_reason == "stop"


async def test_a_raw_schema_gives_plain_values(client):
    completion = await client.chat.completions.parse(**QUESTION, response_format=RAW)
    value = completion.choices[0].message.parsed
    assert type(value["a"]) is bool
    assert value.get("b") in (None, 1, 2)
    assert value.keys() <= {"a", "b"}


async def test_the_older_form_is_obeyed_too(client):
    completion = await client.chat.completions.parse(
        **QUESTION, response_format=Point, mode="json_object"
    )
    assert isinstance(completion.choices[0].message.parsed, Point)


async def test_every_property_comes_in_the_strict_form(client):
    completion = await client.chat.completions.parse(**QUESTION, response_format=Note)
    text = completion.choices[0].message.content
    assert msgspec.json.decode(text).keys() == {"done", "colour"}


async def test_a_recursive_type_comes_out_whole(client):
    completion = await client.chat.completions.parse(
        **QUESTION, response_format=Tree, temperature=1.5
    )
    assert isinstance(completion.choices[0].message.parsed, Tree)


class Tree(msgspec.Struct):
    leaf: bool
    left: "Tree | None" = None


async def test_what_came_so_far_fits_at_every_moment(client):
    async with client.chat.completions.parse(
        **QUESTION, response_format=Point
    ) as stream:
        keys = [
            list(event.parsed_partial)
            async for event in stream
            if event.type == "content.delta" and event.parsed_partial is not None
        ]
        completion = await stream.collect()
    assert keys == sorted(keys, key=len)
    assert keys[-1] == ["x", "colour", "near"]
    assert isinstance(completion.choices[0].message.parsed, Point)
