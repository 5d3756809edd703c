import json
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fireworks_async._protocol.call_repair import RepairingCollector, chat_with_tools
from fireworks_async._protocol.chat_collector import ChatCollector
from fireworks_async._protocol.chunks import ChatCompletionChunk
from fireworks_async._protocol.dialects import CHAT
from fireworks_async._protocol.events import EventBuilder
from tests.support.wire import chunk

NAMES = frozenset({"weather", "wait"})
CALL = '{"name": "weather", "arguments": {"city": "Bonn"}}'
TAGGED = f"<tool_call>\n{CALL}\n</tool_call>"
NATIVE = [
    {"index": 0, "id": "call_a", "function": {"name": "wait", "arguments": "{}"}},
]


def chunk_of(content=None, **fields):
    return msgspec.convert(chunk(content, **fields), ChatCompletionChunk)


def texts(*contents, finish_reason="stop", index=0):
    return [
        chunk_of(delta={"role": "assistant", "content": ""}, index=index),
        *(chunk_of(content, index=index) for content in contents),
        chunk_of(finish_reason=finish_reason, index=index),
    ]


def repaired(chunks, *, batch=1):
    """The completion; the rewritten chunks must amount to the same."""
    collector, plain = RepairingCollector(NAMES), ChatCollector()
    for start in range(0, len(chunks), batch):
        some = chunks[start : start + batch]
        collector.add(some)
        plain.add(some)
    assert collector.result() == plain.result()
    assert collector.finish_reason == plain.finish_reason
    return collector.result()


def said(completion, index=0):
    """A choice in short."""
    choice = next(each for each in completion.choices if each.index == index)
    calls = choice.message.tool_calls
    return (
        choice.message.content,
        calls and [(call.function.name, call.function.arguments) for call in calls],
        choice.finish_reason,
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CALL, (None, [("weather", '{"city": "Bonn"}')], "tool_calls")),
        (
            f"Let me see.\n{TAGGED}\n{TAGGED}\n",
            ("Let me see.\n", [("weather", '{"city": "Bonn"}')] * 2, "tool_calls"),
        ),
        (f"{TAGGED} So.", (" So.", [("weather", '{"city": "Bonn"}')], "tool_calls")),
        ("Hello <b", ("Hello <b", None, "stop")),
        ('{"a": 1}', ('{"a": 1}', None, "stop")),
        ("", ("", None, "stop")),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("batch", [1, 7])
def test_however_it_is_cut_the_answer_is_the_same(content, expected, size, batch):
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    assert said(repaired(texts(*pieces), batch=batch)) == expected


def test_a_whole_answer_in_one_chunk():
    delta = {"role": "assistant", "content": CALL}
    completion = repaired([chunk_of(delta=delta, finish_reason="stop")])
    assert said(completion)[1:] == ([("weather", '{"city": "Bonn"}')], "tool_calls")


def test_no_words_are_no_reason_to_end():
    chunks = [chunk_of(part, finish_reason="") for part in CALL]
    completion = repaired([*chunks, chunk_of(finish_reason="stop")])
    assert said(completion)[1:] == ([("weather", '{"city": "Bonn"}')], "tool_calls")


def test_the_events_are_those_of_a_call():
    chunks = texts("Now.\n", *TAGGED)
    RepairingCollector(NAMES).add(chunks)
    events = [
        event
        for event in EventBuilder().feed(chunks)
        if event.type != "content.delta" or event.delta != "Now.\n"
    ]
    assert [event.type for event in events] == [
        "tool_calls.function.arguments.delta",
        "content.done",
        "tool_calls.function.arguments.done",
        "finish",
    ]
    assert events[0].tool_call.id == events[2].id
    assert (events[1].content, events[2].name) == ("Now.\n", "weather")
    assert events[3].finish_reason == "tool_calls"


@pytest.mark.parametrize("reason", ["length", "content_filter", "error"])
def test_an_answer_that_was_cut_is_text(reason):
    completion = repaired(texts(*CALL, finish_reason=reason))
    assert said(completion) == (CALL, None, reason)


def test_a_call_that_is_whole_stays_one_when_what_follows_is_cut():
    completion = repaired(texts(TAGGED, f"\n{TAGGED[:-20]}", finish_reason="length"))
    content, calls, reason = said(completion)
    assert (content, reason) == (f"\n{TAGGED[:-20]}", "length")
    assert len(calls) == 1


def test_a_finish_reason_that_is_right_stays():
    assert said(repaired(texts(CALL, finish_reason="tool_calls")))[2] == "tool_calls"


