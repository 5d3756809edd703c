"""The grammar of a valid request: small rules that say what is wrong and where.

The words of the complaints are those of the API. Which field has which rule is told in
`_validation`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any

__all__ = (
    "Rule",
    "anything",
    "array",
    "boolean",
    "closed",
    "complain",
    "either",
    "integer",
    "literal",
    "mapping",
    "nullable",
    "number",
    "string",
)

_LONGEST_VALUE = 500
_Inside = Callable[[Any, str], Iterator[str]]


def complain(text: str, path: str, value: object) -> str:
    """Put a complaint together as the API does."""
    shown = repr(value)
    if len(shown) > _LONGEST_VALUE:
        shown = shown[:_LONGEST_VALUE] + "..."
    return f"{text}, field: '{path}', value: {shown}"


def _content(value: object, path: str) -> Iterator[str]:  # noqa: ARG001 - one signature
    yield from ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value has to be.

    Attributes:
        types: The exact types that JSON may have decoded to.
        complaints: What to say of any other type.
        inside: Gives the complaints about a value of the right type.
    """

    types: tuple[type, ...]
    complaints: tuple[str, ...]
    inside: _Inside = _content

    def problems(self, value: object, path: str) -> Iterator[str]:
        """Give a complaint for each thing that is wrong with `value`."""
        if type(value) in self.types:
            yield from self.inside(value, path)
        else:
            for text in self.complaints:
                yield complain(text, path, value)


anything = Rule((str, int, float, bool, list, dict, NoneType), ())
boolean = Rule((bool,), ("Input should be a valid boolean",))
string = Rule((str,), ("Input should be a valid string",))


def nullable(rule: Rule) -> Rule:
    """Accept null as well."""

    def inside(value: Any, path: str) -> Iterator[str]:
        if value is not None:
            yield from rule.inside(value, path)

    return replace(rule, types=(*rule.types, NoneType), inside=inside)


def _within(low: float | None, high: float | None) -> _Inside:
    def inside(value: Any, path: str) -> Iterator[str]:
        if low is not None and value < low:
            text = f"Input should be greater than or equal to {low}"
            yield complain(text, path, value)
        if high is not None and value > high:
            yield complain(f"Input should be less than or equal to {high}", path, value)

    return inside


def integer(low: int | None = None, high: int | None = None) -> Rule:
    """A whole number, also when it is written as 5.0."""
    within = _within(low, high)

    def inside(value: Any, path: str) -> Iterator[str]:
        if isinstance(value, float) and not value.is_integer():
            text = (
                "Input should be a valid integer, got a number with a fractional part"
            )
            yield complain(text, path, value)
        else:
            yield from within(value, path)

    return Rule((int, float), ("Input should be a valid integer",), inside)


def number(low: float | None = None, high: float | None = None) -> Rule:
    """Any number."""
    text = "Input should be a valid number"
    return Rule((int, float), (text,), _within(low, high))


def literal(*words: str) -> Rule:
    """One of a few words."""
    *most, last = (f"'{word}'" for word in words)
    text = (
        f"Input should be {', '.join(most)} or {last}"
        if most
        else (f"Input should be {last}")
    )

    def inside(value: Any, path: str) -> Iterator[str]:
        if value not in words:
            yield complain(text, path, value)

    return Rule((str,), (text,), inside)


def array(items: Rule, at_least: int = 0, at_most: int | None = None) -> Rule:
    """A list whose items follow one rule."""

    def inside(value: Any, path: str) -> Iterator[str]:
        many = f"after validation, not {len(value)}"
        if len(value) < at_least:
            s = "" if at_least == 1 else "s"
            text = f"List should have at least {at_least} item{s} {many}"
            yield complain(text, path, value)
        if at_most is not None and len(value) > at_most:
            text = f"List should have at most {at_most} items {many}"
            yield complain(text, path, value)
        for index, item in enumerate(value):
            yield from items.problems(item, f"{path}[{index}]")

    return Rule((list,), ("Input should be a valid list",), inside)


def mapping(values: Rule) -> Rule:
    """An object of any keys whose values follow one rule."""

    def inside(value: Any, path: str) -> Iterator[str]:
        for key, item in value.items():
            yield from values.problems(item, f"{path}.{key}")

    return Rule((dict,), ("Input should be a valid dictionary",), inside)


def closed(fields: Mapping[str, Rule], required: Sequence[str] = ()) -> Rule:
    """An object of known keys and no others."""

    def inside(value: Any, path: str) -> Iterator[str]:
        prefix = f"{path}." if path else ""
        for name in required:
            if name not in value:
                yield f"Field required, field: '{prefix}{name}'"
        for name, item in value.items():
            rule = fields.get(name)
            if rule is None:
                text = "Extra inputs are not permitted"
                yield complain(text, prefix + name, item)
            else:
                yield from rule.problems(item, prefix + name)

    return Rule((dict,), ("Input should be a valid dictionary or object",), inside)


def either(*rules: Rule) -> Rule:
    """What follows at least one of the rules; if none, every rule has its say."""

    def inside(value: Any, path: str) -> Iterator[str]:
        heard: list[str] = []
        for rule in rules:
            said = list(rule.problems(value, path))
            if not said:
                return
            heard += said
        # Two kinds of list say the same of what is none.
        yield from dict.fromkeys(heard)

    return Rule(
        tuple(kind for rule in rules for kind in rule.types),
        tuple(dict.fromkeys(text for rule in rules for text in rule.complaints)),
        inside,
    )
