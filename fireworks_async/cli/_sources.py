"""Python and JSON files that a command line names: tools, and what an answer is to be.

They are loaded, and with that run, because their user asked for it.
"""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from fireworks_async.cli._exits import UsageError

if TYPE_CHECKING:
    from fireworks_async.types import FunctionTool

__all__ = ("read_schema", "read_tools")

# No module of the user's has this name, unlike the file's own.
_PREFIX = "__fireworks_async__"


def read_tools(path: Path) -> "list[FunctionTool]":
    """Make tools of the functions in a Python file.

    Those named in its ``__all__``, else those that it defines itself and whose names
    begin with no underscore.

    Raises:
        UsageError: It cannot be loaded, has no functions, or one cannot be described.
    """
    from fireworks_async.types import FunctionTool, tool_of  # noqa: PLC0415 - not for --help

    module = _module_at(path, "--tools")
    listed = cast("list[str] | None", getattr(module, "__all__", None))
    tools: list[FunctionTool] = []
    for name, value in vars(module).items():
        if isinstance(value, FunctionTool):
            is_meant = not name.startswith("_") if listed is None else name in listed
        elif listed is None:
            is_meant = (
                inspect.isfunction(value)
                and value.__module__ == module.__name__
                and not name.startswith("_")
            )
        else:
            is_meant = name in listed and inspect.isroutine(value)
        if is_meant:
            try:
                tool = value if isinstance(value, FunctionTool) else tool_of(value)
            except (TypeError, ValueError) as error:
                raise UsageError(f"--tools {path}: {error}") from None
            tools.append(tool)
    if not tools:
        raise UsageError(f"--tools {path}: there are no functions in it")
    return tools


def read_schema(text: str) -> object:
    """Find what answers are to be: a JSON Schema in a file, or a type in a module.

    Args:
        text: ``FILE.json``, ``MODULE:TYPE``, or ``FILE.py:TYPE``.

    Raises:
        UsageError: There is none.
    """
    place, colon, name = text.rpartition(":")
    if not colon or text.endswith(".json"):
        return _schema_in(Path(text))
    if place.endswith(".py"):
        module = _module_at(Path(place), "--schema")
    else:
        module = _load(f"--schema {text}", lambda: _imported(place))
    found: object = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise UsageError(f"--schema {text}: {place} has no {name}")
    return found


def _schema_in(path: Path) -> object:
    import msgspec  # noqa: PLC0415 - not for --help

    try:
        schema: object = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"--schema {path}: {error.strerror or error}") from None
    except msgspec.DecodeError as error:
        raise UsageError(f"--schema {path}: {error}") from None
    if not isinstance(schema, dict):
        raise UsageError(f"--schema {path}: a JSON Schema is an object")
    return cast("dict[str, object]", schema)


def _module_at(path: Path, option: str) -> ModuleType:
    """Run a file as Python would: what lies beside it can be imported."""
    if not path.is_file():
        raise UsageError(f"{option} {path}: there is no such file")

    name = _PREFIX + path.stem

    def run() -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError("it is not Python")
        module = importlib.util.module_from_spec(spec)
        # Dataclasses look for the module that they are in.
        sys.modules[name] = module
        _look_in(path.parent)
        spec.loader.exec_module(module)
        return module

    return _load(f"{option} {path}", run)


def _imported(name: str) -> ModuleType:
    _look_in(Path.cwd())
    return importlib.import_module(name)


def _look_in(place: Path) -> None:
    if (resolved := str(place.resolve())) not in sys.path:
        sys.path.insert(0, resolved)


def _load(named: str, loading: Callable[[], ModuleType]) -> ModuleType:
    try:
        return loading()
    except (Exception, SystemExit) as error:
        # It is the user's own code: one line says what, and in which of its lines.
        at = _line_of(error)
        raise UsageError(f"{named}: {at}{type(error).__name__}: {error}") from error


def _line_of(error: BaseException) -> str:
    trace = error.__traceback__
    line = 0
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__")).startswith(_PREFIX):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"line {line}: " if line else ""
