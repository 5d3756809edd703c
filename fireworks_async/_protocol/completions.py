"""What a chat call gives: the collected completion and its parts, as on the wire.

Field names are those of the API. A field that the API left out is None.
"""

from typing import TYPE_CHECKING, Literal

import msgspec

from fireworks_async._protocol import pricing

if TYPE_CHECKING:
    from fireworks_async._measure.cost import Cost

__all__ = (
    "NO_TOKENS",
    "ChatCompletion",
    "ChatMessage",
    "Choice",
    "CompletionTokensDetails",
    "FunctionCall",
    "LogProbs",
    "PerfMetricValues",
    "PromptTokensDetails",
    "RawOutput",
    "TokenLogProb",
    "ToolCall",
    "TopLogProb",
    "Usage",
)

# As sent: counts and seconds, as numbers or as text, by deployment; others may come.
PerfMetricValues = dict[str, object]


class PromptTokensDetails(msgspec.Struct, gc=False):
    """Where the prompt's tokens came from."""

    cached_tokens: int | None = None


class CompletionTokensDetails(msgspec.Struct, gc=False):
    """What the completion's tokens were spent on; many models report nothing."""

    reasoning_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


class Usage(msgspec.Struct, gc=False):
    """Tokens, as counted by the server."""

    prompt_tokens: int = 0
    total_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None


NO_TOKENS = Usage()
"""What an empty object reads as. It reports nothing: no call takes 0 tokens."""


class TopLogProb(msgspec.Struct, gc=False):
    """One of the likeliest tokens at a position."""

    token: str
    logprob: float | None = None
    token_id: int | None = None
    bytes: list[int] | None = None


class TokenLogProb(msgspec.Struct, gc=False):
    """The token that was taken at a position (``logprobs=True``)."""

    token: str
    logprob: float | None = None
    bytes: list[int] | None = None
    top_logprobs: list[TopLogProb] | None = None
    sampling_logprob: float | None = None
    text_offset: int | None = None
    token_id: int | None = None
    last_activation: str | None = None
    routing_matrix: str | None = None


class LogProbs(msgspec.Struct, gc=False):
    """Both formats: ``content`` for ``logprobs=True``, the rest for an integer."""

    content: list[TokenLogProb] | None = None
    refusal: list[TokenLogProb] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None
    text_offset: list[int] | None = None
    token_ids: list[int] | None = None


class RawOutput(msgspec.Struct, gc=False):
    """The model's interaction below the chat template (``raw_output=True``)."""

    prompt_fragments: list[str | int] | None = None
    prompt_token_ids: list[int] | None = None
    completion: str | None = None
    completion_token_ids: list[int] | None = None
    completion_logprobs: LogProbs | None = None
    images: list[str] | None = None
    videos: list[str] | None = None
    grammar: str | None = None


class FunctionCall(msgspec.Struct, gc=False):
    """The function to call; ``arguments`` is JSON as the model wrote it."""

    name: str = ""
    arguments: str = ""


class ToolCall(msgspec.Struct, gc=False):
    """A call that the model asks for."""

    id: str
    function: FunctionCall
    type: str = "function"


class ChatMessage(msgspec.Struct, gc=False):
    """The model's turn; append it to the messages of the next call as it is."""

    role: str = "assistant"
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    refusal: str | None = None


class Choice(msgspec.Struct, gc=False):
    """One of the ``n`` answers."""

    index: int
    message: ChatMessage
    finish_reason: str | None = None
    logprobs: LogProbs | None = None
    raw_output: RawOutput | None = None
    token_ids: list[int] | None = None


class ChatCompletion(msgspec.Struct, gc=False):
    """A collected stream, or what has come of it so far."""

    id: str
    created: int
    model: str
    choices: list[Choice]
    object: Literal["chat.completion"] = "chat.completion"
    usage: Usage | None = None
    perf_metrics: PerfMetricValues | None = None
    prompt_token_ids: list[int] | None = None

    def cost(self, *, service_tier: str | None = None) -> "Cost":
        """What it cost by the list prices that the library knows.

        Cached prompt tokens have their own price. When the model, one of its prices
        or the usage is not known, the cost's ``status`` is ``unknown``: never a 0.

        Args:
            service_tier: What the request asked for: ``"priority"`` has other prices,
                and an answer does not tell.
        """
        return pricing.cost_of(self.model, self.usage, service_tier)
