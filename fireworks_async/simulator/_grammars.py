"""A text that a grammar in GBNF derives: a short one, and always the same."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fireworks_async.simulator._patterns import one_of

__all__ = ("derived",)

_ROOT = "root"
_SHALLOW = 4
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<begin>[\w-]+)\s*::=
      | (?P<name>[\w-]+)
      | "(?P<text>(?:\\.|[^"\\])*)"
      | (?P<one>\[\^?\]?(?:\\.|[^\]\\])*\]|\.)
      | (?P<count>[*+?]|\{\d*,?\d*\})
      | (?P<mark>[|()])
      | \#[^\n]*
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL
)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class _Rule:
    """Another rule, by name."""

    name: str


_Choices = list[list["_Part"]]
_Part = tuple["str | _Rule | _Choices", int]


def derived(grammar: str) -> str | None:
    """Give a text that `grammar` derives from its rule `root`.

    Returns:
        The text; None for what is no grammar, or derives nothing that ends.
    """
    try:
        writer = _Writer(_rules(grammar))
    except ValueError:
        return None
    return writer.text()


class _Writer:
    """Writes what rules say."""

    def __init__(self, rules: dict[str, _Choices]) -> None:
        self._rules = rules
        self._heights = dict.fromkeys(rules, math.inf)
        # Each round settles at least one of those that end at all.
        for _ in rules:
            self._heights = {name: self._height(rules[name]) for name in rules}

    def text(self) -> str | None:
        if self._heights.get(_ROOT, math.inf) == math.inf:
            return None
        return "".join(self._written(self._rules[_ROOT], 0))

    def _height(self, choices: _Choices) -> float:
        return min(map(self._length, choices))

    def _length(self, parts: list[_Part]) -> float:
        """How many rules are inside each other at the least."""
        needed = [0.0]
        for part, count in parts:
            if count and isinstance(part, _Rule):
                needed.append(1 + self._heights.get(part.name, math.inf))
            elif count and isinstance(part, list):
                needed.append(self._height(part))
        return max(needed)

    def _written(self, choices: _Choices, depth: int) -> Iterator[str]:
        lengths = list(map(self._length, choices))
        most = math.inf if depth < _SHALLOW else min(lengths) + 1
        chosen = next(
            parts
            for parts, length in zip(choices, lengths, strict=True)
            if length < most
        )
        for part, count in chosen:
            for _ in range(count):
                if isinstance(part, str):
                    yield part
                elif isinstance(part, _Rule):
                    yield from self._written(self._rules[part.name], depth + 1)
                else:
                    yield from self._written(part, depth)


def _rules(grammar: str) -> dict[str, _Choices]:
    rules: dict[str, _Choices] = {}
    open_groups: list[_Choices] = []
    for found in _tokens(grammar):
        match found.lastgroup, found[found.lastgroup or 0]:
            case "begin", name:
                if len(open_groups) > 1:
                    raise ValueError("a group is not closed")
                open_groups = [rules.setdefault(name, [[]])]
            case _ if not open_groups:
                raise ValueError("no rule has begun")
            case "mark", mark:
                _group(open_groups, mark)
            case "count", text:
                _repeat(open_groups[-1][-1], text)
            case kind, text:
                open_groups[-1][-1].append((_atom(kind, text), 1))
    if len(open_groups) > 1:
        raise ValueError("a group is not closed")
    return rules


def _group(open_groups: list[_Choices], mark: str) -> None:
    """Open a group, close it, or begin another choice in it."""
    if mark == "(":
        group: _Choices = [[]]
        open_groups[-1][-1].append((group, 1))
        open_groups.append(group)
    elif mark == "|":
        open_groups[-1].append([])
    elif len(open_groups) > 1:
        open_groups.pop()
    else:
        raise ValueError("no group is open")


def _tokens(grammar: str) -> Iterator[re.Match[str]]:
    at = 0
    end = len(grammar.rstrip())
    while at < end:
        found = _TOKEN.match(grammar, at)
        if found is None:
            raise ValueError(f"not understood: {grammar[at : at + 20]!r}")
        at = found.end()
        if found.lastgroup is not None:
            yield found


def _atom(kind: str | None, text: str) -> str | _Rule:
    match kind:
        case "name":
            return _Rule(text)
        case "one":
            return "a" if text == "." else one_of(text)
        case _:
            return _ESCAPE.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    name = found[1]
    if len(name) > 1:
        return chr(int(name[1:], base=16))
    return _ESCAPED.get(name, name)


def _repeat(parts: list[_Part], count: str) -> None:
    if not parts:
        raise ValueError("nothing to repeat")
    part, _ = parts.pop()
    least = {"*": 0, "+": 1, "?": 0}.get(count)
    if least is None:
        least = int(count[1:-1].partition(",")[0] or 0)
    parts.append((part, least))
