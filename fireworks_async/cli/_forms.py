"""The forms in which one prompt's answer is shown: text, or a line of JSON a chunk."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import msgspec

from fireworks_async.types import (
    ChatCompletionChunk,
    ChunkChoice,
    CompletionChoice,
    CompletionChunk,
)

if TYPE_CHECKING:
    from fireworks_async.cli._output import Output
    from fireworks_async.errors import FireworksError
    from fireworks_async.types import StreamTimings, Usage

__all__ = ("Answered", "AnyChunk", "Form", "JSONForm", "TextForm", "closing_line")

AnyChunk: TypeAlias = ChatCompletionChunk | CompletionChunk
"""A chunk of a conversation, or of a text."""

_Kind: TypeAlias = Literal["answer", "reasoning"]
_Piece: TypeAlias = tuple[_Kind, str]


class Answered(Protocol):
    """What a closing line is made of; a stream has it."""

    @property
    def usage(self) -> "Usage | None": ...
    @property
    def finish_reason(self) -> str | None: ...
    @property
    def timings(self) -> "StreamTimings": ...


class Form(Protocol):
    """Shows the answer to one prompt."""

    def add(self, chunks: Sequence[AnyChunk]) -> None:
        """Show what came in one network read."""

    def step(self, text: str) -> None:
        """Say what happens between two answers."""

    def end(self, stream: Answered) -> None:
        """Close the answer, which is whole."""

    def fail(self, error: "FireworksError") -> None:
        """Close the answer, which is not."""


class TextForm:
    """An answer as text: its first choice as it comes, others after it.

    Args:
        output: Where to.
        say: Runs an action when it is this answer's turn: at once, or later.
        title: Names the prompt; None when there is one only.
        label: Goes before lines on standard error; empty when there is one prompt only.
        choices: How many answers were asked for.
    """

    def __init__(
        self,
        output: "Output",
        say: Callable[[Callable[[], None]], None],
        *,
        title: str | None = None,
        label: str = "",
        choices: int = 1,
    ) -> None:
        self._output = output
        self._say = say
        self._title = title
        self._label = label
        self._choices = choices
        self._others: dict[int, list[_Piece]] = {}
        self._head(0)

    def add(self, chunks: Sequence[AnyChunk]) -> None:
        """Show what the chunks add to the first choice, and keep the rest."""
        pieces: dict[int, list[_Piece]] = {0: []}
        for chunk in chunks:
            for choice in chunk.choices:
                pieces.setdefault(choice.index, []).extend(_pieces_of(choice))
        self._show(pieces.pop(0))
        for index, more in pieces.items():
            self._others.setdefault(index, []).extend(more)

    def step(self, text: str) -> None:
        """Say what happens between two answers."""
        self._say(partial(self._output.step, self._label + text))

    def end(self, stream: Answered) -> None:
        """Show the other choices, and the closing line."""
        self._finish()
        self._say(partial(self._output.note, self._label + closing_line(stream)))

    def fail(self, error: "FireworksError") -> None:
        """Show what came of the other choices, and what went wrong."""
        self._finish()
        self._say(partial(self._output.complaint, f"{self._label}{error}"))

    def _finish(self) -> None:
        self._say(self._output.end_answer)
        for index in sorted(self._others):
            self._head(index)
            self._show(self._others[index])
            self._say(self._output.end_answer)

    def _head(self, index: int) -> None:
        choice = f"choice {index + 1}" if self._choices > 1 or index else None
        parts = [part for part in (self._title, choice) if part]
        if parts:
            self._say(partial(self._output.heading, ", ".join(parts)))

    def _show(self, pieces: Iterable[_Piece]) -> None:
        for kind, text in _joined(pieces):
            show = self._output.answer if kind == "answer" else self._output.aside
            self._say(partial(show, text))


class JSONForm:
    """An answer as its chunks, one line each, as they come.

    Args:
        output: Where to.
        prompt_index: Put into each line; None when there is one prompt only.
        label: As for ``TextForm``.
    """

    def __init__(
        self, output: "Output", *, prompt_index: int | None = None, label: str = ""
    ) -> None:
        self._output = output
        self._prompt_index = prompt_index
        self._label = label

    def add(self, chunks: Sequence[AnyChunk]) -> None:
        """Write a line for each chunk."""
        for chunk in chunks:
            line: object = chunk
            if self._prompt_index is not None:
                fields = msgspec.structs.asdict(chunk)
                line = {"prompt_index": self._prompt_index, **fields}
            self._output.json_line(msgspec.json.encode(line))
        self._output.flush()

    def step(self, text: str) -> None:
        """Say what happens between two answers."""
        self._output.step(self._label + text)

    def end(self, stream: Answered) -> None:
        """Say what it took."""
        self._output.note(self._label + closing_line(stream))

    def fail(self, error: "FireworksError") -> None:
        """Say what went wrong."""
        self._output.complaint(f"{self._label}{error}")


def closing_line(stream: Answered) -> str:
    """What the answer took: tokens, time to first token, tokens per second.

    What is not known is left out, but for the tokens: that the server has not said is
    said.
    """
    usage, timings = stream.usage, stream.timings
    parts = ["tokens not reported"]
    if usage is not None:
        counts = f"{usage.prompt_tokens} prompt + {usage.completion_tokens} completion"
        parts = [f"{counts} tokens"]
    if timings.ttft is not None:
        parts.append(f"first token {timings.ttft:.2f} s")
    rate = _tokens_per_second(usage, timings)
    if rate is not None:
        parts.append(f"{rate:.1f} tokens/s")
    if stream.finish_reason not in (None, "stop"):
        parts.append(f"finish_reason {stream.finish_reason}")
    return " · ".join(parts)


def _tokens_per_second(usage: "Usage | None", timings: "StreamTimings") -> float | None:
    """The rate after the first token; None when all came in one read, which has none."""
    first, last, end = timings.first_delta_at, timings.last_delta_at, timings.done_at
    if usage is None or usage.completion_tokens < 2:
        return None
    if first is None or last is None or end is None or last <= first:
        return None
    return (usage.completion_tokens - 1) / (end - first)


def _pieces_of(choice: ChunkChoice | CompletionChoice) -> Iterator[_Piece]:
    if isinstance(choice, CompletionChoice):
        if choice.text:
            yield "answer", choice.text
        return
    if choice.delta.reasoning_content:
        yield "reasoning", choice.delta.reasoning_content
    if choice.delta.content:
        yield "answer", choice.delta.content


def _joined(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    """Neighbours of one kind as one."""
    for kind, group in groupby(pieces, key=_kind):
        yield kind, "".join(text for _, text in group)


def _kind(piece: _Piece) -> _Kind:
    return piece[0]
