"""The keyword arguments of a completion, typed; what they become is in ``requests``.

A field that is absent or None is not sent, and the API's default holds. Ranges are the
API's own and are checked there. "Dedicated" fields work on dedicated deployments only;
"unlisted" ones were seen to be accepted and are in no public documentation.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Required, TypeAlias, TypedDict

from fireworks_async._typing import (
    ContentPart,
    JSONObject,
    ReasoningEffort,
    ToolChoice,
)

__all__ = (
    "ChatParams",
    "CompletionParams",
    "ConversationParams",
    "FormatParams",
    "FunctionDefinition",
    "GenerationParams",
    "Prediction",
    "ResponseFormat",
    "StreamOptions",
    "Thinking",
    "Tool",
    "ToolParams",
    "UnformattedParams",
)


class StreamOptions(TypedDict, total=False):
    """How the stream is sent; ``include_usage`` is always true on the wire."""

    include_usage: bool
    """Whether a chunk carries the token counts. Always sent as true."""
    buffer_tokens: int
    """Unlisted; the meaning is not documented."""
    buffer_ms: int
    """Unlisted; the meaning is not documented."""
    buffer_mode: str
    """Unlisted; the meaning is not documented."""


class ResponseFormat(TypedDict, total=False):
    """The form that the answer must have."""

    type: Required[Literal["text", "json_object", "json_schema", "grammar"]]
    """JSON modes need a prompt that asks for JSON too, or the model may write blanks
    until ``max_tokens``."""
    json_schema: JSONObject | str | None
    """``{"name": ..., "schema": ..., "strict": ...}`` or the schema alone."""
    schema: JSONObject | str | None
    """The schema that goes with ``json_object``, an older form."""
    grammar: str | None
    """GBNF-like text that goes with ``grammar``: ``root ::= ...``."""


class FunctionDefinition(TypedDict, total=False):
    """A function that the model may call."""

    name: Required[str]
    description: str | None
    parameters: JSONObject
    """JSON Schema of the arguments."""
    strict: bool | None
    """Hold the arguments to the schema. Some models refuse the field."""


class Tool(TypedDict):
    """A tool; the API knows functions only."""

    type: Literal["function"]
    function: FunctionDefinition


class Prediction(TypedDict, total=False):
    """A guess at the answer, in OpenAI's form."""

    type: Literal["content"]
    content: Required[str | Sequence[ContentPart]]


class Thinking(TypedDict, total=False):
    """Reasoning in Anthropic's form; excludes ``reasoning_effort``."""

    type: Required[Literal["enabled", "disabled", "adaptive"]]
    budget_tokens: int | None
    """Cap on the tokens of reasoning, at least 1024."""
    keep: str | None
    """``all`` keeps the reasoning of all earlier turns. Not with every model."""
    effort: str | None
    """How much to reason, as ``reasoning_effort`` has it. Not with every model."""


_Stop: TypeAlias = str | Sequence[str]


