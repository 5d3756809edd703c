"""A JSON Schema in the strict form, and answers to it back in the schema's own.

The strict form says the same, in what a server can enforce token by token:

* An object with ``properties`` takes no others, unless it says something of
  ``additionalProperties``: open maps stay open.
* All its properties are required. One that was optional may be null instead, which is
  taken out of the answer again by ``without_fillers``.
* ``oneOf`` beside a ``discriminator`` becomes ``anyOf``: its options exclude each other
  by their tags.

This reaches nested objects, arrays, tuples, ``anyOf``, definitions and what references
lead to. Where several schemas speak of one object at once (``allOf``, ``oneOf``,
``not``, ``if``, ``anyOf`` beside ``properties``, ...), closing one would contradict
another: those places, and all that they refer to, are left as they are.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import cast

from fireworks_async._protocol.schema_check import mismatch, resolve
from fireworks_async._typing import JSONObject

__all__ = ("strict_schema", "without_fillers")

_Pointer = tuple[str, ...]

# Recognised by identity: no other null is taken out of answers.
_FILLER: dict[str, object] = {"type": "null"}

_MAPS_OF_SCHEMAS = ("properties", "$defs", "definitions")
# A list of ``items`` is a tuple, as written before draft 2020-12.
_LISTS_OF_SCHEMAS = ("prefixItems", "items", "anyOf", "oneOf", "allOf")
_SCHEMAS = ("items", "additionalItems", "additionalProperties")
# What says more of the same value, and what says what is inside of it.
_IN_PLACE = frozenset({"$ref", "anyOf", "oneOf", "allOf"})
_INSIDE = frozenset(
    {
        "properties",
        "required",
        "additionalProperties",
        "prefixItems",
        "items",
        "additionalItems",
    }
)
_ONE_VALUE = frozenset({"const", "enum"})
_ENTANGLED = frozenset(
    {
        "$dynamicRef",
        "$recursiveRef",
        "contains",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "if",
        "maxProperties",
        "minProperties",
        "not",
        "patternProperties",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)


def strict_schema(schema: JSONObject) -> dict[str, object]:
    """Give a schema's strict form; the schema itself is not changed."""
    return _Transformation(schema).result()


def without_fillers(value: object, strict: JSONObject) -> object:
    """Take the nulls out of an answer that stand for properties left out.

    Args:
        value: What the answer's JSON decodes to; it is not changed.
        strict: A result of ``strict_schema``.
    """
    return _restore(value, strict, strict, ())


class _Transformation:
    def __init__(self, root: JSONObject) -> None:
        self._root = root
        # Entangled places' targets: closing them would close the places.
        self._kept: set[_Pointer] = set()
        # Steps of pointers that lead elsewhere in the result.
        self._moved: dict[_Pointer, _Pointer] = {}

    def result(self) -> dict[str, object]:
        self._keep_targets()
        result = cast("dict[str, object]", self._strict(self._root, ()))
        if self._moved:
            for words in _mappings_in(result):
                reference = words.get("$ref")
                if isinstance(reference, str) and reference.startswith("#/"):
                    words["$ref"] = self._moved_reference(reference)
        return result

    def _keep_targets(self) -> None:
        found = list(_entangled(self._root))
        while found:
            for words in _mappings_in(found.pop()):
                reference = words.get("$ref")
                target = _target(self._root, reference)
                if not isinstance(target, Mapping):
                    continue
                pointer = tuple(cast("str", reference).split("/")[1:])
                if pointer not in self._kept:
                    self._kept.add(pointer)
                    found.append(cast("JSONObject", target))

    def _strict(self, schema: object, at: _Pointer) -> object:
        if not isinstance(schema, Mapping):
            return schema
        words = cast("JSONObject", schema)
        if at in self._kept or _is_entangled(words):
            return copy.deepcopy(words)
        strict = {
            word: self._strict_word(word, argument, (*at, word))
            for word, argument in words.items()
        }
        if "oneOf" in strict:
            strict["anyOf"] = strict.pop("oneOf")
            self._moved[(*at, "oneOf")] = ("anyOf",)
        if isinstance(words.get("properties"), Mapping):
            self._close(words, strict, at)
        return strict

    def _strict_word(self, word: str, argument: object, at: _Pointer) -> object:
        if word in _MAPS_OF_SCHEMAS and isinstance(argument, Mapping):
            return {
                name: self._strict(inner, (*at, _escaped(name)))
                for name, inner in cast("JSONObject", argument).items()
            }
        if word in _LISTS_OF_SCHEMAS and isinstance(argument, list):
            return [
                self._strict(inner, (*at, str(number)))
                for number, inner in enumerate(cast("list[object]", argument))
            ]
        if word in _SCHEMAS:
            return self._strict(argument, at)
        return copy.deepcopy(argument)

    def _close(
        self, words: JSONObject, strict: dict[str, object], at: _Pointer
    ) -> None:
        properties = cast("dict[str, object]", strict["properties"])
        required = cast("list[str]", words.get("required", []))
        for name, schema in cast("JSONObject", words["properties"]).items():
            if name in required or mismatch(None, schema, self._root) is None:
                continue
            properties[name] = {"anyOf": [properties[name], _FILLER]}
            step = _escaped(name)
            self._moved[(*at, "properties", step)] = (step, "anyOf", "0")
        strict["required"] = list(properties)
        strict.setdefault("additionalProperties", False)

    def _moved_reference(self, reference: str) -> str:
        steps = tuple(reference.split("/")[1:])
        moved = ["#"]
        for number, step in enumerate(steps, start=1):
            moved += self._moved.get(steps[:number], (step,))
        return "/".join(moved)


