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
    """Where the prompt's tokens came from.

    Attributes:
        cached_tokens: Those that the server had from earlier prompts; None when it does
            not tell.
    """

    cached_tokens: int | None = None


class CompletionTokensDetails(msgspec.Struct, gc=False):
    """What the completion's tokens were spent on; many models report nothing.

    Attributes:
        reasoning_tokens: Those of the reasoning.
        accepted_prediction_tokens: Of ``prediction``, those that came true.
        rejected_prediction_tokens: Those that did not.
    """

    reasoning_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


class Usage(msgspec.Struct, gc=False):
    """Tokens, as counted by the server.

    Attributes:
        prompt_tokens: Of the prompt, cached ones too.
        total_tokens: Of prompt and answer together.
        completion_tokens: Of the answer, reasoning too, and of all choices.
        prompt_tokens_details: Or None.
        completion_tokens_details: Or None.
    """

    prompt_tokens: int = 0
    total_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None


NO_TOKENS = Usage()
"""What an empty object reads as. It reports nothing: no call takes 0 tokens."""


class TopLogProb(msgspec.Struct, gc=False):
    """One of the likeliest tokens at a position.

    Attributes:
        token: Its text.
        logprob: The natural logarithm of its probability.
        token_id: Its number in the vocabulary.
        bytes: Its UTF-8, which may be a part of a character.
    """

    token: str
    logprob: float | None = None
    token_id: int | None = None
    bytes: list[int] | None = None


class TokenLogProb(msgspec.Struct, gc=False):
    """The token that was taken at a position (``logprobs=True``).

    Attributes:
        token: Its text.
        logprob: The natural logarithm of its probability.
        bytes: Its UTF-8, which may be a part of a character.
        top_logprobs: The likeliest tokens there; as many as ``top_logprobs`` asks for.
        sampling_logprob: The same after temperature and cuts.
        text_offset: Where it begins, in characters of the answer.
        token_id: Its number in the vocabulary.
        last_activation: As sent; the API documents it nowhere.
        routing_matrix: As asked for by ``include_routing_matrix``.
    """

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
    """Log probabilities, in the one format or the other; None where it is the other.

    Attributes:
        content: For ``logprobs=True``: each token of the answer.
        refusal: Likewise, of a refusal.
        tokens: For an integer: the text of each token; the other lists are as long.
        token_logprobs: The natural logarithm of each one's probability.
        top_logprobs: The likeliest tokens at each place, with theirs.
        text_offset: Where each begins, in characters.
        token_ids: The number of each in the vocabulary.
    """

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
    """A call that the model asks for.

    Attributes:
        id: To be named by the message that answers it.
        function: What to call.
        type: The API knows ``function`` alone.
    """

    id: str
    function: FunctionCall
    type: str = "function"


class ChatMessage(msgspec.Struct, gc=False):
    """The model's turn; append it to the messages of the next call as it is.

    Attributes:
        role: Who speaks: ``assistant``.
        content: The answer's text; None when there is none.
        reasoning_content: What was thought before it, or None.
        tool_calls: What the model wants called; None when nothing.
        refusal: Why it does not answer, or None.
    """

    role: str = "assistant"
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    refusal: str | None = None


class Choice(msgspec.Struct, gc=False):
    """One of the ``n`` answers.

    Attributes:
        index: Which one, from 0.
        message: The answer.
        finish_reason: ``stop``, ``length``, ``tool_calls`` or ``content_filter``; None
            as long as it is not whole.
        logprobs: When asked for by ``logprobs``.
        raw_output: When asked for by ``raw_output``.
        token_ids: When asked for by ``return_token_ids``.
    """

    index: int
    message: ChatMessage
    finish_reason: str | None = None
    logprobs: LogProbs | None = None
    raw_output: RawOutput | None = None
    token_ids: list[int] | None = None


class ChatCompletion(msgspec.Struct, gc=False):
    """A collected stream, or what has come of it so far.

    Attributes:
        id: The API's.
        created: Seconds since 1970.
        model: As the answer calls it.
        choices: One for each of ``n`` that began, by index.
        object: The kind of answer.
        usage: None when the server reports none.
        perf_metrics: The server's own times, when asked for.
        prompt_token_ids: When asked for by ``return_token_ids``.
    """

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
