"""A call's body, encoded once for all of its attempts; nothing is sent from here."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import msgspec

from fireworks_async._protocol.messages import (
    clean_messages,
    clean_reasoning_effort,
    clean_tool_choice,
)
from fireworks_async._typing import JSONObject

if TYPE_CHECKING:
    from fireworks_async._protocol.multipart import MultipartBody

__all__ = ("JSON_HEADERS", "WireRequest", "encode_chat", "encode_json", "encode_text")


class WireRequest(msgspec.Struct, frozen=True, gc=False):
    """What one attempt sends, but for the key and the host.

    Attributes:
        path: Path below the base URL, which ends in ``/v1``.
        headers: What the body is, and what is wanted back.
        body: JSON, a form with a file, or nothing.
        method: The HTTP method.
        choices: How many choices a completion was asked for.
    """

    path: str
    headers: Mapping[str, str]
    body: "bytes | MultipartBody" = b""
    method: str = "POST"
    choices: int = 1


# What other clients' arguments are by default.
_UNSET_ELSEWHERE = ("NotGiven", "Omit")

JSON_HEADERS = MappingProxyType(
    {"Content-Type": "application/json", "Accept": "application/json"}
)
_STREAM_HEADERS = MappingProxyType(
    {"Content-Type": "application/json", "Accept": "text/event-stream"}
)


def encode_chat(
    *,
    model: str,
    messages: object,
    params: Mapping[str, object],
    extra_body: JSONObject | None = None,
    inline_documents: bool = False,
) -> WireRequest:
    """Encode a chat completion, always as a stream that reports its usage.

    Args:
        model: The full name of the model.
        messages: See ``clean_messages``.
        params: Fields of ``ChatParams``; those that are None are not sent.
        extra_body: Merged last and as it is, None included. Only ``stream`` and
            ``stream_options.include_usage`` cannot be changed by it.
        inline_documents: See ``clean_messages``.

    Raises:
        TypeError: A value has no form in JSON; the text names the field.
        ValueError: A number is not finite, text is not Unicode, ``thinking`` and
            ``reasoning_effort`` are both there, or a message cannot be sent.
    """
    body = {
        "model": model,
        "messages": clean_messages(messages, inline_documents=inline_documents),
        **_present(params),
    }
    if "tools" in body:
        from fireworks_async._protocol.definitions import clean_tools  # noqa: PLC0415 - on first use

        body["tools"] = clean_tools(body["tools"])
    if "tool_choice" in body:
        body["tool_choice"] = clean_tool_choice(body["tool_choice"])
    return _streamed("/chat/completions", body, extra_body)


def encode_text(
    *,
    model: str,
    prompt: object,
    params: Mapping[str, object],
    extra_body: JSONObject | None = None,
) -> WireRequest:
    """Encode a text completion, always as a stream that reports its usage.

    Args:
        model: The full name of the model.
        prompt: Text, token ids, or a list of either.
        params: Fields of ``CompletionParams``; those that are None are not sent.
        extra_body: As for ``encode_chat``.

    Raises:
        TypeError: A value has no form in JSON, or the prompt is none.
        ValueError: As for ``encode_chat``, or the prompt is an empty list, or there
            are more or larger images than the API takes.
    """
    body = {"model": model, "prompt": _checked_prompt(prompt), **_present(params)}
    if "images" in body:
        from fireworks_async._protocol.media import check_images  # noqa: PLC0415 - on first use

        check_images(body["images"])
    return _streamed("/completions", body, extra_body)


def _present(params: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in params.items() if value is not None}


def _streamed(
    path: str, body: dict[str, object], extra_body: JSONObject | None
) -> WireRequest:
    if "reasoning_effort" in body:
        effort = clean_reasoning_effort(body.pop("reasoning_effort"))
        if effort is not None:
            body["reasoning_effort"] = effort
    if extra_body:
        body.update(extra_body)
    if body.get("thinking") is not None and body.get("reasoning_effort") is not None:
        raise ValueError(
            "thinking and reasoning_effort exclude each other: the API refuses both"
        )
    body["stream"] = True
    body["stream_options"] = _with_usage(body.get("stream_options"))
    return WireRequest(
        path, _STREAM_HEADERS, encode_json(body), choices=_choices_of(body)
    )


def _choices_of(body: Mapping[str, object]) -> int:
    """How many choices the API gives: ``n`` for each prompt."""
    n, prompt = body.get("n"), body.get("prompt")
    each = n if isinstance(n, int) else 1
    if isinstance(prompt, Sequence) and prompt and not isinstance(prompt, str):
        prompts = cast("Sequence[object]", prompt)
        if not isinstance(prompts[0], int):
            return each * len(prompts)
    return each


def _checked_prompt(prompt: object) -> object:
    if isinstance(prompt, str):
        return prompt
    if isinstance(prompt, bytes | bytearray) or not isinstance(prompt, Sequence):
        raise TypeError(
            "prompt: expected text, token ids, or a list of either, "
            f"not {type(prompt).__name__}"
        )
    items = cast("Sequence[object]", prompt)
    if not items:
        raise ValueError("prompt: an empty list asks for nothing")
    return items


def _with_usage(options: object) -> dict[str, object]:
    if options is None:
        return {"include_usage": True}
    if not isinstance(options, Mapping):
        raise TypeError(
            f"stream_options: expected a mapping, not {type(options).__name__}"
        )
    return {**options, "include_usage": True}


def _plain(value: object) -> object:
    """Give what msgspec does not encode by itself a plain form.

    Subclasses of str (templates' safe strings) and of float (numpy's doubles) are as
    common in callers' data as read-only mappings are.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    # msgspec encodes lists and tuples itself: one that comes here is a mapping's key.
    if isinstance(value, Sequence) and not isinstance(value, list | tuple):
        return list(cast("Sequence[object]", value))
    raise NotImplementedError


