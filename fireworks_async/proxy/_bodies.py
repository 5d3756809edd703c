"""What a caller asks for, read no further than needed, and made into what the API takes.

Fields that need no change keep their very bytes: numbers as they were written, escapes,
order. Nothing is sent from here.
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from fireworks_async._protocol.forgiving import is_list, is_object
from fireworks_async._protocol.messages import (
    clean_messages,
    clean_reasoning_effort,
    clean_tool_choice,
)
from fireworks_async._protocol.params import ChatParams
from fireworks_async.errors import BadRequestError
from fireworks_async.proxy._estimates import Extent

__all__ = ("JsonBody", "bad_request", "is_long")

_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.decode
_TRUE: Final = b"true"
_KNOWN: Final = frozenset(
    {*ChatParams.__optional_keys__, "model", "messages", "prompt", "stream", "images"}
)
_WITH_USAGE: Final = msgspec.Raw(b'{"include_usage":true}')
# Above this the API answers a call that is not a stream with a 400.
_MOST_UNSTREAMED: Final = 4096
# More than any context holds, and what the API gives at most.
_MOST_TOKENS: Final = 1_000_000_000
_MOST_CHOICES: Final = 128
_LIMITS: Final[tuple[str, ...]] = ("max_tokens", "max_completion_tokens")
# The API refuses a request that has both.
_TWINS: Final = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
    "reasoning_effort": "thinking",
    "thinking": "reasoning_effort",
}


class _PlainMessage(msgspec.Struct, forbid_unknown_fields=True):
    """The commonest message: whatever else there is needs a closer look."""

    role: str
    content: str


_PLAIN: Final = msgspec.json.Decoder(list[_PlainMessage])


def bad_request(message: str, param: str | None = None) -> BadRequestError:
    """The error for a request that no upstream should see."""
    return BadRequestError(
        message, status_code=400, type="invalid_request_error", param=param
    )


def is_long(fields: Mapping[str, object]) -> bool:
    """Whether they ask for more tokens than the API answers with but in a stream."""
    limits = (fields.get(name) for name in _LIMITS)
    return any(isinstance(n, int | float) and n > _MOST_UNSTREAMED for n in limits)


class JsonBody:
    """The JSON body of a request.

    Args:
        data: As it came.

    Raises:
        BadRequestError: It is no JSON object, or names no model.

    Attributes:
        model: What the caller calls the model.
        stream: Whether the answer is to be a stream.
        wants_usage: Whether the stream is to end with a chunk for the usage.
    """

    __slots__ = ("_data", "_fields", "_sent", "model", "stream", "wants_usage")

    def __init__(self, data: bytes) -> None:
        try:
            fields = _FIELDS.decode(data)
            model = _DECODE(fields["model"], type=str)
        except KeyError:
            raise bad_request("model is missing", "model") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            if b"\0" in data[:1]:
                raise bad_request("the body is not JSON") from None
            raise bad_request(f"the body cannot be read: {problem}") from None
        self._data = data
        self._fields = fields
        self._sent = self.model = model
        self.stream = bytes(fields.get("stream", b"")) == _TRUE
        self.wants_usage = self.stream and self._asks_for_usage()

    def needs_stream(self, *, by_default: bool = False) -> bool:
        """Whether the API would refuse it as a call that is not a stream.

        Args:
            by_default: Whether it would if the caller leaves the limit open.
        """
        limits = {name: self.value(name) for name in _LIMITS if name in self._fields}
        return is_long(limits) if limits else by_default

    @property
    def tier(self) -> object:
        """The service tier that is asked for, or None."""
        return self.value("service_tier")

    def extent(self) -> Extent:
        """What it shows of its size; numbers that the API refuses are not believed."""
        limit = self.value("max_tokens") or self.value("max_completion_tokens")
        choices = _within(self.value("n"), 1, _MOST_CHOICES)
        return Extent(len(self._data), _within(limit, 0, _MOST_TOKENS), choices or 1)

    @property
    def affinity(self) -> str | None:
        """What the body says of the prompt cache that it wants to hit."""
        for name in ("prompt_cache_key", "user"):
            if name in self._fields:
                value = self.value(name)
                if isinstance(value, str) and value:
                    return value
        return None

    def value(self, name: str) -> object:
        """One field, decoded; None when it is absent or cannot be."""
        raw = self._fields.get(name)
        if raw is None:
            return None
        try:
            return _DECODE(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def encoded(
        self,
        model: str,
        *,
        defaults: Mapping[str, object],
        drop_unknown: bool = False,
        dropped: Collection[str] = (),
        chat: bool = False,
        inline_documents: bool = False,
        stream: bool | None = None,
    ) -> bytes:
        """The body for the API.

        Args:
            model: What the API calls the model.
            defaults: For fields that the caller left open.
            drop_unknown: Leave out fields that the API does not know.
            dropped: Leave out these too.
            chat: Bring messages and choices of words into the API's form.
            inline_documents: Mark documents for a model that sees no images.
            stream: Ask for a stream, with its usage; None for as the caller did.

        Raises:
            BadRequestError: A message cannot be sent.
        """
        changes: dict[str, object] = {
            k: v
            for k, v in defaults.items()
            if k not in self._fields and _TWINS.get(k) not in self._fields
        }
        if model != self._sent:
            changes["model"] = model
        if stream or (stream is None and self.stream):
            self._ask_for_stream(changes)
        gone: set[str] = set()
        if chat:
            gone = self._bring_into_form(changes, inline_documents=inline_documents)
        if dropped:
            gone |= self._fields.keys() & dropped
        if drop_unknown:
            gone |= self._fields.keys() - _KNOWN
        if not changes and not gone:
            return self._data
        fields = {**self._fields, **changes}
        for name in gone:
            fields.pop(name, None)
        return _ENCODE(fields)

    def _ask_for_stream(self, changes: dict[str, object]) -> None:
        if not self.stream:
            changes["stream"] = True
        if not self.wants_usage:
            changes["stream_options"] = self._options_with_usage()

    def _asks_for_usage(self) -> bool:
        options = self.value("stream_options")
        return is_object(options) and options.get("include_usage") is True

    def _options_with_usage(self) -> object:
        options = self.value("stream_options")
        if is_object(options) and options:
            return {**options, "include_usage": True}
        return _WITH_USAGE

    def _bring_into_form(
        self, changes: dict[str, object], *, inline_documents: bool
    ) -> set[str]:
        """Note what has to be changed; returns the fields that stay out."""
        self._clean_messages(changes, inline_documents=inline_documents)
        if "tool_choice" in self._fields:
            choice = self.value("tool_choice")
            if choice:
                cleaned_choice = clean_tool_choice(choice)
                if cleaned_choice != choice:
                    changes["tool_choice"] = cleaned_choice
        if "reasoning_effort" in self._fields:
            effort = self.value("reasoning_effort")
            cleaned_effort = clean_reasoning_effort(effort)
            if cleaned_effort is None and effort is not None:
                return {"reasoning_effort"}
            if cleaned_effort != effort:
                changes["reasoning_effort"] = cleaned_effort
        return set()

    def _clean_messages(
        self, changes: dict[str, object], *, inline_documents: bool
    ) -> None:
        messages = self._fields.get("messages")
        if messages is None or _is_plain(messages):
            return
        decoded = self.value("messages")
        if not is_list(decoded):
            return
        try:
            cleaned = clean_messages(decoded, inline_documents=inline_documents)
        except (TypeError, ValueError) as problem:
            raise bad_request(str(problem), "messages") from None
        if cleaned != decoded:
            changes["messages"] = cleaned


def _within(value: object, low: int, high: int) -> int | None:
    """A whole number, or None when it is none or makes no sense."""
    return value if isinstance(value, int) and low <= value <= high else None


def _is_plain(messages: msgspec.Raw) -> bool:
    try:
        _PLAIN.decode(messages)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
