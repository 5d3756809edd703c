"""Definitions of a tool's schema, put where the API looks for them; no schema is judged.

Generators of older drafts write ``definitions``, those of OpenAPI
``components.schemas``. The API's tools know ``$defs`` only, and references to the others
would lead nowhere.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from fireworks_async._typing import JSONObject

__all__ = ("clean_tools", "with_modern_definitions")

_MODERN = "$defs"
_OLD = ("#/definitions/", "#/components/schemas/")
# What these hold is data, in which a ``$ref`` refers to nothing.
_DATA = frozenset({"const", "default", "enum", "examples"})


def clean_tools(tools: object) -> object:
    """Give the parameters of each tool modern definitions; what is no tool stays."""
    if not isinstance(tools, list | tuple):
        return tools
    return [_clean_tool(tool) for tool in cast("Iterable[object]", tools)]


def _clean_tool(tool: object) -> object:
    function = _mapping(_mapping(tool).get("function"))
    parameters = _mapping(function.get("parameters"))
    modern = with_modern_definitions(parameters)
    if modern is parameters:
        return tool
    return {**_mapping(tool), "function": {**function, "parameters": modern}}


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
