"""A value that fits a JSON Schema, made in the simplest way that is never wrong often.

It knows the schema words that the API supports and ignores the others.
"""

from typing import Any

__all__ = ("example",)

_DEEPEST = 12


def example(schema: object) -> Any:
    """Make a value that fits `schema`; an object for a schema that says nothing."""
    return _example(schema, schema, 0)


def _example(schema: object, root: object, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return {} if schema is True else None
    match schema:
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"$ref": str(reference)}:
            inner = _resolve(reference, root)
        case {"anyOf": [*options]} | {"oneOf": [*options]} if options:
            # The shortest way out of a recursive schema is its null.
            null = {"type": "null"}
            inner = null if null in options and depth > 2 else options[0]
        case {"allOf": [inner, *_]}:
            pass
        case _:
            return _typed(schema, root, depth)
    return _example(inner, root, depth + 1)


def _typed(schema: dict[str, Any], root: object, depth: int) -> Any:
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = kind[0]
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


def _resolve(reference: str, root: object) -> object:
    found = root
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found
