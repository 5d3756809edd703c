"""Chunks in, typed events out: what happens in a stream, by name.

An event says what a chunk added (``….delta``) or that a part is whole (``….done``).
A part is whole when its choice finishes; reasoning also when text or a tool call begins.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal, TypeAlias

import msgspec

from fireworks_async._protocol.chunks import (
    ChatCompletionChunk,
    ChunkChoice,
    ToolCallDelta,
)
from fireworks_async._protocol.completions import NO_TOKENS, LogProbs, Usage
from fireworks_async._protocol.pieces import Pieces
from fireworks_async._protocol.tool_calls import (
    ToolCallCollector,
    added_arguments,
)

__all__ = (
    "ChatEvent",
    "ContentDeltaEvent",
    "ContentDoneEvent",
    "EventBuilder",
    "FinishEvent",
    "LogProbsDeltaEvent",
    "ReasoningDeltaEvent",
    "ReasoningDoneEvent",
    "ToolCallArgumentsDeltaEvent",
    "ToolCallArgumentsDoneEvent",
    "UsageEvent",
)


class _Event(msgspec.Struct, frozen=True, gc=False, tag_field="type"):
    """What has a ``type``: a literal of each, by which checkers tell events apart."""


class ContentDeltaEvent(_Event, frozen=True, gc=False, tag="content.delta"):
    """Text was added to the choice ``index``.

    Attributes:
        index: The choice.
        delta: The text.
        parsed_partial: In the stream of a ``parse`` call, the JSON so far, as plain
            values: the same objects from event to event, which grow. None otherwise.
    """

    type: ClassVar[Literal["content.delta"]] = "content.delta"
    index: int
    delta: str
    parsed_partial: object = None


class ContentDoneEvent(_Event, frozen=True, gc=False, tag="content.done"):
    """The text of the choice ``index`` is whole."""

    type: ClassVar[Literal["content.done"]] = "content.done"
    index: int
    content: str


class ReasoningDeltaEvent(_Event, frozen=True, gc=False, tag="reasoning.delta"):
    """Reasoning was added to the choice ``index``."""

    type: ClassVar[Literal["reasoning.delta"]] = "reasoning.delta"
    index: int
    delta: str


class ReasoningDoneEvent(_Event, frozen=True, gc=False, tag="reasoning.done"):
    """The reasoning of the choice ``index`` is whole."""

    type: ClassVar[Literal["reasoning.done"]] = "reasoning.done"
    index: int
    reasoning_content: str


class ToolCallArgumentsDeltaEvent(
    _Event, frozen=True, gc=False, tag="tool_calls.function.arguments.delta"
):
    """A fragment of a tool call came, as sent; its first may hold no arguments.

    Attributes:
        index: The choice.
        tool_call: The fragment.
    """

    type: ClassVar[Literal["tool_calls.function.arguments.delta"]] = (
        "tool_calls.function.arguments.delta"
    )
    index: int
    tool_call: ToolCallDelta

    @property
    def delta(self) -> str:
        """The text that it adds to the arguments."""
        return added_arguments(self.tool_call)


class ToolCallArgumentsDoneEvent(
    _Event, frozen=True, gc=False, tag="tool_calls.function.arguments.done"
):
    """A tool call of the choice ``index`` is whole.

    Attributes:
        index: The choice.
        tool_index: The call's position among the choice's calls.
        id: The call's id, to be answered with.
        name: The function.
        arguments: JSON, as the model wrote it.
    """

    type: ClassVar[Literal["tool_calls.function.arguments.done"]] = (
        "tool_calls.function.arguments.done"
    )
    index: int
    tool_index: int
    id: str
    name: str
    arguments: str


class LogProbsDeltaEvent(_Event, frozen=True, gc=False, tag="logprobs.delta"):
    """Log probabilities of the tokens that a chunk added to the choice ``index``."""

    type: ClassVar[Literal["logprobs.delta"]] = "logprobs.delta"
    index: int
    logprobs: LogProbs


class UsageEvent(_Event, frozen=True, gc=False, tag="usage"):
    """The server reported the call's tokens; the last report counts."""

    type: ClassVar[Literal["usage"]] = "usage"
    usage: Usage


class FinishEvent(_Event, frozen=True, gc=False, tag="finish"):
    """The choice ``index`` is finished."""

    type: ClassVar[Literal["finish"]] = "finish"
    index: int
    finish_reason: str


ChatEvent: TypeAlias = (
    ContentDeltaEvent
    | ContentDoneEvent
    | ReasoningDeltaEvent
    | ReasoningDoneEvent
    | ToolCallArgumentsDeltaEvent
    | ToolCallArgumentsDoneEvent
    | LogProbsDeltaEvent
    | UsageEvent
    | FinishEvent
)


class _ChoiceEvents:
    """One choice's way through its parts."""

    __slots__ = ("calls", "reasoning", "text")

    def __init__(self) -> None:
        self.reasoning: Pieces | None = None
        self.text: Pieces | None = None
        self.calls: ToolCallCollector | None = None

    def feed(self, choice: ChunkChoice) -> Iterator[ChatEvent]:
        delta = choice.delta
        index = choice.index
        if delta.reasoning_content:
            self.reasoning = self.reasoning or Pieces()
            self.reasoning.append(delta.reasoning_content)
            yield ReasoningDeltaEvent(index, delta.reasoning_content)
        if delta.content:
            yield from self._end_reasoning(index)
            self.text = self.text or Pieces()
            self.text.append(delta.content)
            yield ContentDeltaEvent(index, delta.content)
        if delta.tool_calls:
            yield from self._end_reasoning(index)
            self.calls = self.calls or ToolCallCollector()
            self.calls.add(delta.tool_calls)
            for fragment in delta.tool_calls:
                yield ToolCallArgumentsDeltaEvent(index, fragment)
        if choice.logprobs is not None:
            yield LogProbsDeltaEvent(index, choice.logprobs)
        if choice.finish_reason:
            yield from self._end(index)
            yield FinishEvent(index, choice.finish_reason)

    def join(self) -> None:
        for growing in (self.reasoning, self.text):
            if growing is not None:
                growing.join()

    def _end_reasoning(self, index: int) -> Iterator[ChatEvent]:
        if self.reasoning is not None:
            yield ReasoningDoneEvent(index, self.reasoning.whole())
            self.reasoning = None

    def _end(self, index: int) -> Iterator[ChatEvent]:
        yield from self._end_reasoning(index)
        if self.text is not None:
            yield ContentDoneEvent(index, self.text.whole())
            self.text = None
        if self.calls is not None:
            for position, call in enumerate(self.calls.result()):
                function = call.function
                yield ToolCallArgumentsDoneEvent(
                    index, position, call.id, function.name, function.arguments
                )
            self.calls = None


class EventBuilder:
    """The events of one stream."""

    __slots__ = ("_choices",)

    def __init__(self) -> None:
        self._choices: dict[int, _ChoiceEvents] = {}

    def feed(self, chunks: Iterable[ChatCompletionChunk]) -> Iterator[ChatEvent]:
        """The events of these chunks, in order."""
        for chunk in chunks:
            for choice in chunk.choices:
                events = self._choices.get(choice.index)
                if events is None:
                    events = self._choices[choice.index] = _ChoiceEvents()
                yield from events.feed(choice)
            if chunk.usage is not None and chunk.usage != NO_TOKENS:
                yield UsageEvent(chunk.usage)
        for events in self._choices.values():
            events.join()
