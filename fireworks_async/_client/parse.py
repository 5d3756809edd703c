"""The stream whose answer is a value.

What is asked for, and what the answer is, is known in ``_protocol/parsed``.
"""

from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

from fireworks_async._client.reader import AnswerReader
from fireworks_async._client.stream import Stream
from fireworks_async._protocol.chunks import ChatCompletionChunk
from fireworks_async._protocol.completions import ChatCompletion
from fireworks_async._protocol.events import ChatEvent
from fireworks_async._protocol.parsed import ParsedChatCompletion, TypedAnswer
from fireworks_async._protocol.partial_events import PartialEventBuilder

__all__ = ("ParsedStream",)

T = TypeVar("T")


class ParsedStream(Stream[ChatEvent, ParsedChatCompletion[T]], Generic[T]):
    """One call of ``parse``: await it, or iterate over its events as they arrive.

    The event ``content.delta`` has what the JSON amounts to so far, in
    ``parsed_partial``.
    """

    __slots__ = ("_answer",)

    def __init__(
        self,
        reader: AnswerReader[ChatCompletionChunk, ChatCompletion],
        answer: TypedAnswer[T],
    ) -> None:
        super().__init__(reader, PartialEventBuilder().feed)
        self._answer = answer

    async def collect(self) -> ParsedChatCompletion[T]:
        """Read the rest, and give the whole, with the answers as values.

        Raises:
            APIError: The call failed; what had come is in its ``partial``.
            StructuredOutputError: An answer is cut, filtered, or does not fit.
        """
        await self._read_rest()
        return self._answer.read(self._reader.collector.result())

    @property
    def snapshot(self) -> ParsedChatCompletion[T]:
        """What has come so far, also after an error; nothing in it is parsed."""
        return self._answer.unread(self._reader.collector.result())

    def events(self) -> AsyncGenerator[ChatEvent, None]:
        """What happens in the stream, as typed events."""
        builder = PartialEventBuilder()
        return self._iterate(lambda chunks, _: builder.feed(chunks))
