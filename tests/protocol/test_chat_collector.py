import copy
import itertools
import random

import msgspec
import pytest

from fireworks_async._protocol.chat_collector import ChatCollector
from fireworks_async._protocol.chunks import ChatCompletionChunk, decode_chunk
from fireworks_async._protocol.completions import (
    ChatCompletion,
    ChatMessage,
    Choice,
    FunctionCall,
    LogProbs,
    RawOutput,
    ToolCall,
    Usage,
)
from fireworks_async.sse import SSEDecoder
from tests.support.memory import bytes_kept_by
from tests.support.recorded import CHAT_ANSWERS, assert_holds
from tests.support.wire import USAGE
from tests.support.wire import chunk as wire_chunk

CALL = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
ZERO = {"prompt_tokens": 0, "total_tokens": 0, "completion_tokens": 0}
ID = "chatcmpl-0123456789abcdef0123456789abcdef"


def chunk(*args, **fields):
    return msgspec.convert(wire_chunk(*args, **fields), ChatCompletionChunk)


def choices_chunk(*choices, **fields):
    return msgspec.convert({"choices": list(choices), **fields}, ChatCompletionChunk)


def collected(*chunks):
    """The completion, which does not depend on how many chunks one read holds."""
    at_once, one_by_one = ChatCollector(), ChatCollector()
    outputs = [one_by_one.add([each]) for each in chunks]
    assert at_once.add(chunks) is any(outputs)
    assert at_once.result() == one_by_one.result()
    assert at_once.is_whole is one_by_one.is_whole
    assert at_once.finish_reason == one_by_one.finish_reason
    return at_once.result()


def message(*chunks):
    (choice,) = collected(*chunks).choices
    return choice.message


@pytest.mark.parametrize("recording", CHAT_ANSWERS, ids=lambda r: r.name)
def test_recorded_answers(recording):
    data = [event.data for event in SSEDecoder().feed(recording.body) if event.data]
    chunks = [decode_chunk(text) for text in data if text[:1] == "{"]
    assert_holds(msgspec.to_builtins(collected(*chunks)), recording.expected)


def test_nothing_came():
    collector = ChatCollector()
    assert collector.add([]) is False
    assert not collector.has_begun
    assert not collector.is_whole
    assert collector.finish_reason is None
    assert collector.usage is collector.perf_metrics is None
    assert collector.result() == ChatCompletion("", 0, "", [])


def test_text():
    assert collected(
        chunk(delta={"role": "assistant", "content": ""}),
        chunk("a"),
        chunk("b"),
        chunk(finish_reason="stop"),
    ) == ChatCompletion(
        ID,
        1_780_000_000,
        "accounts/fireworks/models/m",
        [Choice(0, ChatMessage(content="ab"), finish_reason="stop")],
    )


def test_every_other_part_of_a_message():
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}}
    more = {"index": 0, "function": {"arguments": "}"}}
    assert message(
        chunk(delta={"role": "critic", "reasoning_content": "x", "refusal": "n"}),
        chunk(delta={"reasoning_content": "y", "refusal": "o", "tool_calls": [call]}),
        chunk(delta={"tool_calls": [more]}),
    ) == ChatMessage(
        role="critic",
        reasoning_content="xy",
        refusal="no",
        tool_calls=[ToolCall("c", FunctionCall("f", "{}"))],
    )


class TestEmptyContent:
    def test_is_none_when_there_never_was_any(self):
        assert message(chunk(finish_reason="stop")).content is None

    def test_is_empty_when_it_was_said_to_be(self):
        assert message(chunk(""), chunk(finish_reason="stop")).content == ""

    def test_is_none_beside_tool_calls(self):
        assert message(chunk(""), chunk(delta={"tool_calls": [CALL]})) == (
            ChatMessage(tool_calls=[ToolCall("c", FunctionCall("f", "{}"))])
        )

    def test_text_beside_tool_calls_stays(self):
        given = message(chunk("a"), chunk(delta={"tool_calls": [CALL]}))
        assert given.content == "a"

    def test_reasoning_is_none_when_empty(self):
        assert message(chunk(delta={"reasoning_content": ""})).reasoning_content is None


class TestWhatIsOutput:
    @pytest.mark.parametrize(
        "delta",
        [
            {"content": "a"},
            {"reasoning_content": "a"},
            {"refusal": "a"},
            {"tool_calls": [{"index": 0}]},
        ],
        ids=lambda delta: next(iter(delta)),
    )
    def test_some(self, delta):
        assert ChatCollector().add([chunk(), chunk(delta=delta), chunk()])

    @pytest.mark.parametrize(
        "nothing",
        [
            pytest.param(chunk(delta={"role": "assistant", "content": ""}), id="role"),
            pytest.param(chunk(finish_reason="stop"), id="finish"),
            pytest.param(chunk(choices=[], usage=USAGE), id="usage"),
            pytest.param(choices_chunk({"token_ids": [1]}), id="tokens alone"),
        ],
    )
    def test_none(self, nothing):
        assert not ChatCollector().add([nothing])


