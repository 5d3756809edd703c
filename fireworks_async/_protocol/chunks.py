"""``chat.completion.chunk`` exactly as sent, and its decoders, made once.

``decode_chunks`` is for the many that are as documented: one call for all the events of
a network read. ``decode_chunk`` takes one event and forgives what servers are known to
get wrong.
"""

import msgspec

from fireworks_async._protocol.completions import (
    LogProbs,
    PerfMetricValues,
    RawOutput,
    Usage,
)
from fireworks_async._protocol.forgiving import (
    decode_object,
    forgiven,
    is_list,
    is_object,
)

__all__ = (
    "ChatCompletionChunk",
    "ChoiceDelta",
    "ChunkChoice",
    "FunctionCallDelta",
    "ToolCallDelta",
    "chunk_from_completion",
    "decode_chunk",
    "decode_chunks",
    "decode_one",
)


class FunctionCallDelta(msgspec.Struct, gc=False):
    """What a chunk adds to a function call; some servers send arguments decoded."""

    name: str | None = None
    arguments: str | dict[str, object] | list[object] | None = None


class ToolCallDelta(msgspec.Struct, gc=False):
    """What a chunk adds to one tool call."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: FunctionCallDelta | None = None


class ChoiceDelta(msgspec.Struct, gc=False):
    """What a chunk adds to one choice."""

    content: str | None = None
    role: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCallDelta] | None = None
    refusal: str | None = None


class ChunkChoice(msgspec.Struct, gc=False):
    """One choice's part of a chunk."""

    index: int = 0
    delta: ChoiceDelta = msgspec.field(default_factory=ChoiceDelta)
    finish_reason: str | None = None
    logprobs: LogProbs | None = None
    raw_output: RawOutput | None = None
    token_ids: list[int] | None = None
    prompt_token_ids: list[int] | None = None
    # Always None, like a chunk's ``error``: what some servers send in place of a delta
    # leaves the fast path, and becomes one.
    message: None = None


class ChatCompletionChunk(msgspec.Struct, gc=False, kw_only=True):
    """One event of a chat stream."""

    # In the order in which they are sent, which is the order they are looked for in.
    id: str = ""
    object: str = "chat.completion.chunk"
    created: int = 0
    model: str = ""
    # Required, so that an event without it (an error, a bare usage) leaves the fast
    # path without a look at every chunk; ``decode_chunk`` puts the empty list in.
    choices: list[ChunkChoice]
    usage: Usage | None = None
    perf_metrics: PerfMetricValues | None = None
    prompt_token_ids: list[int] | None = None
    # Always None: typed so that a chunk with an error leaves the fast path as well.
    # Errors in a stream are raised, never yielded.
    error: None = None

    @property
    def content(self) -> str:
        """The text that this chunk adds to choice 0; ``""`` when it adds none."""
        for choice in self.choices:
            if choice.index == 0:
                return choice.delta.content or ""
        return ""

    @property
    def reasoning_content(self) -> str | None:
        """The reasoning that this chunk adds to choice 0, or None."""
        for choice in self.choices:
            if choice.index == 0:
                return choice.delta.reasoning_content
        return None


_ONE = msgspec.json.Decoder(ChatCompletionChunk)
_MANY = msgspec.json.Decoder(list[ChatCompletionChunk])

decode_one = _ONE.decode
decode_chunks = _MANY.decode


def decode_chunk(data: str) -> ChatCompletionChunk | dict[str, object]:
    """Decode one event.

    Returns:
        The chunk, or the plain object when it carries a non-null ``error``.

    Raises:
        ValueError: It is not JSON, not an object, or cannot be read as a chunk.
    """
    try:
        return _ONE.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return _from_object(decode_object(data))


def chunk_from_completion(data: str) -> ChatCompletionChunk | dict[str, object]:
    """Decode a whole ``chat.completion`` as the one chunk that says the same.

    Returns:
        The chunk, or the plain object when it carries a non-null ``error``.

    Raises:
        ValueError: It is not JSON, not an object, or cannot be read as a completion.
    """
    value = decode_object(data)
    value.pop("object", None)
    return _from_object(value)


def _from_object(value: dict[str, object]) -> ChatCompletionChunk | dict[str, object]:
    choices = value.get("choices")
    for choice in choices if is_list(choices) else []:
        if is_object(choice):
            message = choice.pop("message", None)
            if choice.get("delta") is None:
                choice["delta"] = message
            _name_functions(choice["delta"])
    return forgiven(value, ChatCompletionChunk)


def _name_functions(delta: object) -> None:
    """Make an object of a function that is only its name, as the API's types allow."""
    calls = delta.get("tool_calls") if is_object(delta) else None
    for call in calls if is_list(calls) else []:
        if is_object(call) and isinstance(call.get("function"), str):
            call["function"] = {"name": call["function"]}
