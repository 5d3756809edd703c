"""Python types in, JSON Schema and a reader out; nothing is made strict here.

pydantic models are recognised by their methods, so that pydantic is never imported.
msgspec's types may hold them anywhere.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeGuard, cast

import msgspec

__all__ = ("PydanticModel", "is_pydantic_model", "reader_of_type", "schema_of_type")

_DEFINITION = "#/$defs/"


class PydanticModel(Protocol):
    """The methods of a pydantic model's class that matter here."""

    def model_json_schema(self, *, ref_template: str = ...) -> dict[str, object]:
        """The class's schema; ``{model}`` in the template is a definition's name."""
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
    models = _PydanticModels()
    try:
        (root,), components = msgspec.json.schema_components(
            [kind],
            ref_template=_DEFINITION + "{name}",
            schema_hook=models.schema,
        )
    except TypeError as error:
        reason = str(error).rpartition("\n")[2]
        raise TypeError(f"{kind!r} has no JSON Schema: {reason}") from None
    _put_in_order(kind, (root, components))
    if definitions := {**components, **models.definitions}:
        root = {**root, "$defs": definitions}
    return _with_whole_root(root)


def reader_of_type(kind: object) -> Callable[[bytes], Any]:
    """Give what makes a value of a type of its JSON.

    It raises a ValueError for JSON that does not fit; msgspec's own say where.

    Args:
        kind: As for ``schema_of_type``.
    """
    if is_pydantic_model(kind):
        return kind.model_validate_json
    return msgspec.json.Decoder(
        cast("type[object]", kind), dec_hook=_of_pydantic
    ).decode


def _of_pydantic(kind: type, value: object) -> object:
    if is_pydantic_model(kind):
        # As JSON, which pydantic reads in other ways than objects: a date is text.
        return kind.model_validate_json(msgspec.json.encode(value))
    raise NotImplementedError


class _PydanticModels:
    """The pydantic models inside one type, whose definitions go beside msgspec's."""

    def __init__(self) -> None:
        self.definitions: dict[str, object] = {}
        self._numbers: dict[type, int] = {}

    def schema(self, kind: type) -> dict[str, object]:
        # By number, for models that share a name and differ.
        number = self._numbers.setdefault(kind, len(self._numbers))
        if not is_pydantic_model(kind):
            raise NotImplementedError
        prefix = f"pydantic_{number}_"
        schema = kind.model_json_schema(ref_template=f"{_DEFINITION}{prefix}{{model}}")
        found = cast("dict[str, object]", schema.pop("$defs", {}))
        self.definitions |= {prefix + name: inner for name, inner in found.items()}
        return schema


def _put_in_order(kind: object, schemas: object) -> None:
    """Give the properties of TypedDicts their own order, where msgspec sorts them.

    It is the order in which a model writes them: grounds come before the verdict.
    """
    orders = {
        (shape.cls.__name__, frozenset(hints)): hints
        for shape in _typed_dicts(kind)
        if (hints := list(shape.cls.__annotations__))
    }
    waiting: list[object] = [schemas] if orders else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | tuple):
            waiting += cast("Iterable[object]", value)
        elif isinstance(value, dict):
            words = cast("dict[str, Any]", value)
            waiting += words.values()
            title, properties = words.get("title"), words.get("properties")
            if isinstance(title, str) and isinstance(properties, dict):
                held = cast("dict[str, object]", properties)
                if order := orders.get((title, frozenset(held))):
                    words["properties"] = {name: held[name] for name in order}
                    words["required"].sort(key=order.index)


def _typed_dicts(kind: object) -> Iterator["msgspec.inspect.TypedDictType"]:
    from msgspec import inspect  # noqa: PLC0415 - msgspec itself loads it with schemas

    seen: dict[int, object] = {}
    waiting: list[object] = [inspect.type_info(kind)]
    while waiting:
        shape = waiting.pop()
        if isinstance(shape, tuple):
            waiting += cast("tuple[object, ...]", shape)
        elif isinstance(shape, inspect.Type | inspect.Field) and id(shape) not in seen:
            seen[id(shape)] = shape
            if isinstance(shape, inspect.TypedDictType):
                yield shape
            waiting += [getattr(shape, name) for name in shape.__struct_fields__]


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
