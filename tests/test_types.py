import inspect

import msgspec
import pytest

from fireworks_async import types
from tests.support.package import PACKAGE


@pytest.mark.parametrize("name", types.__all__)
def test_every_name_is_documented(name):
    value = getattr(types, name)
    if inspect.isclass(value):
        assert value.__doc__


def test_every_result_is_a_struct_with_the_names_of_the_wire():
    """So that ``msgspec.json.encode`` gives back what the API would have sent."""
    results = [
        value
        for value in map(vars(types).get, types.__all__)
        if inspect.isclass(value) and issubclass(value, msgspec.Struct)
    ]
    assert len(results) > 20
    for struct in results:
        info = msgspec.structs.fields(struct)
        assert all(field.name == field.encode_name for field in info)


def test_nothing_is_defined_here():
    text = (PACKAGE / "types.py").read_text()
    assert "def " not in text
    assert "class " not in text
