"""Whole answers as they come over the wire, streamed and not."""

from fireworks_async.simulator import Reply, Simulator, ToolCall
from tests.support.simulated import MODEL, REASONER, ask

USAGE = {"include_usage": True}


def deltas(chunks, index=0):
    return [
        choice["delta"]
        for chunk in chunks
        for choice in chunk.get("choices", ())
        if choice["index"] == index
    ]


def told(chunks, field, index=0):
    return "".join(delta.get(field) or "" for delta in deltas(chunks, index))


def finishes(chunks):
    return [
        (choice["index"], choice["finish_reason"])
        for chunk in chunks
        for choice in chunk.get("choices", ())
        if choice["finish_reason"] is not None
    ]


async def test_a_stream_is_byte_for_byte_as_the_service_writes_it(sim):
    sim.script(Reply(text="Hé"))
    answer = await ask(sim, stream=True, stream_options=USAGE)
    first = answer.events[0]
    head = (
        f'"id":"{first["id"]}","object":"chat.completion.chunk",'
        f'"created":{first["created"]},"model":"{MODEL}"'
    )
    usage = (
        '{"prompt_tokens":9,"total_tokens":10,"completion_tokens":1,'
        '"prompt_tokens_details":{"cached_tokens":0}}'
    )
    assert answer.data.decode() == (
        f'data: {{{head},"choices":[{{"index":0,'
        '"delta":{"role":"assistant","content":""},"finish_reason":null}],'
        '"usage":null}\n\n'
        f'data: {{{head},"choices":[{{"index":0,"delta":{{"content":"Hé"}},'
        '"finish_reason":null}],"usage":null}\n\n'
        f'data: {{{head},"choices":[{{"index":0,"delta":{{}},'
        '"finish_reason":"stop"}],"usage":null}\n\n'
        f'data: {{{head},"choices":[],"usage":{usage}}}\n\n'
        "data: [DONE]\n\n"
    )


async def test_an_answer_that_is_not_streamed_is_one_object(sim):
    sim.script(Reply(text="Hi"))
    answer = await ask(sim)
    assert answer.json == {
        "id": answer.headers["x-request-id"],
        "object": "chat.completion",
        "created": answer.json["created"],
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi"},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 9,
            "total_tokens": 10,
            "completion_tokens": 1,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }
    assert list(answer.json["usage"])[:3] == [
        "prompt_tokens",
        "total_tokens",
        "completion_tokens",
    ]


async def test_a_stream_and_an_object_say_the_same(sim):
    fields = {"model": REASONER, "n": 2}
    chunks = (await ask(sim, stream=True, **fields)).chunks
    choices = (await ask(sim, **fields)).json["choices"]
    for index, choice in enumerate(choices):
        message = choice["message"]
        assert told(chunks, "content", index) == message["content"]
        assert told(chunks, "reasoning_content", index) == message["reasoning_content"]


async def test_one_chunk_is_one_token(sim):
    chunks = (await ask(sim, stream=True, stream_options=USAGE)).chunks
    tokens = [delta for delta in deltas(chunks) if delta.get("content")]
    assert len(tokens) == chunks[-1]["usage"]["completion_tokens"] == 16


async def test_reasoning_comes_before_content_and_is_counted(sim):
    chunks = (await ask(sim, stream=True, stream_options=USAGE, model=REASONER)).chunks
    kinds = [next(iter(delta), None) for delta in deltas(chunks)]
    assert kinds == (["role"] + ["reasoning_content"] * 4 + ["content"] * 12 + [None])
    details = chunks[-1]["usage"]["completion_tokens_details"]
    assert details == {"reasoning_tokens": 4}


async def test_choices_take_turns_and_finish_each_for_itself(sim):
    sim.script(Reply(text="a b"))
    chunks = (await ask(sim, stream=True, n=3)).chunks
    assert [chunk["choices"][0]["index"] for chunk in chunks] == [0, 1, 2] * 4
    assert finishes(chunks) == [(0, "stop"), (1, "stop"), (2, "stop")]


async def test_a_tool_call_is_streamed_in_fragments(sim):
    sim.script(Reply(tool_calls=[ToolCall("f", '{"a":1}', "c1"), ToolCall("g")]))
    chunks = (await ask(sim, stream=True)).chunks
    pieces = [call for delta in deltas(chunks) for call in delta.get("tool_calls", ())]
    assert pieces[0] == {
        "index": 0,
        "id": "c1",
        "type": "function",
        "function": {"name": "f", "arguments": ""},
    }
    assert pieces[1] == {"index": 0, "function": {"arguments": "{"}}
    assert "".join(p["function"]["arguments"] for p in pieces if p["index"] == 0) == (
        '{"a":1}'
    )
    assert [piece["index"] for piece in pieces] == [0] * 8 + [1] * 3
    assert finishes(chunks) == [(0, "tool_calls")]


async def test_a_whole_tool_call_has_its_index(sim):
    sim.script(Reply(tool_calls=[ToolCall("f", '{"a":1}', "c1")]))
    message = (await ask(sim)).json["choices"][0]["message"]
    assert message == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "index": 0,
                "id": "c1",
                "type": "function",
                "function": {"name": "f", "arguments": '{"a":1}'},
            }
        ],
    }


async def test_deltas_are_streamed_as_given(sim):
    given = [{"content": "a", "odd": 1}, None, {"tool_calls": [{"id": None}]}]
    sim.script(Reply(deltas=given))
    chunks = (await ask(sim, stream=True)).chunks
    assert deltas(chunks)[1:-1] == given


async def usage_by_chunk(placement, **fields):
    async with Simulator(usage=placement) as sim:
        return (await ask(sim, stream=True, **fields)).chunks


async def test_trailing_usage_comes_only_when_asked_for():
    chunks = await usage_by_chunk("trailing")
    assert [chunk["usage"] for chunk in chunks] == [None] * len(chunks)
    chunks = await usage_by_chunk("trailing", stream_options=USAGE)
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 16
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


async def test_usage_can_trail_without_choices():
    chunks = await usage_by_chunk("trailing-no-choices", stream_options=USAGE)
    assert "choices" not in chunks[-1]
    assert chunks[-1]["usage"]["completion_tokens"] == 16


async def test_usage_on_the_finish_chunk_comes_unasked():
    chunks = await usage_by_chunk("finish", n=2)
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["completion_tokens"] == 32
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


async def test_usage_can_come_twice_or_never():
    chunks = await usage_by_chunk("both", stream_options=USAGE)
    assert chunks[-2]["usage"] == chunks[-1]["usage"] is not None
    assert chunks[-1]["choices"] == []
    chunks = await usage_by_chunk("none", stream_options=USAGE)
    assert [chunk["usage"] for chunk in chunks] == [None] * len(chunks)


async def test_perf_metrics_are_in_the_last_chunk():
    for placement in ("trailing", "finish", "both", "none", "trailing-no-choices"):
        chunks = await usage_by_chunk(
            placement, stream_options=USAGE, perf_metrics_in_response=True
        )
        *others, last = ("perf_metrics" in chunk for chunk in chunks)
        assert last
        assert not any(others)


async def test_text_that_looks_like_the_template_survives(sim):
    text = '\x00here\x00 "quoted" \u2028 {"a": [DONE]}'
    sim.script(Reply(text=[text]))
    assert told((await ask(sim, stream=True)).chunks, "content") == text