class UnformattedParams(TypedDict, total=False):
    """The fields that chat and text completions share, but ``response_format``."""

    stream_options: StreamOptions | JSONObject | None
    """Merged with ``include_usage: true``."""

    # How long.
    max_tokens: int | None
    """Cap on the tokens generated; 2048 by the documentation when absent."""
    max_completion_tokens: int | None
    """Another name of ``max_tokens``; the API refuses both together."""
    min_tokens: int | None
    """Unlisted: tokens to generate before the end is allowed."""
    stop: _Stop | None
    """At most 4 texts at which to stop."""
    ignore_eos: bool | None
    """Go on to ``max_tokens`` whatever the model says. Default false."""
    context_length_exceeded_behavior: Literal["truncate", "error"] | None
    """``truncate`` (default) lowers ``max_tokens`` until all fits, ``error`` refuses."""

    # Sampling. What is absent comes from the model's generation_config.
    n: int | None
    """Choices to generate, 1 to 128. Default 1."""
    temperature: float | None
    """0 to 2."""
    top_p: float | None
    """0 to 1."""
    top_k: int | None
    """0 to 100; 0 turns it off."""
    min_p: float | None
    """0 to 1."""
    typical_p: float | None
    """0 to 1."""
    frequency_penalty: float | None
    """-2 to 2; grows with each occurrence of a token in the answer."""
    presence_penalty: float | None
    """-2 to 2; once for each token that occurs in the answer."""
    repetition_penalty: float | None
    """0 to 2, 1 is none; counts prompt and answer."""
    mirostat_target: float | None
    """Perplexity that Mirostat aims at; absent turns Mirostat off."""
    mirostat_lr: float | None
    """How fast Mirostat learns. Default 0.1."""
    logit_bias: Mapping[str, float] | Mapping[int, float] | None
    """Token id to a bias of -100 to 100."""
    seed: int | None
    """Seed of the sampling."""

    # What comes back beside the text.
    echo: bool | None
    """Send the prompt back before the answer. Default false."""
    echo_last: int | None
    """Send the last so many tokens of the prompt back."""
    logprobs: bool | int | None
    """True for OpenAI's form, 0 to 5 for the legacy form with so many alternatives."""
    top_logprobs: int | None
    """Alternatives for each token, 0 to 5."""
    return_token_ids: bool | None
    """Token ids beside the text. Default false."""
    raw_output: bool | None
    """The prompt and answer as the model saw and wrote them. Default false."""
    perf_metrics_in_response: bool | None
    """Timings of the server on the last chunk. Default false."""

    # Predicted output.
    prediction: Prediction | JSONObject | str | None
    """A guess at the answer, in OpenAI's form."""
    speculation: str | Sequence[int] | None
    """A guess at the answer, as text or token ids."""
    rewrite_speculation: bool | None
    """Dedicated: keep using the guess after the answer has left it."""

    # Reasoning.
    reasoning_effort: ReasoningEffort | None
    """How much to reason; which words a model takes differs by family. Excludes
    ``thinking``."""
    reasoning_history: Literal["disabled", "interleaved", "preserved"] | None
    """Which ``reasoning_content`` of earlier turns the model sees; the default depends
    on the model."""
    thinking: Thinking | JSONObject | None
    """Reasoning in Anthropic's form. Excludes ``reasoning_effort``."""

    # Where it runs, and caching.
    user: str | None
    """The end user; decides on the replica when ``prompt_cache_key`` is absent."""
    prompt_cache_key: str | None
    """Calls with one key go to one replica, whose prompt cache is warm."""
    prompt_cache_isolation_key: str | None
    """Calls with different keys never share cached prompts."""
    prompt_cache_max_len: int | None
    """Dedicated: tokens to cache at most; 0 turns the cache off."""
    metadata: Mapping[str, str] | None
    """Kept with the request for tracing."""
    service_tier: Literal["auto", "default", "flex", "priority"] | None
    """Only ``priority`` changes anything."""

    # Training and research.
    include_routing_matrix: bool | None
    """Unlisted: the experts chosen for each token, in the logprobs."""
    routing_matrix_format: str | None
    """Unlisted: how the routing matrix is delivered."""
    top_sampling_logprobs: int | None
    """Unlisted: alternatives after the sampling transforms."""
    top_sampling_format: str | None
    """Unlisted: how those alternatives are delivered."""
    sampling_mask: bool | str | JSONObject | None
    """Unlisted: which tokens the sampling left over."""
    prompt_token_ids: Sequence[int] | None
    """Unlisted: the prompt as token ids."""
    forced_generation: str | Sequence[int] | JSONObject | None
    """Unlisted, dedicated: the answer that is to be generated."""
    acceptance_probs_override: Sequence[float] | JSONObject | None
    """Unlisted, dedicated: acceptance rates of speculative decoding."""


class FormatParams(TypedDict, total=False):
    """The form of the answer, which ``parse`` decides on by itself."""

    response_format: ResponseFormat | JSONObject | None
    """JSON, JSON by a schema, or a grammar."""


class GenerationParams(UnformattedParams, FormatParams, total=False):
    """The fields that chat and text completions share."""


class CompletionParams(GenerationParams, total=False):
    """The fields of a text completion beside ``model``, ``prompt``, ``stream``."""

    images: Sequence[str] | Sequence[Sequence[str]] | None
    """URLs, of the web or ``data:``, one for each ``<image>`` in the prompt; a list of
    them for each prompt when there are several."""


class ToolParams(TypedDict, total=False):
    """The tools, which ``run_tools`` takes in a form of its own."""

    tools: Sequence[Tool | JSONObject] | None
    """Functions that the model may call."""


class ConversationParams(TypedDict, total=False):
    """The other fields that only chat completions have."""

    tool_choice: ToolChoice | None
    """``auto`` (default), ``none``, ``any`` or ``required``, a function's name, or
    ``{"type": "function", "function": {"name": ...}}``."""
    parallel_tool_calls: bool | None
    """Whether one turn may hold several calls."""
    functions: Sequence[FunctionDefinition | JSONObject] | None
    """Deprecated form of ``tools``."""
    function_call: JSONObject | str | None
    """Deprecated form of ``tool_choice``."""
    prompt_truncate_len: int | None
    """Cut the prompt to so many tokens: oldest turns first, system prompt last."""
    safe_tokenization: bool | None
    """Special tokens in user content stay plain text. ``prompt_truncate_len`` is
    ignored with it."""


class ChatParams(GenerationParams, ToolParams, ConversationParams, total=False):
    """The fields of a chat completion beside ``model``, ``messages``, ``stream``."""
