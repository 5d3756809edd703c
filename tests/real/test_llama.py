"""Everyday use against llama.cpp's server, which nobody here wrote."""

import asyncio
import json

import pytest

from fireworks_async import Timeout
from fireworks_async.errors import (
    APITimeoutError,
    BadRequestError,
    NotFoundError,
    StreamProtocolError,
)
from tests.support.calls import failure, text
from tests.support.llama_server import MODEL

QUESTION = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "hello world"}],
    "max_tokens": 24,
    "temperature": 0,
    "seed": 1,
}
# Long enough that it is still going on whenever a test looks.
LONG = {"max_tokens": 30_000, "extra_body": {"ignore_eos": True}}


@pytest.fixture
def ask(client):
    def ask(**params):
        return client.chat.completions.create(**{**QUESTION, **params})

    return ask


async def busy_within(llama_server, slots, seconds):
    """Wait until so many slots of the server generate; fails when it takes longer."""
    async with asyncio.timeout(seconds):
        # A server can only be asked.
        while await asyncio.to_thread(llama_server.busy_slots) != slots:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_stream_and_its_collected_twin_say_the_same(ask):
    async with ask() as stream:
        texts = [chunk.content async for chunk in stream]
    completion = await ask()
    assert "".join(texts) == text(completion) == text(stream.snapshot)
    assert sum(map(bool, texts)) > 5
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage.completion_tokens == 24
    assert stream.usage.completion_tokens == 24
    assert 0 < stream.timings.ttft < stream.timings.e2e < 5


async def test_two_choices_are_kept_apart(ask):
    completion = await ask(n=2, temperature=0.9)
    texts = [choice.message.content for choice in completion.choices]
    assert [choice.index for choice in completion.choices] == [0, 1]
    assert texts[0] != texts[1]
    assert {choice.finish_reason for choice in completion.choices} == {"length"}


async def test_log_probabilities_come_for_each_token(ask):
    completion = await ask(logprobs=True, top_logprobs=2)
    tokens = completion.choices[0].logprobs.content
    # The server leaves out those of tokens that are part of a character.
    assert 10 < len(tokens) <= 24
    assert all(token.bytes and token.logprob <= 0 for token in tokens)
    assert all(len(token.top_logprobs) == 2 for token in tokens)


async def test_a_stop_word_ends_the_answer(ask):
    completion = await ask(stop=[" dog"], max_tokens=60)
    assert completion.choices[0].finish_reason == "stop"
    assert " dog" not in text(completion)


async def test_a_schema_is_obeyed(ask):
    schema = {
        "type": "object",
        "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"],
        "additionalProperties": False,
    }
    response_format = {
        "type": "json_schema",
        "json_schema": {"name": "t", "schema": schema},
    }
    completion = await ask(response_format=response_format, max_tokens=200)
    assert json.loads(text(completion))["ok"] in {True, False}


async def test_a_received_message_may_be_sent_back(ask):
    first = await ask()
    again = [*QUESTION["messages"], first.choices[0].message]
    second = await ask(messages=[*again, {"role": "user", "content": "and now?"}])
    assert second.usage.prompt_tokens > first.usage.prompt_tokens


async def test_refusals_are_told(client, ask, llama_server):
    await failure(ask(max_tokens=4, temperature="hot").collect(), BadRequestError)
    view = client.with_options(base_url=f"{llama_server.origin}/elsewhere/v1")
    call = view.chat.completions.create(**QUESTION)
    await failure(call.collect(), NotFoundError)


@pytest.mark.slow
async def test_twin_a_long_answer_keeps_its_slot_until_it_is_left(ask, llama_server):
    task = asyncio.create_task(ask(**LONG).collect())
    await busy_within(llama_server, 1, 5)
    with pytest.raises(TimeoutError):
        await busy_within(llama_server, 0, 1)
    task.cancel()
    await asyncio.wait([task])
    await busy_within(llama_server, 0, 0.5)


async def test_leaving_a_stream_frees_its_slot(ask, llama_server):
    async with ask(**LONG) as stream:
        async for chunk in stream:
            if chunk.content:
                assert await asyncio.to_thread(llama_server.busy_slots) == 1
                break
    await busy_within(llama_server, 0, 0.5)


@pytest.mark.parametrize("calls", [1, 4])
async def test_cancelling_calls_frees_their_slots(ask, llama_server, calls):
    tasks = [asyncio.create_task(ask(**LONG).collect()) for _ in range(calls)]
    await busy_within(llama_server, calls, 5)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    await busy_within(llama_server, 0, 0.5)


async def test_a_timeout_frees_the_slot(ask, llama_server):
    timeout = Timeout(total=0.1)
    error = await failure(ask(**LONG, timeout=timeout).collect(), APITimeoutError)
    assert error.phase == "total"
    assert text(error.partial)
    await busy_within(llama_server, 0, 0.5)


async def test_sixty_four_calls_at_once_are_all_answered(client, ask):
    calls = [ask(max_tokens=8).collect() for _ in range(64)]
    completions = await asyncio.gather(*calls)
    assert {c.usage.completion_tokens for c in completions} == {8}
    assert client.statistics().in_flight == 0


@pytest.mark.slow
async def test_three_hundred_streams_in_a_row_are_all_whole(ask):
    """The server promises to keep connections, and then closes them."""
    for _ in range(300):
        async with ask(max_tokens=2) as stream:
            async for _chunk in stream:
                pass
        assert stream.finish_reason == "length"
        assert stream.response.retries_taken == 0


async def test_text_completions(client):
    question = {"model": MODEL, "prompt": "hello world", "max_tokens": 24, "seed": 1}
    completion = await client.completions.create(**question, temperature=0, logprobs=1)
    (choice,) = completion.choices
    assert choice.text
    assert choice.finish_reason == "length"
    assert completion.usage.completion_tokens == 24
    stream = client.completions.create(**question, temperature=0)
    assert "".join([part async for part in stream.text()]) == choice.text


async def test_a_stream_of_several_prompts_holds_null_there_and_is_told(client):
    with pytest.raises(StreamProtocolError, match="null"):
        await client.completions.create(
            model=MODEL, prompt=["hello", "world"], max_tokens=4, max_retries=0
        )
