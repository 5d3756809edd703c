"""What the streams of chat and of text completions differ in, as values."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from fireworks_async._protocol.chat_collector import ChatCollector
from fireworks_async._protocol.chunks import (
    ChatCompletionChunk,
    chunk_from_completion,
    decode_chunk,
    decode_chunks,
    decode_one,
)
from fireworks_async._protocol.collector import Chunk, Collector
from fireworks_async._protocol.completions import ChatCompletion

if TYPE_CHECKING:
    from fireworks_async._protocol.text_completions import Completion

__all__ = ("CHAT", "Dialect")

ChunkT = TypeVar("ChunkT", bound=Chunk[Any])
ResultT = TypeVar("ResultT", bound="ChatCompletion | Completion")


class Dialect(NamedTuple, Generic[ChunkT, ResultT]):
    """How one kind of completion is read.

    Attributes:
        chunk: The class of its chunks.
        collector: Makes what folds them.
        decode_one: Reads a chunk that is as documented.
        decode_chunks: Reads a JSON array of chunks that are as documented.
        decode_chunk: Reads one event, forgivingly; gives an object that reports an
            error as it is.
        chunk_from_completion: Reads a whole completion as one chunk, likewise.
    """

    chunk: type[ChunkT]
    collector: Callable[[], Collector[Any, Any, ResultT]]
    decode_one: Callable[[bytes], ChunkT]
    decode_chunks: Callable[[bytes], list[ChunkT]]
    decode_chunk: Callable[[str], ChunkT | dict[str, object]]
    chunk_from_completion: Callable[[str], ChunkT | dict[str, object]]


CHAT: Dialect[ChatCompletionChunk, ChatCompletion] = Dialect(
    chunk=ChatCompletionChunk,
    collector=ChatCollector,
    decode_one=decode_one,
    decode_chunks=decode_chunks,
    decode_chunk=decode_chunk,
    chunk_from_completion=chunk_from_completion,
)
