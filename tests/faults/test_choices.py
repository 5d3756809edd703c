"""Choices, tool calls and messages that come in odd ways (F44 to F49)."""

import json

import msgspec
import pytest

from tests.support.calls import MESSAGES, text
from tests.support.recorded import (
    assert_holds,
)
from tests.support.scripts import playing
from tests.support.wire import (
    DONE,
    answer,
    chunk,
)

ROLE = chunk(delta={"role": "assistant", "content": ""})
STOP = chunk(finish_reason="stop")


async def test_f44_choices_are_kept_apart_in_any_order(ask, client_to):
    items = [
        chunk("c", index=7),
        chunk("a", index=0),
        chunk("b", index=2),
        chunk("A", index=0, finish_reason="stop"),
        chunk(finish_reason="length", index=7),
        chunk("B", index=2, finish_reason="stop"),
    ]
    async with playing(*items, DONE) as server:
        completion = await ask(client_to(server), n=3)
        assert [
            (choice.index, choice.message.content, choice.finish_reason)
            for choice in completion.choices
        ] == [(0, "aA", "stop"), (2, "bB", "stop"), (7, "c", "length")]


async def test_f44_one_chunk_may_hold_several_choices(ask, client_to):
    both = [{"index": i, "delta": {"content": "ab"[i]}} for i in (1, 0)]
    ends = [{"index": i, "delta": {}, "finish_reason": "stop"} for i in (0, 1)]
    async with playing(chunk(choices=both), chunk(choices=ends), DONE) as server:
        completion = await ask(client_to(server), n=2)
        texts = [choice.message.content for choice in completion.choices]
        assert texts == ["a", "b"]


def fragment(index=None, id=None, name=None, arguments=None):  # noqa: A002
    function = {"name": name, "arguments": arguments}
    call = {
        "index": index,
        "id": id,
        "function": {k: v for k, v in function.items() if v is not None},
    }
    return {k: v for k, v in call.items() if v is not None}


def fragments(*calls):
    return chunk(delta={"tool_calls": list(calls)})


ONE = [("c1", "f", '{"a":1}')]
TWO = [("c1", "f", '{"a":1}'), ("c2", "g", '{"b":2}')]
CALLS = {
    "as documented": (
        [
            fragments(fragment(0, "c1", "f", "")),
            fragments(fragment(0, arguments='{"a"')),
            fragments(fragment(0, arguments=":1}")),
        ],
        ONE,
    ),
    "one index twice in a chunk": (
        [
            fragments(
                fragment(0, "c1", "f", '{"a"'),
                fragment(0, arguments=":1}"),
            )
        ],
        ONE,
    ),
    "no index": (
        [
            fragments(fragment(None, "c1", "f", '{"a":1}')),
            fragments(fragment(None, "c2", "g", '{"b"')),
            fragments(fragment(None, arguments=":2}")),
        ],
        TWO,
    ),
    "one index, another id": (
        [
            fragments(fragment(0, "c1", "f", '{"a":1}')),
            fragments(fragment(0, "c2", "g", '{"b":2}')),
        ],
        TWO,
    ),
    "id repeated": (
        [
            fragments(fragment(0, "c1", "f", '{"a"')),
            fragments(fragment(0, "c1", "f", ":1}")),
        ],
        ONE,
    ),
    "id late": (
        [
            fragments(fragment(0, name="f", arguments='{"a"')),
            fragments(fragment(0, "c1", arguments=":1}")),
        ],
        ONE,
    ),
    "name late": (
        [
            fragments(fragment(0, "c1", arguments='{"a"')),
            fragments(fragment(0, name="f", arguments=":1}")),
        ],
        ONE,
    ),
    "interleaved": (
        [
            fragments(fragment(0, "c1", "f", '{"a"')),
            fragments(fragment(1, "c2", "g", '{"b"')),
            fragments(fragment(0, arguments=":1}"), fragment(1, arguments=":2}")),
        ],
        TWO,
    ),
    "second before first": (
        [
            fragments(fragment(1, "c2", "g", '{"b":2}')),
            fragments(fragment(0, "c1", "f", '{"a":1}')),
        ],
        TWO,
    ),
    "arguments are an object": (
        [fragments(fragment(0, "c1", "f", {"a": 1}))],
        ONE,
    ),
}


