"""The strict form says the same, apart from what it documents."""

import copy
import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fireworks_async._protocol.schema_check import mismatch
from fireworks_async._protocol.strict_schema import strict_schema, without_fillers
from tests.support.properties import examples

NULL = {"type": "null"}
NAMES = ("a", "b", "c/d")


def fits(value, schema):
    return Draft202012Validator(schema).is_valid(value)


def obj(required=(), more=None, **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        **(more or {}),
    }


INTEGER = {"type": "integer"}
TEXT = {"type": "string"}


def test_objects_are_closed_and_what_was_optional_may_be_null():
    schema = obj(["a"], a=INTEGER, b=TEXT)
    assert strict_schema(schema) == {
        "type": "object",
        "properties": {"a": INTEGER, "b": {"anyOf": [TEXT, NULL]}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }


def test_what_may_be_null_already_is_only_required():
    for nullable in (
        {"anyOf": [INTEGER, NULL]},
        {"type": ["string", "null"]},
        {"enum": ["a", None]},
        {},
        {"$ref": "#/$defs/N"},
    ):
        schema = {**obj(a=nullable), "$defs": {"N": NULL}}
        strict = strict_schema(schema)
        assert strict["properties"]["a"] == nullable
        assert strict["required"] == ["a"]
        assert without_fillers({"a": None}, strict) == {"a": None}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: obj(["x"], x=inner),
        lambda inner: obj(["x"], x={"type": "array", "items": inner}),
        lambda inner: {"type": "array", "items": inner},
        lambda inner: {"type": "array", "items": [inner, inner]},
        lambda inner: {"type": "array", "prefixItems": [inner]},
        lambda inner: {"anyOf": [inner, NULL]},
        lambda inner: {"allOf": [inner], "description": "one"},
        lambda inner: {"oneOf": [inner, TEXT], "discriminator": {"propertyName": "a"}},
        lambda inner: {"type": "object", "additionalProperties": inner},
        lambda inner: {"$ref": "#/$defs/I", "$defs": {"I": inner}},
        lambda inner: {"$ref": "#/definitions/I", "definitions": {"I": inner}},
    ],
)
def test_every_nested_object_is_closed(wrap):
    inner = {**obj(["a"], a=INTEGER, b=TEXT), "type": ["object", "null"]}
    said = json.dumps(strict_schema(wrap(inner)))
    assert said.count('"required": ["a", "b"], "additionalProperties": false') >= 1
    assert '"required": ["a"]' not in said


def test_open_maps_stay_open():
    for more in (True, {}, {"type": "integer"}):
        strict = strict_schema(obj(more={"additionalProperties": more}, a=TEXT))
        assert strict["additionalProperties"] == more
    assert strict_schema({"type": "object"}) == {"type": "object"}


def test_tagged_options_become_any_of():
    schema = {
        "oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
        "discriminator": {"propertyName": "kind"},
        "$defs": {
            "A": obj(["kind"], kind={"const": "a"}, x=INTEGER),
            "B": obj(["kind"], kind={"const": "b"}),
        },
    }
    strict = strict_schema(schema)
    assert "oneOf" not in strict
    assert strict["anyOf"] == schema["oneOf"]
    value = {"kind": "a", "x": None}
    assert fits(value, strict)
    assert without_fillers(value, strict) == {"kind": "a"}


OPEN = obj(["a"], a=INTEGER)


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [OPEN, obj(["b"], b=TEXT)]},
        {"oneOf": [OPEN, TEXT]},
        {"not": OPEN},
        {"if": OPEN, "then": obj(["b"], b=TEXT)},
        {**OPEN, "anyOf": [obj(["b"], b=TEXT), {"required": ["c"]}]},
        {**OPEN, "patternProperties": {"^x": INTEGER}},
        {**OPEN, "minProperties": 2},
        {**OPEN, "enum": [{"a": 1, "b": 2}]},
        {**OPEN, "required": ["a", "unknown"]},
        {"type": "array", "items": OPEN, "contains": obj(["b"], b=TEXT)},
    ],
)
def test_where_schemas_speak_of_one_value_together_they_are_left_alone(schema):
    assert strict_schema(schema) == schema
    inside = obj(["x"], x={"type": "array", "items": schema})
    assert strict_schema(inside)["properties"] == inside["properties"]


