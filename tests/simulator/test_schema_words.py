import msgspec
import pytest

from fireworks_async.simulator._schema_words import schema_in, schema_problems


@pytest.mark.parametrize(
    "response_format",
    [
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"enum": [1]}}},
        {"type": "json_schema", "json_schema": {"enum": [1]}},
        {"type": "json_object", "schema": {"enum": [1]}},
        {"type": "json_object", "schema": '{"enum": [1]}'},
    ],
    ids=str,
)
def test_a_schema_is_found_in_each_of_its_places(response_format):
    assert schema_in(response_format) == {"enum": [1]}


def test_without_a_schema_there_is_an_empty_one():
    assert schema_in({"type": "json_object"}) == {}
    with pytest.raises(msgspec.DecodeError):
        schema_in({"type": "json_object", "schema": "{"})


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": ["string", "null"], "minLength": 2, "title": 5, "required": []},
        {"properties": {"required": {"type": "boolean"}}, "required": ["required"]},
        {"items": [{"type": "string"}], "additionalProperties": False},
        {"$defs": {"a": {"anyOf": [{"$ref": "#"}]}}, "minimum": 1.5},
    ],
    ids=str,
)
def test_a_schema_has_no_problems(schema):
    assert not [*schema_problems(schema, "s")]


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (5, "s"),
        ({"required": True}, "s.required"),
        ({"required": [1]}, "s.required"),
        ({"type": {}}, "s.type"),
        ({"properties": {"a": {"minimum": "1"}}}, "s.properties.a.minimum"),
        ({"items": {"minItems": 1.5}}, "s.items.minItems"),
        ({"anyOf": [{}, None]}, "s.anyOf[1]"),
        ({"$defs": {"a": {"maxItems": True}}}, "s.$defs.a.maxItems"),
        ({"additionalProperties": 1}, "s.additionalProperties"),
    ],
    ids=str,
)
def test_what_is_no_schema_has_one_and_its_place(schema, place):
    [problem] = schema_problems(schema, "s")
    assert problem.startswith("Invalid JSON schema: ")
    assert problem.endswith(f"field: '{place}'")
