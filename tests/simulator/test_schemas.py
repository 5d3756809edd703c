import math

import pytest

from fireworks_async.simulator._schemas import Schemas, has_scalar, joined

LOOP = {
    "$defs": {
        "a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/b"}}},
        "b": {
            "type": "object",
            "required": ["a"],
            "properties": {"a": {"$ref": "#/$defs/a"}},
        },
        "never": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/never"}},
        "maybe": {"anyOf": [{"$ref": "#/$defs/never"}, {"$ref": "#/$defs/b"}]},
    }
}


@pytest.mark.parametrize(
    ("schema", "height"),
    [
        (True, 0),
        (False, math.inf),
        ({}, 0),
        ({"$ref": "#/$defs/a"}, 1),
        ({"$ref": "#/$defs/b"}, 2),
        ({"$ref": "#/$defs/never"}, math.inf),
        ({"$ref": "#/$defs/maybe"}, 3),
        ({"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}]}, 2),
        ({"type": ["array", "null"], "items": False, "minItems": 1}, 0),
        ({"type": "array", "items": False, "minItems": 1}, math.inf),
    ],
)
def test_a_schema_knows_how_deep_its_values_are_at_least(schema, height):
    whole = {**LOOP, "x": schema}
    assert Schemas(whole).height(schema) == height


def test_references_and_parts_are_joined():
    root = {
        "$defs": {"n": {"type": "number", "minimum": 1}},
        "allOf": [{"$ref": "#/$defs/n"}, {"minimum": 3, "maximum": 9}],
        "maximum": 7,
    }
    words, hops = Schemas(root).settled(root)
    assert hops == 1
    assert (words["type"], words["minimum"], words["maximum"]) == ("number", 3, 7)
    assert "allOf" in root


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ({"type": "number"}, {"type": ["integer", "null"]}, {"type": ["integer"]}),
        ({"type": ["a", "b"]}, {"type": "b"}, {"type": ["b"]}),
        ({"required": ["a"]}, {"required": ["b", "a"]}, {"required": ["a", "b"]}),
        ({"multipleOf": 4}, {"multipleOf": 6}, {"multipleOf": 12}),
        ({"multipleOf": 0.5}, {"multipleOf": 2}, {"multipleOf": 2}),
        ({"type": "integer"}, {"type": "string"}, {"type": []}),
        (
            {"anyOf": [True, False]},
            {"anyOf": [{}]},
            {"anyOf": [{"allOf": [True, {}]}, {"allOf": [False, {}]}]},
        ),
        ({"maxLength": 4}, {"maxLength": 6}, {"maxLength": 4}),
        ({"enum": [1, 2]}, {"enum": [2, 3]}, {"enum": [2]}),
        ({"items": {}}, {"items": False}, {"items": {"allOf": [{}, False]}}),
        ({"title": "a"}, {"title": "b", "x": 1}, {"title": "a", "x": 1}),
    ],
)
def test_both_demands_are_kept(first, second, both):
    assert joined(first, second) == both


def test_a_value_without_an_inside_is_a_way_out():
    assert has_scalar({"type": ["object", "null"]})
    assert has_scalar({"enum": [{}]})
    assert not has_scalar({"type": "object"})
    assert not has_scalar({})
