import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._sources import read_schema, read_tools

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a file where the command looks; what it imports is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(dedent(text), encoding="utf-8")
        return path

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


class TestTools:
    def test_every_public_function_of_the_file_is_one(self, write: Write):
        write("beside.py", "def other(): ...")
        path = write(
            "mine.py",
            '''
            from beside import other
            from pathlib import Path
            from fireworks_async import tool_of

            class Thing: ...

            def first(a: int, b: str = "x"):
                """Do it.

                Args:
                    a: How often.
                """

            async def second(): ...

            third = tool_of(lambda: 3, name="third")
            _fourth = tool_of(lambda: 4, name="fourth")
            fifth = print

            def _private(): ...
            ''',
        )
        tools = {tool.name: tool for tool in read_tools(path)}
        assert list(tools) == ["first", "second", "third"]
        described = tools["first"].definition["function"]
        assert described["description"] == "Do it."
        assert described["parameters"]["properties"]["a"]["description"] == "How often."

    def test_all_lists_those_that_are_meant(self, write: Write):
        write("beside.py", "def other(): ...")
        path = write(
            "mine.py",
            """
            from beside import other
            from fireworks_async import tool_of
            __all__ = ["other", "one", "wrapped", "number"]
            def one(): ...
            def two(): ...
            wrapped = tool_of(two, name="three")
            unlisted = tool_of(two, name="four")
            number = 3
            """,
        )
        assert {tool.name for tool in read_tools(path)} == {"other", "one", "three"}

    def test_annotations_that_are_text_are_understood(self, write: Write):
        path = write(
            "mine.py",
            """
            from __future__ import annotations
            from dataclasses import dataclass

            @dataclass
            class Place:
                name: str

            def find(place: Place): ...
            """,
        )
        [tool] = read_tools(path)
        assert tool.arguments('{"place": {"name": "a"}}')["place"].name == "a"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("x = 1", "there are no functions in it"),
            ("def f(", "SyntaxError: '(' was never closed"),
            ("import nothing_here", "line 1: ModuleNotFoundError: No module named"),
            ("x = 1\nraise SystemExit(0)", "line 2: SystemExit: 0"),
            ("x = 1\n\ny = 1 / 0", "line 3: ZeroDivisionError: division by zero"),
            ("def f(*args): ...", "f(): *args cannot be given by name"),
        ],
    )
    def test_what_is_wrong_with_the_file_is_said(
        self, text: str, said: str, write: Write
    ):
        path = write("mine.py", text)
        with pytest.raises(UsageError) as caught:
            read_tools(path)
        assert str(caught.value).startswith(f"--tools {path}: {said}")

    def test_a_file_that_is_missing_or_no_python_is_named(self, write: Write):
        with pytest.raises(UsageError, match=r"--tools no\.py: there is no such file"):
            read_tools(Path("no.py"))
        with pytest.raises(UsageError, match="ImportError: it is not Python"):
            read_tools(write("tools.txt", ""))


class TestSchemas:
    def test_a_file_of_json(self, write: Write):
        path = write("answer.json", '{"type": "object"}')
        assert read_schema(str(path)) == {"type": "object"}
        assert read_schema("answer.json") == {"type": "object"}

    def test_a_type_of_a_module_here_or_installed(self, write: Write):
        write("types_here.py", "class Outer:\n    class Inner: ...")
        inner = read_schema("types_here:Outer.Inner")
        assert inner is sys.modules["types_here"].Outer.Inner
        assert read_schema("builtins:int") is int

    def test_a_type_of_a_file(self, write: Write):
        path = write(
            "mine.py",
            "from dataclasses import dataclass\n@dataclass\nclass A:\n    b: 'int'",
        )
        found = read_schema(f"{path}:A")
        assert isinstance(found, type)
        assert found.__name__ == "A"

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("no.json", "--schema no.json: No such file or directory"),
            ("bad.json", "--schema bad.json: JSON is malformed"),
            ("list.json", "--schema list.json: a JSON Schema is an object"),
            ("no.py:A", "--schema no.py: there is no such file"),
            ("builtins:No", "--schema builtins:No: builtins has no No"),
            ("no_such:A", "--schema no_such:A: ModuleNotFoundError: No module named"),
            (":A", "--schema :A: ValueError: Empty module name"),
            ("int", "--schema int: No such file or directory"),
        ],
    )
    def test_what_is_none_is_named(self, name: str, said: str, write: Write):
        write("bad.json", "{,")
        write("list.json", "[]")
        with pytest.raises(UsageError) as caught:
            read_schema(name)
        assert str(caught.value).startswith(said)
