"""JSON that is still coming, as the value it amounts to so far; read once, in pieces.

Nothing is read twice: a container grows in place, and a string is put together only
when the value is asked for.
"""

import re
from collections.abc import Callable
from typing import TypeAlias, cast

__all__ = ("PartialJSONReader",)

_BLANKS = re.compile(r"[ \t\r\n\ufeff]*")
_PLAIN = re.compile(r'[^"\\]+')
_SCALAR = re.compile(r"[-+.\w]+")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{4}")

_LITERALS: dict[str, object] = {"true": True, "false": False, "null": None}
_ESCAPES = {
    '"': '"',
    "\\": "\\",
    "/": "/",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}

_Step: TypeAlias = Callable[["PartialJSONReader", str, int], int]


class PartialJSONReader:
    """Reads one JSON value that comes in pieces, cut anywhere.

    A string counts as far as it has come; a number, a key and a word like ``true`` once
    they are whole. At the first thing that is not JSON the reader stops, and keeps the
    value that it had.
    """

    __slots__ = (
        "_containers",
        "_escape",
        "_high",
        "_is_key",
        "_is_shown",
        "_key",
        "_keys",
        "_pieces",
        "_root",
        "_step",
    )

    def __init__(self) -> None:
        self._root: object = None
        self._containers: list[dict[str, object] | list[object]] = []
        # The key that each open object, and the list in its place, waits for.
        self._keys: list[str] = []
        self._key = ""
        self._pieces: list[str] = []
        self._escape = ""
        # The first half of a character beyond U+FFFF.
        self._high = 0
        self._is_key = False
        # Whether the string that is open already stands in the value.
        self._is_shown = False
        # No bound methods: with those, a reader would be a cycle that only gc frees.
        self._step: _Step = PartialJSONReader._value

    def feed(self, text: str) -> None:
        """Read on; any cut is allowed, also inside an escape."""
        at = 0
        while at < len(text):
            at = self._step(self, text, at)

    @property
    def value(self) -> object:
        """What has come so far, None before anything has.

        Objects and lists are the same from one call to the next, and grow: copy what is
        to stay as it is.
        """
        if self._pieces and not self._is_key and self._is_in_string:
            self._show("".join(self._pieces))
        return self._root

    @property
    def is_complete(self) -> bool:
        """Whether the value is whole; what comes behind it is not read."""
        return self._step is PartialJSONReader._done

    @property
    def is_broken(self) -> bool:
        """Whether something came that is not JSON."""
        return self._step is PartialJSONReader._ignored

    @property
    def _is_in_string(self) -> bool:
        return self._step in (PartialJSONReader._string, PartialJSONReader._escaped)

    def _value(self, text: str, at: int) -> int:
        at = _after_blanks(text, at)
        if at == len(text):
            return at
        mark = text[at]
        if mark == '"':
            return self._open_string(at, is_key=False)
        if mark in "{[":
            container: dict[str, object] | list[object] = {} if mark == "{" else []
            self._show(container)
            self._containers.append(container)
            self._keys.append(self._key)
            self._is_shown = False
            self._step = (
                PartialJSONReader._first_key
                if mark == "{"
                else PartialJSONReader._first_item
            )
            return at + 1
        self._pieces = []
        self._step = PartialJSONReader._scalar
        return at

    def _first_item(self, text: str, at: int) -> int:
        at = _after_blanks(text, at)
        if text[at : at + 1] == "]":
            return self._close(at)
        if at < len(text):
            self._step = PartialJSONReader._value
        return at

    def _first_key(self, text: str, at: int) -> int:
        at = _after_blanks(text, at)
        if text[at : at + 1] == "}":
            return self._close(at)
        return self._next_key(text, at)

    def _next_key(self, text: str, at: int) -> int:
        at = _after_blanks(text, at)
        if at == len(text):
            return at
        if text[at] != '"':
            return self._stop(text)
        return self._open_string(at, is_key=True)

    def _colon(self, text: str, at: int) -> int:
        at = _after_blanks(text, at)
        if at == len(text):
            return at
        if text[at] != ":":
            return self._stop(text)
        self._step = PartialJSONReader._value
        return at + 1

    def _after_value(self, text: str, at: int) -> int:
        at = _after_blanks(text, at)
        if at == len(text):
            return at
        is_object = isinstance(self._containers[-1], dict)
        if text[at] == ",":
            self._step = (
                PartialJSONReader._next_key if is_object else PartialJSONReader._value
            )
            return at + 1
        if text[at] == ("}" if is_object else "]"):
            return self._close(at)
        return self._stop(text)

    def _close(self, at: int) -> int:
        self._containers.pop()
        self._key = self._keys.pop()
        self._end_value()
        return at + 1

    def _open_string(self, at: int, *, is_key: bool) -> int:
        self._pieces = [""]
        self._is_key = is_key
        self._step = PartialJSONReader._string
        return at + 1

    def _string(self, text: str, at: int) -> int:
        if plain := _PLAIN.match(text, at):
            self._add(plain[0])
            return plain.end()
        if text[at] == "\\":
            self._escape = ""
            self._step = PartialJSONReader._escaped
            return at + 1
        self._add("")
        whole = "".join(self._pieces)
        if self._is_key:
            self._key = whole
            self._is_key = False
            self._step = PartialJSONReader._colon
        else:
            self._show(whole)
            self._end_value()
        return at + 1

    def _escaped(self, text: str, at: int) -> int:
        self._escape += text[at]
        kind = self._escape[0]
        if kind in _ESCAPES:
            self._add(_ESCAPES[kind])
        elif kind != "u":
            return self._stop(text)
        elif len(self._escape) < 5:
            return at + 1
        elif not _HEX.fullmatch(self._escape, 1):
            return self._stop(text)
        else:
            self._add_unit(int(self._escape[1:], 16))
        self._step = PartialJSONReader._string
        return at + 1

    def _add(self, text: str) -> None:
        if self._high:
            self._high = 0
            text = "\ufffd" + text
        if text:
            self._pieces.append(text)

    def _add_unit(self, unit: int) -> None:
        """Take a unit of UTF-16, in which long characters come in two halves."""
        if 0xD800 <= unit < 0xDC00:
            self._add("")
            self._high = unit
        elif 0xDC00 <= unit < 0xE000:
            if self._high:
                unit += 0x10000 + ((self._high - 0xD800) << 10) - 0xDC00
                self._high = 0
                self._add(chr(unit))
            else:
                self._add("\ufffd")
        else:
            self._add(chr(unit))

    def _scalar(self, text: str, at: int) -> int:
        if found := _SCALAR.match(text, at):
            self._pieces.append(found[0])
            if found.end() == len(text):
                return found.end()
            at = found.end()
        written = "".join(self._pieces)
        self._pieces = []
        if written in _LITERALS:
            value = _LITERALS[written]
        elif number := _NUMBER.fullmatch(written):
            value = _number(written, is_whole=not (number[1] or number[2]))
        else:
            return self._stop(text)
        self._show(value)
        self._end_value()
        return at

    def _show(self, value: object) -> None:
        """Put the value that is being read in its place."""
        if not self._containers:
            self._root = value
        elif isinstance(container := self._containers[-1], dict):
            container[self._key] = value
        elif self._is_shown:
            container[-1] = value
        else:
            container.append(value)
        self._is_shown = True
        if self._is_in_string:
            # Put together once: the next time only what came since is added.
            self._pieces = [cast("str", value)]

    def _end_value(self) -> None:
        self._pieces = []
        self._is_shown = False
        self._step = (
            PartialJSONReader._after_value
            if self._containers
            else PartialJSONReader._done
        )

    def _stop(self, text: str) -> int:
        self._pieces = []
        self._step = PartialJSONReader._ignored
        return len(text)

    def _ignored(self, text: str, _: int) -> int:
        return len(text)

    def _done(self, text: str, _: int) -> int:
        return len(text)


def _after_blanks(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    assert blanks is not None  # It may be empty.
    return blanks.end()


def _number(written: str, *, is_whole: bool) -> int | float:
    # int() takes quadratic time for long numbers, and refuses the longest.
    if is_whole and len(written) < 4000:
        return int(written)
    return float(written)
