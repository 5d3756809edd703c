"""JSON Schemas as what they come to: references followed, parts that all hold joined.

Nothing here makes a value.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard, cast

__all__ = ("Schemas", "Words", "has_scalar", "is_list", "is_possible", "joined")

Words = dict[str, Any]
"""The words of one schema."""

_SCALARS = frozenset(("string", "integer", "number", "boolean", "null"))


class Schemas:
    """One schema as a whole.

    Args:
        root: The schema, which references are relative to.
    """

    def __init__(self, root: Any) -> None:
        self._root = root
        self._heights = dict.fromkeys(_references(root), math.inf)
        # Each round settles at least one of those that end at all.
        for _ in range(len(self._heights) + 1):
            found = {name: self.height(self._at(name)) for name in self._heights}
            if found == self._heights:
                break
            self._heights = found

    def settled(self, schema: Any) -> tuple[Words | None, int]:
        """Follow references and join what all has to hold.

        Returns:
            The words, None if nothing can fit them, and how many references it took.
        """
        return self._settled(schema, frozenset())

    def height(self, schema: Any) -> float:
        """Tell how many references a value has inside each other at the least.

        It is infinite when no value that ends can fit.
        """
        if not isinstance(schema, dict):
            return math.inf if schema is False else 0
        words = cast("Words", schema)
        inner = [0.0]
        if "$ref" in words:
            inner.append(1 + self._heights.get(words["$ref"], 0))
        inner += [self.height(part) for part in words.get("allOf", ())]
        for options in ("anyOf", "oneOf"):
            if words.get(options):
                inner.append(min(map(self.height, words[options])))
        if not has_scalar(words):
            inner += [self.height(part) for part in _needed(words)]
        return max(inner)

    def _at(self, reference: str) -> Any:
        found = self._root
        for part in reference.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if is_list(found) and name.isdecimal():
                found = found[int(name)] if int(name) < len(found) else False
            elif isinstance(found, dict):
                found = cast("Words", found).get(name, False)
            else:
                return False
        return found

    def _settled(self, schema: Any, trail: frozenset[str]) -> tuple[Words | None, int]:
        if not isinstance(schema, dict):
            return (None if schema is False else {}), 0
        words = dict(cast("Words", schema))
        reference = words.pop("$ref", None)
        parts = words.pop("allOf", [])
        hops = 0
        if reference is not None:
            if reference in trail:
                return None, 0
            hops = 1
            trail |= {reference}
            parts = [self._at(reference), *parts]
        for part in parts:
            other, more = self._settled(part, trail)
            if other is None:
                return None, hops
            words = joined(words, other)
            hops += more
        return (words if is_possible(words) else None), hops


def is_possible(words: Words) -> bool:
    """Tell whether types and values are left; the rest is not looked at."""
    return words.get("type") != [] and words.get("enum") != []


def joined(first: Words, second: Words) -> Words:
    """Give the words of a schema that demands what both demand."""
    words = _without_const(first)
    for name, value in _without_const(second).items():
        words[name] = _both(name, words[name], value) if name in words else value
    return words


def _without_const(words: Words) -> Words:
    """Say it as an `enum` of one, which goes with others."""
    if "const" not in words:
        return dict(words)
    others = {name: value for name, value in words.items() if name != "const"}
    return joined(others, {"enum": [words["const"]]})


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Tell whether something decoded from JSON is a list."""
    return isinstance(value, list)


def has_scalar(words: Words) -> bool:
    """Tell whether a value that has nothing inside is among the types."""
    kinds = words.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return "enum" in words or "const" in words or not _SCALARS.isdisjoint(kinds)


def _both(name: str, first: Any, second: Any) -> Any:
    join = _JOINERS.get(name)
    return first if join is None else join(first, second)


def _united(first: list[str], second: list[str]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


def _shared(first: list[Any], second: list[Any]) -> list[Any]:
    return [value for value in first if value in second]


def _merged(first: Words, second: Words) -> Words:
    merged = {**first, **second}
    for name in first.keys() & second.keys():
        merged[name] = _all(first[name], second[name])
    return merged


def _all(first: Any, second: Any) -> Words:
    return {"allOf": [first, second]}


def _crossed(first: list[Any], second: list[Any]) -> list[Words]:
    return [_all(one, other) for one in first for other in second]


def _multiple(first: float, second: float) -> float:
    if float(first).is_integer() and float(second).is_integer():
        return math.lcm(int(first), int(second))
    return max(first, second)


def _common(first: Any, second: Any) -> list[str]:
    kinds = [first] if isinstance(first, str) else first
    others = [second] if isinstance(second, str) else second
    common = [kind for kind in kinds if kind in others]
    if "integer" in (*kinds, *others) and "integer" not in common:
        both_number = {"integer", "number"}
        if both_number & set(kinds) and both_number & set(others):
            common.append("integer")
    return common


def _needed(words: Words) -> Iterator[Any]:
    """Give the schemas of what a value has to have inside."""
    properties = words.get("properties", {})
    for name in words.get("required", ()):
        yield properties.get(name, True)
    if words.get("minItems", 0) > 0:
        yield from words.get("prefixItems", ())
        items = words.get("items", True)
        yield from items if is_list(items) else [items]


def _references(schema: Any) -> Iterator[str]:
    if is_list(schema):
        for item in schema:
            yield from _references(item)
    elif isinstance(schema, Mapping):
        for name, inner in cast("Mapping[str, Any]", schema).items():
            if name == "$ref" and isinstance(inner, str):
                yield inner
            else:
                yield from _references(inner)


_JOINERS: Mapping[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max
    ),
    **dict.fromkeys(
        ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min
    ),
    **dict.fromkeys(
        ("properties", "patternProperties", "$defs", "definitions"), _merged
    ),
    **dict.fromkeys(
        ("items", "additionalProperties", "propertyNames", "contains"), _all
    ),
    **dict.fromkeys(("anyOf", "oneOf"), _crossed),
    "enum": _shared,
    "multipleOf": _multiple,
    "required": _united,
    "type": _common,
}
