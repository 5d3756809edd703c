"""Definitions of tools, in the form that the API takes; no schema is judged.

Marks for other APIs' prompt caches, which this one would refuse, are left out: it caches
by itself. Generators of older drafts write ``definitions``, those of OpenAPI
``components.schemas``. The API's tools know ``$defs`` only, and references to the others
would lead nowhere.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import cast

from fireworks_async._typing import JSONObject

__all__ = ("clean_tools", "with_modern_definitions")

_log = logging.getLogger("fireworks_async")

_CACHE_MARK = "cache_control"
_MODERN = "$defs"
_OLD = ("#/definitions/", "#/components/schemas/")
# What these hold is data, in which a ``$ref`` refers to nothing.
_DATA = frozenset({"const", "default", "enum", "examples"})


def clean_tools(tools: object) -> object:
    """Give each tool modern definitions and no cache marks; what is no tool stays."""
    if not isinstance(tools, list | tuple):
        return tools
    return [
        _clean_tool(tool, f"tools[{number}]")
        for number, tool in enumerate(cast("Iterable[object]", tools))
    ]


def _clean_tool(tool: object, where: str) -> object:
    if not isinstance(tool, Mapping):
        return tool
    fields = _without_mark(cast("JSONObject", tool), where)
    function = fields.get("function")
    if not isinstance(function, Mapping):
        return fields
    named = _without_mark(cast("JSONObject", function), f"{where}.function")
    parameters = named.get("parameters")
    if isinstance(parameters, Mapping):
        modern = with_modern_definitions(cast("JSONObject", parameters))
        if modern is not parameters:
            named = {**named, "parameters": modern}
    return fields if named is function else {**fields, "function": named}


def _without_mark(fields: JSONObject, where: str) -> JSONObject:
    if _CACHE_MARK not in fields:
        return fields
    _log.debug("%s: not sent: %s", where, _CACHE_MARK)
    return {name: value for name, value in fields.items() if name != _CACHE_MARK}


def with_modern_definitions(schema: JSONObject) -> JSONObject:
    """Move old definitions to ``$defs``, and have references to them follow.

    A definition whose name is taken there gets another. The schema is not changed; one
    without old definitions comes back as it is.
    """
    if "definitions" not in schema and "components" not in schema:
        return schema
    moved: dict[str, object] = {}
    new_names: dict[str, str] = {}
    taken = set(_mapping(schema.get(_MODERN)))
    for prefix in _OLD:
        held: object = schema
        for step in prefix.split("/")[1:-1]:
            held = _mapping(held).get(step)
        for name, definition in _mapping(held).items():
            new_name = name
            while new_name in taken:
                new_name += "_"
            taken.add(new_name)
            new_names[prefix + name] = new_name
            moved[new_name] = definition
    if not moved:
        return schema
    modern = {
        word: value
        for word, value in schema.items()
        if word not in ("definitions", "components")
    }
    modern[_MODERN] = {**_mapping(schema.get(_MODERN)), **moved}
    return _mapping(_following(modern, new_names))


def _mapping(value: object) -> JSONObject:
    return cast("JSONObject", value) if isinstance(value, Mapping) else {}


def _following(value: object, new_names: Mapping[str, str]) -> object:
    if isinstance(value, list):
        return [_following(inner, new_names) for inner in cast("list[object]", value)]
    if not isinstance(value, Mapping):
        return value
    words: dict[str, object] = {}
    for word, inner in cast("JSONObject", value).items():
        if word == "$ref" and isinstance(inner, str):
            words[word] = _new_reference(inner, new_names)
        elif word in _DATA:
            words[word] = inner
        else:
            words[word] = _following(inner, new_names)
    return words


def _new_reference(reference: str, new_names: Mapping[str, str]) -> str:
    for prefix in _OLD:
        if reference.startswith(prefix):
            name, slash, rest = reference.removeprefix(prefix).partition("/")
            # In a pointer, "~1" is a slash and "~0" a tilde.
            new_name = new_names.get(
                prefix + name.replace("~1", "/").replace("~0", "~")
            )
            if new_name is not None:
                escaped = new_name.replace("~", "~0").replace("/", "~1")
                return f"#/{_MODERN}/{escaped}{slash}{rest}"
    return reference
