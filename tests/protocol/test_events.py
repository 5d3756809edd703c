import msgspec
import pytest

from fireworks_async._protocol.chunks import (
    ChatCompletionChunk,
    FunctionCallDelta,
    ToolCallDelta,
)
from fireworks_async._protocol.completions import LogProbs, Usage
from fireworks_async._protocol.events import (
    ContentDeltaEvent,
    ContentDoneEvent,
    EventBuilder,
    FinishEvent,
    LogProbsDeltaEvent,
    ReasoningDeltaEvent,
    ReasoningDoneEvent,
    ToolCallArgumentsDeltaEvent,
    ToolCallArgumentsDoneEvent,
    UsageEvent,
)
from tests.support.memory import bytes_kept_by
from tests.support.wire import USAGE
from tests.support.wire import chunk as wire_chunk


def chunk(*args, **fields):
    return msgspec.convert(wire_chunk(*args, **fields), ChatCompletionChunk)


def events_of(*chunks):
    """The events, which do not depend on how many chunks one read holds."""
    at_once = list(EventBuilder().feed(chunks))
    builder = EventBuilder()
    assert [event for each in chunks for event in builder.feed([each])] == at_once
    return at_once


def call(**fields):
    function = FunctionCallDelta(fields.pop("name", None), fields.pop("arguments", ""))
    return ToolCallDelta(**fields, function=function)


def call_chunk(*calls, index=0):
    return chunk(index=index, delta={"tool_calls": list(msgspec.to_builtins(calls))})


def test_content():
    assert events_of(
        chunk(delta={"role": "assistant", "content": ""}),
        chunk("a"),
        chunk("b"),
        chunk(finish_reason="stop"),
    ) == [
        ContentDeltaEvent(0, "a"),
        ContentDeltaEvent(0, "b"),
        ContentDoneEvent(0, "ab"),
        FinishEvent(0, "stop"),
    ]


def test_usage_of_nothing_is_no_event():
    assert events_of(chunk("a", usage={})) == [ContentDeltaEvent(0, "a")]


def test_no_words_are_no_reason_to_end():
    assert events_of(chunk("a", finish_reason="")) == [ContentDeltaEvent(0, "a")]


def test_reasoning_is_whole_when_the_answer_begins():
    assert events_of(
        chunk(delta={"reasoning_content": "x"}),
        chunk(delta={"reasoning_content": "y", "content": ""}),
        chunk("a"),
        chunk("b", finish_reason="stop"),
    ) == [
        ReasoningDeltaEvent(0, "x"),
        ReasoningDeltaEvent(0, "y"),
        ReasoningDoneEvent(0, "xy"),
        ContentDeltaEvent(0, "a"),
        ContentDeltaEvent(0, "b"),
        ContentDoneEvent(0, "ab"),
        FinishEvent(0, "stop"),
    ]


def test_reasoning_and_content_in_one_chunk():
    assert events_of(chunk(delta={"content": "a", "reasoning_content": "x"})) == [
        ReasoningDeltaEvent(0, "x"),
        ReasoningDoneEvent(0, "x"),
        ContentDeltaEvent(0, "a"),
    ]


def test_reasoning_that_is_all_there_is():
    assert events_of(
        chunk(delta={"reasoning_content": "x"}, finish_reason="length")
    ) == [
        ReasoningDeltaEvent(0, "x"),
        ReasoningDoneEvent(0, "x"),
        FinishEvent(0, "length"),
    ]


def test_reasoning_that_is_taken_up_again_is_a_further_part():
    events = events_of(
        chunk(delta={"reasoning_content": "x"}),
        chunk("a"),
        chunk(delta={"reasoning_content": "y"}),
        chunk("b", finish_reason="stop"),
    )
    done = [event for event in events if isinstance(event, ReasoningDoneEvent)]
    assert done == [ReasoningDoneEvent(0, "x"), ReasoningDoneEvent(0, "y")]


def test_reasoning_is_whole_when_tool_calls_begin():
    events = events_of(
        chunk(delta={"reasoning_content": "x"}), call_chunk(call(index=0, id="a"))
    )
    assert [event.type for event in events] == [
        "reasoning.delta",
        "reasoning.done",
        "tool_calls.function.arguments.delta",
    ]


def test_tool_calls():
    first = call(index=0, id="a", name="f")
    piece = call(index=0, arguments="{}")
    second = call(index=1, id="b", name="g", arguments="[]")
    assert events_of(
        call_chunk(first), call_chunk(piece, second), chunk(finish_reason="tool_calls")
    ) == [
        ToolCallArgumentsDeltaEvent(0, first),
        ToolCallArgumentsDeltaEvent(0, piece),
        ToolCallArgumentsDeltaEvent(0, second),
        ToolCallArgumentsDoneEvent(0, 0, "a", "f", "{}"),
        ToolCallArgumentsDoneEvent(0, 1, "b", "g", "[]"),
        FinishEvent(0, "tool_calls"),
    ]


