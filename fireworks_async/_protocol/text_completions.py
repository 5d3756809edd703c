"""``text_completion`` as sent and as collected, and the decoders of its chunks.

A chunk and a whole completion have one shape: a choice's ``text`` is what the chunk
adds, or all of it.
"""

from typing import TYPE_CHECKING, Literal

import msgspec

from fireworks_async._protocol import pricing
from fireworks_async._protocol.chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkChoice,
)
from fireworks_async._protocol.completions import (
    LogProbs,
    PerfMetricValues,
    RawOutput,
    Usage,
)
from fireworks_async._protocol.forgiving import decode_object, forgiven

if TYPE_CHECKING:
    from fireworks_async._measure.cost import Cost

__all__ = (
    "Completion",
    "CompletionChoice",
    "CompletionChunk",
    "as_chat",
    "decode_one_text",
    "decode_text_chunk",
    "decode_text_chunks",
)


class CompletionChoice(msgspec.Struct, gc=False):
    """The answer to one of the prompts, or what a chunk adds to it.

    With several prompts and ``n``, the choices of the first prompt come first.

    Attributes:
        index: Which one, from 0.
        text: The answer, or what the chunk adds; with ``echo``, the prompt before it.
        finish_reason: ``stop``, ``length`` or ``content_filter``; None as long as it is
            not whole.
        logprobs: When asked for by ``logprobs``.
        raw_output: When asked for by ``raw_output``.
        token_ids: When asked for by ``return_token_ids``.
        prompt_token_ids: Likewise.
    """

    index: int = 0
    text: str = ""
    finish_reason: str | None = None
    logprobs: LogProbs | None = None
    raw_output: RawOutput | None = None
    token_ids: list[int] | None = None
    prompt_token_ids: list[int] | None = None


class CompletionChunk(msgspec.Struct, gc=False, kw_only=True):
    """One event of a text stream."""

    id: str = ""
    object: str = "text_completion"
    created: int = 0
    model: str = ""
    # Required, and ``error`` typed, as in a chat chunk: what has neither form leaves
    # the fast path.
    choices: list[CompletionChoice]
    usage: Usage | None = None
    perf_metrics: PerfMetricValues | None = None
    prompt_token_ids: list[int] | None = None
    error: None = None

    @property
    def content(self) -> str:
        """The text that this chunk adds to choice 0; ``""`` when it adds none."""
        for choice in self.choices:
            if choice.index == 0:
                return choice.text
        return ""

    @property
    def reasoning_content(self) -> None:
        """None: a text completion has no reasoning apart from its text."""


class Completion(msgspec.Struct, gc=False):
    """A collected text stream, or what has come of it so far."""

    id: str
    created: int
    model: str
    choices: list[CompletionChoice]
    object: Literal["text_completion"] = "text_completion"
    usage: Usage | None = None
    perf_metrics: PerfMetricValues | None = None

    def cost(self, *, service_tier: str | None = None) -> "Cost":
        """What it cost by the list prices that the library knows.

        As for a chat completion.

        Args:
            service_tier: What the request asked for: ``"priority"`` has other prices,
                and an answer does not tell.
        """
        return pricing.cost_of(self.model, self.usage, service_tier)


_ONE = msgspec.json.Decoder(CompletionChunk)
_MANY = msgspec.json.Decoder(list[CompletionChunk])

decode_one_text = _ONE.decode
decode_text_chunks = _MANY.decode


def decode_text_chunk(data: str) -> CompletionChunk | dict[str, object]:
    """Decode one event, or a whole completion, which has the same shape.

    Returns:
        The chunk, or the plain object when it carries a non-null ``error``.

    Raises:
        ValueError: It is not JSON, not an object, or cannot be read as a chunk.
    """
    try:
        return _ONE.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return forgiven(decode_object(data), CompletionChunk)


def as_chat(chunk: CompletionChunk) -> ChatCompletionChunk:
    """Say the same in a chat chunk, for what both kinds of streams share."""
    return ChatCompletionChunk(
        choices=[
            ChunkChoice(
                index=choice.index,
                delta=ChoiceDelta(content=choice.text),
                finish_reason=choice.finish_reason,
                logprobs=choice.logprobs,
            )
            for choice in chunk.choices
        ],
        usage=chunk.usage,
    )
