"""A text that matches a regular expression, if one is easily found."""

import re
from collections.abc import Iterator

__all__ = ("matching", "one_of")

_CANDIDATES = "a0A-_ .@/:" + "".join(map(chr, range(33, 127))) + "\t\né"
_MARKS = frozenset("|)")
_NOTHING = ("^", "$", r"\b", r"\B", r"\A", r"\Z", r"\z")
_COUNT = re.compile(r"\{(?!\})(\d*)(,?)(\d*)\}")
_GROUP = re.compile(r"\((\?P?<\w+>|\?:|\?[a-zA-Z-]+:)?")
_LOOK = re.compile(r"\(\?(<?[=!]|#)")
_CLASS = re.compile(r"\[\^?\]?(\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_LONGER = (0, 1, 2, 4, 8, 16, 64, 256)


def matching(pattern: str, at_least: int = 0, at_most: int | None = None) -> str | None:
    """Find a text in which `pattern` is found, of a length within bounds.

    Returns:
        The text; None for patterns that are wrong or too clever.
    """
    try:
        compiled = re.compile(pattern)
        for more in _LONGER:
            text = _Reader(pattern, more).text()
            is_long = at_most is not None and len(text) > at_most
            if len(text) >= at_least and not is_long and compiled.search(text):
                return text
    except (re.error, ValueError, IndexError, RecursionError):
        return None
    return None


class _Reader:
    """Reads a pattern from left to right, and says what matches it.

    Args:
        pattern: A regular expression.
        more: How many times more than needed things are repeated where they can be.
    """

    def __init__(self, pattern: str, more: int) -> None:
        self._pattern = pattern
        self._more = more
        self._at = 0
        self._groups: list[str] = []

    def text(self) -> str:
        """Give a text for the whole pattern."""
        return self._alternatives()

    def _alternatives(self) -> str:
        texts = ["".join(self._sequence())]
        while self._peek() == "|":
            self._at += 1
            texts.append("".join(self._sequence()))
        return texts[0]

    def _sequence(self) -> Iterator[str]:
        while self._at < len(self._pattern) and self._peek() not in _MARKS:
            text = self._atom()
            yield text * self._count()

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _taken(self, found: re.Match[str] | None) -> str:
        # What `re` has accepted has such a thing here.
        assert found is not None
        self._at = found.end()
        return found[0]

    def _atom(self) -> str:
        for nothing in _NOTHING:
            if self._pattern.startswith(nothing, self._at):
                self._at += len(nothing)
                return ""
        match self._peek():
            case "(":
                return self._group()
            case "[":
                return one_of(self._taken(_CLASS.match(self._pattern, self._at)))
            case "\\":
                found = _ESCAPE.match(self._pattern, self._at)
                return self._escaped(self._taken(found)[1:])
            case character:
                self._at += 1
                return "a" if character == "." else character

    def _escaped(self, name: str) -> str:
        if name.isdecimal() and name != "0":
            return self._groups[int(name) - 1]
        if name[0] in "xu" and len(name) > 1:
            return chr(int(name[1:], base=16))
        return one_of(f"\\{name}")

    def _group(self) -> str:
        opening = ""
        is_look = _LOOK.match(self._pattern, self._at) is not None
        if is_look:
            self._at = self._pattern.index("?", self._at) + 1
            while self._peek() in ("<", "=", "!", "#"):
                self._at += 1
        else:
            opening = self._taken(_GROUP.match(self._pattern, self._at))
        text = self._alternatives()
        self._at += 1
        if is_look:
            return ""
        if opening == "(" or opening.endswith(">"):
            self._groups.append(text)
        return text

    def _count(self) -> int:
        least, most = 1, 1.0
        match self._peek():
            case "*":
                least, most = 0, float("inf")
                self._at += 1
            case "+":
                least, most = 1, float("inf")
                self._at += 1
            case "?":
                least = 0
                self._at += 1
            case "{" if found := _COUNT.match(self._pattern, self._at):
                least = int(found[1] or 0)
                most = float(found[3] or ("inf" if found[2] else least))
                self._at = found.end()
            case _:
                return 1
        if self._peek() in ("?", "+"):
            self._at += 1
        return int(min(least + self._more, most))


def one_of(matcher: str) -> str:
    """Find a character for a class or an escape.

    Raises:
        ValueError: None of the usual ones fits, or it is no class.
    """
    try:
        compiled = re.compile(matcher)
    except re.error as error:
        raise ValueError("no class") from error
    for character in _CANDIDATES:
        if compiled.fullmatch(character):
            return character
    raise ValueError("nothing matches")