def test_what_a_fragment_adds_to_the_arguments():
    fragments = [
        ToolCallDelta(index=0),
        call(index=0, id="a", name="f", arguments=None),
        call(index=0, arguments='{"x":'),
        call(index=0, arguments="1}"),
        call(index=1, id="b", name="g", arguments={"y": [2]}),
    ]
    events = events_of(call_chunk(*fragments))
    assert [event.delta for event in events] == ["", "", '{"x":', "1}", '{"y":[2]}']


def test_content_before_tool_calls_is_whole_before_they_are():
    events = events_of(
        chunk("a"), call_chunk(call(index=0, id="a")), chunk(finish_reason="tool_calls")
    )
    done = [event.type for event in events if event.type.endswith(".done")]
    assert done == ["content.done", "tool_calls.function.arguments.done"]
    assert events[-1] == FinishEvent(0, "tool_calls")


def test_choices_are_told_apart():
    assert events_of(
        chunk("a", index=1),
        chunk("b", index=0),
        chunk("c", index=1, finish_reason="stop"),
        chunk(index=0, finish_reason="length"),
    ) == [
        ContentDeltaEvent(1, "a"),
        ContentDeltaEvent(0, "b"),
        ContentDeltaEvent(1, "c"),
        ContentDoneEvent(1, "ac"),
        FinishEvent(1, "stop"),
        ContentDoneEvent(0, "b"),
        FinishEvent(0, "length"),
    ]


def test_choices_in_one_chunk():
    both = chunk("a")
    both.choices += chunk("b", index=1).choices
    assert events_of(both) == [ContentDeltaEvent(0, "a"), ContentDeltaEvent(1, "b")]


def test_usage_comes_after_what_its_chunk_says_of_choices():
    usage = msgspec.convert(USAGE, Usage)
    assert events_of(
        chunk(finish_reason="stop", usage=USAGE), chunk(choices=[], usage=USAGE)
    ) == [FinishEvent(0, "stop"), UsageEvent(usage), UsageEvent(usage)]


def test_log_probabilities_come_with_their_text():
    given = chunk("a", finish_reason="stop")
    given.choices[0].logprobs = LogProbs(tokens=["a"])
    assert events_of(given) == [
        ContentDeltaEvent(0, "a"),
        LogProbsDeltaEvent(0, LogProbs(tokens=["a"])),
        ContentDoneEvent(0, "a"),
        FinishEvent(0, "stop"),
    ]


def test_content_after_the_finish_is_a_further_part():
    assert events_of(
        chunk("a", finish_reason="stop"), chunk("b"), chunk(finish_reason="length")
    ) == [
        ContentDeltaEvent(0, "a"),
        ContentDoneEvent(0, "a"),
        FinishEvent(0, "stop"),
        ContentDeltaEvent(0, "b"),
        ContentDoneEvent(0, "b"),
        FinishEvent(0, "length"),
    ]


@pytest.mark.parametrize(
    "nothing",
    [
        pytest.param(chunk(), id="empty delta"),
        pytest.param(chunk(delta={"role": "assistant", "content": ""}), id="role"),
        pytest.param(chunk(delta={"reasoning_content": ""}), id="no reasoning"),
        pytest.param(chunk(delta={"tool_calls": []}), id="no tool calls"),
        pytest.param(chunk(choices=[]), id="no choices"),
    ],
)
def test_nothing_happens_in(nothing):
    assert events_of(nothing) == []


def test_events_say_their_type_and_travel_as_json():
    events = events_of(
        chunk(delta={"reasoning_content": "x"}),
        chunk("a"),
        call_chunk(call(index=0, id="a", name="f")),
        chunk(finish_reason="tool_calls", usage=USAGE),
    )
    events.append(LogProbsDeltaEvent(0, LogProbs()))
    assert {event.type for event in events} == {
        "content.delta",
        "content.done",
        "reasoning.delta",
        "reasoning.done",
        "tool_calls.function.arguments.delta",
        "tool_calls.function.arguments.done",
        "logprobs.delta",
        "usage",
        "finish",
    }
    for event in events:
        assert msgspec.to_builtins(event)["type"] == event.type


@pytest.mark.parametrize("field", ["content", "reasoning_content"])
def test_a_long_part_takes_little_more_than_its_characters(field):
    count = 6000

    def build():
        builder = EventBuilder()
        for number in range(count):
            for _ in builder.feed([chunk(delta={field: f"{number:04}"})]):
                pass
        return builder

    assert bytes_kept_by(build) < 4 * count * 4
