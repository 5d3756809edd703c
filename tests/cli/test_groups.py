import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest

from fireworks_async.cli._groups import grouped


@dataclass(frozen=True, kw_only=True)
class Size:
    width: Annotated[int, "in metres"] = 1
    height: "Annotated[int | None, 'likewise']" = None


def measure(*, name: Annotated[str, "whose"], size: Size, loud: bool = False) -> str:
    """Measure it."""
    return f"{name} {size} {loud}"


def test_a_group_becomes_its_options_in_its_place():
    parameters = inspect.signature(grouped(measure)).parameters
    assert list(parameters) == ["name", "width", "height", "loud"]
    assert parameters["width"].annotation == Annotated[int, "in metres"]
    assert parameters["width"].default == 1
    assert parameters["height"].annotation == Annotated[int | None, "likewise"]
    assert parameters["height"].default is None
    assert parameters["loud"].default is False


def test_annotations_and_signature_say_the_same():
    command = grouped(measure)
    parameters = inspect.signature(command).parameters
    assert command.__annotations__ == {
        name: parameter.annotation for name, parameter in parameters.items()
    }


def test_the_command_gets_its_groups_made():
    said = grouped(measure)(name="it", width=2, height=3, loud=True)
    assert said == "it Size(width=2, height=3) True"


def test_the_name_and_the_text_stay():
    assert grouped(measure).__name__ == "measure"
    assert grouped(measure).__doc__ == "Measure it."


def test_the_command_itself_stays_as_it_was():
    grouped(measure)
    assert list(inspect.signature(measure).parameters) == ["name", "size", "loud"]


def test_a_parameter_that_is_no_option_is_refused():
    with pytest.raises(TypeError, match="depth"):
        grouped(measure)(name="it", width=2, height=3, loud=True, depth=4)