def _is_entangled(words: JSONObject) -> bool:
    keys = words.keys()
    in_place = keys & _IN_PLACE
    return (
        bool(keys & _ENTANGLED)
        or len(in_place) > 1
        or bool((in_place or keys & _ONE_VALUE) and keys & _INSIDE)
        or ("oneOf" in in_place and "discriminator" not in words)
        or ("allOf" in in_place and not _is_single(words["allOf"]))
        or _requires_the_unknown(words)
    )


def _is_single(parts: object) -> bool:
    return isinstance(parts, list) and len(cast("list[object]", parts)) == 1


def _requires_the_unknown(words: JSONObject) -> bool:
    properties, required = words.get("properties"), words.get("required")
    if not isinstance(properties, Mapping) or not isinstance(required, list):
        return False
    return any(name not in properties for name in cast("list[str]", required))


def _entangled(schema: object) -> Iterator[JSONObject]:
    """Find the outermost entangled places."""
    if not isinstance(schema, Mapping):
        return
    words = cast("JSONObject", schema)
    if _is_entangled(words):
        yield words
        return
    for word, argument in words.items():
        if word in _MAPS_OF_SCHEMAS and isinstance(argument, Mapping):
            for inner in cast("JSONObject", argument).values():
                yield from _entangled(inner)
        elif word in _LISTS_OF_SCHEMAS and isinstance(argument, list):
            for inner in cast("list[object]", argument):
                yield from _entangled(inner)
        elif word in _SCHEMAS:
            yield from _entangled(argument)


def _mappings_in(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, Mapping):
        yield cast("dict[str, object]", value)
        for inner in cast("JSONObject", value).values():
            yield from _mappings_in(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _mappings_in(inner)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _restore(
    value: object, schema: object, root: object, trail: tuple[object, ...]
) -> object:
    if not isinstance(schema, Mapping):
        return value
    words = cast("JSONObject", schema)
    if "$ref" in words:
        target = None if words["$ref"] in trail else _target(root, words["$ref"])
        return _restore(value, target, root, (*trail, words["$ref"]))
    for word in ("anyOf", "allOf"):
        for option in cast("list[object]", words.get(word, [])):
            if mismatch(value, option, root) is None:
                return _restore(value, option, root, trail)
    if isinstance(value, dict):
        return _restored_object(cast("dict[str, object]", value), words, root)
    if isinstance(value, list):
        return _restored_list(cast("list[object]", value), words, root)
    return value


def _target(root: object, reference: object) -> object:
    try:
        return resolve(root, reference)
    except LookupError:
        return None


def _restored_object(
    value: dict[str, object], words: JSONObject, root: object
) -> dict[str, object]:
    properties = cast("JSONObject", words.get("properties", {}))
    others = words.get("additionalProperties")
    return {
        name: _restore(inner, properties.get(name, others), root, ())
        for name, inner in value.items()
        if inner is not None or not _is_filled(properties.get(name))
    }


def _is_filled(schema: object) -> bool:
    if not isinstance(schema, Mapping):
        return False
    options = cast("list[object]", cast("JSONObject", schema).get("anyOf", []))
    return bool(options) and options[-1] is _FILLER


def _restored_list(
    value: list[object], words: JSONObject, root: object
) -> list[object]:
    items = words.get("items")
    first = cast("list[object]", words.get("prefixItems", []))
    if isinstance(items, list):
        first, items = cast("list[object]", items), words.get("additionalItems")
    return [
        _restore(inner, first[at] if at < len(first) else items, root, ())
        for at, inner in enumerate(value)
    ]