@pytest.mark.parametrize("case", CALLS)
async def test_f45_tool_calls_are_put_together(ask, client_to, case):
    items, expected = CALLS[case]
    end = chunk(finish_reason="tool_calls")
    async with playing(ROLE, *items, end, DONE) as server:
        message = (await ask(client_to(server))).choices[0].message
        calls = [
            (call.id, call.function.name, call.function.arguments)
            for call in message.tool_calls
        ]
        assert calls == expected
        assert {call.type for call in message.tool_calls} == {"function"}


@pytest.mark.parametrize("nothing", [None, "", "null"])
async def test_f45_a_call_may_have_no_arguments(ask, client_to, nothing):
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": nothing}}
    end = chunk(finish_reason="tool_calls")
    async with playing(fragments(call), end, DONE) as server:
        message = (await ask(client_to(server))).choices[0].message
        assert message.tool_calls[0].function.arguments == (nothing or "")


async def test_f45_a_huge_index_costs_nothing(ask, client_to):
    far = fragments(fragment(10**9, "c1", "f", "{}"))
    async with playing(far, chunk(finish_reason="tool_calls"), DONE) as server:
        message = (await ask(client_to(server))).choices[0].message
        assert [call.id for call in message.tool_calls] == ["c1"]


async def test_f46_content_after_a_finish_reason_is_kept(ask, client_to):
    items = [chunk("a"), STOP, chunk("b"), chunk(finish_reason="length")]
    async with playing(*items, DONE) as server:
        completion = await ask(client_to(server))
        assert text(completion) == "ab"
        assert completion.choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    "reason", ["length", "tool_calls", "function_call", "content_filter", "surprise"]
)
async def test_f46_a_finish_reason_is_kept_as_it_came(ask, client_to, reason):
    async with playing(chunk("a"), chunk(finish_reason=reason), DONE) as server:
        completion = await ask(client_to(server))
        assert completion.choices[0].finish_reason == reason


async def test_f46_an_answer_may_be_empty(ask, client_to):
    async with playing(ROLE, STOP, DONE) as server:
        assert text(await ask(client_to(server))) == ""


async def test_f47_every_part_of_a_message_is_kept(ask, client_to):
    logprob = {"token": "a", "bytes": [97], "logprob": -0.5, "top_logprobs": []}
    items = [
        chunk(delta={"role": "assistant"}),
        chunk(delta={"reasoning_content": "hm"}),
        chunk(delta={"refusal": "no"}),
        chunk(
            choices=[
                {
                    "index": 0,
                    "delta": {"content": "a"},
                    "logprobs": {"content": [logprob]},
                }
            ]
        ),
        chunk(delta={"audio": {"id": "x"}}, system_fingerprint="fp", service_tier="t"),
        STOP,
    ]
    async with playing(*items, DONE) as server:
        choice = (await ask(client_to(server))).choices[0]
        message = choice.message
        assert message.role == "assistant"
        assert message.reasoning_content == "hm"
        assert (message.refusal, message.content) == ("no", "a")
        assert_holds(msgspec.to_builtins(choice.logprobs.content), [logprob])


async def test_f48_the_first_id_and_model_count(ask, client_to):
    items = [
        chunk("a", id="1", model="m1", created=1),
        chunk("b", id="2", model="m2", created=2, finish_reason="stop"),
    ]
    async with playing(*items, DONE) as server:
        got = await ask(client_to(server))
        assert (got.id, got.model, got.created) == ("1", "m1", 1)


async def test_f49_an_enormous_delta_is_whole(ask, client_to):
    large = json.dumps("x" * 5_000_000)[1:-1]
    async with playing(chunk("a"), chunk(large), STOP, DONE) as server:
        completion = await ask(client_to(server))
        assert text(completion) == "a" + large


async def test_events_keep_the_order_and_the_text_of_the_stream(client_to):
    async with playing(*answer("a", "b")) as server:
        create = client_to(server).chat.completions.create
        async with create(model="m", messages=MESSAGES) as stream:
            assert [part async for part in stream.text()] == ["a", "b"]
        assert text(stream.snapshot) == "ab"
