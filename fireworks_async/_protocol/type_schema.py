"""Python types in, JSON Schema out; nothing is made strict here.

pydantic models are recognised by their methods, so that pydantic is never imported.
"""

from collections.abc import Mapping
from typing import Protocol, TypeGuard, cast

import msgspec

__all__ = ("PydanticModel", "is_pydantic_model", "schema_of_type")

_DEFINITION = "#/$defs/"


class PydanticModel(Protocol):
    """The two methods of a pydantic model's class that matter here."""

    def model_json_schema(self) -> dict[str, object]:
        """The class's schema."""
        ...

    def model_validate_json(self, json_data: bytes) -> object:
        """An object of the class."""
        ...


def is_pydantic_model(kind: object) -> TypeGuard[PydanticModel]:
    """Recognise a pydantic model's class."""
    return isinstance(kind, type) and all(
        hasattr(kind, name) for name in ("model_json_schema", "model_validate_json")
    )


def schema_of_type(kind: object) -> dict[str, object]:
    """Give the schema of a type: its definitions, if any, are under ``$defs``.

    The root is never a bare reference, which some servers do not take.

    Args:
        kind: All that msgspec knows (Structs, dataclasses, TypedDicts, enums, literals,
            unions, dates, containers, ...), or a pydantic model's class.

    Raises:
        TypeError: JSON has no form for it, or for a type inside of it.
    """
    if is_pydantic_model(kind):
        return _with_whole_root(kind.model_json_schema())
    try:
        (root,), components = msgspec.json.schema_components(
            [kind], ref_template=_DEFINITION + "{name}"
        )
    except TypeError as error:
        reason = str(error).rpartition("\n")[2]
        raise TypeError(f"{kind!r} has no JSON Schema: {reason}") from None
    if components:
        root = {**root, "$defs": components}
    return _with_whole_root(root)


def _with_whole_root(schema: Mapping[str, object]) -> dict[str, object]:
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith(_DEFINITION):
        return dict(schema)
    name = reference.removeprefix(_DEFINITION)
    definitions = cast("dict[str, dict[str, object]]", schema["$defs"])
    whole = definitions[name]
    # The definition itself stays only for a type that refers to itself.
    if reference.encode() not in msgspec.json.encode(definitions):
        definitions = {key: value for key, value in definitions.items() if key != name}
    return {**whole, **({"$defs": definitions} if definitions else {})}
