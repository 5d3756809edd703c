"""An asyncio, streaming-first client for the Fireworks AI inference API.

``AsyncFireworks`` is the door; ``fireworks_async.errors`` holds what can go wrong and
``fireworks_async.types`` what calls take and give. The house, from the cellar up; each
floor imports only from those below it::

    cli                                      speaks to a person
    loadtest                                 measures servers, and itself by the simulator
    adapters  batch  proxy  simulator        uses of the floors below
    _client          _web                    one logical call | one HTTP answer
    _net                                     sockets, tasks, clocks
    _protocol  _policy  _measure             sans-IO: meaning, decisions, numbers
    errors  _typing  _version  _headers      words

Importing this module loads neither aiohttp nor msgspec: names arrive on first use.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fireworks_async._client.client import AsyncFireworks
    from fireworks_async._client.media import audio_part, image_part, video_part
    from fireworks_async._client.stream import Stream, StreamOpening
    from fireworks_async._version import __version__
    from fireworks_async.errors import (
        AccountSuspendedError,
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        BatchError,
        ClientClosedError,
        ConfigurationError,
        ConflictError,
        ContentFilterFinishReasonError,
        ContextLengthExceededError,
        DeploymentScalingUpError,
        FireworksError,
        InternalServerError,
        LengthFinishReasonError,
        LoadTestError,
        MissingAPIKeyError,
        NotFoundError,
        PaymentRequiredError,
        PermissionDeniedError,
        ProxyConfigError,
        RateLimitError,
        RequestTimeoutError,
        RequestTooLargeError,
        SchemaMismatchError,
        ServiceEndedError,
        ServiceUnavailableError,
        StreamError,
        StreamProtocolError,
        StreamServerError,
        StreamStateError,
        StreamTruncatedError,
        StructuredOutputError,
        TooEarlyError,
        UnprocessableEntityError,
    )
    from fireworks_async.types import (
        ChatCompletion,
        ChatCompletionChunk,
        ChatMessage,
        Completion,
        CompletionChunk,
        Cost,
        EmbeddingResponse,
        Model,
        ParsedChatCompletion,
        PoolStatistics,
        RerankResponse,
        ResponseInfo,
        StreamTimings,
        Timeout,
        ToolCall,
        Transcription,
        Usage,
        tool_of,
    )

__all__ = (
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AccountSuspendedError",
    "AsyncFireworks",
    "AuthenticationError",
    "BadRequestError",
    "BatchError",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatMessage",
    "ClientClosedError",
    "Completion",
    "CompletionChunk",
    "ConfigurationError",
    "ConflictError",
    "ContentFilterFinishReasonError",
    "ContextLengthExceededError",
    "Cost",
    "DeploymentScalingUpError",
    "EmbeddingResponse",
    "FireworksError",
    "InternalServerError",
    "LengthFinishReasonError",
    "LoadTestError",
    "MissingAPIKeyError",
    "Model",
    "NotFoundError",
    "ParsedChatCompletion",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "PoolStatistics",
    "ProxyConfigError",
    "RateLimitError",
    "RequestTimeoutError",
    "RequestTooLargeError",
    "RerankResponse",
    "ResponseInfo",
    "SchemaMismatchError",
    "ServiceEndedError",
    "ServiceUnavailableError",
    "Stream",
    "StreamError",
    "StreamOpening",
    "StreamProtocolError",
    "StreamServerError",
    "StreamStateError",
    "StreamTimings",
    "StreamTruncatedError",
    "StructuredOutputError",
    "Timeout",
    "TooEarlyError",
    "ToolCall",
    "Transcription",
    "UnprocessableEntityError",
    "Usage",
    "__version__",
    "audio_part",
    "image_part",
    "tool_of",
    "video_part",
)

_ROOMS = ("batch", "errors", "loadtest", "proxy", "simulator", "sse", "types")

_HOME = {
    "AsyncFireworks": "_client.client",
    "Stream": "_client.stream",
    "StreamOpening": "_client.stream",
    "audio_part": "_client.media",
    "image_part": "_client.media",
    "video_part": "_client.media",
    **dict.fromkeys(
        (
            "APIConnectionError",
            "APIError",
            "APIStatusError",
            "APITimeoutError",
            "AccountSuspendedError",
            "AuthenticationError",
            "BadRequestError",
            "BatchError",
            "ClientClosedError",
            "ConfigurationError",
            "ConflictError",
            "ContentFilterFinishReasonError",
            "ContextLengthExceededError",
            "DeploymentScalingUpError",
            "FireworksError",
            "InternalServerError",
            "LengthFinishReasonError",
            "LoadTestError",
            "MissingAPIKeyError",
            "NotFoundError",
            "PaymentRequiredError",
            "PermissionDeniedError",
            "ProxyConfigError",
            "RateLimitError",
            "RequestTimeoutError",
            "RequestTooLargeError",
            "SchemaMismatchError",
            "ServiceEndedError",
            "ServiceUnavailableError",
            "StreamError",
            "StreamProtocolError",
            "StreamServerError",
            "StreamStateError",
            "StreamTruncatedError",
            "StructuredOutputError",
            "TooEarlyError",
            "UnprocessableEntityError",
        ),
        "errors",
    ),
    **dict.fromkeys(
        (
            "ChatCompletion",
            "ChatCompletionChunk",
            "ChatMessage",
            "Completion",
            "CompletionChunk",
            "Cost",
            "EmbeddingResponse",
            "Model",
            "ParsedChatCompletion",
            "PoolStatistics",
            "RerankResponse",
            "ResponseInfo",
            "StreamTimings",
            "Timeout",
            "ToolCall",
            "Transcription",
            "Usage",
            "tool_of",
        ),
        "types",
    ),
}

# Hidden from type checkers, to whom every misspelt name would become an object.
if not TYPE_CHECKING:
    from fireworks_async._protocol.pricing import introduce
    from fireworks_async._version import __version__

    def _cost_of(*call: object) -> object:
        from fireworks_async._client.pricing import cost_of  # noqa: PLC0415 - on first use

        return cost_of(*call)

    introduce(_cost_of)
    del introduce

    from fireworks_async._client.batching import introduce

    def _batch_through(*call: object) -> object:
        from fireworks_async.batch._calls import batch_through  # noqa: PLC0415 - on first use

        return batch_through(*call)

    introduce(_batch_through)
    del introduce

    def __getattr__(name: str) -> object:
        """Load a public name on its first use, and keep it."""
        if name in _ROOMS:
            return importlib.import_module(f"{__name__}.{name}")
        home = _HOME.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, *_ROOMS})
