"""Chunks in, one completion out: what a stream amounts to, at any moment.

The collector is asked after every read whether the stream is whole so far, and at its
end for the completion. It keeps text, not chunks, so that a long stream stays small.
"""

import io
from collections.abc import Iterable

from fireworks_async._protocol.chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkChoice,
)
from fireworks_async._protocol.completions import (
    ChatCompletion,
    ChatMessage,
    Choice,
    LogProbs,
    PerfMetricValues,
    RawOutput,
    Usage,
)
from fireworks_async._protocol.tool_calls import ToolCallCollector

__all__ = ("ChatCollector",)


class _ChoiceParts:
    """One choice being put together."""

    __slots__ = (
        "finish_reason",
        "has_content",
        "logprobs",
        "raw_output",
        "reasoning",
        "refusal",
        "role",
        "text",
        "token_ids",
        "tool_calls",
    )

    def __init__(self) -> None:
        self.role = "assistant"
        # StringIO grows in place; a list of short strings takes ten times the memory.
        self.text = io.StringIO()
        self.has_content = False
        self.reasoning: io.StringIO | None = None
        self.refusal: str | None = None
        self.tool_calls: ToolCallCollector | None = None
        self.finish_reason: str | None = None
        self.logprobs: LogProbs | None = None
        self.raw_output: RawOutput | None = None
        self.token_ids: list[int] | None = None

    def add(self, choice: ChunkChoice) -> bool:
        """Take what a chunk adds; whether any of it is output."""
        delta = choice.delta
        text = delta.content
        output = False
        if text:
            self.text.write(text)
            output = True
        elif text is not None:
            self.has_content = True
        if delta.role:
            self.role = delta.role
        if delta.reasoning_content or delta.tool_calls or delta.refusal:
            self._add_beside_text(delta)
            output = True
        if (
            choice.logprobs is not None
            or choice.token_ids is not None
            or choice.raw_output is not None
        ):
            self._add_on_request(choice)
        return output

    def _add_beside_text(self, delta: ChoiceDelta) -> None:
        if delta.reasoning_content:
            if self.reasoning is None:
                self.reasoning = io.StringIO()
            self.reasoning.write(delta.reasoning_content)
        if delta.refusal:
            self.refusal = (self.refusal or "") + delta.refusal
        if delta.tool_calls:
            if self.tool_calls is None:
                self.tool_calls = ToolCallCollector()
            self.tool_calls.add(delta.tool_calls)

    def _add_on_request(self, choice: ChunkChoice) -> None:
        """Take what is sent only to callers that asked for it."""
        if choice.logprobs is not None:
            if self.logprobs is None:
                self.logprobs = LogProbs()
            _add_logprobs(self.logprobs, choice.logprobs)
        if choice.token_ids is not None:
            if self.token_ids is None:
                self.token_ids = []
            self.token_ids += choice.token_ids
        if choice.raw_output is not None:
            self.raw_output = choice.raw_output

    def result(self, index: int) -> Choice:
        text = self.text.getvalue()
        calls = self.tool_calls.result() if self.tool_calls is not None else None
        return Choice(
            index=index,
            message=ChatMessage(
                role=self.role,
                content=text or ("" if self.has_content and not calls else None),
                reasoning_content=(
                    self.reasoning.getvalue() if self.reasoning is not None else None
                ),
                tool_calls=calls,
                refusal=self.refusal,
            ),
            finish_reason=self.finish_reason,
            logprobs=_copy(self.logprobs),
            raw_output=self.raw_output,
            token_ids=None if self.token_ids is None else list(self.token_ids),
        )


