"""The values themselves, and a validator of others' making as the judge of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from fireworks_async.simulator._examples import example

NULL = {"type": "null"}


def judged(schema):
    value = example(schema)
    problems = [
        error.message
        for error in Draft202012Validator(
            schema, format_checker=Draft202012Validator.FORMAT_CHECKER
        ).iter_errors(value)
    ]
    assert problems == [], value
    return value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, {}),
        ({"type": "string"}, "text"),
        ({"type": "integer", "minimum": 7}, 7),
        ({"type": "number"}, 1.5),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["integer", "null"]}, 1),
        ({"enum": ["b", "a"]}, "b"),
        ({"type": "string", "enum": [1, "a"]}, "a"),
        ({"const": None}, None),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text"),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"type": "array", "items": NULL, "minItems": 2}, [None, None]),
        (
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}},
            {"a": "text", "b": {}},
        ),
        (
            {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "integer"}}},
            1,
        ),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}},
            {"key": 1},
        ),
    ],
)
def test_the_plainest_value_is_made(schema, value):
    assert judged(schema) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 9},
        {"type": "string", "maxLength": 2},
        {"type": "string", "maxLength": 0},
        {"type": "string", "pattern": r"^\d{4}-[A-F]+$", "minLength": 9},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "email"},
        {"type": "integer", "maximum": -3},
        {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
        {"type": "integer", "minimum": 10, "multipleOf": 7},
        {"type": "integer", "maximum": 10, "multipleOf": 7},
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.01},
        {"type": "number", "multipleOf": 0.25, "minimum": 7.3},
        {"type": "number", "minimum": 2},
        {"minimum": 3},
        {"minLength": 6},
        {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"enum": "abc"}},
        {
            "type": "array",
            "minItems": 4,
            "uniqueItems": True,
            "items": {"type": "string"},
        },
        {
            "type": "array",
            "minItems": 3,
            "uniqueItems": True,
            "items": {"type": "number"},
        },
        {
            "type": "array",
            "minItems": 2,
            "uniqueItems": True,
            "items": {"type": "string", "maxLength": 1},
        },
        {"type": "array", "maxItems": 0, "items": {"type": "string"}},
        {"type": "array", "items": False},
        {
            "type": "array",
            "prefixItems": [{"type": "string"}, {"type": "integer"}],
            "items": False,
        },
        {
            "type": "array",
            "prefixItems": [NULL],
            "minItems": 3,
            "items": {"type": "string"},
        },
        {"type": "array", "contains": {"const": 5}},
        {"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 9}},
        {"type": "object", "required": ["x"]},
        {"type": "object", "required": ["x"], "additionalProperties": {"type": "null"}},
        {"type": "object", "minProperties": 2},
        {"type": "object", "minProperties": 2, "propertyNames": {"maxLength": 1}},
        {
            "type": "object",
            "properties": {"a": {}, "b": {}, "c": {}},
            "required": ["c"],
            "maxProperties": 2,
        },
        {"properties": {"a": False, "b": NULL}},
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "integer"}}},
                {"properties": {"a": {"minimum": 5}, "b": NULL}, "required": ["b"]},
            ]
        },
        {
            "allOf": [
                {"type": "number"},
                {"type": ["integer", "string"]},
                {"minimum": 4},
            ]
        },
        {"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]},
        {"anyOf": [False, {"type": "string"}], "minLength": 7},
        {"type": "string", "anyOf": [{"type": "integer"}, {"minLength": 5}]},
        {"const": 1, "anyOf": [{"const": 2}, {"enum": [3, 1]}]},
        {"enum": [1, 2], "anyOf": [{"enum": [3]}, {"enum": [2]}]},
        {
            "allOf": [
                {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                {"anyOf": [{"minimum": 4, "type": "integer"}]},
            ]
        },
        {
            "type": "object",
            "properties": {"kind": {"type": "string"}},
            "anyOf": [
                {"properties": {"kind": {"const": "x"}}, "required": ["kind", "y"]},
                {"required": ["z"]},
            ],
        },
        {
            "oneOf": [{"type": "integer"}, {"type": "null"}],
            "anyOf": [{"minimum": 3}, {"maximum": -3}],
        },
        {"$ref": "#/$defs/a", "minimum": 6, "$defs": {"a": {"type": "integer"}}},
        {"items": {"$ref": "#/prefixItems/0"}, "prefixItems": [{"type": "integer"}]},
    ],
    ids=str,
)
def test_the_value_fits_the_schema(schema):
    judged(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 1, "exclusiveMinimum": True, "maximum": 2},
        {"type": "array", "items": [{"type": "string"}], "additionalItems": NULL},
        {"definitions": {"a": NULL}, "$ref": "#/definitions/a"},
    ],
    ids=str,
)
def test_words_of_older_drafts_are_understood(schema):
    value = example(schema)
    strict = {**schema, "exclusiveMinimum": 1} if "minimum" in schema else schema
    Draft7Validator(strict).validate(value)


NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/node"}, NULL]},
    },
    "required": ["value", "next"],
    "additionalProperties": False,
}
TREE = {
    "type": "object",
    "properties": {
        "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "minItems": 0},
        "parent": {"$ref": "#/$defs/tree"},
    },
    "required": ["children"],
}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
        {"$ref": "#/$defs/tree", "$defs": {"tree": TREE}},
        {**TREE, "$defs": {"tree": {"$ref": "#"}}},
        {
            "$defs": {
                "a": {
                    "type": ["array", "null"],
                    "items": {"$ref": "#/$defs/a"},
                    "minItems": 1,
                }
            },
            "$ref": "#/$defs/a",
        },
    ],
    ids=str,
)
def test_a_recursive_schema_comes_to_an_end(schema):
    assert len(str(judged(schema))) < 1000


def test_many_types_that_hold_each_other_stay_small():
    names = [f"t{number}" for number in range(12)]
    each = {"anyOf": [*({"$ref": f"#/$defs/{name}"} for name in names), NULL]}
    kind = {
        "type": "object",
        "properties": {"left": each, "right": each},
        "required": ["left", "right"],
    }
    schema = {"$ref": "#/$defs/t0", "$defs": dict.fromkeys(names, kind)}
    assert len(str(judged(schema))) < 10_000


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"$ref": "#/nowhere/at/all"},
        {"$ref": "elsewhere.json"},
        False,
        {"anyOf": [False, False]},
        {"allOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "string", "pattern": "("},
        {"type": "string", "pattern": "(?=b)a"},
    ],
    ids=str,
)
def test_what_nothing_fits_still_gives_something(schema):
    assert len(str(example(schema))) < 1000


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"$ref": "#"}, "minItems": 5},
        {
            "type": "object",
            "properties": {name: {"$ref": "#"} for name in "abcdef"},
            "required": [*"abcdef"],
        },
        {"type": "array", "minItems": 10**12},
        {"type": "object", "minProperties": 10**12},
        {"type": "string", "minLength": 10**12},
    ],
    ids=str,
)
def test_what_nothing_could_hold_comes_to_an_end(schema):
    assert len(str(example(schema))) < 2_000_000


SCALAR = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 2, "maxLength": 3},
        {"type": "integer", "minimum": -4, "maximum": 9},
        {"type": "number", "exclusiveMinimum": 2},
        {"type": "boolean"},
        {"enum": ["a", 1, None]},
        {"type": ["null", "string"]},
        {"$ref": "#/$defs/shared"},
    ]
)


def nested(inner):
    names = st.sampled_from(["a", "b", "c"])
    objects = st.dictionaries(names, inner, max_size=3).flatmap(
        lambda properties: st.builds(
            lambda required, closed: {
                "type": "object",
                "properties": properties,
                "required": sorted(required),
                **({"additionalProperties": False} if closed else {}),
            },
            st.sets(st.sampled_from(sorted(properties))) if properties else st.just(()),
            st.booleans(),
        )
    )
    arrays = st.builds(
        lambda items, least: {"type": "array", "items": items, "minItems": least},
        inner,
        st.integers(0, 2),
    )
    return st.one_of(
        objects,
        arrays,
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options}),
        st.dictionaries(names, inner, max_size=2).map(
            lambda properties: {
                "allOf": [
                    {"type": "object", "properties": properties},
                    {"required": ["d"]},
                ]
            }
        ),
    )


@given(st.recursive(SCALAR, nested, max_leaves=10))
def test_any_schema_of_the_usual_words_is_answered_truly(schema):
    shared = {"type": "array", "items": schema, "maxItems": 3}
    judged({**schema, "$defs": {"shared": shared}})