def test_milestones_are_what_happens_beside_output():
    collector = ChatCollector()

    def steps(*chunks):
        before = collector.milestones
        collector.add(chunks)
        return collector.milestones - before

    assert steps(chunk(choices=[])) == 0
    assert steps(chunk(delta={"role": "assistant", "content": ""})) == 1
    assert steps(chunk(""), chunk(), chunk("a")) == 0
    assert steps(chunk(index=1)) == 1
    assert steps(chunk(finish_reason="stop")) == 1
    assert steps(chunk(finish_reason="stop")) == 0
    assert steps(chunk(choices=[], usage=USAGE)) == 1
    assert steps(chunk(choices=[], usage=USAGE)) == 0
    assert steps(choices_chunk(perf_metrics={"x": 1})) == 1
    assert steps(choices_chunk(perf_metrics={"x": 2})) == 0
    assert steps(chunk("b", index=2, finish_reason="stop", usage=USAGE)) == 2


class TestChoices:
    def test_interleaved_and_out_of_order(self):
        completion = collected(
            chunk("b", index=1),
            chunk("a", index=0),
            choices_chunk(
                {"index": 1, "delta": {"content": "B"}, "finish_reason": "length"},
                {"index": 0, "delta": {"content": "A"}, "finish_reason": "stop"},
            ),
        )
        assert completion.choices == [
            Choice(0, ChatMessage(content="aA"), finish_reason="stop"),
            Choice(1, ChatMessage(content="bB"), finish_reason="length"),
        ]

    def test_gaps_and_a_huge_index_cost_nothing(self):
        completion = collected(chunk("b", index=10**9), chunk("a", index=3))
        assert [choice.index for choice in completion.choices] == [3, 10**9]

    def test_a_stream_is_whole_when_every_choice_that_came_is_finished(self):
        collector = ChatCollector()
        seen = []
        for each in (
            chunk(choices=[], usage=USAGE),
            chunk("a"),
            chunk(finish_reason="stop"),
            chunk("b", index=1),
            chunk(index=1, finish_reason="stop"),
            chunk("late"),
            chunk(choices=[]),
        ):
            collector.add([each])
            seen.append((collector.has_begun, collector.is_whole))
        began, whole = zip(*seen, strict=True)
        assert began == (False, True, True, True, True, True, True)
        assert whole == (False, False, True, False, True, True, True)

    def test_finish_reason_is_the_first_choices(self):
        collector = ChatCollector()
        collector.add([chunk("a"), chunk(index=1, finish_reason="length")])
        assert collector.finish_reason is None
        collector.add([chunk(finish_reason="stop")])
        assert collector.finish_reason == "stop"

    def test_a_choice_that_finishes_twice_and_goes_on(self):
        completion = collected(
            chunk("a", finish_reason="stop"),
            chunk("b"),
            chunk(finish_reason="odd word"),
            chunk("c"),
        )
        assert completion.choices == [
            Choice(0, ChatMessage(content="abc"), finish_reason="odd word")
        ]

    def test_finishing_twice_counts_once(self):
        collector = ChatCollector()
        collector.add([chunk(finish_reason="stop"), chunk(finish_reason="stop")])
        collector.add([chunk("b", index=1)])
        assert not collector.is_whole


class TestUsage:
    @pytest.mark.parametrize(
        "chunks",
        [
            pytest.param([chunk("a", finish_reason="stop", usage=USAGE)], id="finish"),
            pytest.param([chunk("a"), chunk(choices=[], usage=USAGE)], id="trailing"),
            pytest.param([chunk("a", usage=ZERO), chunk(usage=USAGE)], id="each chunk"),
            pytest.param([chunk(usage=USAGE), chunk(usage=USAGE)], id="twice"),
            pytest.param([chunk(usage=USAGE), chunk("a", usage=None)], id="then null"),
        ],
    )
    def test_the_last_word_counts_and_nothing_is_added_up(self, chunks):
        assert collected(*chunks).usage == msgspec.convert(USAGE, Usage)

    def test_is_none_when_not_reported(self):
        collector = ChatCollector()
        collector.add([chunk("a", finish_reason="stop")])
        assert collector.usage is collector.result().usage is None


class TestIdentity:
    def test_the_first_that_has_them_counts(self):
        completion = collected(
            choices_chunk(),
            choices_chunk(id="i", created=1, model="m"),
            choices_chunk(id="j", created=2, model="n", usage=USAGE),
        )
        assert (completion.id, completion.created, completion.model) == ("i", 1, "m")

    def test_each_may_come_in_its_own_time(self):
        completion = collected(
            choices_chunk(id="i"), choices_chunk(id="i", created=2, model="m")
        )
        assert (completion.id, completion.created, completion.model) == ("i", 2, "m")


