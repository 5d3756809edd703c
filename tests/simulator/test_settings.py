import dataclasses
import inspect

import pytest

from fireworks_async.simulator import Simulator
from fireworks_async.simulator._settings import Settings


def test_each_setting_is_an_argument_of_the_simulator():
    arguments = inspect.signature(Simulator).parameters
    assert {field.name for field in dataclasses.fields(Settings)} <= set(arguments)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ttft": -1}, "ttft: expected at least 0, not -1"),
        ({"gap": -0.1}, "gap: expected at least 0"),
        ({"tokens": -1}, "tokens: expected at least 0"),
        ({"usage": "no"}, "usage: expected one of trailing, .*, not 'no'"),
    ],
)
def test_what_makes_no_simulator_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        Simulator(**options)
