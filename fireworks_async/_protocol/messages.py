"""What users write, in the forms that the API takes: messages and choices of words.

The API's schema is closed: a message, a part or a tool call with one key too many is
refused with a 400. So what leaves here is built from lists of known keys, and never by
changing the caller's objects. No request is put together here; that is ``requests``.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard, cast

from msgspec import UNSET

from fireworks_async._typing import JSONObject

__all__ = (
    "clean_messages",
    "clean_reasoning_effort",
    "clean_tool_choice",
    "inline_document",
)

_log = logging.getLogger("fireworks_async")

# ``name`` is not here: only the API of 2024 had it, the closed schema does not.
_SPOKEN = ("role", "content")
_KEYS_BY_ROLE: dict[str, tuple[str, ...]] = {
    "system": _SPOKEN,
    "user": _SPOKEN,
    "assistant": (*_SPOKEN, "reasoning_content", "tool_calls"),
    "tool": (*_SPOKEN, "tool_call_id"),
}
# The role is an open string in the schema; one that is new may use every key.
_KEYS = (*_SPOKEN, "reasoning_content", "tool_calls", "tool_call_id")

# OpenAI's newer name of the system's role. The templates of few models know it.
_SYSTEM_OF_OPENAI = "developer"

_TOOL_CALL_KEYS = ("id", "type", "function")
_FUNCTION_KEYS = ("name", "arguments")

_IMAGE_KEYS = ("url", "detail")
_VIDEO_KEYS = ("url", "detail", "max_frames", "sample_fps", "spatial_limit")
_FILE_KEYS = ("file_data", "file_url", "file_id")
_PART_KEYS = ("type", "text", "image_url", "video_url", "audio_url", "file")

_INLINE = "transform=inline"


def clean_messages(messages: object, *, inline_documents: bool) -> list[JSONObject]:
    """Leave out of each message what the API would refuse.

    Args:
        messages: Dicts, other mappings, or objects whose attributes carry the names on
            the wire, such as a received ``completion.choices[0].message``. They are not
            changed; what needs no cleaning is passed on as it is.
        inline_documents: Mark the images of users' messages as documents that the API
            is to turn into text; for models that do not see images.

    Raises:
        TypeError: ``messages`` or one of them is of a type that holds no messages.
        ValueError: A message is without a role, one of its parts cannot be sent, or
            there are more or larger images than the API takes.
    """
    kind = type(messages)
    if kind is list:
        listed = cast("list[JSONObject]", messages)
        if all(map(_is_plain, listed)):
            return listed
    if isinstance(messages, str | bytes | Mapping) or not isinstance(
        messages, Iterable
    ):
        raise TypeError(
            f"messages: expected a list of messages, not {kind.__name__}; "
            "write [{'role': 'user', 'content': ...}]"
        )
    cleaned: list[JSONObject] = [
        message
        if _is_plain(message)
        else _clean_message(message, f"messages[{number}]", inline_documents)
        for number, message in enumerate(cast("Iterable[object]", messages))
    ]
    from fireworks_async._protocol.media import check_media  # noqa: PLC0415 - on first use

    check_media(cleaned)
    return cleaned


def _is_plain(message: object) -> TypeGuard[JSONObject]:
    """Recognise the commonest message at once: a dict of a role and a text."""
    if type(message) is not dict:
        return False
    fields = cast("JSONObject", message)
    return (
        len(fields) == 2
        and type(fields.get("content")) is str
        and type(role := fields.get("role")) is str
        and role != _SYSTEM_OF_OPENAI
    )


def _clean_message(
    message: object, where: str, inline_documents: bool
) -> dict[str, object]:
    fields = _fields_of(message, _KEYS, where)
    role = fields.get("role")
    if not isinstance(role, str):
        raise ValueError(f"{where} has no 'role'")  # noqa: TRY004 - it is missing
    if role == _SYSTEM_OF_OPENAI:
        role = "system"
    cleaned = _keep(fields, _KEYS_BY_ROLE.get(role, _KEYS), where)
    cleaned["role"] = role
    content = fields.get("content", UNSET)
    if content is not UNSET:
        inline = inline_documents and role == "user"
        cleaned["content"] = _clean_content(content, where, inline=inline)
    if "tool_calls" in cleaned:
        calls = _sequence(cleaned["tool_calls"], f"{where}.tool_calls")
        cleaned["tool_calls"] = [
            _clean_tool_call(call, f"{where}.tool_calls[{position}]")
            for position, call in enumerate(calls)
        ]
    return cleaned


def _clean_content(content: object, where: str, *, inline: bool) -> object:
    # None is a value here, unlike elsewhere: an assistant that only calls tools.
    if content is None or isinstance(content, str):
        return content
    parts = _sequence(content, f"{where}.content", "text or a list of parts")
    return [
        _clean_part(part, f"{where}.content[{position}]", inline=inline)
        for position, part in enumerate(parts)
    ]


def _clean_part(part: object, where: str, *, inline: bool) -> object:
    fields = _fields_of(part, _PART_KEYS, where)
    kind = fields.get("type")
    if kind == "text":
        return _keep(fields, ("type", "text"), where)
    if kind == "image_url":
        return _clean_image(fields, where, inline=inline)
    if kind == "file":
        return _clean_image(_image_of_file(fields, where), where, inline=inline)
    if kind == "video_url":
        return _clean_medium(fields, "video_url", _VIDEO_KEYS, where)
    if kind == "audio_url":
        # What an audio_url may hold beside its url is documented nowhere.
        return _clean_medium(fields, "audio_url", None, where)
    if kind is None:
        raise ValueError(f"{where} has no 'type'")
    # The type is an open string in the schema: the API decides.
    return part


def _clean_image(fields: JSONObject, where: str, *, inline: bool) -> dict[str, object]:
    cleaned = _clean_medium(fields, "image_url", _IMAGE_KEYS, where)
    image = cleaned.get("image_url")
    if inline and isinstance(image, str):
        cleaned["image_url"] = inline_document(image)
    elif inline and isinstance(image, dict):
        kept = cast("dict[str, object]", image)
        url = kept.get("url")
        if isinstance(url, str):
            kept["url"] = inline_document(url)
    return cleaned


def _clean_medium(
    fields: JSONObject, kind: str, keys: Sequence[str] | None, where: str
) -> dict[str, object]:
    """Keep a medium's URL, or of its object the ``keys``, None for all."""
    cleaned = _keep(fields, ("type", kind), where)
    medium = cleaned.get(kind)
    if medium is not None and keys is not None and not isinstance(medium, str):
        place = f"{where}.{kind}"
        cleaned[kind] = _keep(_fields_of(medium, keys, place), keys, place)
    return cleaned


