"""What is public, spelled three times the same."""

import ast
import importlib

import pytest

import fireworks_async
from tests.support.package import ROOT, module_name, sources, tree

PUBLIC = ["batch", "errors", "loadtest", "simulator", "sse", "types"]
RE_EXPORTS = ["batch", "loadtest", "simulator", "sse", "types"]
FACADE = ROOT.joinpath("fireworks_async/__init__.py").relative_to(ROOT)


def as_isort_has_it(name):
    """CONSTANTS, then Classes, then functions, each in order."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1, name) if name[0].isupper() else (2, name)


def source_of(name):
    for source in sources():
        if module_name(source) == f"fireworks_async.{name}":
            return source
    raise AssertionError(name)


def top_level(source):
    """What stands at the top, or there for type checkers only."""
    for node in tree(source).body:
        if isinstance(node, ast.If):
            if ast.unparse(node.test) == "TYPE_CHECKING":
                yield from node.body
        else:
            yield node


def defined(source):
    """Public names that the module itself binds, and those it imports from ours."""
    own, passed_on = set(), set()
    for node in top_level(source):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                own.add(name)
            case ast.AsyncFunctionDef(name=name):
                own.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                own.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                own.add(name)
            case ast.ImportFrom(module=module, names=names):
                if str(module).startswith("fireworks_async"):
                    passed_on |= {alias.asname or alias.name for alias in names}
    return {n for n in own if not n.startswith("_")}, passed_on


@pytest.mark.parametrize("source", sources(), ids=str)
def test_every_list_of_names_is_a_sorted_tuple_of_what_is_there(source):
    module = importlib.import_module(module_name(source))
    names = getattr(module, "__all__", None)
    if names is None:
        # One sentence, or no names to give: a room's __init__, or __main__.
        assert not defined(source)[0]
        return
    assert isinstance(names, tuple)
    assert list(names) == sorted(set(names), key=as_isort_has_it)
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_module_lists_all_that_it_defines(name):
    module = importlib.import_module(f"fireworks_async.{name}")
    own, passed_on = defined(source_of(name))
    assert own <= set(module.__all__)
    if name in RE_EXPORTS:
        assert own == set()
        assert set(module.__all__) == passed_on
    else:
        assert set(module.__all__) == own


def test_the_simulator_loads_its_names_late_and_only_those():
    with pytest.raises(AttributeError, match="Simulater"):
        _ = importlib.import_module("fireworks_async.simulator").Simulater


def test_public_names_are_defined_in_one_place():
    """But in the simulator, which has words of its own for the other side."""
    homes = {}
    for name in set(PUBLIC) - {"simulator"}:
        module = importlib.import_module(f"fireworks_async.{name}")
        for public in module.__all__:
            homes.setdefault(public, set()).add(id(getattr(module, public)))
    assert [name for name, values in homes.items() if len(values) > 1] == []


class TestTheFacade:
    def test_its_three_lists_are_one(self):
        for_checkers = set()
        for node in tree(FACADE).body:
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name):
                assert node.test.id == "TYPE_CHECKING"
                for each in node.body:
                    assert isinstance(each, ast.ImportFrom)
                    for_checkers |= {
                        (alias.name, str(each.module).removeprefix("fireworks_async."))
                        for alias in each.names
                    }
        at_run_time = set(fireworks_async._HOME.items())
        assert for_checkers == at_run_time | {("__version__", "_version")}
        assert {name for name, _ in for_checkers} == set(fireworks_async.__all__)

    @pytest.mark.parametrize("name", fireworks_async.__all__)
    def test_every_name_is_that_of_its_home(self, name):
        home = fireworks_async._HOME.get(name, "_version")
        module = importlib.import_module(f"fireworks_async.{home}")
        assert getattr(fireworks_async, name) is getattr(module, name)

    def test_every_error_is_there(self):
        errors = set(fireworks_async.errors.__all__) - {"TimeoutPhase"}
        assert errors <= set(fireworks_async.__all__)

    def test_what_it_names_is_public_by_another_way_too(self):
        """But for the doors: the client, and the streams that only a call makes.

        Nor do types know what reads files.
        """
        elsewhere = set(fireworks_async.errors.__all__)
        elsewhere |= set(importlib.import_module("fireworks_async.types").__all__)
        alone = set(fireworks_async.__all__) - elsewhere
        doors = {"AsyncFireworks", "Stream", "StreamOpening", "__version__"}
        assert alone == doors | {"audio_part", "image_part", "video_part"}
