"""Takes values out of a block of the configuration, and says where one is wrong.

Which keys there are is the schema's business (``_config``).
"""

import difflib
import math
import os
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._yaml import Located

__all__ = ("Block", "Scope", "or_else", "warn_unknown")

ValueT = TypeVar("ValueT")

_FROM_ENVIRONMENT = "os.environ/"


class Scope:
    """What all blocks of one configuration share.

    Args:
        source: What the file is called in errors.
        environ: Where ``os.environ/NAME`` is looked up.
        missing: Stands in for what is not there; None makes that an error.

    Attributes:
        referred: Names of models that have to be listed somewhere, with their lines.
    """

    def __init__(
        self,
        source: str,
        environ: Mapping[str, str] | None = None,
        *,
        missing: str | None = None,
    ) -> None:
        self.source = source
        self.missing = missing
        self.referred: list[tuple[str, int]] = []
        self.environ = dict(os.environ if environ is None else environ)

    def at(self, line: int) -> str:
        """The beginning of a message about a line."""
        return f"{self.source}:{line}" if line else self.source

    def warn(self, line: int, text: str) -> None:
        """Say something that does not keep the gateway from starting."""
        warnings.warn(f"{self.at(line)}: {text}", stacklevel=2)

    def error(self, line: int, text: str) -> ProxyConfigError:
        """What keeps it from starting."""
        return ProxyConfigError(f"{self.at(line)}: {text}")


class Block:
    """One mapping of the configuration, emptied key by key.

    Args:
        scope: Of the configuration.
        name: What the block is called.
        block: Its content.

    Raises:
        ProxyConfigError: It is no mapping.
    """

    def __init__(self, scope: Scope, name: str, block: Located) -> None:
        if block.value is None:
            block = Located({}, block.line)
        if not isinstance(block.value, dict):
            raise scope.error(block.line, f"{name}: expected keys and values")
        self.scope = scope
        self.name = name
        self.line = block.line
        self._left = dict(block.value)
        self._asked: set[str] = set()

    def has(self, key: str) -> bool:
        """Whether a key is there, and was not taken."""
        return key in self._left

    def line_of(self, key: str) -> int:
        """The line of a key, or of the block when it is absent."""
        entry = self._left.get(key)
        return self.line if entry is None else entry.line

    def wrong(self, line: int, key: str, text: str) -> ProxyConfigError:
        """An error about a key."""
        return self.scope.error(line, f"{self.name}.{key}: {text}")

    def missing(self, key: str) -> ProxyConfigError:
        """An error about a key that has to be there."""
        text = f"is missing{_nearest(key, self._left.keys())}"
        return self.wrong(self.line, key, text)

    def take(self, key: str) -> Located | None:
        """The value as it is; None when it is absent or empty."""
        self._asked.add(key)
        entry = self._left.pop(key, None)
        return None if entry is None or entry.value is None else entry

    def block(self, key: str) -> "Block":
        """An inner block; an empty one when it is absent."""
        entry = self.take(key) or Located({}, self.line)
        return Block(self.scope, key, entry)

    def text(self, key: str) -> str | None:
        """Text, or the value of the environment variable that it names."""
        entry = self.take(key)
        if entry is None:
            return None
        value = self.expanded(key, entry)
        if not isinstance(value, str) or not value:
            is_bare = isinstance(value, int | float)
            hint = ", in quotes" if is_bare else ""
            raise self.wrong(entry.line, key, f"expected text{hint}")
        return value

    def flag(self, key: str) -> bool | None:
        """True or False."""
        return self._checked(key, _flag, "expected true or false")

    def count(self, key: str, *, at_least: int = 0) -> int | None:
        """A whole number."""
        return self._checked(
            key,
            lambda value: _count(value, at_least),
            f"expected a whole number of {at_least} or more",
        )

    def amount(self, key: str, *, positive: bool = False) -> float | None:
        """A number of 0 or more."""
        return self._checked(
            key,
            lambda value: _amount(value, positive=positive),
            "expected a number above 0"
            if positive
            else "expected a number of 0 or more",
        )

    def word(self, key: str, words: Mapping[str, ValueT]) -> ValueT | None:
        """One of several words, and what it stands for."""
        entry = self.take(key)
        if entry is None:
            return None
        if isinstance(entry.value, str) and entry.value in words:
            return words[entry.value]
        raise self.wrong(
            entry.line,
            key,
            f"expected one of {', '.join(words)}{_nearest(entry.value, words)}",
        )

    def names_in(self, key: str, entry: Located) -> tuple[str, ...]:
        """A list of texts; a single text stands for a list of one."""
        values = entry.value if isinstance(entry.value, list) else [entry]
        names: list[str] = []
        for inner in values:
            if not isinstance(inner.value, str) or not inner.value:
                raise self.wrong(inner.line, key, "expected names")
            names.append(inner.value)
        return tuple(names)

    def expanded(self, key: str, entry: Located) -> object:
        """The value, with ``os.environ/NAME`` looked up wherever it stands.

        Raises:
            ProxyConfigError: There is no such variable.
        """
        value = entry.value
        if isinstance(value, str) and value.startswith(_FROM_ENVIRONMENT):
            name = value.removeprefix(_FROM_ENVIRONMENT)
            found = self.scope.environ.get(name) or self.scope.missing
            if not found:
                raise self.wrong(
                    entry.line, key, f"the environment variable {name} is not set"
                )
            return found
        if isinstance(value, list):
            return [self.expanded(key, inner) for inner in value]
        if isinstance(value, dict):
            return {name: self.expanded(key, inner) for name, inner in value.items()}
        return value

    def rest(self) -> dict[str, Located]:
        """What is left, taken out."""
        left, self._left = self._left, {}
        return left

    def finish(self) -> None:
        """Warn of every key that nobody asked for."""
        for key, entry in self.rest().items():
            warn_unknown(self, key, entry.line, self._asked)

    def _checked(
        self, key: str, check: Callable[[object], ValueT | None], expected: str
    ) -> ValueT | None:
        entry = self.take(key)
        if entry is None:
            return None
        checked = check(_scalar(self.expanded(key, entry)))
        if checked is None:
            raise self.wrong(entry.line, key, expected)
        return checked


def warn_unknown(block: Block, key: str, line: int, known: set[str]) -> None:
    """Warn of a key that means nothing here."""
    nearest = _nearest(key, known)
    block.scope.warn(line, f"{block.name}.{key} is unknown and has no effect{nearest}")


def or_else(value: ValueT | None, default: ValueT) -> ValueT:
    """The value, 0 and False too, or what stands for none."""
    return default if value is None else value


def _scalar(value: object) -> object:
    """A number that came as text, as from the environment, as a number."""
    if isinstance(value, str):
        lowered = value.strip().lower()
        if lowered in ("true", "false"):
            return lowered == "true"
        try:
            return int(lowered)
        except ValueError:
            try:
                return float(lowered)
            except ValueError:
                return value
    return value


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: object, at_least: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        return None
    return value


def _amount(value: object, *, positive: bool) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or value < 0 or (positive and value == 0):
        return None
    return float(value)


def _nearest(word: object, words: Collection[str]) -> str:
    found = difflib.get_close_matches(str(word), words, n=1)
    return f"; did you mean {found[0]}?" if found else ""
