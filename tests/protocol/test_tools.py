"""What the model is told of functions, and the arguments that it gives them."""

import dataclasses
import datetime as dt
import enum
import functools
from typing import Annotated, Literal

import msgspec
import pydantic
import pytest
from jsonschema import Draft202012Validator

from fireworks_async._protocol.tools import text_of_result, tool_of


class Unit(enum.Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


@dataclasses.dataclass
class Place:
    city: str
    country: str = "DE"


async def weather(
    place: Place,
    day: "dt.date",
    unit: Unit = Unit.CELSIUS,
    *,
    detail: Literal["low", "high"] = "low",
    tags: list[str] | None = None,
) -> str:
    """Look up the weather.

    It may be a day old.

    Args:
        place: Where to look,
            as far as known.
        day (date): The day.
        unit (Unit, optional): What degrees are meant:
            Celsius or Fahrenheit.
        unknown: No such argument.

    Returns:
        A sentence.

    Raises:
        ValueError: day: is too far off.
    """
    return f"{place} {day} {unit} {detail} {tags}"


def parameters_of(function):
    return tool_of(function).definition["function"]["parameters"]


class TestDefinition:
    def test_it_is_made_of_signature_and_docstring(self):
        definition = tool_of(weather).definition
        assert definition["type"] == "function"
        function = definition["function"]
        assert function["name"] == "weather"
        assert function["description"] == (
            "Look up the weather.\n\nIt may be a day old."
        )
        parameters = function["parameters"]
        Draft202012Validator.check_schema(parameters)
        assert parameters["required"] == ["place", "day"]
        assert parameters["additionalProperties"] is False
        properties = parameters["properties"]
        assert properties["place"] == {
            "$ref": "#/$defs/Place",
            "description": "Where to look, as far as known.",
        }
        assert properties["day"] == {
            "type": "string",
            "format": "date",
            "description": "The day.",
        }
        assert properties["unit"]["description"] == (
            "What degrees are meant: Celsius or Fahrenheit."
        )
        assert properties["detail"] == {"enum": ["high", "low"], "default": "low"}
        assert properties["tags"]["default"] is None
        assert set(parameters["$defs"]) == {"Place", "Unit"}

    def test_a_function_without_words_is_described_by_its_name(self):
        def ping():
            return 1

        assert tool_of(ping).definition["function"] == {
            "name": "ping",
            "parameters": {
                "type": "object",
                "properties": {},
                "required": [],
                "additionalProperties": False,
            },
        }

    def test_what_has_no_annotation_may_be_anything(self):
        def store(value, count: Annotated[int, msgspec.Meta(ge=1)] = 1):
            """Args:
            value: What to keep.
            """

        properties = parameters_of(store)["properties"]
        assert properties["value"] == {"description": "What to keep."}
        assert properties["count"] == {"type": "integer", "minimum": 1, "default": 1}
        assert "description" not in tool_of(store).definition["function"]

    def test_methods_and_objects_that_are_called_are_functions_too(self):
        class Shop:
            def price(self, item: str) -> float:
                """Say what it costs."""

            def __call__(self, item: str) -> None:
                """Buy."""

        assert set(parameters_of(Shop().price)["properties"]) == {"item"}
        buy = tool_of(Shop(), name="buy")
        assert buy.definition["function"]["description"] == "Buy."
        assert repr(buy) == "<FunctionTool buy>"
        partial = functools.partial(weather, unit=Unit.FAHRENHEIT)
        described = tool_of(partial, name="weather", description="Ask.").definition
        assert described["function"]["description"] == "Ask."
        place = described["function"]["parameters"]["properties"]["place"]
        assert place["description"] == "Where to look, as far as known."
        assert set(parameters_of(Place)["properties"]) == {"city", "country"}

    def test_a_definition_may_be_given(self):
        schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
        tool = tool_of(lambda **given: given, name="any", parameters=schema)
        assert tool.definition["function"] == {"name": "any", "parameters": schema}
        assert tool.arguments('{"a": 1, "b": 2}') == {"a": 1, "b": 2}
        with pytest.raises(ValueError, match=r"expected integer at \$\.a"):
            tool.arguments('{"a": "x"}')

    @pytest.mark.parametrize("name", ["", "a b", "x" * 65, "<lambda>"])
    def test_a_name_that_the_api_does_not_take_is_refused(self, name):
        with pytest.raises(ValueError, match="give another"):
            tool_of(weather, name=name)

    def test_what_cannot_be_given_by_name_is_refused(self):
        def first(*values: int): ...
        def second(**values: int): ...
        def third(value: int, /): ...
        def fourth(value: complex): ...

        for function, said in (
            (first, r"first\(\): \*values: int cannot be given by name"),
            (second, r"\*\*values"),
            (third, "value: int cannot"),
            (fourth, r"fourth\(\): .*complex"),
        ):
            with pytest.raises(TypeError, match=said):
                tool_of(function)


class TestArguments:
    def test_they_have_the_types_of_the_signature(self):
        text = '{"place": {"city": "Bonn"}, "day": "2026-01-02", "unit": "f"}'
        assert tool_of(weather).arguments(text) == {
            "place": Place("Bonn"),
            "day": dt.date(2026, 1, 2),
            "unit": Unit.FAHRENHEIT,
        }

    @pytest.mark.parametrize("text", ["", "{}", " {}", "```json\n{}\n```"])
    def test_none_are_needed_for_a_function_without(self, text):
        assert tool_of(lambda: 1, name="f").arguments(text) == {}

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("{", "truncated"),
            ("[]", "Expected `object`"),
            ('{"day": "2026-01-02"}', "place"),
            ('{"place": {"city": 1}, "day": "2026-01-02"}', r"\$\.place\.city"),
            ('{"place": {"city": ""}, "day": "2026-01-02", "x": 1}', "unknown field"),
            ("[" * 100_000, "nested too deeply|Expected `object`"),
        ],
    )
    def test_those_that_do_not_fit_say_where(self, text, said):
        with pytest.raises(ValueError, match=said):
            tool_of(weather).arguments(text)

    def test_nesting_has_an_end(self):
        def keep(value): ...

        text = '{"value": ' + "[" * 100_000 + "]" * 100_000 + "}"
        with pytest.raises(ValueError, match="nested too deeply"):
            tool_of(keep).arguments(text)


class Model(pydantic.BaseModel):
    day: dt.date


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("as it is", "as it is"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (Place("Bonn"), '{"city":"Bonn","country":"DE"}'),
        (dt.date(2026, 1, 2), '"2026-01-02"'),
        (None, "null"),
        ([Model(day=dt.date(2026, 1, 2))], '[{"day":"2026-01-02"}]'),
        (1j, "1j"),
        (Model, str(Model)),
    ],
)
def test_results_are_text_or_json(result, text):
    assert text_of_result(result) == text


def test_arguments_may_hold_pydantic_models_anywhere():
    def plan(stops: list[Model], end: Model | None = None) -> None: ...

    tool = tool_of(plan)
    schema = tool.definition["function"]["parameters"]
    assert schema["properties"]["stops"]["items"]["properties"].keys() == {"day"}
    stops = [Model(day=dt.date(2026, 1, 2))]
    assert tool.arguments('{"stops":[{"day":"2026-01-02"}]}') == {"stops": stops}
    with pytest.raises(ValueError, match=r"\$\.end"):
        tool.arguments('{"stops":[],"end":{"day":"soon"}}')