@pytest.mark.parametrize(
    "place",
    [
        {"allOf": [{"$ref": "#/$defs/O"}, obj(["b"], b=TEXT)]},
        {"oneOf": [{"$ref": "#/$defs/O"}, TEXT]},
        {"not": {"$ref": "#/$defs/O"}},
        {"not": {"type": "array", "items": {"$ref": "#/$defs/O"}}},
    ],
)
def test_so_is_what_those_places_refer_to(place):
    schema = obj(["y"], y=place, z={"$ref": "#/$defs/P"})
    schema["$defs"] = {"O": {"$ref": "#/$defs/Q"}, "P": OPEN, "Q": OPEN}
    strict = strict_schema(schema)
    assert strict["properties"]["y"] == place
    assert strict["$defs"]["Q"] == OPEN
    assert strict["$defs"]["P"] == {**OPEN, "additionalProperties": False}


def test_references_into_properties_follow_them():
    schema = obj(["b"], a=INTEGER, b={"$ref": "#/properties/a"})
    strict = strict_schema(schema)
    assert strict["properties"]["b"] == {"$ref": "#/properties/a/anyOf/0"}
    assert not fits({"a": None, "b": None}, strict)
    assert fits({"a": None, "b": 1}, strict)


def test_recursive_schemas_end():
    schema = obj(["n"], n=INTEGER, next={"$ref": "#"})
    strict = strict_schema(schema)
    value = {"n": 1, "next": {"n": 2, "next": None}}
    assert fits(value, strict)
    assert without_fillers(value, strict) == {"n": 1, "next": {"n": 2}}
    assert strict_schema({"$ref": "#"}) == {"$ref": "#"}
    assert without_fillers(1, {"$ref": "#"}) == 1
    assert without_fillers(1, {"$ref": "http://elsewhere"}) == 1


def test_a_null_is_taken_out_only_where_the_form_that_came_has_it_as_a_filler():
    first = obj(["kind"], kind={"const": "a"}, x=INTEGER)
    second = obj(["kind", "x"], kind={"const": "b"}, x={"type": ["null", "integer"]})
    strict = strict_schema({"anyOf": [first, second]})
    assert without_fillers({"kind": "a", "x": None}, strict) == {"kind": "a"}
    kept = {"kind": "b", "x": None}
    assert without_fillers(kept, strict) == kept


# Schemas, and for each pairs of a value that fits and the same as the strict form has
# it. The schemas' objects are written with all forms in which they may be nested.


@st.composite
def schemas(draw, depth=3):
    leaf = st.sampled_from(
        [
            INTEGER,
            TEXT,
            NULL,
            {"enum": ["x", 1, None]},
            {"const": "k"},
            {"type": ["integer", "null"]},
            {"$ref": "#/$defs/D"},
        ]
    )
    if depth == 0:
        return draw(leaf)
    inner = schemas(depth - 1)
    return draw(
        leaf
        | objects(depth - 1)
        | objects(depth - 1)
        | st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(
            lambda values: {"type": "object", "additionalProperties": values}, inner
        )
        | st.builds(
            lambda word, options: {word: options},
            st.sampled_from(["anyOf", "anyOf", "oneOf", "allOf"]),
            st.lists(inner, min_size=1, max_size=2),
        )
    )


@st.composite
def objects(draw, depth=2):
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    schema = {
        "type": "object",
        "properties": {name: draw(schemas(depth)) for name in names},
        "required": [name for name in names if draw(st.booleans())],
    }
    if draw(st.booleans()):
        schema["additionalProperties"] = draw(st.booleans())
    return schema


