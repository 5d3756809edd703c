"""A call that streams: sent when first used, read once, left at any moment.

Single chunks exist only here: each of the public iterators is one asynchronous
generator over the reader's batches. (A class with its own ``__anext__`` costs more per
step, and nested generators leak unless each is closed by hand.)
"""

import asyncio
import warnings
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
)
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from fireworks_async._client.reader import AnswerReader
from fireworks_async._client.taskable import Taskable
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._protocol.completions import Usage

if TYPE_CHECKING:
    from fireworks_async._client.response_info import ResponseInfo
    from fireworks_async._protocol.events import ChatEvent

__all__ = ("Stream", "StreamOpening")

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
T = TypeVar("T")

# Chunks are of either kind here, and alike as far as this room looks at them.
View = Callable[[Iterator[Any]], Iterator[T]]


class Stream(Taskable[ResultT], Generic[ItemT, ResultT]):
    """One call: iterate it, await it, or enter it.

    Nothing is sent before the first use. ``async for`` gives the items as they arrive;
    ``await`` gives the collected whole; ``async with`` opens it, raises status errors
    there, and gives the connection back when the block is left, however it is left.

    An ``async for`` that is left by ``break`` closes the stream, and so stops the
    generation, unless it stands in the stream's own ``async with``, or reading goes on
    before the event loop's next turn. Every way of reading takes from the same stream:
    what one has read, another does not see again.
    """

    __slots__ = (
        "__weakref__",
        "_chunks",
        "_entered",
        "_items",
        "_reader",
        "_turn",
        "_view",
    )

    def __init__(self, reader: AnswerReader[Any, Any], view: View[ItemT]) -> None:
        self._reader = reader
        self._view = view
        self._chunks: Iterator[Any] = iter(())
        self._items: Iterator[ItemT] = iter(())
        # Whoever reads now: an iterator that was left sees that another took over.
        self._turn: object = None
        self._entered = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._reader.state}>"

    def __del__(self) -> None:
        if self._reader.is_live:
            said = f"unclosed {self!r}: use it in `async with`, or call aclose()"
            # First of all, since a warning may be made an error.
            self._reader.close()
            warnings.warn(said, ResourceWarning, stacklevel=2, source=self)

    def __await__(self) -> Generator[Any, None, ResultT]:
        return self.collect().__await__()

    async def __aenter__(self) -> Self:
        self._entered = True
        await self._reader.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[ItemT]:
        return self._iterate(_items_as_they_are)

    async def __anext__(self) -> ItemT:
        self._turn = None
        while True:
            for item in self._items:
                return item
            if not self._give(await self._reader.next_batch()):
                raise StopAsyncIteration

    async def collect(self) -> ResultT:
        """Read the rest, and give the whole: what was read before is in it too.

        Raises:
            APIError: The call failed; what had come is in its ``partial``.
        """
        await self._read_rest()
        return self.snapshot

    def text(self) -> AsyncGenerator[str, None]:
        """The content of choice 0, as it arrives; empty additions are left out."""
        return self._iterate(
            lambda chunks, _: (text for chunk in chunks if (text := chunk.content))
        )

    def reasoning(self) -> AsyncGenerator[str, None]:
        """The reasoning of choice 0, as it arrives."""
        return self._iterate(
            lambda chunks, _: (
                text for chunk in chunks if (text := chunk.reasoning_content)
            )
        )

    def events(self) -> "AsyncGenerator[ChatEvent, None]":
        """What happens in the stream, as typed events."""
        from fireworks_async._protocol.events import EventBuilder  # noqa: PLC0415 - on first use

        builder = EventBuilder()
        return self._iterate(lambda chunks, _: builder.feed(chunks))

    def batches(self) -> AsyncGenerator[list[ItemT], None]:
        """All items of one network read at a time: the cheapest way to iterate."""
        return self._iterate(_whole_batch)

    async def aclose(self) -> None:
        """Leave the stream; idempotent, and may be called from another task.

        Before the stream's end this closes its connection, which stops the generation.
        """
        was_live = self._reader.is_live
        self._leave()
        if was_live:
            # One turn of the loop, in which the socket is really closed.
            await asyncio.sleep(0)

    @property
    def response(self) -> "ResponseInfo":
        """The HTTP side of the answer.

        Raises:
            StreamStateError: No answer has come yet.
        """
        return self._reader.info

    @property
    def snapshot(self) -> ResultT:
        """What has come so far, also after an error; built at each access."""
        result: ResultT = self._reader.collector.result()
        return result

    @property
    def usage(self) -> Usage | None:
        """Tokens as counted by the server; None as long as it has not said."""
        return self._reader.collector.usage

    @property
    def finish_reason(self) -> str | None:
        """Why choice 0 ended; None as long as it has not."""
        return self._reader.collector.finish_reason

    @property
    def timings(self) -> StreamTimings:
        """When the call reached each of its stages, in monotonic seconds."""
        return self._reader.timings

    async def _iterate(
        self, pick: Callable[[Iterator[Any], Iterator[ItemT]], Iterator[T]]
    ) -> AsyncGenerator[T, None]:
        """Yield what ``pick`` finds in each batch; ``pick`` starts with what is left."""
        turn = self._turn = object()
        try:
            while True:
                for item in pick(self._chunks, self._items):
                    yield item
                if not self._give(await self._reader.next_batch()):
                    return
        finally:
            # Left early: the loop finalizes this generator right after the `break`.
            if self._turn is turn and not self._entered:
                self._leave()

    async def _read_rest(self) -> None:
        self._turn = None
        while await self._reader.next_batch():
            pass
        self._give([])

    def _leave(self) -> None:
        self._reader.close()
        self._give([])

    def _give(self, chunks: list[Any]) -> bool:
        """Put chunks before the iterators; whether there were any."""
        self._chunks = iter(chunks)
        self._items = self._view(self._chunks)
        if not chunks:
            return False
        if not self._reader.handed_out:
            self._reader.hand_out()
        return True


class StreamOpening(Taskable[Stream[ItemT, ResultT]], Generic[ItemT, ResultT]):
    """A call made with ``stream=True``: awaiting it opens and gives the stream.

    What else a stream has, it has too.
    """

    __slots__ = ("_reader", "_stream")

    def __init__(
        self, stream: Stream[ItemT, ResultT], reader: AnswerReader[Any, Any]
    ) -> None:
        self._stream = stream
        self._reader = reader

    if not TYPE_CHECKING:
        # To a type checker every misspelt name would be one of the stream's.
        def __getattr__(self, name: str) -> object:
            if name.startswith("_"):
                raise AttributeError(name)
            return getattr(self._stream, name)

    def __await__(self) -> Generator[Any, None, Stream[ItemT, ResultT]]:
        return self._open().__await__()

    async def __aenter__(self) -> Stream[ItemT, ResultT]:
        return await self._stream.__aenter__()

    async def __aexit__(self, *exc: object) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> AsyncIterator[ItemT]:
        return self._stream.__aiter__()

    async def __anext__(self) -> ItemT:
        return await self._stream.__anext__()

    def _leave(self) -> None:
        self._stream.close()

    async def _open(self) -> Stream[ItemT, ResultT]:
        await self._reader.open()
        return self._stream


def _items_as_they_are(_: Iterator[Any], items: Iterator[ItemT]) -> Iterator[ItemT]:
    return items


def _whole_batch(_: Iterator[Any], items: Iterator[ItemT]) -> Iterator[list[ItemT]]:
    return (batch for batch in (list(items),) if batch)
