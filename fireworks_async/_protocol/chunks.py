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
    """What a chunk adds to one tool call.

    Attributes:
        index: Which call it is, from 0; None when the server does not tell.
        id: With the first part of a call, as a rule.
        type: Likewise.
        function: What it adds to name and arguments.
    """

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: FunctionCallDelta | None = None


class ChoiceDelta(msgspec.Struct, gc=False):
    """What a chunk adds to one choice.

    Attributes:
        content: Text of the answer.
        role: With the first chunk, as a rule.
        reasoning_content: Text of the reasoning.
        tool_calls: Parts of calls.
        refusal: Text of a refusal.
    """

    content: str | None = None
    role: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCallDelta] | None = None
    refusal: str | None = None


class ChunkChoice(msgspec.Struct, gc=False):
    """One choice's part of a chunk.

    Attributes:
        index: Which of the ``n`` answers, from 0.
        delta: What is new.
        finish_reason: With the last part: ``stop``, ``length``, ``tool_calls`` or
            ``content_filter``.
        logprobs: Of the new tokens, when asked for.
        raw_output: When asked for.
        token_ids: Of the new tokens, when asked for.
        prompt_token_ids: When asked for.
        message: Always None.
    """

    index: int = 0
    delta: ChoiceDelta = msgspec.field(default_factory=ChoiceDelta)
    finish_reason: str | None = None
    logprobs: LogProbs | None = None
    raw_output: RawOutput | None = None
    token_ids: list[int] | None = None
    prompt_token_ids: list[int] | None = None
    # Like a chunk's ``error``: what some servers send in place of a delta
    # leaves the fast path, and becomes one.
    message: None = None


class ChatCompletionChunk(msgspec.Struct, gc=False, kw_only=True):
    """One event of a chat stream.

    Attributes:
        id: The API's; that of the whole answer.
        object: The kind of event.
        created: Seconds since 1970.
        model: As the answer calls it.
        choices: What it adds; empty in an event that only reports usage.
        usage: With the last event, as a rule.
        perf_metrics: The server's own times, when asked for.
        prompt_token_ids: When asked for.
        error: Always None: errors in a stream are raised, never yielded.
    """

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
    # Typed so that a chunk with an error leaves the fast path as well.
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