def _image_of_file(fields: JSONObject, where: str) -> JSONObject:
    """Turn OpenAI's ``file`` part, which the API does not have, into an image."""
    file = _fields_of(fields.get("file"), _FILE_KEYS, f"{where}.file")
    for key in _FILE_KEYS:
        url = file.get(key)
        if isinstance(url, str) and _scheme(url) in {"data", "http", "https"}:
            return {"type": "image_url", "image_url": {"url": url}}
    raise ValueError(
        f"{where}: the API takes no files; give file.file_data as a data: URL, "
        "or an image_url part"
    )


def _clean_tool_call(call: object, where: str) -> dict[str, object]:
    cleaned = _keep(_fields_of(call, _TOOL_CALL_KEYS, where), _TOOL_CALL_KEYS, where)
    function = cleaned.get("function")
    if function is None:
        raise ValueError(f"{where} has no 'function'")
    if not isinstance(function, str):
        place = f"{where}.function"
        cleaned["function"] = _keep(
            _fields_of(function, _FUNCTION_KEYS, place), _FUNCTION_KEYS, place
        )
    return cleaned


def _fields_of(value: object, keys: Sequence[str], where: str) -> JSONObject:
    """Read a mapping as it is, and of an object the attributes named like ``keys``."""
    if isinstance(value, Mapping):
        return cast("JSONObject", value)
    fields = {key: getattr(value, key) for key in keys if hasattr(value, key)}
    if not fields:
        raise TypeError(
            f"{where}: expected a mapping or an object with {' or '.join(keys)}, "
            f"not {type(value).__name__}"
        )
    return fields


def _keep(fields: JSONObject, keys: Sequence[str], where: str) -> dict[str, object]:
    kept = {
        key: value
        for key in keys
        if (value := fields.get(key)) is not None and value is not UNSET
    }
    if len(kept) < len(fields) and _log.isEnabledFor(logging.DEBUG):
        left_out = [
            str(key)
            for key, value in fields.items()
            if key not in keys and value is not None
        ]
        if left_out:
            _log.debug("%s: not sent: %s", where, ", ".join(left_out))
    return kept


def _sequence(value: object, where: str, kind: str = "a list") -> Sequence[object]:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return cast("Sequence[object]", value)
    raise TypeError(f"{where}: expected {kind}, not {type(value).__name__}")


def _scheme(url: str) -> str:
    return url[:8].lstrip().partition(":")[0].lower()


def inline_document(url: str) -> str:
    """Ask the API to turn what ``url`` names into text.

    The mark is a fragment, so it comes after a query string. ``data:`` URLs, in which
    it would spoil the base64, and URLs that have it already come back unchanged.
    """
    if not url or _scheme(url) == "data" or _INLINE in url.partition("#")[2]:
        return url
    return f"{url}#{_INLINE}"


def clean_tool_choice(choice: object) -> object:
    """Give a choice of tool the API's form.

    A function's name, ``{"type": "tool", "name": n}`` and ``{"type": "function",
    "name": n}`` become ``{"type": "function", "function": {"name": n}}``. The words
    ``auto``, ``none``, ``any`` and ``required`` and all other objects go as typed.

    Raises:
        ValueError: The choice is the empty string.
    """
    if isinstance(choice, str):
        if not choice:
            raise ValueError("tool_choice is empty; leave it out or name a function")
        if choice in {"auto", "none", "any", "required"}:
            return choice
        return {"type": "function", "function": {"name": choice}}
    if not isinstance(choice, Mapping):
        return choice
    fields = cast("JSONObject", choice)
    if (
        fields.get("type") in ("tool", "function")
        and "name" in fields
        and "function" not in fields
    ):
        return {"type": "function", "function": {"name": fields["name"]}}
    return fields


def clean_reasoning_effort(effort: object) -> object | None:
    """Give an effort the API's word; None means that none is to be sent.

    ``minimal`` becomes ``low``, the least that any model takes; ``default`` and
    ``auto`` become None. Other words, ints and bools go as typed. ``{"effort": x}``, as
    OpenAI's newer API has it, is read as ``x``.
    """
    if isinstance(effort, Mapping):
        fields = cast("JSONObject", effort)
        if [*fields] == ["effort"]:
            return clean_reasoning_effort(fields["effort"])
        return fields
    if effort == "minimal":
        return "low"
    if effort in ("default", "auto"):
        return None
    return effort
