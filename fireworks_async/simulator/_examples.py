"""A value that fits a JSON Schema, made in the simplest way that is never wrong often.

It knows the schema words that the API supports and ignores the others.
"""

from typing import Any, cast

__all__ = ("example",)

_DEEPEST = 12


def example(schema: Any) -> Any:
    """Make a value that fits `schema`; an object for a schema that says nothing."""
    return _example(schema, schema, 0)


def _example(schema: Any, root: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return {} if schema is True else None
    words = cast("dict[str, Any]", schema)
    if fixed := [words["const"]] if "const" in words else words.get("enum"):
        return fixed[0]
    if "$ref" in words:
        return _example(_resolve(words["$ref"], root), root, depth + 1)
    options = words.get("anyOf") or words.get("oneOf") or words.get("allOf")
    if not options:
        return _typed(words, root, depth)
    # The shortest way out of a recursive schema is its null.
    if depth > _DEEPEST // 4 and {"type": "null"} in options:
        return None
    return _example(options[0], root, depth + 1)


def _typed(schema: dict[str, Any], root: Any, depth: int) -> Any:
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = cast("list[str]", kind)[0]
    if kind == "array":
        count = max(1 if depth < _DEEPEST // 2 else 0, schema.get("minItems", 0))
        return [_example(schema.get("items", {}), root, depth + 1)] * count
    if kind == "object":
        return {
            name: _example(inner, root, depth + 1)
            for name, inner in schema.get("properties", {}).items()
            if depth < _DEEPEST // 2 or name in schema.get("required", ())
        }
    if kind == "integer":
        return int(schema.get("minimum", 1))
    return {
        "string": "text",
        "number": float(schema.get("minimum", 1.5)),
        "boolean": True,
    }.get(kind)


def _resolve(reference: str, root: Any) -> Any:
    found = root
    for part in reference.removeprefix("#").split("/")[1:]:
        if not isinstance(found, dict):
            return None
        name = part.replace("~1", "/").replace("~0", "~")
        found = cast("dict[str, Any]", found).get(name)
    return found
