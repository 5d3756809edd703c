"""The values that calls take and give; re-exports only."""

from fireworks_async._client.observing import (
    CallOutcome,
    Observation,
    ObservedCall,
    Observer,
)
from fireworks_async._client.response_info import ResponseInfo
from fireworks_async._measure.cost import Cost
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net.interfaces import PoolStatistics
from fireworks_async._policy.catalogue import ModelFacts, Prices
from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.audio import (
    AudioParams,
    AudioSegment,
    AudioWord,
    Transcription,
)
from fireworks_async._protocol.chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkChoice,
    FunctionCallDelta,
    ToolCallDelta,
)
from fireworks_async._protocol.completions import (
    ChatCompletion,
    ChatMessage,
    Choice,
    CompletionTokensDetails,
    FunctionCall,
    LogProbs,
    PromptTokensDetails,
    RawOutput,
    TokenLogProb,
    ToolCall,
    TopLogProb,
    Usage,
)
from fireworks_async._protocol.embeddings import (
    Embedding,
    EmbeddingParams,
    EmbeddingResponse,
)
from fireworks_async._protocol.events import (
    ChatEvent,
    ContentDeltaEvent,
    ContentDoneEvent,
    FinishEvent,
    LogProbsDeltaEvent,
    ReasoningDeltaEvent,
    ReasoningDoneEvent,
    ToolCallArgumentsDeltaEvent,
    ToolCallArgumentsDoneEvent,
    UsageEvent,
)
from fireworks_async._protocol.metadata import PerfMetrics, RateLimit
from fireworks_async._protocol.models import Model, ModelList, ServerlessModel
from fireworks_async._protocol.params import ChatParams, CompletionParams
from fireworks_async._protocol.parsed import (
    ParsedChatCompletion,
    ParsedChoice,
    ParsedMessage,
)
from fireworks_async._protocol.rerank import RerankParams, RerankResponse, RerankResult
from fireworks_async._protocol.text_completions import (
    Completion,
    CompletionChoice,
    CompletionChunk,
)
from fireworks_async._protocol.tools import FunctionTool, ToolRun, tool_of
from fireworks_async._typing import (
    AudioPart,
    ContentPart,
    ImagePart,
    MessageParam,
    TextPart,
    VideoPart,
)

__all__ = (
    "AudioParams",
    "AudioPart",
    "AudioSegment",
    "AudioWord",
    "CallOutcome",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatEvent",
    "ChatMessage",
    "ChatParams",
    "Choice",
    "ChoiceDelta",
    "ChunkChoice",
    "Completion",
    "CompletionChoice",
    "CompletionChunk",
    "CompletionParams",
    "CompletionTokensDetails",
    "ContentDeltaEvent",
    "ContentDoneEvent",
    "ContentPart",
    "Cost",
    "Embedding",
    "EmbeddingParams",
    "EmbeddingResponse",
    "FinishEvent",
    "FunctionCall",
    "FunctionCallDelta",
    "FunctionTool",
    "ImagePart",
    "LogProbs",
    "LogProbsDeltaEvent",
    "MessageParam",
    "Model",
    "ModelFacts",
    "ModelList",
    "Observation",
    "ObservedCall",
    "Observer",
    "ParsedChatCompletion",
    "ParsedChoice",
    "ParsedMessage",
    "PerfMetrics",
    "PoolStatistics",
    "Prices",
    "PromptTokensDetails",
    "RateLimit",
    "RawOutput",
    "ReasoningDeltaEvent",
    "ReasoningDoneEvent",
    "RerankParams",
    "RerankResponse",
    "RerankResult",
    "ResponseInfo",
    "ServerlessModel",
    "StreamTimings",
    "TextPart",
    "Timeout",
    "TokenLogProb",
    "ToolCall",
    "ToolCallArgumentsDeltaEvent",
    "ToolCallArgumentsDoneEvent",
    "ToolCallDelta",
    "ToolRun",
    "TopLogProb",
    "Transcription",
    "Usage",
    "UsageEvent",
    "VideoPart",
    "tool_of",
)
