"""Old definitions move, references follow, and nothing else happens."""

import copy

import pytest
from jsonschema import Draft202012Validator

from fireworks_async._protocol.definitions import clean_tools, with_modern_definitions

PLACE = {"type": "object", "properties": {"city": {"type": "string"}}}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {}},
        {"type": "object", "properties": {"definitions": {"type": "string"}}},
        {"type": "object", "components": {"parts": 3}},
        {"type": "object", "definitions": None},
    ],
)
def test_a_schema_without_old_definitions_comes_back_itself(schema):
    assert with_modern_definitions(schema) is schema


@pytest.mark.parametrize(
    ("prefix", "held"),
    [
        ("#/definitions/", {"definitions": {"Place": PLACE}}),
        ("#/components/schemas/", {"components": {"schemas": {"Place": PLACE}}}),
    ],
)
def test_old_definitions_move_and_references_follow(prefix, held):
    schema = {
        "type": "object",
        "properties": {
            "to": {"$ref": f"{prefix}Place"},
            "via": {"type": "array", "items": {"$ref": f"{prefix}Place"}},
            "from": {"anyOf": [{"$ref": f"{prefix}Place"}, {"type": "null"}]},
            "city": {"$ref": f"{prefix}Place/properties/city"},
        },
        **held,
    }
    before = copy.deepcopy(schema)
    assert with_modern_definitions(schema) == {
        "type": "object",
        "properties": {
            "to": {"$ref": "#/$defs/Place"},
            "via": {"type": "array", "items": {"$ref": "#/$defs/Place"}},
            "from": {"anyOf": [{"$ref": "#/$defs/Place"}, {"type": "null"}]},
            "city": {"$ref": "#/$defs/Place/properties/city"},
        },
        "$defs": {"Place": PLACE},
    }
    assert schema == before


def test_a_type_that_refers_to_itself_still_does():
    node = {"properties": {"next": {"$ref": "#/definitions/Node"}}}
    schema = {"$ref": "#/definitions/Node", "definitions": {"Node": node}}
    modern = with_modern_definitions(schema)
    assert modern == {
        "$ref": "#/$defs/Node",
        "$defs": {"Node": {"properties": {"next": {"$ref": "#/$defs/Node"}}}},
    }
    Draft202012Validator(modern).validate({"next": {"next": {}}})


def test_definitions_of_one_name_stay_apart():
    schema = {
        "properties": {
            "a": {"$ref": "#/$defs/T"},
            "b": {"$ref": "#/definitions/T"},
            "c": {"$ref": "#/components/schemas/T"},
        },
        "$defs": {"T": {"type": "string"}},
        "definitions": {"T": {"type": "integer"}},
        "components": {"schemas": {"T": {"type": "boolean"}}},
    }
    modern = with_modern_definitions(schema)
    validator = Draft202012Validator(modern)
    assert validator.is_valid({"a": "x", "b": 1, "c": True})
    assert not validator.is_valid({"a": 1})
    assert not validator.is_valid({"b": "x"})
    assert not validator.is_valid({"c": 1})


def test_names_may_hold_what_pointers_escape():
    schema = {
        "$ref": "#/definitions/a~1b~0c",
        "definitions": {"a/b~c": {"type": "string"}},
    }
    modern = with_modern_definitions(schema)
    assert modern == {
        "$ref": "#/$defs/a~1b~0c",
        "$defs": {"a/b~c": {"type": "string"}},
    }
    assert Draft202012Validator(modern).is_valid("x")


def test_data_and_dangling_references_are_left_alone():
    reference = {"$ref": "#/definitions/Place"}
    schema = {
        "properties": {
            "a": {"enum": [reference], "default": reference},
            "b": {"$ref": "#/definitions/Gone"},
            "c": {"$ref": "https://h/schema#/definitions/Place"},
            "$ref": {"type": "string"},
        },
        "definitions": {"Place": PLACE},
    }
    assert with_modern_definitions(schema)["properties"] == schema["properties"]


def tool(parameters):
    return {"type": "function", "function": {"name": "f", "parameters": parameters}}


def test_tools_get_modern_definitions_and_stay_otherwise():
    old = tool({"$ref": "#/definitions/Place", "definitions": {"Place": PLACE}})
    plain = tool(PLACE)
    before = copy.deepcopy(old)
    modern, same, odd = clean_tools([old, plain, 3])
    assert modern == tool({"$ref": "#/$defs/Place", "$defs": {"Place": PLACE}})
    assert same is plain
    assert odd == 3
    assert old == before


@pytest.mark.parametrize("tools", ["weather", 3, {"type": "function"}, None])
def test_what_are_no_tools_is_for_the_api_to_refuse(tools):
    assert clean_tools(tools) is tools


def test_cache_marks_of_other_apis_stay_here(caplog):
    caplog.set_level("DEBUG", logger="fireworks_async")
    mark = {"cache_control": {"type": "ephemeral"}}
    plain = tool(PLACE)
    marked = {**tool({**PLACE, **mark}), **mark}
    marked["function"].update(mark)
    before = copy.deepcopy(marked)
    # Inside of the schema it may be anything: a property, say.
    assert clean_tools([marked]) == [tool({**PLACE, **mark})]
    assert marked == before
    assert [record.getMessage() for record in caplog.records] == [
        "tools[0]: not sent: cache_control",
        "tools[0].function: not sent: cache_control",
    ]
    assert clean_tools([plain])[0] is plain


@pytest.mark.parametrize("parameters", [None, "text", 3])
def test_parameters_that_are_no_schema_are_for_the_api_to_refuse(parameters):
    assert clean_tools([tool(parameters)]) == [tool(parameters)]


def test_a_tool_without_a_function_is_for_the_api_to_refuse():
    for odd in ({"type": "function"}, {"type": "function", "function": "f"}):
        assert clean_tools([odd])[0] is odd
