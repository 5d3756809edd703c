"""Takes one request's instants as they come, and makes its record; reads no clock.

All chunks of one network read came at one instant, so a read, not a chunk, is what a
gap is measured between: chunks that came together would else be read as gaps of 0.
"""

from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fireworks_async.loadtest._record import Record
from fireworks_async.types import (
    ChatCompletionChunk,
    PerfMetrics,
    StreamTimings,
    Usage,
)

__all__ = ("Output", "Probe", "chat_output", "text_output")

# A server may count its end-of-answer token, or send a chunk that holds none.
_FEW = 2
_FEW_OF_MANY = 0.05


class Output(NamedTuple):
    """What one chunk adds.

    Attributes:
        visible: Characters of content.
        hidden: Characters of reasoning and tool calls.
        tokens: How many tokens, where the chunk says so itself.
        counted_by: By what it says so.
    """

    visible: int
    hidden: int
    tokens: int | None = None
    counted_by: str = ""


def chat_output(chunk: ChatCompletionChunk) -> Output:
    """Read a chunk of a chat completion."""
    visible = hidden = 0
    tokens: int | None = None
    counted_by = ""
    for choice in chunk.choices:
        delta = choice.delta
        visible += len(delta.content or "") + len(delta.refusal or "")
        hidden += len(delta.reasoning_content or "")
        for call in delta.tool_calls or ():
            function = call.function
            if function is not None:
                hidden += len(function.name or "") + len(str(function.arguments or ""))
        if choice.token_ids:
            tokens = (tokens or 0) + len(choice.token_ids)
            counted_by = "token_ids"
        elif choice.logprobs is not None and choice.logprobs.content:
            tokens = (tokens or 0) + len(choice.logprobs.content)
            counted_by = "logprobs"
    return Output(visible, hidden, tokens, counted_by)


def text_output(chunk: Any) -> Output:
    """Read a chunk of a text completion."""
    tokens: int | None = None
    counted_by = ""
    for choice in chunk.choices:
        if choice.token_ids:
            tokens = (tokens or 0) + len(choice.token_ids)
            counted_by = "token_ids"
        elif choice.logprobs is not None and choice.logprobs.tokens:
            tokens = (tokens or 0) + len(choice.logprobs.tokens)
            counted_by = "logprobs"
    visible = sum(len(choice.text or "") for choice in chunk.choices)
    return Output(visible, 0, tokens, counted_by)


