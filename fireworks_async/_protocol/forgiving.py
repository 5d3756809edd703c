"""JSON that is not as documented, read all the same where its meaning is plain.

Null where an object or a list belongs, a missing list of choices, numbers as text, a
time with a fraction, broken UTF-8: servers are known to send each of them.
"""

from typing import TypeGuard, TypeVar

import msgspec

__all__ = ("decode_object", "forgiven", "is_list", "is_object")

T = TypeVar("T")

_ANY = msgspec.json.Decoder()
_TOO_DEEP = "JSON nested too deeply"


def decode_object(data: str) -> dict[str, object]:
    """Decode text that holds a JSON object.

    Raises:
        ValueError: It does not.
    """
    try:
        value: object = _ANY.decode(data)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if not is_object(value):
        raise ValueError(f"a JSON object was expected, not {type(value).__name__}")
    return value


def forgiven(value: dict[str, object], chunk: type[T]) -> T | dict[str, object]:
    """Read an object as a chunk.

    Returns:
        The chunk, or the object as it is when it carries a non-null ``error``.

    Raises:
        ValueError: It cannot be read as one.
    """
    if value.get("error") is not None:
        return value
    value["choices"] = value.get("choices") or []
    created = value.get("created")
    if isinstance(created, float):
        value["created"] = int(created)
    try:
        plain = _without_nulls(value)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    return msgspec.convert(plain, chunk, strict=False)


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a decoded value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a decoded value is a list."""
    return isinstance(value, list)


def _without_nulls(value: object) -> object:
    """Leave out null members, so that defaults stand in; null list items stay out too.

    Log probabilities may hold null items that mean something, but such an event is as
    documented and never comes here.
    """
    if is_object(value):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if is_list(value):
        return [_without_nulls(v) for v in value if v is not None]
    return value