class TestBesideCallsOfTheServer:
    def test_what_is_held_is_text(self):
        chunks = texts(CALL)
        chunks.insert(2, chunk_of(delta={"tool_calls": NATIVE}))
        assert said(repaired(chunks)) == (CALL, [("wait", "{}")], "stop")

    def test_text_in_the_same_chunk_comes_first(self):
        delta = {"content": CALL, "tool_calls": NATIVE}
        chunks = [chunk_of(delta=delta), *texts(TAGGED, finish_reason="tool_calls")]
        completion = repaired(chunks)
        assert said(completion) == (CALL + TAGGED, [("wait", "{}")], "tool_calls")

    def test_a_call_that_was_out_already_stays_one(self):
        chunks = texts(TAGGED, finish_reason="tool_calls")
        chunks.insert(2, chunk_of(delta={"tool_calls": NATIVE}))
        content, calls, _ = said(repaired(chunks))
        assert content is None
        assert [name for name, _ in calls] == ["weather", "wait"]


def test_choices_do_not_disturb_each_other():
    one, two = texts(*CALL), texts(*"Hello", index=1)
    mixed = [each for pair in zip(one, two, strict=False) for each in pair]
    completion = repaired([*mixed, *one[len(two) :], *two[len(one) :]])
    assert said(completion, 0)[1:] == ([("weather", '{"city": "Bonn"}')], "tool_calls")
    assert said(completion, 1) == ("Hello", None, "stop")


def test_ids_differ_between_calls_choices_and_answers_and_are_repeatable():
    def ids(answer):
        chunks = texts(TAGGED, TAGGED) + texts(TAGGED, index=1)
        for each in chunks[1:]:
            each.id = answer
        chunks[0].id = ""
        completion = repaired(chunks, batch=99)
        return [
            call.id
            for choice in completion.choices
            for call in choice.message.tool_calls
        ]

    seen = ids("one") + ids("two")
    assert len(set(seen)) == 6
    assert ids("one") == seen[:3]
    assert all(len(each) == len("call_Qi2Is8SYTdRWjAToAViVLGeE") for each in seen)


def test_what_is_held_back_is_output_and_is_in_what_has_come_so_far():
    collector = RepairingCollector(NAMES)
    assert not collector.add([chunk_of(delta={"role": "assistant", "content": ""})])
    for number, letter in enumerate(CALL, start=1):
        held = chunk_of(letter)
        assert collector.add([held])
        assert held.content == ""
        assert said(collector.result()) == (CALL[:number], None, None)
    assert not collector.is_whole
    collector.add([chunk_of(finish_reason="stop")])
    assert collector.is_whole
    assert said(collector.result())[0] is None


def test_text_that_is_none_is_passed_on_untouched():
    chunks = texts("Hello", ", ", "you", finish_reason="stop")
    chunks += [chunk_of(choices=[], usage={"prompt_tokens": 1})]
    chunks += [chunk_of(delta={"reasoning_content": TAGGED})]
    before = json.loads(msgspec.json.encode(chunks))
    RepairingCollector(NAMES).add(chunks)
    assert json.loads(msgspec.json.encode(chunks)) == before


def test_what_comes_with_held_text_is_not_held():
    logprobs = {"content": [{"token": "{", "logprob": -0.5}]}
    held = chunk_of("{")
    held.choices[0].logprobs = msgspec.convert(
        logprobs, type(held.choices[0]).__annotations__["logprobs"]
    )
    held.choices[0].token_ids = [7]
    collector = RepairingCollector(NAMES)
    collector.add([held])
    assert held.choices[0].logprobs is not None
    assert collector.result().choices[0].token_ids == [7]


WORDS = st.sampled_from(
    [CALL, TAGGED, "\n", "Hello ", "<tool", '{"', "```json\n", "\n```", '{"a": 1}', "<"]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(WORDS, max_size=5), st.sampled_from(["stop", "length"]), st.data())
def test_any_fragmentation_gives_the_same(words, reason, data):
    content = "".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=8)))
    pieces = [
        content[start:end]
        for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)
    ]
    whole = repaired(texts(content, finish_reason=reason))
    batch = data.draw(st.integers(1, 9))
    assert repaired(texts(*pieces, finish_reason=reason), batch=batch) == whole


class TestDialect:
    TOOLS: ClassVar = [{"type": "function", "function": {"name": "weather"}}]

    @pytest.mark.parametrize(
        ("params", "extra"),
        [({}, None), ({"tools": []}, {}), ({"tools": TOOLS}, {"tool_choice": "none"})],
    )
    def test_without_tools_it_is_that_of_chat(self, params, extra):
        assert chat_with_tools(params, extra) is CHAT

    @pytest.mark.parametrize(
        ("params", "extra"), [({"tools": TOOLS}, None), ({}, {"tools": TOOLS})]
    )
    def test_with_tools_calls_are_looked_for(self, params, extra):
        dialect = chat_with_tools(params, extra)
        assert isinstance(dialect.collector(), RepairingCollector)
        assert dialect._replace(collector=CHAT.collector) == CHAT
