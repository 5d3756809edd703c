"""Values of options of ``loadtest`` that typer cannot read by itself."""

import json
from typing import Any, cast

from fireworks_async.cli._exits import UsageError

__all__ = ("json_object", "numbers", "one_of")


def numbers(name: str, text: str | None, kind: type[Any]) -> list[Any] | None:
    """Read numbers with commas between them."""
    if text is None:
        return None
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"--{name} {text}: numbers are wanted, such as 1,8,64"
        ) from None


def one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    """Let through what is known."""
    if value not in known:
        raise UsageError(f"--{name} {value}: one of {', '.join(known)} is wanted")
    return value


def json_object(name: str, text: str | None) -> dict[str, Any]:
    """Read an object; none is an empty one."""
    if text is None:
        return {}
    try:
        value: object = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UsageError(f"--{name} {text}: a JSON object is wanted")
    return cast("dict[str, Any]", value)