_ENCODING_FAILURES = (NotImplementedError, TypeError, ValueError, RecursionError)
_encoder = msgspec.json.Encoder(enc_hook=_plain)


def encode_json(body: dict[str, object]) -> bytes:
    """Encode a body.

    Raises:
        TypeError: A value has no form in JSON; the text names the field.
        ValueError: A number is not finite, or text is not Unicode; likewise.
    """
    try:
        encoded = _encoder.encode(body)
    except _ENCODING_FAILURES:
        raise _encoding_error(body) from None
    # msgspec writes NaN and the infinities as null. Counting that word costs next to
    # nothing, so only bodies that hold it other than as a message's empty content (a
    # turn that only calls tools) are searched for such a number.
    if encoded.count(b"null") > encoded.count(b'"content":null'):
        path = _path_of_non_finite(msgspec.to_builtins(body, enc_hook=_plain), "")
        if path is not None:
            raise ValueError(f"{path}: JSON has no NaN and no infinity")
    return encoded


def _encoding_error(body: dict[str, object]) -> Exception:
    """Say which field cannot be encoded; called only when one cannot."""
    path = ""
    value: object = body
    while (found := _first_that_fails(value)) is not None:
        step, value, reason = found
        path += step
        if isinstance(reason, RecursionError):
            return ValueError(f"{path.lstrip('.')}: nested too deeply, or in itself")
    name = path.lstrip(".") or "extra_body"
    if isinstance(value, str):
        return ValueError(f"{name}: the text holds a lone surrogate, which is no UTF-8")
    if isinstance(value, Mapping):
        return TypeError(f"{name}: a key is neither a number nor valid text")
    text = f"{name}: JSON has no form for {type(value).__name__}"
    if type(value).__name__ in _UNSET_ELSEWHERE:
        text += "; None leaves a field out"
    if name.startswith("response_format") and isinstance(value, type):
        text += "; parse() takes a type"
    if name.startswith("tools") and callable(value):
        text += "; run_tools() takes functions, and tool_of() describes one"
    return TypeError(text)


def _first_that_fails(value: object) -> tuple[str, object, Exception] | None:
    for step, inner in _inside(value):
        try:
            _encoder.encode(inner)
        except _ENCODING_FAILURES as reason:
            return step, inner, reason
    return None


def _path_of_non_finite(value: object, path: str) -> str | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else path.lstrip(".")
    for step, inner in _inside(value):
        found = _path_of_non_finite(inner, path + step)
        if found is not None:
            return found
    return None


def _inside(value: object) -> list[tuple[str, object]]:
    """List what a mapping or sequence holds, each with its step of the path."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[object, object]", value)
        return [(f".{key}", inner) for key, inner in mapping.items()]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        sequence = cast("Sequence[object]", value)
        return [(f"[{index}]", inner) for index, inner in enumerate(sequence)]
    return []
