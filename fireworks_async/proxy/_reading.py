"""What the gateway reads of an answer on its way: usage, ends, errors; nothing else.

A dialect of its own for the library's parser: the same rules and the same forgiveness,
with structs that hold next to nothing, because every byte passes here.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.dialects import Dialect
from fireworks_async._protocol.forgiving import decode_object, forgiven

__all__ = ("PASSING", "PassingChoice", "PassingChunk", "Tally", "WholeAnswer")


class PassingChoice(msgspec.Struct, gc=False):
    """One choice's part of a chunk: whether it ends."""

    index: int = 0
    finish_reason: str | None = None


class PassingChunk(msgspec.Struct, gc=False):
    """One event of a stream of completions, chat or text."""

    # Required, as in the public chunks: what has none leaves the parser's fast path.
    choices: list[PassingChoice]
    usage: Usage | None = None
    error: None = None


class WholeAnswer(msgspec.Struct, gc=False):
    """A JSON answer of any endpoint, as far as it matters here."""

    usage: Usage | None = None
    error: object = None


class Tally:
    """Folds passing chunks.

    Attributes:
        chunks: How many there were; about as many as tokens.
        usage: What was last reported, or None.
        is_whole: Whether every choice that has appeared is finished.
    """

    __slots__ = ("_open", "chunks", "is_whole", "usage")

    def __init__(self) -> None:
        self._open: set[int] = set()
        self.chunks = 0
        self.usage: Usage | None = None
        self.is_whole = False

    @property
    def has_begun(self) -> bool:
        """Whether any choice has appeared."""
        return self.is_whole or bool(self._open)

    def has_open(self, choices: frozenset[int]) -> bool:
        """Whether all of these have appeared, and none of them is finished."""
        return choices <= self._open

    def add(self, chunks: Sequence[PassingChunk]) -> bool:
        """Fold in what one read gave; returns whether a usage was among it."""
        found = False
        still_open = self._open
        self.chunks += len(chunks)
        for chunk in chunks:
            if chunk.usage is not None:
                self.usage = chunk.usage
                found = True
            for choice in chunk.choices:
                if choice.finish_reason:
                    still_open.discard(choice.index)
                    self.is_whole = True
                elif choice.index not in still_open:
                    still_open.add(choice.index)
        if still_open:
            self.is_whole = False
        return found


_ONE: Final = msgspec.json.Decoder(PassingChunk)
_MANY: Final = msgspec.json.Decoder(list[PassingChunk])


def _decode_one(data: str) -> PassingChunk | dict[str, object]:
    try:
        return _ONE.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return forgiven(decode_object(data), PassingChunk)


def _decode_whole(data: str) -> PassingChunk | dict[str, object]:
    return forgiven(decode_object(data), PassingChunk)


def _no_collector() -> Any:
    raise AssertionError("nothing is collected on the way")


# Of Any, since a dialect's chunks hold more than these.
PASSING: Final = Dialect[Any, Any](
    chunk=PassingChunk,
    collector=_no_collector,
    decode_one=_ONE.decode,
    decode_chunks=_MANY.decode,
    decode_chunk=_decode_one,
    chunk_from_completion=_decode_whole,
)