@st.composite
def roots(draw):
    return {**draw(objects()), "$defs": {"D": draw(objects(1))}}


JSON = st.recursive(
    st.sampled_from([None, True, 1, 2.5, "x", "k"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from((*NAMES, "kind")), inner, max_size=3)
    ),
    max_leaves=6,
)


def pair(draw, schema, root, depth=0):
    """Draw a value of a schema, and what the strict form has in its place."""
    assume(depth < 12)
    if "$ref" in schema:
        return pair(draw, root["$defs"]["D"], root, depth + 1)
    for word in ("anyOf", "allOf", "oneOf"):
        if word in schema:
            chosen = draw(st.sampled_from(schema[word]))
            return pair(draw, chosen, root, depth + 1)
    if "enum" in schema or "const" in schema:
        value = draw(st.sampled_from(schema.get("enum") or [schema["const"]]))
        return value, value
    kind = schema["type"]
    if isinstance(kind, list):
        kind = draw(st.sampled_from(kind))
    match kind:
        case "array":
            count = draw(st.integers(0, 2))
            items = [pair(draw, schema["items"], root, depth + 1) for _ in range(count)]
            return [v for v, _ in items], [c for _, c in items]
        case "object":
            return object_pair(draw, schema, root, depth)
    value = {"integer": 7, "string": "x", "null": None}[kind]
    return value, value


def object_pair(draw, schema, root, depth):
    value, completed = {}, {}
    for name, inner in schema.get("properties", {}).items():
        if name in schema["required"] or (depth < 4 and draw(st.booleans())):
            value[name], completed[name] = pair(draw, inner, root, depth + 1)
        else:
            completed[name] = None
    others = schema.get("additionalProperties")
    if others and draw(st.booleans()):
        more = {} if others is True else others
        value["more"], completed["more"] = (
            (5, 5) if not more else pair(draw, more, root, depth + 1)
        )
    return value, completed


def has_entangled(schema):
    said = json.dumps(schema)
    return "oneOf" in said or "allOf" in said


patient = settings(
    examples(60),
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


@given(roots())
@patient
def test_the_input_is_not_changed_and_the_result_is_a_schema(schema):
    before = copy.deepcopy(schema)
    strict = strict_schema(schema)
    assert schema == before
    Draft202012Validator.check_schema(strict)
    assert strict_schema(schema) == strict


@given(roots(), st.data())
@patient
def test_what_the_schema_accepts_the_strict_form_accepts_completed(schema, data):
    assume(not has_entangled(schema))
    value, completed = pair(data.draw, schema, schema)
    strict = strict_schema(schema)
    assert fits(value, schema)
    assert fits(completed, strict)
    assert fits(without_fillers(completed, strict), schema)


@given(roots(), st.data())
@patient
def test_what_the_strict_form_accepts_the_schema_accepts_restored(schema, data):
    strict = strict_schema(schema)
    _, completed = pair(data.draw, schema, schema)
    if isinstance(completed, dict) and data.draw(st.booleans()):
        completed[data.draw(st.sampled_from(NAMES))] = data.draw(JSON)
    assume(fits(completed, strict))
    before = copy.deepcopy(completed)
    assert fits(without_fillers(completed, strict), schema)
    assert completed == before


@given(roots(), JSON)
@patient
def test_the_check_agrees_with_the_reference(schema, value):
    assert (mismatch(value, schema) is None) == fits(value, schema)


def test_fillers_are_taken_out_of_tuples_and_maps():
    inner = obj(a=INTEGER)
    filled = {"a": None}
    for schema, value, restored in (
        ({"items": [inner], "additionalItems": inner}, [filled, filled], [{}, {}]),
        ({"prefixItems": [inner], "items": False}, [filled], [{}]),
        ({"additionalProperties": inner}, {"x": filled}, {"x": {}}),
        ({"allOf": [inner]}, filled, {}),
    ):
        assert without_fillers(value, strict_schema(schema)) == restored