class ChatCollector:
    """Folds the chunks of one chat stream.

    Attributes:
        usage: The last that was reported, or None.
        perf_metrics: The last that were reported, or None.
        milestones: How often something happened that is no output: a choice began or
            finished, usage or metrics came for the first time.
    """

    __slots__ = (
        "_choices",
        "_created",
        "_id",
        "_identified",
        "_model",
        "_prompt_token_ids",
        "_unfinished",
        "milestones",
        "perf_metrics",
        "usage",
    )

    def __init__(self) -> None:
        self._choices: dict[int, _ChoiceParts] = {}
        self._unfinished = 0
        self.milestones = 0
        self._id = ""
        self._identified = False
        self._created = 0
        self._model = ""
        self.perf_metrics: PerfMetricValues | None = None
        self._prompt_token_ids: list[int] | None = None
        self.usage: Usage | None = None

    @property
    def has_begun(self) -> bool:
        """Whether anything of a choice came."""
        return bool(self._choices)

    @property
    def is_whole(self) -> bool:
        """Whether a choice came, and each one that came has its finish_reason."""
        return self._unfinished == 0 and bool(self._choices)

    @property
    def finish_reason(self) -> str | None:
        """The finish_reason of the first choice, once it is there."""
        for index in sorted(self._choices):
            return self._choices[index].finish_reason
        return None

    def add(self, chunks: Iterable[ChatCompletionChunk]) -> bool:
        """Take the chunks of one read.

        Returns:
            Whether any of them adds output: text, reasoning, a refusal or part of a
            tool call. A chunk with a role and empty content adds none.
        """
        output = False
        known = self._choices
        for chunk in chunks:
            for choice in chunk.choices:
                parts = known.get(choice.index) or self._open(choice.index)
                if parts.add(choice):
                    output = True
                if choice.prompt_token_ids is not None:
                    self._prompt_token_ids = choice.prompt_token_ids
                if choice.finish_reason is not None:
                    self._finish(parts, choice.finish_reason)
            if (
                not self._identified
                or chunk.usage is not None
                or chunk.perf_metrics is not None
                or chunk.prompt_token_ids is not None
            ):
                self._add_beside_choices(chunk)
        return output

    def result(self) -> ChatCompletion:
        """The completion so far."""
        return ChatCompletion(
            id=self._id,
            created=self._created,
            model=self._model,
            choices=[
                self._choices[index].result(index) for index in sorted(self._choices)
            ],
            usage=self.usage,
            perf_metrics=self.perf_metrics,
            prompt_token_ids=self._prompt_token_ids,
        )

    def _open(self, index: int) -> _ChoiceParts:
        parts = self._choices[index] = _ChoiceParts()
        self._unfinished += 1
        self.milestones += 1
        return parts

    def _finish(self, parts: _ChoiceParts, reason: str) -> None:
        if parts.finish_reason is None:
            self._unfinished -= 1
            self.milestones += 1
        parts.finish_reason = reason

    def _add_beside_choices(self, chunk: ChatCompletionChunk) -> None:
        # The id, the time and the model stand on every chunk: the first that has them
        # counts. Usage and metrics come on the finish chunk, on a last one without
        # choices, or on both: the last word counts, and it is never a sum.
        self._id = self._id or chunk.id
        self._created = self._created or chunk.created
        self._model = self._model or chunk.model
        self._identified = bool(self._id and self._created and self._model)
        if chunk.usage is not None:
            self.milestones += self.usage is None
            self.usage = chunk.usage
        if chunk.perf_metrics is not None:
            self.milestones += self.perf_metrics is None
            self.perf_metrics = chunk.perf_metrics
        if chunk.prompt_token_ids is not None:
            self._prompt_token_ids = chunk.prompt_token_ids


def _add_logprobs(to: LogProbs, new: LogProbs) -> None:
    """Append in place; each of the two formats has its own parallel lists."""
    for name in LogProbs.__struct_fields__:
        items = getattr(new, name)
        if items is None:
            continue
        gathered = getattr(to, name)
        if gathered is None:
            setattr(to, name, list(items))
        else:
            gathered.extend(items)


def _copy(logprobs: LogProbs | None) -> LogProbs | None:
    """A completion handed out must not grow with the stream."""
    if logprobs is None:
        return None
    copy = LogProbs()
    _add_logprobs(copy, logprobs)
    return copy
