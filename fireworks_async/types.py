"""The values that calls take and give; re-exports only."""

from fireworks_async._client.response_info import ResponseInfo
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net.interfaces import PoolStatistics
from fireworks_async._policy.timeouts import Timeout
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
from fireworks_async._protocol.params import ChatParams
from fireworks_async._protocol.parsed import (
    ParsedChatCompletion,
    ParsedChoice,
    ParsedMessage,
)
from fireworks_async._protocol.tools import FunctionTool, ToolRun, tool_of

__all__ = (
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatEvent",
    "ChatMessage",
    "ChatParams",
    "Choice",
    "ChoiceDelta",
    "ChunkChoice",
    "CompletionTokensDetails",
    "ContentDeltaEvent",
    "ContentDoneEvent",
    "FinishEvent",
    "FunctionCall",
    "FunctionCallDelta",
    "FunctionTool",
    "LogProbs",
    "LogProbsDeltaEvent",
    "ParsedChatCompletion",
    "ParsedChoice",
    "ParsedMessage",
    "PerfMetrics",
    "PoolStatistics",
    "PromptTokensDetails",
    "RateLimit",
    "RawOutput",
    "ReasoningDeltaEvent",
    "ReasoningDoneEvent",
    "ResponseInfo",
    "StreamTimings",
    "Timeout",
    "TokenLogProb",
    "ToolCall",
    "ToolCallArgumentsDeltaEvent",
    "ToolCallArgumentsDoneEvent",
    "ToolCallDelta",
    "ToolRun",
    "TopLogProb",
    "Usage",
    "UsageEvent",
    "tool_of",
)
