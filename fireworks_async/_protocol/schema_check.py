"""Whether a value fits a JSON Schema, and where it does not; nothing is changed here.

It knows the words that users write for answers. ``format``, ``multipleOf``,
``uniqueItems`` and the words for what was left unevaluated are not looked at, and a
reference that leads nowhere forbids nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

__all__ = ("mismatch", "resolve")


def mismatch(value: object, schema: object, root: object = None) -> str | None:
    """Say the first thing about ``value`` that ``schema`` forbids, or None.

    Args:
        value: What JSON decodes to.
        schema: A schema, or a part of one.
        root: The whole that references are relative to; by default ``schema``.
    """
    place = _Place(schema if root is None else root, "$", ())
    return next(_problems(value, schema, place), None)


def resolve(root: object, reference: object) -> object:
    """Follow a reference of the form ``#/a/b`` from the root.

    Raises:
        LookupError: It is of another form, or nothing is there.
    """
    if not isinstance(reference, str) or not re.match(r"#(/|$)", reference):
        raise LookupError(reference)
    found = root
    for part in reference.split("/")[1:]:
        step = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = cast("Mapping[str, object]", found)[step]
        elif isinstance(found, list) and step.isdecimal():
            found = cast("list[object]", found)[int(step)]
        else:
            raise LookupError(reference)
    return found


class _Place(NamedTuple):
    """Where a check is: ``trail`` are the references followed for this very value."""

    root: object
    path: str
    trail: tuple[str, ...]

    def into(self, step: str) -> "_Place":
        return _Place(self.root, self.path + step, ())

    def fits(self, value: object, schema: object) -> bool:
        return next(_problems(value, schema, self), None) is None


_Words = Mapping[str, object]
_Rule = Callable[[object, object, _Words, _Place], Iterator[str]]


def _problems(value: object, schema: object, at: _Place) -> Iterator[str]:
    if schema is False:
        yield f"nothing is allowed at {at.path}"
    elif isinstance(schema, Mapping):
        words = cast("_Words", schema)
        for word, argument in words.items():
            rule = _RULES.get(word)
            if rule is not None:
                yield from rule(value, argument, words, at)


def _reference(value: object, to: object, _: _Words, at: _Place) -> Iterator[str]:
    # A reference that comes back to itself says nothing.
    if isinstance(to, str) and to not in at.trail:
        try:
            target = resolve(at.root, to)
        except LookupError:
            return
        yield from _problems(value, target, at._replace(trail=(*at.trail, to)))


_TYPES: dict[type, tuple[str, ...]] = {
    type(None): ("null",),
    bool: ("boolean",),
    int: ("integer", "number"),
    float: ("number",),
    str: ("string",),
    dict: ("object",),
    list: ("array",),
}


def _is_of(value: object, name: object) -> bool:
    if isinstance(value, float) and value.is_integer() and name == "integer":
        return True
    return name in _TYPES.get(type(value), ())


def _type(value: object, names: object, _: _Words, at: _Place) -> Iterator[str]:
    wanted = cast("list[object]", names) if isinstance(names, list) else [names]
    if not any(_is_of(value, name) for name in wanted):
        yield f"expected {' or '.join(map(str, wanted))} at {at.path}"


def _same(one: object, other: object) -> bool:
    """Equality of JSON: 1 and 1.0 are the same, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        ones, others = cast("list[object]", one), cast("list[object]", other)
        return len(ones) == len(others) and all(map(_same, ones, others))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        left, right = cast("_Words", one), cast("_Words", other)
        return left.keys() == right.keys() and all(
            _same(left[key], right[key]) for key in left
        )
    return one == other


def _enum(value: object, options: object, _: _Words, at: _Place) -> Iterator[str]:
    if not any(_same(value, option) for option in _list(options)):
        yield f"expected one of {_list(options)} at {at.path}"


def _const(value: object, constant: object, _: _Words, at: _Place) -> Iterator[str]:
    if not _same(value, constant):
        yield f"expected {constant!r} at {at.path}"


def _required(value: object, names: object, _: _Words, at: _Place) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name in _list(names):
            if name not in value:
                yield f"missing {name!r} at {at.path}"


def _properties(value: object, inner: object, _: _Words, at: _Place) -> Iterator[str]:
    fields = _mapping(value)
    for name, schema in _mapping(inner).items():
        if name in fields:
            yield from _problems(fields[name], schema, at.into(f".{name}"))


def _patterns(value: object, inner: object, _: _Words, at: _Place) -> Iterator[str]:
    for pattern, schema in _mapping(inner).items():
        for name, item in _mapping(value).items():
            if _matches(pattern, name):
                yield from _problems(item, schema, at.into(f".{name}"))


