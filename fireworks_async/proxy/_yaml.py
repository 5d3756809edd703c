"""YAML as values that know their line; what a key means is not known here.

PyYAML composes the tree, and msgspec's rule holds: safe types only, no Python objects.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from fireworks_async.errors import ProxyConfigError

__all__ = ("Located", "Plain", "located", "parse_yaml")

Plain: TypeAlias = "str | int | float | bool | None"

_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_NEWLINE = "\n"
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Located:
    """One value of the file.

    Attributes:
        value: A scalar, a list of located values, or a mapping to them.
        line: The line that it begins on, from 1; 0 when it is from no file. That of an
            entry of a mapping is its key's.
    """

    value: "Plain | list[Located] | dict[str, Located]"
    line: int

    def items(self) -> "Iterator[tuple[str, Located]]":
        """The entries of a mapping; none for anything else."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def plain(self) -> object:
        """The value without its lines."""
        if isinstance(self.value, dict):
            return {name: inner.plain() for name, inner in self.value.items()}
        if isinstance(self.value, list):
            return [inner.plain() for inner in self.value]
        return self.value


def located(value: object) -> Located:
    """A value that comes from no file, with line 0 all over.

    Raises:
        ProxyConfigError: It holds something that YAML has no form for.
    """
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return Located(
            {str(name): located(inner) for name, inner in entries.items()}, 0
        )
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        return Located([located(inner) for inner in items], 0)
    if value is None or isinstance(value, str | int | float | bool):
        return Located(value, 0)
    raise ProxyConfigError(f"a configuration holds no {type(value).__name__}")


def parse_yaml(text: str, *, source: str) -> Located:
    """Read a file's text.

    Args:
        text: The file.
        source: What it is called in errors.

    Raises:
        ProxyConfigError: It is no YAML, or PyYAML is not installed.
    """
    try:
        import yaml  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise ProxyConfigError(
            "reading YAML needs PyYAML: install fireworks-async[proxy]"
        ) from None
    loader: Any = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return Located({}, 1)
        return _Reader(loader, source).read(node)
    except yaml.YAMLError as error:
        place = _place(error, text)
        raise ProxyConfigError(f"{source}{place}: {_reason(error)}") from None
    except RecursionError:
        raise ProxyConfigError(f"{source}: nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()


class _Reader:
    """Turns PyYAML's nodes into located values."""

    def __init__(self, loader: Any, source: str) -> None:
        self._loader = loader
        self._source = source

    def read(self, node: Any) -> Located:
        line = node.start_mark.line + 1
        if node.id != "scalar" and node.tag not in _PLAIN_TAGS:
            raise ProxyConfigError(
                f"{self._source}:{line}: a configuration holds no {node.tag[:100]}"
            )
        if node.id == "sequence":
            return Located([self.read(inner) for inner in node.value], line)
        if node.id == "mapping":
            return Located(self._entries(node), line)
        value: object = self._loader.construct_object(node)
        if value is None or isinstance(value, str | int | float | bool):
            return Located(value, line)
        # A date, say: the API knows text only.
        return Located(str(node.value), line)

    def _entries(self, node: Any) -> dict[str, Located]:
        merged = any(key.tag == _MERGE for key, _ in node.value)
        if merged:
            self._loader.flatten_mapping(node)
        entries: dict[str, Located] = {}
        for key, inner in node.value:
            line = key.start_mark.line + 1
            if key.id != "scalar":
                raise ProxyConfigError(f"{self._source}:{line}: a key must be text")
            name = str(key.value)
            if name in entries and not merged:
                raise ProxyConfigError(
                    f"{self._source}:{line}: {name} is there twice, first in line "
                    f"{entries[name].line}"
                )
            entries[name] = Located(self.read(inner).value, line)
        return entries


def _place(error: Any, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f":{mark.line + 1}"
    position = getattr(error, "position", None)
    return "" if position is None else f":{text.count(_NEWLINE, 0, position) + 1}"


def _reason(error: Any) -> str:
    """Without the excerpt, which may show a key."""
    context, problem = (getattr(error, name, None) for name in ("context", "problem"))
    if isinstance(problem, str):
        is_half = problem.startswith("but ")
        return f"{context}, {problem}" if is_half and context else problem
    return str(getattr(error, "reason", None) or "this is no YAML")
