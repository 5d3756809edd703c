"""Chunks in, one completion out: what a stream amounts to, at any moment.

The collector is asked after every read whether the stream is whole so far, and at its
end for the completion. It keeps text, not chunks, so that a long stream stays small.
What all kinds of completions have in common stands here.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from fireworks_async._protocol.completions import (
    NO_TOKENS,
    LogProbs,
    PerfMetricValues,
    RawOutput,
    Usage,
)
from fireworks_async._protocol.pieces import MANY, Pieces

__all__ = ("ChoiceParts", "Chunk", "ChunkChoiceLike", "Collector")


class ChunkChoiceLike(Protocol):
    """What one choice's part of a chunk holds, of whatever kind."""

    index: int
    finish_reason: str | None
    logprobs: LogProbs | None
    raw_output: RawOutput | None
    token_ids: list[int] | None
    prompt_token_ids: list[int] | None


ChoiceT = TypeVar("ChoiceT", bound=ChunkChoiceLike)
ChoiceT_co = TypeVar("ChoiceT_co", bound=ChunkChoiceLike, covariant=True)
PartT = TypeVar("PartT")
ResultT = TypeVar("ResultT")


class Chunk(Protocol[ChoiceT_co]):
    """What a chunk holds, of whatever kind."""

    id: str
    created: int
    model: str
    usage: Usage | None
    perf_metrics: PerfMetricValues | None
    prompt_token_ids: list[int] | None

    @property
    def choices(self) -> Sequence[ChoiceT_co]: ...


class ChoiceParts(ABC, Generic[ChoiceT, PartT]):
    """One choice being put together."""

    __slots__ = (
        "finish_reason",
        "logprobs",
        "prompt_token_ids",
        "raw_output",
        "text",
        "token_ids",
    )

    def __init__(self) -> None:
        self.text = Pieces()
        self.finish_reason: str | None = None
        self.logprobs: LogProbs | None = None
        self.raw_output: RawOutput | None = None
        self.token_ids: list[int] | None = None
        self.prompt_token_ids: list[int] | None = None

    @abstractmethod
    def add(self, choice: ChoiceT) -> bool:
        """Take what a chunk adds; whether any of it is output."""

    @abstractmethod
    def result(self, index: int) -> PartT:
        """The choice so far."""

    def join(self) -> None:
        """Join the pieces of what grows."""
        self.text.join()

    def add_on_request(self, choice: ChoiceT) -> None:
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
        if choice.prompt_token_ids is not None:
            self.prompt_token_ids = choice.prompt_token_ids

    def copied_logprobs(self) -> LogProbs | None:
        """What came so far; a completion handed out must not grow with the stream."""
        if self.logprobs is None:
            return None
        copy = LogProbs()
        _add_logprobs(copy, self.logprobs)
        return copy

    def copied_token_ids(self) -> list[int] | None:
        """What came so far, likewise."""
        return None if self.token_ids is None else list(self.token_ids)


class Collector(ABC, Generic[ChoiceT, PartT, ResultT]):
    """Folds the chunks of one stream.

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
        "_loose",
        "_model",
        "_prompt_token_ids",
        "_unfinished",
        "milestones",
        "perf_metrics",
        "usage",
    )

    def __init__(self) -> None:
        self._choices: dict[int, ChoiceParts[ChoiceT, PartT]] = {}
        self._unfinished = 0
        self._loose = 0
        self.milestones = 0
        self._id = ""
        self._identified = False
        self._created = 0
        self._model = ""
        self.perf_metrics: PerfMetricValues | None = None
        self._prompt_token_ids: list[int] | None = None
        self.usage: Usage | None = None

    @abstractmethod
    def result(self) -> ResultT:
        """The completion so far."""

    @abstractmethod
    def _new_parts(self) -> ChoiceParts[ChoiceT, PartT]:
        """Begin a choice."""

    @property
    def has_begun(self) -> bool:
        """Whether anything of a choice came."""
        return bool(self._choices)

    @property
    def begun(self) -> int:
        """Of how many choices anything came."""
        return len(self._choices)

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

    @property
    def finish_reasons(self) -> tuple[str | None, ...]:
        """The finish_reason of each choice that began, in order."""
        return tuple(
            self._choices[index].finish_reason for index in sorted(self._choices)
        )

    @property
    def id(self) -> str:
        """What the answer calls itself; empty as long as it has not."""
        return self._id

    @property
    def model(self) -> str:
        """What the answer calls the model; empty as long as it has not."""
        return self._model

    def add(self, chunks: Sequence[Chunk[ChoiceT]]) -> bool:
        """Take the chunks of one read.

        Returns:
            Whether any of them adds output: text, reasoning, a refusal or part of a
            tool call. A chunk with a role and empty content adds none.
        """
        output = False
        known = self._choices
        for chunk in chunks:
            for choice in chunk.choices:
                try:
                    parts = known[choice.index]
                except KeyError:
                    parts = self._open(choice.index)
                if parts.add(choice):
                    output = True
                # Some servers send "" with every chunk until the last.
                if choice.finish_reason:
                    self._finish(parts, choice.finish_reason)
            if (
                not self._identified
                or chunk.usage is not None
                or chunk.perf_metrics is not None
                or chunk.prompt_token_ids is not None
            ):
                self._add_beside_choices(chunk)
        self._loose += len(chunks)
        if self._loose >= MANY * len(known):
            self._loose = 0
            for parts in known.values():
                parts.join()
        return output

    def _open(self, index: int) -> ChoiceParts[ChoiceT, PartT]:
        parts = self._choices[index] = self._new_parts()
        self._unfinished += 1
        self.milestones += 1
        return parts

    def _finish(self, parts: ChoiceParts[ChoiceT, PartT], reason: str) -> None:
        if parts.finish_reason is None:
            self._unfinished -= 1
            self.milestones += 1
        parts.finish_reason = reason

    def _add_beside_choices(self, chunk: Chunk[ChoiceT]) -> None:
        # The id, the time and the model stand on every chunk: the first that has them
        # counts. Usage and metrics come on the finish chunk, on a last one without
        # choices, or on both: the last word counts, and it is never a sum.
        self._id = self._id or chunk.id
        self._created = self._created or chunk.created
        self._model = self._model or chunk.model
        self._identified = bool(self._id and self._created and self._model)
        if chunk.usage is not None and chunk.usage != NO_TOKENS:
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