def _additional(
    value: object, schema: object, at: _Words, in_: _Place
) -> Iterator[str]:
    known = _mapping(at.get("properties"))
    patterns = _mapping(at.get("patternProperties"))
    for name, item in _mapping(value).items():
        if name in known or any(_matches(pattern, name) for pattern in patterns):
            continue
        if schema is False:
            yield f"unexpected {name!r} at {in_.path}"
        else:
            yield from _problems(item, schema, in_.into(f".{name}"))


def _names(value: object, schema: object, _: _Words, at: _Place) -> Iterator[str]:
    for name in _mapping(value):
        yield from _problems(name, schema, at.into(f".{name}"))


def _prefix(value: object, schemas: object, _: _Words, at: _Place) -> Iterator[str]:
    for number, (item, schema) in enumerate(
        zip(_list(value), _list(schemas), strict=False)
    ):
        yield from _problems(item, schema, at.into(f"[{number}]"))


def _items(value: object, schema: object, words: _Words, at: _Place) -> Iterator[str]:
    if isinstance(schema, list):  # As it was written before draft 2020-12.
        yield from _prefix(value, cast("object", schema), words, at)
        return
    start = len(_list(words.get("prefixItems")))
    for number, item in enumerate(_list(value)[start:], start):
        yield from _problems(item, schema, at.into(f"[{number}]"))


def _rest(value: object, schema: object, words: _Words, at: _Place) -> Iterator[str]:
    before = words.get("items")
    if isinstance(before, list):
        start = len(cast("list[object]", before))
        for number, item in enumerate(_list(value)[start:], start):
            yield from _problems(item, schema, at.into(f"[{number}]"))


def _any_of(value: object, options: object, _: _Words, at: _Place) -> Iterator[str]:
    heard: list[str] = []
    for option in _list(options):
        problem = next(_problems(value, option, at), None)
        if problem is None:
            return
        heard.append(problem)
    yield "; or ".join(heard) or f"nothing is allowed at {at.path}"


def _one_of(value: object, options: object, _: _Words, at: _Place) -> Iterator[str]:
    fitting = sum(at.fits(value, option) for option in _list(options))
    if fitting == 0:
        yield from _any_of(value, options, {}, at)
    elif fitting > 1:
        yield f"fits {fitting} forms that exclude each other at {at.path}"


def _all_of(value: object, parts: object, _: _Words, at: _Place) -> Iterator[str]:
    for part in _list(parts):
        yield from _problems(value, part, at)


def _not(value: object, schema: object, _: _Words, at: _Place) -> Iterator[str]:
    if at.fits(value, schema):
        yield f"fits what is excluded at {at.path}"


def _if(value: object, schema: object, words: _Words, at: _Place) -> Iterator[str]:
    then = words.get("then" if at.fits(value, schema) else "else", True)
    yield from _problems(value, then, at)


def _bound(
    kind: type, size: Callable[..., float], fits: Callable[[float, float], bool]
) -> _Rule:
    def rule(value: object, bound: object, words: _Words, at: _Place) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(bound, int | float):
            return
        of_kind = isinstance(value, kind) or (kind is float and isinstance(value, int))
        if of_kind and not fits(size(value), bound):
            word = next(word for word, limit in words.items() if limit is bound)
            yield f"against {word} {bound} at {at.path}"

    return rule


def _pattern(value: object, pattern: object, _: _Words, at: _Place) -> Iterator[str]:
    if isinstance(value, str) and not _matches(str(pattern), value):
        yield f"does not match {pattern!r} at {at.path}"


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # A pattern in a dialect that is not Python's forbids nothing.
        return True


def _list(value: object) -> Sequence[object]:
    return cast("list[object]", value) if isinstance(value, list | tuple) else ()


def _mapping(value: object) -> _Words:
    return cast("_Words", value) if isinstance(value, Mapping) else {}


def _at_least(size: float, bound: float) -> bool:
    return size >= bound


def _at_most(size: float, bound: float) -> bool:
    return size <= bound


_RULES: dict[str, _Rule] = {
    "$ref": _reference,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "properties": _properties,
    "patternProperties": _patterns,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "prefixItems": _prefix,
    "items": _items,
    "additionalItems": _rest,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "not": _not,
    "if": _if,
    "pattern": _pattern,
    "minimum": _bound(float, float, _at_least),
    "maximum": _bound(float, float, _at_most),
    "exclusiveMinimum": _bound(float, float, lambda size, bound: size > bound),
    "exclusiveMaximum": _bound(float, float, lambda size, bound: size < bound),
    "minLength": _bound(str, len, _at_least),
    "maxLength": _bound(str, len, _at_most),
    "minItems": _bound(list, len, _at_least),
    "maxItems": _bound(list, len, _at_most),
    "minProperties": _bound(dict, len, _at_least),
    "maxProperties": _bound(dict, len, _at_most),
}
