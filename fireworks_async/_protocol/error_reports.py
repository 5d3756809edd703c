"""What the body of an error says, whatever its shape; no exception is made here.

The shapes, all seen: ``{"error": {...}}`` of OpenAI, ``{"error": "text"}`` with or
without a ``message`` beside it, ``{"detail": ...}`` with text or a list of pydantic's,
``{"message": ...}``, ``{"error_message": ...}``, a list of any of these, a JSON string,
plain text, an HTML page of the gateway, nothing.
"""

from typing import TypeGuard

import msgspec

__all__ = ("ErrorReport", "excerpt", "read_error")

_LONGEST_BODY = 64 * 1024
# Nothing nested deeper is kept as a value: copying or pickling the error would run out
# of stack.
_DEEPEST_BODY = 32
_DEEPEST_MESSAGE = 4
_MOST_MESSAGES = 20
# An ``error`` that is an object holds the message; one that is text is often a mere
# label beside it.
_ERROR_FIRST = ("error", "message", "msg", "detail", "error_message")
_ERROR_LAST = (*_ERROR_FIRST[1:], "error")


class ErrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """An error body, read.

    Attributes:
        message: The API's own words; ``""`` when it used none.
        code: ``error.code``, or ``code`` beside it.
        type: ``error.type``, or ``type`` beside it.
        param: ``error.param``, or ``param`` beside it.
        request_id: ``request_id``, in the error or beside it.
        status: The HTTP error status that the body itself names, or None.
        text: The body as text, at most 64 KiB of it.
        body: The decoded JSON; the text when it is not JSON or nested too deeply to be
            handled; None when it is empty.
    """

    message: str
    code: str | int | None
    type: str | None
    param: str | None
    request_id: str | None
    status: int | None
    text: str
    body: object


def read_error(data: bytes | str) -> ErrorReport:
    """Read the body of an error; never raises."""
    if isinstance(data, str):
        data = data[:_LONGEST_BODY].encode("utf-8", "replace")
    text = data[:_LONGEST_BODY].decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        # From the mended text, so that one broken character does not cost the message.
        payload: object = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return _read_text(text)
    top = _first_object(payload)
    inner = top.get("error")
    objects = [inner, top] if _is_object(inner) else [top]
    code = _first(objects, "code")
    return ErrorReport(
        message=_words(payload),
        code=code if isinstance(code, str) or _is_int(code) else None,
        type=_first_text(objects, "type"),
        param=_first_text(objects, "param"),
        request_id=_first_text(objects, "request_id"),
        status=_named_status(objects),
        text=text,
        body=text if _is_deep(payload) else payload,
    )


def excerpt(text: str, longest: int = 200) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _read_text(text: str) -> ErrorReport:
    words = excerpt(text)
    return ErrorReport(
        # Markup is made for browsers, and is no message.
        message="" if words.startswith("<") else words,
        code=None,
        type=None,
        param=None,
        request_id=None,
        status=None,
        text=text,
        body=text if words else None,
    )


def _words(value: object, depth: int = 0) -> str:
    """The message in a value of any shape; ``""`` when there is none."""
    if isinstance(value, str):
        return value.strip()
    if depth == _DEEPEST_MESSAGE:
        return ""
    if _is_list(value):
        found = (_words(item, depth + 1) for item in value[:_MOST_MESSAGES])
        return "; ".join(words for words in found if words)
    if not _is_object(value):
        return ""
    keys = _ERROR_LAST if isinstance(value.get("error"), str) else _ERROR_FIRST
    for key in keys:
        if words := _words(value.get(key), depth + 1):
            return _located(words, value.get("loc"))
    return ""


def _located(words: str, where: object) -> str:
    """Put pydantic's path of the offending value in front of what it says."""
    if not _is_list(where):
        return words
    path = ".".join(str(step) for step in where if isinstance(step, str | int))
    return f"{path}: {words}"


def _named_status(objects: list[dict[str, object]]) -> int | None:
    for found in objects:
        for key in ("status", "status_code", "code"):
            value = found.get(key)
            if isinstance(value, str) and len(value) == 3 and value.isdecimal():
                value = int(value)
            if _is_int(value) and 400 <= value <= 599:
                return value
    return None


def _first(objects: list[dict[str, object]], key: str) -> object:
    values = (found.get(key) for found in objects)
    return next((value for value in values if value is not None and value != ""), None)


def _first_text(objects: list[dict[str, object]], key: str) -> str | None:
    value = _first(objects, key)
    return value if isinstance(value, str) else None


def _first_object(value: object) -> dict[str, object]:
    if _is_list(value):
        value = value[0] if value else None
    return value if _is_object(value) else {}


def _is_deep(value: object) -> bool:
    """Whether anything is nested deeper than can be kept; level by level, no stack."""
    level = [value]
    for _ in range(_DEEPEST_BODY):
        below: list[object] = []
        for item in level:
            if _is_list(item):
                below += item
            elif _is_object(item):
                below += item.values()
        if not below:
            return False
        level = below
    return True


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
