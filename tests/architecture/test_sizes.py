"""No monsters: how large a module, a function and a class may grow."""

import ast
import re

import pytest

import fireworks_async
from tests.support.package import functions, lines, sources, tree

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
MOST_PUBLIC_METHODS = 15
MOST_PUBLIC_NAMES = 65
MOST_IGNORES = 20

# Each method is one entry, and none knows another.
CATALOGUES = {"fireworks_async/simulator/_rejections.py Rejection"}

# What is switched off is named, and the reason stands behind it or in the line above.
SILENCED = re.compile(r"#\s*(noqa|type:\s*ignore|pyright:\s*ignore)(?P<rest>.*)")
NAMED = re.compile(r"(: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*|\[[\w, -]+\])(?P<reason>.*)")


@pytest.mark.parametrize("source", sources(), ids=str)
def test_modules(source):
    assert len(lines(source)) <= LONGEST_MODULE


def test_functions():
    """Without their signatures: that of a command holds its help."""
    long = {
        f"{source}:{function.lineno} {function.name}": size
        for source in sources()
        for function in functions(source)
        if (size := function.end_lineno - function.body[0].lineno + 1)
        > LONGEST_FUNCTION
    }
    assert not long


def test_public_methods():
    many = {}
    for source in sources():
        for node in ast.walk(tree(source)):
            if isinstance(node, ast.ClassDef):
                # A property with a setter, and a method with overloads, is one thing.
                public = {
                    each.name
                    for each in node.body
                    if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
                    and not each.name.startswith("_")
                }
                if len(public) > MOST_PUBLIC_METHODS:
                    many[f"{source} {node.name}"] = len(public)
    assert many.keys() <= CATALOGUES


def test_public_names():
    assert len(fireworks_async.__all__) <= MOST_PUBLIC_NAMES


def silenced():
    """Where, what is silenced, and why."""
    for source in sources():
        above = ""
        for number, line in enumerate(lines(source), start=1):
            found = SILENCED.search(line)
            if found:
                named = NAMED.fullmatch(found["rest"])
                reason = named["reason"].strip(" -#") if named else ""
                if not reason and above.strip().startswith("# "):
                    reason = above.strip(" #")
                yield f"{source}:{number}", found[1], named, reason
            above = line


def test_what_is_silenced_is_named_and_has_a_reason():
    assert not [at for at, _, named, reason in silenced() if not named or not reason]


def test_type_checkers_are_silenced_rarely():
    assert len([at for at, kind, _, _ in silenced() if kind != "noqa"]) <= MOST_IGNORES


def test_every_module_says_what_lives_there():
    assert not [source for source in sources() if not ast.get_docstring(tree(source))]


def test_nothing_is_left_for_later():
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    assert not [
        f"{source}:{number}"
        for source in sources()
        for number, line in enumerate(lines(source), start=1)
        if words.search(line)
    ]