class Probe:
    """One request under measurement.

    Args:
        record: Filled in; what the schedule knows is in it already.
        origin: The clock's time that is 0 in the record.
        output_of: How to read a chunk.
        on_first: Told of the record when its first token is in.
    """

    __slots__ = (
        "_chars",
        "_counted_by",
        "_counts",
        "_events",
        "_on_first",
        "_origin",
        "_other_at",
        "_output_of",
        "_read_at",
        "_usage_tokens",
        "record",
        "tokens_seen",
    )

    def __init__(
        self,
        record: Record,
        *,
        origin: float,
        output_of: Callable[[Any], Output] = chat_output,
        on_first: Callable[[Record], object] = lambda _: None,
    ) -> None:
        self.record = record
        self._on_first = on_first
        self.tokens_seen = 0
        self._origin = origin
        self._output_of = output_of
        self._read_at = array("d")
        self._events = array("H")
        self._other_at = array("d")
        # Of each read: characters, and tokens where the chunks tell them.
        self._chars = array("L")
        self._counts = array("L")
        self._counted_by = ""
        self._usage_tokens = 0

    def start(self, now: float) -> None:
        """The request is given to the client."""
        self.record.started_at = now - self._origin

    def feed(self, chunks: Sequence[Any], now: float) -> None:
        """The chunks of one network read are in."""
        at = now - self._origin
        record = self.record
        if record.first_event_at is None:
            record.first_event_at = at
        chars = events = counted = visible = 0
        for chunk in chunks:
            output = self._output_of(chunk)
            tokens, source = self._tokens_of(chunk, output)
            if not (output.visible or output.hidden or tokens):
                if chunk.choices:
                    self._other_at.append(at)
                continue
            events += 1
            chars += output.visible + output.hidden
            visible += output.visible
            if tokens is not None:
                counted += tokens
                self._counted_by = self._counted_by or source
            elif self._counted_by:
                # Once a chunk keeps its count to itself, none is believed.
                self._counted_by = "mixed"
        if not events:
            return
        if record.first_token_at is None:
            record.first_token_at = at
            self._on_first(record)
        if visible and record.first_visible_at is None:
            record.first_visible_at = at
        record.last_token_at = at
        self.tokens_seen += counted or events
        self._read_at.append(at)
        self._events.append(min(events, 65535))
        self._chars.append(chars)
        self._counts.append(counted)

    def end(
        self,
        now: float,
        *,
        timings: StreamTimings | None = None,
        usage: Usage | None = None,
        perf: PerfMetrics | None = None,
        finish_reason: str | None = None,
    ) -> Record:
        """The answer is over, or was left: give the record."""
        record = self.record
        record.ended_at = now - self._origin
        record.finish_reason = finish_reason
        if timings is not None:
            record.sent_at = self._since_origin(timings.sent_at)
            record.headers_at = self._since_origin(timings.headers_at)
        if usage is not None:
            self._take_usage(usage)
        if perf is not None:
            record.server = _server_times(perf)
            record.speculation = perf.speculation_acceptance
            if record.cached_tokens is None:
                record.cached_tokens = perf.cached_prompt_tokens
        self._pack()
        return record

    def fail(self, now: float, error: str, message: str) -> Record:
        """The request came to nothing: give the record."""
        record = self.end(now)
        record.error, record.message = error, message
        return record

    def _tokens_of(self, chunk: Any, output: Output) -> tuple[int | None, str]:
        """How many tokens a chunk says that it holds."""
        usage: Usage | None = chunk.usage
        if usage is None or not usage.completion_tokens or not chunk.choices:
            return output.tokens, output.counted_by
        before = self._usage_tokens
        self._usage_tokens = usage.completion_tokens
        has_finished = any(choice.finish_reason for choice in chunk.choices)
        if output.tokens is not None or (has_finished and not before):
            # Where only the finishing chunk has usage, it is of the whole answer.
            return output.tokens, output.counted_by
        return usage.completion_tokens - before, "usage"

    def _since_origin(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self._origin

    def _take_usage(self, usage: Usage) -> None:
        record = self.record
        record.prompt_tokens = usage.prompt_tokens
        record.completion_tokens = usage.completion_tokens
        if usage.prompt_tokens_details is not None:
            record.cached_tokens = usage.prompt_tokens_details.cached_tokens
        if usage.completion_tokens_details is not None:
            record.reasoning_tokens = usage.completion_tokens_details.reasoning_tokens

    def _pack(self) -> None:
        record = self.record
        tokens, record.counted_by = self._shared_out(record.completion_tokens)
        record.read_at = self._read_at.tobytes()
        record.read_tokens = array("f", tokens).tobytes()
        record.read_events = self._events.tobytes()
        record.other_at = self._other_at.tobytes()

    def _shared_out(self, total: int | None) -> tuple[list[float], str]:
        """The tokens of each read, and by what they are known."""
        events = sum(self._events)
        if not events:
            return [], ""
        counted = sum(self._counts)
        if self._counted_by not in ("", "mixed") and (
            total is None or abs(counted - total) <= _FEW
        ):
            return [float(count) for count in self._counts], self._counted_by
        if not total:
            return [float(count) for count in self._events], "chunks"
        if abs(total - events) <= max(_FEW, _FEW_OF_MANY * events):
            return [float(count) for count in self._events], "events"
        chars = sum(self._chars)
        return [total * each / chars for each in self._chars], "text"


def _server_times(perf: PerfMetrics) -> dict[str, float]:
    return {
        name: value
        for name in (
            "server_time_to_first_token",
            "server_processing_time",
            "tokenizer_queue_duration",
            "tokenizer_duration",
            "prefill_queue_duration",
            "prefill_duration",
            "generation_queue_duration",
            "generation_duration",
        )
        if isinstance(value := getattr(perf, name), float)
    }
