"""The events of a stream of JSON, each with the value so far; nothing is typed here."""

from collections.abc import Iterable, Iterator

from fireworks_async._protocol.chunks import ChatCompletionChunk
from fireworks_async._protocol.events import (
    ChatEvent,
    ContentDeltaEvent,
    EventBuilder,
)
from fireworks_async._protocol.partial_json import PartialJSONReader

__all__ = ("PartialEventBuilder",)


class PartialEventBuilder:
    """An ``EventBuilder`` that fills ``parsed_partial`` in."""

    __slots__ = ("_events", "_readers")

    def __init__(self) -> None:
        self._events = EventBuilder()
        self._readers: dict[int, PartialJSONReader] = {}

    def feed(self, chunks: Iterable[ChatCompletionChunk]) -> Iterator[ChatEvent]:
        """The events of these chunks, in order."""
        for event in self._events.feed(chunks):
            if isinstance(event, ContentDeltaEvent):
                reader = self._readers.get(event.index)
                if reader is None:
                    reader = self._readers[event.index] = PartialJSONReader()
                reader.feed(event.delta)
                yield ContentDeltaEvent(event.index, event.delta, reader.value)
            else:
                yield event