class TestOnRequest:
    def test_log_probabilities_of_both_formats(self):
        one = {"content": [{"token": "a", "logprob": -1.0}]}
        two = {"content": [{"token": "b", "logprob": -2.0}]}
        legacy = {"tokens": ["c"], "token_logprobs": [None], "text_offset": [3]}
        (choice,) = collected(
            choices_chunk({"logprobs": one}),
            choices_chunk({"delta": {"content": "-"}}),
            choices_chunk({"logprobs": two}),
            choices_chunk({"logprobs": legacy}),
            choices_chunk({"logprobs": legacy}),
        ).choices
        assert choice.logprobs == msgspec.convert(
            {
                "content": one["content"] + two["content"],
                "tokens": ["c", "c"],
                "token_logprobs": [None, None],
                "text_offset": [3, 3],
            },
            LogProbs,
        )

    def test_token_ids(self):
        completion = collected(
            choices_chunk({"token_ids": []}, prompt_token_ids=[7, 8]),
            choices_chunk({"token_ids": [1, 2]}),
            choices_chunk({"token_ids": [3]}),
        )
        assert completion.choices[0].token_ids == [1, 2, 3]
        assert completion.prompt_token_ids == [7, 8]

    def test_no_tokens_are_not_none(self):
        assert collected(choices_chunk({"token_ids": []})).choices[0].token_ids == []
        assert collected(choices_chunk({})).choices[0].token_ids is None

    @pytest.mark.parametrize(
        "chunks",
        [
            pytest.param([choices_chunk({}, prompt_token_ids=[7])], id="on the chunk"),
            pytest.param(
                [choices_chunk({"prompt_token_ids": [7]})], id="on the choice"
            ),
            pytest.param(
                [
                    choices_chunk({"prompt_token_ids": [7]}, id="i"),
                    choices_chunk({}, id="i", usage=USAGE),
                ],
                id="then usage",
            ),
            pytest.param(
                [
                    choices_chunk({}, id="i"),
                    choices_chunk({}, id="i", prompt_token_ids=[7]),
                ],
                id="on the second chunk",
            ),
        ],
    )
    def test_prompt_token_ids(self, chunks):
        assert collected(*chunks).prompt_token_ids == [7]

    def test_raw_output_and_metrics_are_the_last(self):
        completion = collected(
            choices_chunk({"raw_output": {"completion": "a"}}, perf_metrics={"x": "1"}),
            choices_chunk({"raw_output": {"completion": "b"}}, perf_metrics={"x": 2}),
            choices_chunk({}, perf_metrics=None),
        )
        assert completion.choices[0].raw_output == RawOutput(completion="b")
        assert completion.perf_metrics == {"x": 2}


def test_a_result_does_not_change_with_what_comes_later():
    def part(number):
        return choices_chunk(
            {
                "delta": {
                    "content": f"{number}",
                    "reasoning_content": f"{number}",
                    "refusal": f"{number}",
                    "tool_calls": [
                        {"index": 0, "id": "c", "function": {"arguments": f"{number}"}}
                    ],
                },
                "finish_reason": f"{number}",
                "logprobs": {
                    "content": [{"token": f"{number}"}],
                    "tokens": [f"{number}"],
                },
                "token_ids": [number],
                "raw_output": {"completion": f"{number}"},
            },
            prompt_token_ids=[number],
            usage={"prompt_tokens": number},
            perf_metrics={"x": number},
        )

    collector = ChatCollector()
    taken = []
    for number in range(4):
        collector.add([part(number)])
        early = collector.result()
        taken.append((early, copy.deepcopy(early)))
    assert all(now == then for now, then in taken)
    assert taken[0][0] != taken[1][0]
    # Nor does what the caller does to a result come back.
    taken[-1][0].choices[0].token_ids.append(9)
    taken[-1][0].choices[0].logprobs.tokens.append("9")
    assert collector.result() == taken[-1][1]


def test_choices_do_not_depend_on_how_they_are_mixed():
    streams = [
        [*(chunk(f"{index}{n}", index=index) for n in range(5)), None]
        for index in range(3)
    ]
    for each, index in zip(streams, range(3), strict=True):
        each[-1] = chunk(index=index, finish_reason="stop")
    expected = collected(*streams[0], *streams[1], *streams[2])
    rng = random.Random(1)
    for _ in range(50):
        queues = [list(each) for each in streams]
        mixed = []
        while queues := [queue for queue in queues if queue]:
            mixed.append(rng.choice(queues).pop(0))
        assert collected(*mixed) == expected


@pytest.mark.parametrize("field", ["content", "reasoning_content"])
@pytest.mark.parametrize("choices", [1, 3])
def test_a_long_stream_of_short_reads_takes_little_more_than_its_characters(
    field, choices
):
    count = 6000

    def collect():
        collector = ChatCollector()
        indices = itertools.cycle(range(choices))
        for number in range(count):
            delta = {field: f"{number:04}"}
            collector.add([choices_chunk({"index": next(indices), "delta": delta})])
        return collector

    assert bytes_kept_by(collect) < 4 * count * 4
