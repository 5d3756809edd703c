"""Whether what a request gives as a JSON Schema is one; what would fit it is not asked.

The API's complaints about schemas were never seen: the words are our own.
"""

from collections.abc import Iterator
from typing import Any, TypeGuard

import msgspec

from fireworks_async.simulator._schemas import is_list

__all__ = ("schema_in", "schema_problems")

_SCHEMA = (dict, bool)
_WORDS: dict[str, tuple[type, ...]] = {
    "$defs": (dict,),
    "$ref": (str,),
    "additionalProperties": _SCHEMA,
    "allOf": (list,),
    "anyOf": (list,),
    "contains": _SCHEMA,
    "definitions": (dict,),
    "enum": (list,),
    "exclusiveMaximum": (int, float, bool),
    "exclusiveMinimum": (int, float, bool),
    "format": (str,),
    "items": (*_SCHEMA, list),
    "maxItems": (int,),
    "maxLength": (int,),
    "maxProperties": (int,),
    "maximum": (int, float),
    "minItems": (int,),
    "minLength": (int,),
    "minProperties": (int,),
    "minimum": (int, float),
    "multipleOf": (int, float),
    "oneOf": (list,),
    "pattern": (str,),
    "prefixItems": (list,),
    "properties": (dict,),
    "propertyNames": _SCHEMA,
    "required": (list,),
    "type": (str, list),
    "uniqueItems": (bool,),
}
# Whose values hold schemas: by name, one after the other, or as they are.
_HOLD = frozenset(
    {
        "$defs",
        "additionalProperties",
        "allOf",
        "anyOf",
        "contains",
        "definitions",
        "items",
        "oneOf",
        "prefixItems",
        "properties",
        "propertyNames",
    }
)
_NAMED = frozenset({"$defs", "definitions", "properties"})


def schema_in(response_format: dict[str, Any]) -> Any:
    """The schema that an answer has to fit; an empty one when there is none.

    Raises:
        msgspec.DecodeError: It is given as text, and that is no JSON.
    """
    schema: Any = (
        response_format.get("json_schema") or response_format.get("schema") or {}
    )
    if isinstance(schema, str):
        schema = msgspec.json.decode(schema)
    # The OpenAI form has the schema one level down, the older form is the schema.
    return schema.get("schema", schema) if _is_object(schema) else schema


def schema_problems(schema: Any, path: str) -> Iterator[str]:
    """Give a complaint for each word that is not what JSON Schema makes of it."""
    waiting: list[tuple[Any, str]] = [(schema, path)]
    while waiting:
        part, place = waiting.pop()
        if not _is_object(part):
            if not isinstance(part, bool):
                yield f"Invalid JSON schema: expected an object, field: '{place}'"
            continue
        for word, value in part.items():
            kinds = _WORDS.get(word)
            at = f"{place}.{word}"
            if kinds is None:
                continue
            if type(value) not in kinds or not _has_texts(word, value):
                yield f"Invalid JSON schema: '{word}' cannot be that, field: '{at}'"
            elif word in _HOLD:
                waiting += _held(word, value, at)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _has_texts(word: str, value: Any) -> bool:
    if word not in ("required", "type") or not is_list(value):
        return True
    return all(isinstance(each, str) for each in value)


def _held(word: str, value: Any, place: str) -> Iterator[tuple[Any, str]]:
    if word in _NAMED:
        yield from ((inner, f"{place}.{name}") for name, inner in value.items())
    elif is_list(value):
        yield from ((inner, f"{place}[{n}]") for n, inner in enumerate(value))
    else:
        yield value, place
