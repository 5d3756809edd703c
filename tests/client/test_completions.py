"""Text completions: arguments in, a request out, an answer read as for chat."""

import json

import pytest

from fireworks_async import AsyncFireworks, Completion, CompletionChunk
from fireworks_async._client.completions import Completions
from fireworks_async._client.options import CallOptions, RequestOptions
from fireworks_async._protocol.params import CompletionParams
from fireworks_async.errors import StreamTruncatedError
from fireworks_async.simulator import Simulator
from tests.support.calls import KEY
from tests.support.recorded import TEXT_COMPLETION
from tests.support.scripted_transport import Answer
from tests.support.wire import DONE, USAGE, sse


def chunk(text="", *, index=0, finish_reason=None, **fields):
    choice = {"index": index, "text": text, "finish_reason": finish_reason}
    return {"object": "text_completion", "choices": [choice], **fields}


STEPS = [
    sse(chunk("a"), chunk("b", index=1)),
    sse(chunk("c"), chunk(finish_reason="stop", index=1)),
    sse(chunk(finish_reason="length", usage=USAGE), DONE),
]


@pytest.fixture
def service(service_of):
    return service_of(Answer(STEPS), Answer(STEPS), Answer(STEPS))


@pytest.fixture
def completions(service):
    return Completions(service)


@pytest.mark.parametrize(
    "prompt",
    ["once", ["once", "twice"], [1, 2], [[1, 2], [3]], ("once",), ""],
    ids=repr,
)
async def test_every_form_of_prompt_goes_as_it_is(completions, service, prompt):
    await completions.create(model="deepseek-v3.1", prompt=prompt, echo=True, n=2)
    call = service.transport.calls[-1]
    assert call.url.endswith("/v1/completions")
    assert json.loads(call.body) == {
        "model": "accounts/fireworks/models/deepseek-v3p1",
        "prompt": list(prompt) if isinstance(prompt, tuple) else prompt,
        "echo": True,
        "n": 2,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize("prompt", [None, 5, b"bytes", {"a": 1}, [], [object()]])
def test_what_is_no_prompt_is_refused_before_anything_is_sent(completions, prompt):
    with pytest.raises((TypeError, ValueError), match="prompt"):
        completions.create(model="m", prompt=prompt)


async def test_awaited_it_is_the_whole(completions):
    completion = await completions.create(model="m", prompt="x")
    assert type(completion) is Completion
    assert [choice.text for choice in completion.choices] == ["ac", "b"]
    assert completion.usage.completion_tokens == USAGE["completion_tokens"]


async def test_iterated_it_is_chunks(completions):
    chunks = [each async for each in completions.create(model="m", prompt="x")]
    assert {type(each) for each in chunks} == {CompletionChunk}
    assert "".join(each.content for each in chunks) == "ac"


async def test_opened_with_stream_true_and_read_in_every_way(completions):
    stream = await completions.create(model="m", prompt="x", stream=True)
    assert await anext(stream.text()) == "a"
    assert stream.snapshot.choices[0].text == "a"
    rest = [event.type async for event in stream.events()]
    assert rest.count("finish") == 2
    assert stream.finish_reason == "length"
    assert (await stream.collect()).choices[0].text == "ac"
    assert [text async for text in stream.reasoning()] == []


async def test_events(completions):
    async with completions.stream(model="m", prompt="x") as stream:
        events = [(event.type, getattr(event, "index", None)) async for event in stream]
    assert events == [
        ("content.delta", 0),
        ("content.delta", 1),
        ("content.delta", 0),
        ("content.done", 1),
        ("finish", 1),
        ("content.done", 0),
        ("finish", 0),
        ("usage", None),
    ]


async def test_an_answer_that_is_cut_keeps_what_had_come(service_of):
    completions = Completions(service_of(Answer(STEPS[:2]), max_retries=0))
    with pytest.raises(StreamTruncatedError) as caught:
        await completions.create(model="m", prompt="x")
    assert [choice.text for choice in caught.value.partial.choices] == ["ac", "b"]


async def test_a_recorded_answer_of_another_server(service_of):
    completions = Completions(service_of(Answer([TEXT_COMPLETION.body])))
    completion = await completions.create(model="m", prompt="hello world")
    (choice,) = TEXT_COMPLETION.expected["choices"]
    assert completion.choices[0].text == choice["text"]


@pytest.mark.parametrize("name", ["messages", "tools", "document_inlining"])
def test_keywords_of_chat_are_unknown(completions, name):
    with pytest.raises(TypeError, match=rf"create\(\).*{name}"):
        completions.create(model="m", prompt="x", **{name: []})


def test_every_keyword_is_a_field_or_an_option():
    assert "images" in CompletionParams.__optional_keys__
    shared = CompletionParams.__optional_keys__ & CallOptions.__optional_keys__
    assert not shared
    assert "extra_body" in RequestOptions.__optional_keys__


@pytest.fixture
async def client():
    async with (
        Simulator(seed=1) as simulator,
        AsyncFireworks(api_key=KEY, base_url=simulator.base_url) as client,
    ):
        yield client


class TestOnTheSimulator:
    async def test_several_prompts_and_choices(self, client):
        completion = await client.completions.create(
            model="m", prompt=["one", "two"], n=2, max_tokens=5, echo=True
        )
        texts = [choice.text for choice in completion.choices]
        assert [text[:3] for text in texts] == ["one", "one", "two", "two"]
        assert completion.usage.completion_tokens == 20

    async def test_logprobs_in_both_formats(self, client):
        ask = client.completions.create
        old = await ask(model="m", prompt="x", logprobs=1, max_tokens=3)
        assert len(old.choices[0].logprobs.tokens) == 3
        new = await ask(model="m", prompt="x", logprobs=True, max_tokens=3)
        assert len(new.choices[0].logprobs.content) == 3

    async def test_more_tokens_than_fit_in_one_answer(self, client):
        completion = await client.completions.create(
            model="m", prompt="x", max_tokens=5000, extra_body={"ignore_eos": True}
        )
        assert completion.usage.completion_tokens == 5000
