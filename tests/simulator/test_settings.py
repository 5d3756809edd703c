import dataclasses
import inspect

from fireworks_async.simulator import Simulator
from fireworks_async.simulator._settings import Settings


def test_each_setting_is_an_argument_of_the_simulator():
    arguments = inspect.signature(Simulator).parameters
    assert {field.name for field in dataclasses.fields(Settings)} <= set(arguments)
