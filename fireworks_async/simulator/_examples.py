"""A value that fits a JSON Schema: the plainest there is, and always the same.

Not looked at: `not`, `if`, `dependent…`, `unevaluated…`, and that of `oneOf` only one
may fit.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, cast

from fireworks_async.simulator._patterns import matching
from fireworks_async.simulator._schemas import (
    Schemas,
    Words,
    is_list,
    is_possible,
    joined,
)

__all__ = ("example",)

_DEEPEST = 16
_SHALLOW = 2
# A schema may ask for more than any memory holds, or for a tree that nothing ends.
_MOST_PARTS = 10_000
_LONGEST_TEXT = 1_000_000
_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T12:00:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "uuid": "12345678-1234-4234-8234-123456789012",
}
_KINDS = {
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    str: {"string"},
    type(None): {"null"},
    list: {"array"},
    dict: {"object"},
}
_TELLING = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "contains"),
    "number": ("minimum", "maximum", "multipleOf", "exclusiveMinimum"),
}


def example(schema: Any) -> Any:
    """Make a value that fits `schema`; an object for a schema that says nothing.

    What can be left out of a schema that leads back to itself is left out after a few
    rounds.
    """
    return _Maker(schema).make(schema, 0)


class _Maker:
    """Makes values for the parts of one schema.

    `depth` counts the references that were followed on the way to a part, and `turn`
    asks for another value for each item of a list that has to be unlike the others.
    """

    def __init__(self, root: Any) -> None:
        self._schemas = Schemas(root)
        self._left = _MOST_PARTS

    def make(self, schema: Any, depth: int, turn: int = 0) -> Any:
        words, hops = self._schemas.settled(schema)
        depth += hops
        self._left -= 1
        if words is None or depth > _DEEPEST or self._left < 0:
            return None
        for name in ("anyOf", "oneOf"):
            if options := words.pop(name, None):
                rest, more = self._chosen(words, options, depth)
                return self.make(rest, depth + more, turn)
        if values := [words["const"]] if "const" in words else words.get("enum"):
            return _picked(words, values, turn)
        return self._typed(words, depth, turn)

    def _chosen(
        self, words: Words, options: list[Any], depth: int
    ) -> tuple[Words | bool, int]:
        """Give the words together with the first option that goes with them.

        Deep down, the option that ends soonest comes first.
        """
        height = self._schemas.height
        is_deep = depth >= _SHALLOW
        for option in sorted(
            options, key=lambda one: height(one) if is_deep else height(one) == math.inf
        ):
            inner, hops = self._schemas.settled(option)
            if inner is not None and is_possible(both := joined(words, inner)):
                return both, hops
        return False, 0

    def _typed(self, words: Words, depth: int, turn: int) -> Any:
        match self._kind(words, depth):
            case "array":
                return self._array(words, depth)
            case "object":
                return self._object(words, depth, turn)
            case kind:
                make = _SCALARS.get(kind)
                return make and make(words, turn)

    def _kind(self, words: Words, depth: int) -> str:
        kinds = words.get("type")
        if isinstance(kinds, str):
            return kinds
        if kinds:
            is_deep = depth >= _SHALLOW
            listed = cast("list[str]", kinds)
            fit = [
                kind
                for kind in listed
                if self._schemas.height({**words, "type": kind})
                <= (0 if is_deep else _DEEPEST)
            ]
            return (fit or listed)[0]
        for kind, telling in _TELLING.items():
            if any(name in words for name in telling):
                return kind
        return "object"

    def _is_worth_it(self, schema: Any, depth: int) -> bool:
        """Whether something that can be left out is put in."""
        height = self._schemas.height(schema)
        return height == 0 if depth >= _SHALLOW else height < math.inf

    def _array(self, words: Words, depth: int) -> list[Any]:
        items = words.get("items", {})
        first: list[Any] = words.get("prefixItems", [])
        if is_list(items):
            first, items = items, words.get("additionalItems", {})
        if words.get("contains"):
            first = [*first, {"allOf": [items, words["contains"]]}]
        count = len(first)
        if items is not False and not first and self._is_worth_it(items, depth):
            count = 1
        count = max(count, words.get("minItems", 0))
        count = min(count, words.get("maxItems", count), max(self._left, len(first)))
        schemas = [*first[:count], *[items] * (count - len(first))]
        is_set = bool(words.get("uniqueItems"))
        return [
            self.make(schema, depth, turn if is_set else 0)
            for turn, schema in enumerate(schemas)
        ]

    def _object(self, words: Words, depth: int, turn: int) -> dict[str, Any]:
        properties: Words = words.get("properties", {})
        required: list[str] = words.get("required", [])
        most = words.get("maxProperties", math.inf)
        room = most - len(required)
        wanted: dict[str, Any] = {}
        for name, inner in properties.items():
            if name in required:
                wanted[name] = inner
            elif room > 0 and self._is_worth_it(inner, depth):
                wanted[name] = inner
                room -= 1
        others = words.get("additionalProperties", True)
        for name in required:
            if name not in wanted:
                wanted[name] = (
                    others if isinstance(others, dict) else {"type": "string"}
                )
        least = min(words.get("minProperties", 0), max(self._left, 0))
        if isinstance(others, dict) and not wanted and self._is_worth_it(others, depth):
            least = max(least, min(1, most))
        names = words.get("propertyNames", {})
        number = 0
        while len(wanted) < least and others is not False and number < least + _DEEPEST:
            wanted[self._name(names, depth, number)] = others
            number += 1
        return {name: self.make(inner, depth, turn) for name, inner in wanted.items()}

    def _name(self, names: Any, depth: int, number: int) -> str:
        if names in ({}, True):
            return f"key{number + 1}" if number else "key"
        return str(self.make({"allOf": [names, {"type": "string"}]}, depth, number))


def _picked(words: Words, values: list[Any], turn: int) -> Any:
    kinds = words.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    fit = [value for value in values if kinds is None or {*kinds} & _KINDS[type(value)]]
    return (fit or values)[turn % len(fit or values)]


def _string(words: Words, turn: int) -> str:
    least: int = words.get("minLength", 0)
    most: int | None = words.get("maxLength")
    if "pattern" in words:
        found = matching(words["pattern"], least, most)
        if found is not None:
            return found
    if (known := _FORMATS.get(words.get("format", ""))) is not None:
        return known
    text = f"text{turn + 1}" if turn else "text"
    if most is not None and most < len(text):
        text = chr(ord("a") + turn % 26) * most if turn else text[:most]
    return text.ljust(min(least, _LONGEST_TEXT), "t")


def _number(words: Words, usual: float, turn: int) -> float:
    step = words.get("multipleOf")
    low, high = words.get("minimum"), words.get("maximum")
    above, below = words.get("exclusiveMinimum"), words.get("exclusiveMaximum")
    # In the oldest drafts these say whether the others are exclusive.
    above = low if above is True else None if above is False else above
    below = high if below is True else None if below is False else below
    lower = max((bound for bound in (low, above) if bound is not None), default=None)
    upper = min((bound for bound in (high, below) if bound is not None), default=None)

    def fits(value: float) -> bool:
        return (
            (low is None or value >= low)
            and (high is None or value <= high)
            and (above is None or value > above)
            and (below is None or value < below)
            and (step is None or math.isclose(value / step, round(value / step)))
        )

    is_whole = isinstance(usual, int)
    candidates = [usual + turn, *_steps(lower, upper, step or 1, turn)]
    if lower is not None and upper is not None and not is_whole:
        candidates.append(lower + (upper - lower) / (2 + turn))
    found = next(filter(fits, candidates), usual)
    return int(found) if is_whole else found


def _steps(
    lower: float | None, upper: float | None, step: float, turn: int
) -> Iterator[float]:
    """Give the multiples of `step` next to the bounds, or to nothing."""
    first = math.ceil((lower if lower is not None else step) / step)
    yield from (step * (first + turn), step * (first + turn + 1))
    if upper is not None:
        last = math.floor(upper / step)
        yield from (step * (last - turn), step * (last - turn - 1))


_SCALARS: dict[str, Callable[[Words, int], Any]] = {
    "string": _string,
    "integer": lambda words, turn: _number(words, 1, turn),
    "number": lambda words, turn: _number(words, 1.5, turn),
    "boolean": lambda _, turn: turn % 2 == 0,
}
