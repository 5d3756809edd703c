import pytest

from fireworks_async.simulator._examples import example


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
        ({"const": None}, None),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text"),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"type": "array", "items": {"type": "null"}, "minItems": 2}, [None, None]),
        (
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}},
            {"a": "text", "b": {}},
        ),
        (
            {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "integer"}}},
            1,
        ),
        ({"$ref": "#/nowhere/at/all"}, None),
    ],
)
def test_the_value_fits_the_schema(schema, value):
    assert example(schema) == value


def test_a_recursive_schema_ends_at_its_null():
    node = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
        "required": ["next"],
    }
    value = example({"$ref": "#/$defs/node", "$defs": {"node": node}})
    while value is not None:
        assert set(value) == {"next"}
        value = value["next"]


def test_a_schema_that_never_ends_gives_something():
    loop = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    assert "a" in example(loop)
