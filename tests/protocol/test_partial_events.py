"""Events of a stream of JSON, with the value so far."""

import copy

from fireworks_async._protocol.chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkChoice,
)
from fireworks_async._protocol.events import (
    ContentDeltaEvent,
    ContentDoneEvent,
    EventBuilder,
    FinishEvent,
)
from fireworks_async._protocol.partial_events import PartialEventBuilder


def chunk(text, index=0, finish=None):
    choice = ChunkChoice(
        index=index, delta=ChoiceDelta(content=text), finish_reason=finish
    )
    return ChatCompletionChunk(id="i", created=1, model="m", choices=[choice])


def test_each_choice_has_its_own_value():
    builder = PartialEventBuilder()
    chunks = [
        chunk('{"a": '),
        chunk("[true,", 1),
        chunk('"x'),
        chunk(" 2]", 1),
        chunk('y"}', finish="stop"),
    ]
    seen = [
        (event.index, copy.deepcopy(event.parsed_partial))
        for each in chunks
        for event in builder.feed([each])
        if isinstance(event, ContentDeltaEvent)
    ]
    assert seen == [
        (0, {}),
        (1, [True]),
        (0, {"a": "x"}),
        (1, [True, 2]),
        (0, {"a": "xy"}),
    ]


def test_all_else_is_as_without_values():
    chunks = [chunk('{"a":'), chunk("1}", finish="stop")]
    events = list(PartialEventBuilder().feed(chunks))
    assert events[-2:] == [ContentDoneEvent(0, '{"a":1}'), FinishEvent(0, "stop")]
    plain = list(EventBuilder().feed(chunks))
    assert [type(event) for event in events] == [type(event) for event in plain]
    assert all(getattr(event, "parsed_partial", None) is None for event in plain)
