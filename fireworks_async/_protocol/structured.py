"""What an answer is to be, told to the API; and its text, made into that.

A ``ResponseType`` knows a type's schema and reads texts; which part of a completion is
the answer, and which error its absence is, is known in ``parsed``.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar, cast

import msgspec

from fireworks_async._protocol.schema_check import mismatch
from fireworks_async._protocol.strict_schema import strict_schema, without_fillers
from fireworks_async._protocol.type_schema import reader_of_type, schema_of_type
from fireworks_async._typing import JSONObject

__all__ = ("ResponseType", "json_in")

T = TypeVar("T")

_RESPONSE_FORMATS = frozenset({"text", "json_object", "json_schema", "grammar"})
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]+")
_LONGEST_NAME = 64
_WRAPPED = "value"
_DEFINITIONS = frozenset({"$defs", "definitions"})

_THOUGHTS = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"\s*```\w*\n(.*?)```\s*", re.DOTALL)


class ResponseType(Generic[T]):
    """The type that answers are to have.

    Attributes:
        name: What the API calls it: letters, digits, ``_`` and ``-``.
        description: What the type's schema says of it, or None.
    """

    def __init__(
        self, name: str, schema: JSONObject, decode: Callable[[bytes], T]
    ) -> None:
        self.name = _NOT_IN_NAMES.sub("_", name).strip("_")[:_LONGEST_NAME] or "answer"
        said = schema.get("description")
        self.description = said if isinstance(said, str) else None
        self._schema = schema
        self._decode = decode

    @classmethod
    def of(cls, wanted: object) -> "ResponseType[Any]":
        """Make one of a type, or of a JSON Schema, which gives plain values.

        Args:
            wanted: Whatever ``schema_of_type`` takes, or a mapping.

        Raises:
            TypeError: JSON has no form for it.
        """
        if isinstance(wanted, Mapping):
            return _of_schema(cast("JSONObject", wanted))
        return _of_class(wanted) if isinstance(wanted, type) else _of_type(wanted)

    def schema(self, *, strict: bool) -> JSONObject:
        """The JSON Schema, in the strict form or as it is; not to be changed."""
        return self._strict_schema if strict else self._schema

    def tool(self, *, strict: bool) -> dict[str, object]:
        """A function whose arguments are the answer.

        Arguments are an object, so that any other answer is wrapped in one.
        """
        schema = self.schema(strict=strict)
        function: dict[str, object] = {"name": self.name}
        if self.description is not None:
            function["description"] = self.description
        function["parameters"] = schema if _is_of_object(schema) else _wrapped(schema)
        return {"type": "function", "function": function}

    def read(self, text: str, *, strict: bool, is_tool: bool = False) -> T:
        """Make the value of a text.

        Args:
            text: The content, or with ``is_tool`` the arguments of ``tool``'s call.
            strict: Whether the strict schema was asked for.
            is_tool: Whether the text may be wrapped as ``tool`` says.

        Raises:
            ValueError: The text is not JSON, or does not fit; the message says where.
        """
        data = json_in(text).encode()
        wraps = is_tool and not _is_of_object(self.schema(strict=strict))
        try:
            if strict or wraps:
                value = msgspec.json.decode(data)
                if wraps and isinstance(value, dict):
                    value = cast("dict[str, object]", value).get(_WRAPPED)
                if strict:
                    value = without_fillers(value, self._strict_schema)
                data = msgspec.json.encode(value)
            return self._decode(data)
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from None
        except RecursionError:
            raise ValueError("it is nested too deeply") from None

    @cached_property
    def _strict_schema(self) -> dict[str, object]:
        return strict_schema(self._schema)


def json_in(text: str) -> str:
    """Leave out what some models write around their JSON: thoughts, a code fence."""
    if thoughts := _THOUGHTS.match(text):
        text = text[thoughts.end() :]
    fenced = _FENCED.fullmatch(text)
    return fenced[1] if fenced else text


def _of_schema(schema: JSONObject) -> ResponseType[object]:
    if schema.get("type") in _RESPONSE_FORMATS:
        raise TypeError(
            "response_format: parse() takes a type or the schema alone; "
            "a whole response_format goes to create()"
        )

    def decode(data: bytes) -> object:
        value = msgspec.json.decode(data)
        if (problem := mismatch(value, schema)) is not None:
            raise ValueError(problem)
        return value

    title = schema.get("title")
    return ResponseType(title if isinstance(title, str) else "", schema, decode)


def _of_type(kind: object) -> ResponseType[object]:
    schema = schema_of_type(kind)
    name = str(getattr(kind, "__name__", ""))
    return ResponseType(name, schema, reader_of_type(kind))


# A program asks for few types, many times; classes can always be keys.
_of_class = lru_cache(maxsize=128)(_of_type)


def _is_of_object(schema: JSONObject) -> bool:
    return schema.get("type") == "object"


def _wrapped(schema: JSONObject) -> dict[str, object]:
    outer: dict[str, object] = {"type": "object"}
    outer["properties"] = {
        _WRAPPED: _lowered(
            {word: inner for word, inner in schema.items() if word not in _DEFINITIONS}
        )
    }
    outer["required"] = [_WRAPPED]
    outer["additionalProperties"] = False
    for word in _DEFINITIONS & schema.keys():
        outer[word] = _lowered(schema[word])
    return outer


def _lowered(value: object) -> object:
    """Turn references to the schema, other than to definitions, to where it is now."""
    if isinstance(value, list):
        return [_lowered(inner) for inner in cast("list[object]", value)]
    if not isinstance(value, Mapping):
        return value
    words = {word: _lowered(inner) for word, inner in cast("JSONObject", value).items()}
    match words.get("$ref"):
        case str(to) if to == "#" or to.startswith("#/"):
            if to.split("/")[1:2] not in (["$defs"], ["definitions"]):
                words["$ref"] = f"#/properties/{_WRAPPED}{to[1:]}"
        case _:
            pass
    return words
