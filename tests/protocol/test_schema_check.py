"""What a schema forbids, as the reference implementation of JSON Schema sees it."""

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from fireworks_async._protocol.schema_check import mismatch, resolve

VALUES = [
    *(None, True, False, 0, 1, 1.0, 2.5, -3, 10),
    *("", "a", "abc", "你好"),
    *([], [1], [1, "a"], ["a", 1], [1, 2, 3], [[]], [True]),
    *({}, {"a": 1}, {"a": "x"}, {"a": 1, "b": 2}, {"b": None}, {"xa": 1}, {"a": {}}),
]

SCHEMAS = [
    *(True, False, {}, {"title": "no rule", "format": "date"}),
    *({"type": name} for name in ("null", "boolean", "integer", "number", "string")),
    *({"type": name} for name in ("array", "object", ["string", "null"])),
    *({"const": value} for value in (1, True, "a", None, [1], {"a": 1})),
    *({"enum": values} for values in ([0, "a"], [False, None], [[1, "a"]], [[True]])),
    {"required": ["a"]},
    {"properties": {"a": {"type": "integer"}}},
    {"properties": {"a": True}, "additionalProperties": False},
    {"additionalProperties": {"type": "integer"}},
    {"patternProperties": {"^x": {"type": "string"}}},
    {"patternProperties": {"^x": True}, "additionalProperties": False},
    {"propertyNames": {"maxLength": 1}},
    {"items": {"type": "integer"}},
    {"prefixItems": [{"type": "integer"}], "items": {"type": "string"}},
    {"prefixItems": [{"type": "integer"}, False]},
    {"anyOf": [{"type": "string"}, {"required": ["a"]}]},
    {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    {"allOf": [{"type": "number"}, {"minimum": 1}]},
    {"not": {"type": "array"}},
    {"if": {"type": "number"}, "then": {"minimum": 1}, "else": {"type": "string"}},
    {"if": {"type": "number"}, "else": {"type": "string"}},
    {"pattern": "^a"},
    *({word: 1} for word in ("minimum", "exclusiveMinimum")),
    *({word: 1} for word in ("maximum", "exclusiveMaximum")),
    *({word: 2} for word in ("minLength", "maxLength", "minItems", "maxItems")),
    *({word: 1} for word in ("minProperties", "maxProperties")),
    {"$ref": "#/$defs/A", "$defs": {"A": {"type": "integer"}}},
    {"$ref": "#/$defs/a~1b~0c", "$defs": {"a/b~c": {"type": "string"}}},
    {
        "prefixItems": [{}, {"$ref": "#/prefixItems/0"}, {"$ref": "#/allOf/0"}],
        "allOf": [{"type": "array"}],
    },
    {"properties": {"a": {"$ref": "#"}}, "type": ["object", "integer"]},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_the_check_agrees_with_the_reference(schema):
    reference = Draft202012Validator(schema)
    wrong = [
        v for v in VALUES if (mismatch(v, schema) is None) != reference.is_valid(v)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "schema",
    [
        {"items": [{"type": "integer"}], "additionalItems": {"type": "string"}},
        {"items": [{"type": "integer"}], "additionalItems": False},
        {"items": {"type": "integer"}, "additionalItems": False},
    ],
)
def test_tuples_may_be_written_as_in_draft_7(schema):
    reference = Draft7Validator(schema)
    wrong = [
        v for v in VALUES if (mismatch(v, schema) is None) != reference.is_valid(v)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("value", "schema", "said"),
    [
        (
            {"a": [1, "x"]},
            {"properties": {"a": {"items": {"type": "integer"}}}},
            "expected integer at $.a[1]",
        ),
        ({}, {"required": ["a"]}, "missing 'a' at $"),
        ({"b": 1}, {"additionalProperties": False}, "unexpected 'b' at $"),
        (3, {"maximum": 2}, "against maximum 2 at $"),
        (3, {"enum": [1]}, "expected one of [1] at $"),
        (3, {"const": 1}, "expected 1 at $"),
        (
            3,
            {"anyOf": [{"type": "null"}, {"type": "string"}]},
            "expected null at $; or expected string at $",
        ),
        (3, {"oneOf": [{}, {}]}, "fits 2 forms that exclude each other at $"),
        (3, {"not": {}}, "fits what is excluded at $"),
        ("b", {"pattern": "^a"}, "does not match '^a' at $"),
        (3, False, "nothing is allowed at $"),
        (3, {"anyOf": []}, "nothing is allowed at $"),
    ],
)
def test_it_says_what_and_where(value, schema, said):
    assert mismatch(value, schema) == said


def test_what_cannot_be_judged_forbids_nothing():
    for schema in (
        {"$ref": "#"},
        {"$ref": "http://elsewhere"},
        {"$ref": "#/nowhere"},
        {"$ref": "#anchor"},
        {"pattern": "(?<no"},
        {"minimum": "1"},
    ):
        assert mismatch(1, schema) is None
        assert mismatch("x", schema) is None


def test_references_lead_from_the_root():
    root = {"a": [{"b": 1}], "": 2}
    assert resolve(root, "#") is root
    assert resolve(root, "#/a/0/b") == 1
    assert resolve(root, "#/") == 2
    for reference in ("", "a", "#a", "#/a/1", "#/a/x", "#/b", "#/a/0/b/c", None):
        with pytest.raises(LookupError):
            resolve(root, reference)
