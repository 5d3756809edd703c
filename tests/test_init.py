import importlib
import re

import pytest

import fireworks_async
from tests.support.package import PACKAGE


def test_the_version_is_one_string():
    assert re.fullmatch(r"\d+\.\d+\.\d+([ab]\d+)?", fireworks_async.__version__)


@pytest.mark.parametrize("name", fireworks_async.__all__)
def test_every_name_arrives_on_its_first_use_and_stays(name, monkeypatch):
    monkeypatch.delitem(vars(fireworks_async), name, raising=False)
    if name == "__version__":
        monkeypatch.undo()
    value = getattr(fireworks_async, name)
    assert vars(fireworks_async)[name] is value


@pytest.mark.parametrize("room", ["errors", "simulator", "sse", "types"])
def test_a_public_module_is_there_without_an_import_of_its_own(room, monkeypatch):
    monkeypatch.delitem(vars(fireworks_async), room, raising=False)
    module = getattr(fireworks_async, room)
    assert module is importlib.import_module(f"fireworks_async.{room}")
    assert room in dir(fireworks_async)


def test_a_misspelt_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'AsyncFirework'"):
        _ = fireworks_async.AsyncFirework
    with pytest.raises(ImportError):
        importlib.import_module("fireworks_async.nothing")


@pytest.mark.parametrize("room", ["", ".loadtest", ".simulator"])
def test_dir_shows_what_is_not_loaded_yet(room):
    module = importlib.import_module(f"fireworks_async{room}")
    assert set(dir(module)) >= set(module.__all__)
    assert dir(module) == sorted(dir(module))


def test_its_map_names_every_room():
    rooms = {
        path.name
        for path in PACKAGE.iterdir()
        if path.is_dir() and (path / "__init__.py").exists()
    }
    missing = {room for room in rooms if room not in fireworks_async.__doc__}
    assert not missing
