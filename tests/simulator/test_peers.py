"""Clients that others wrote have to take the simulator for the real thing.

They take seconds to import; a stream through each is what the quick run has of them.
"""

import gc
import inspect
import json
import os
import shutil
import subprocess
import sys
import textwrap

import pytest

from fireworks_async.simulator import Limits, Rejection, Reply, Simulator
from fireworks_async.simulator._thread import serve_in_thread
from tests.support.leaks import settle
from tests.support.simulated import HELLO, MODEL, REASONER
from tests.support.sounds import wav

pytestmark = pytest.mark.timeout(60)

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer"},
                "unit": {"enum": ["C", "F"]},
            },
            "required": ["city", "days", "unit"],
        },
    },
}
ARGUMENTS = {"city": "text", "days": 1, "unit": "C"}
FORCED = {"type": "function", "function": {"name": "weather"}}


@pytest.fixture(params=["openai", "fireworks"])
async def peer(request, sim):
    """The SDK of OpenAI and the official one; both are made by one generator."""
    if request.param == "openai":
        import openai

        made = openai.AsyncOpenAI(
            base_url=sim.base_url, api_key="fw_test", max_retries=0
        )
    else:
        import fireworks

        # This one adds /v1 to the base it is given.
        base = sim.base_url.removesuffix("/v1")
        made = fireworks.AsyncFireworks(
            base_url=base, api_key="fw_test", account_id="test", max_retries=0
        )
    async with made as client:
        yield client
    await _sweep()


async def _sweep():
    """The SDKs leave nested generators to the collector: each is closed by a task."""
    gc.collect()
    for _ in range(5):
        await settle()


@pytest.mark.slow
async def test_a_completion(peer, sim):
    sim.script(Reply(text="Good morning", reasoning="Hm."))
    completion = await peer.chat.completions.create(model=MODEL, messages=HELLO)
    [choice] = completion.choices
    assert choice.message.content == "Good morning"
    assert choice.message.reasoning_content == "Hm."
    assert choice.finish_reason == "stop"
    assert completion.usage.completion_tokens == 3
    assert completion.usage.prompt_tokens_details.cached_tokens == 0
    assert sim.requests[0].finished


async def test_a_stream(peer, sim):
    stream = await peer.chat.completions.create(
        model=REASONER,
        messages=HELLO,
        stream=True,
        extra_body={
            "stream_options": {"include_usage": True},
            "perf_metrics_in_response": True,
        },
    )
    chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert deltas[0].role == "assistant"
    assert sum(bool(delta.content) for delta in deltas) == 12
    assert sum(bool(getattr(d, "reasoning_content", None)) for d in deltas) == 4
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 16
    assert chunks[-1].perf_metrics["prompt-tokens"] == 9
    assert sim.requests[0].finished


@pytest.mark.slow
async def test_two_choices(peer):
    whole = await peer.chat.completions.create(model=MODEL, messages=HELLO, n=2)
    stream = await peer.chat.completions.create(
        model=MODEL, messages=HELLO, n=2, stream=True
    )
    texts = ["", ""]
    async for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == [choice.message.content for choice in whole.choices]


@pytest.mark.slow
async def test_logprobs(peer):
    completion = await peer.chat.completions.create(
        model=MODEL, messages=HELLO, logprobs=True, top_logprobs=3
    )
    tokens = completion.choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == (
        completion.choices[0].message.content
    )
    assert all(len(token.top_logprobs) == 3 for token in tokens)
    assert all(bytes(token.bytes).decode() == token.token for token in tokens)


@pytest.mark.slow
async def test_a_tool_call(peer):
    asked = {"model": MODEL, "messages": HELLO, "tools": [WEATHER]}
    completion = await peer.chat.completions.create(**asked, tool_choice=FORCED)
    [choice] = completion.choices
    [call] = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls"
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments) == ARGUMENTS


@pytest.mark.slow
async def test_errors_are_told_apart(peer, sim):
    sdk = sys.modules[type(peer).__module__.partition(".")[0]]
    asked = {"model": MODEL, "messages": HELLO}
    with pytest.raises(sdk.BadRequestError, match="Extra inputs are not permitted"):
        await peer.chat.completions.create(**asked, extra_body={"nonsense": 1})
    with pytest.raises(sdk.NotFoundError, match="Model not found"):
        await peer.chat.completions.create(model="kimi-k2p6", messages=HELLO)
    sim.script(Rejection.rate_limited(1), Rejection.scaling_up(), Rejection.bad_key())
    with pytest.raises(sdk.RateLimitError, match="rate limit exceeded"):
        await peer.chat.completions.create(**asked, stream=True)
    with pytest.raises(sdk.InternalServerError, match="scaled to zero"):
        await peer.chat.completions.create(**asked)
    with pytest.raises(sdk.AuthenticationError, match="invalid"):
        await peer.chat.completions.create(**asked)


@pytest.mark.slow
async def test_a_reader_that_breaks_off_is_noticed(peer, sim):
    stream = await peer.chat.completions.create(
        model=MODEL,
        messages=HELLO,
        stream=True,
        max_tokens=2_000_000,
        extra_body={"ignore_eos": True},
    )
    async with stream:
        async for _ in stream:
            break
    await sim.until(lambda: sim.in_flight == 0)
    assert sim.requests[0].left_at is not None


@pytest.mark.slow
async def test_text_completions(peer):
    asked = {"model": MODEL, "prompt": ["One", "Two"], "echo": True}
    whole = await peer.completions.create(**asked, logprobs=2)
    assert [choice.text[:3] for choice in whole.choices] == ["One", "Two"]
    [first, _] = [choice.logprobs for choice in whole.choices]
    assert "".join(first.tokens) == whole.choices[0].text
    assert first.token_logprobs[0] is None
    assert whole.usage.completion_tokens == 32
    stream = await peer.completions.create(**asked, stream=True)
    texts = ["", ""]
    async for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.text
    assert texts == [choice.text for choice in whole.choices]


@pytest.mark.slow
async def test_budgets_and_the_cache(peer, sim):
    sdk = sys.modules[type(peer).__module__.partition(".")[0]]
    sim.limits = Limits(requests=2)
    asked = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "word " * 100}],
    }
    for cached in (0, 128):
        raw = await peer.chat.completions.with_raw_response.create(**asked)
        completion = raw.parse()
        if inspect.isawaitable(completion):
            completion = await completion
        assert completion.usage.prompt_tokens_details.cached_tokens == cached
    assert raw.headers["x-ratelimit-remaining-requests"] == "0"
    with pytest.raises(sdk.RateLimitError, match="rate limit exceeded"):
        await peer.chat.completions.create(**asked)


@pytest.mark.slow
async def test_openai_puts_a_streamed_tool_call_together(sim):
    import openai

    strict = {**WEATHER, "function": {**WEATHER["function"], "strict": True}}
    async with (
        openai.AsyncOpenAI(base_url=sim.base_url, api_key="fw_test") as client,
        client.chat.completions.stream(
            model=MODEL, messages=HELLO, tools=[strict], tool_choice=FORCED
        ) as stream,
    ):
        completion = await stream.get_final_completion()
    await _sweep()
    [call] = completion.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == ARGUMENTS


@pytest.mark.slow
async def test_openai_parses_structured_output(sim):
    import openai
    import pydantic

    class City(pydantic.BaseModel):
        name: str
        people: int

    async with openai.AsyncOpenAI(base_url=sim.base_url, api_key="fw_test") as client:
        completion = await client.chat.completions.parse(
            model=MODEL, messages=HELLO, response_format=City
        )
        models = [model.id async for model in client.models.list()]
    assert completion.choices[0].message.parsed == City(name="text", people=1)
    assert MODEL in models


LITELLM = textwrap.dedent(
    """
    import asyncio, json, sys
    import litellm

    MODEL, BASE = sys.argv[1:]

    async def ask(**fields):
        hello = [{"role": "user", "content": "Hello"}]
        return await litellm.acompletion(
            model="fireworks_ai/" + MODEL.rpartition("/")[2],
            api_base=BASE,
            api_key="fw_test",
            **{"messages": hello, **fields},
        )

    async def main():
        told = {}
        whole = await ask()
        told["text"] = whole.choices[0].message.content
        told["usage"] = whole.usage.completion_tokens
        stream = await ask(stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
        pieces = [chunk.choices[0].delta.content or "" for chunk in chunks]
        told["streamed"] = "".join(pieces)
        told["streamed_usage"] = chunks[-1].usage.completion_tokens
        try:
            await ask(n=1000)
        except litellm.BadRequestError as error:
            told["refused"] = "less than or equal to 128" in str(error)
        texts = await litellm.atext_completion(
            model="text-completion-openai/" + MODEL,
            api_base=BASE,
            api_key="fw_test",
            prompt=["One", "Two " * 100],
        )
        told["texts"] = [choice.text for choice in texts.choices]
        long = [{"role": "user", "content": "word " * 200}]
        for _ in range(2):
            answer = await ask(messages=long)
        told["cached"] = answer.usage.prompt_tokens_details.cached_tokens
        try:
            await ask(num_retries=0)
        except litellm.RateLimitError as error:
            told["limited"] = "rate limit exceeded" in str(error)
        print(json.dumps(told))

    asyncio.run(main())
    """
)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_litellm():
    limits = Limits(requests=5)
    with serve_in_thread(Simulator(limits=limits, clock=lambda: 0.0)) as sim:
        ran = subprocess.run(
            [sys.executable, "-c", LITELLM, MODEL, sim.base_url],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        )
        assert ran.returncode == 0, ran.stderr
        asked = [request.body["model"] for request in sim.requests]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert set(asked) == {MODEL}
    assert told["text"] == told["streamed"]
    assert told["usage"] == told["streamed_usage"] == 16
    assert told["refused"]
    assert [len(text.split()) for text in told["texts"]] == [15, 15]
    assert told["cached"] == 240
    assert told["limited"]


@pytest.mark.slow
async def test_the_other_endpoints_by_the_sdk_of_openai(sim):
    import openai

    async with openai.AsyncOpenAI(
        base_url=sim.base_url, api_key="fw_test", max_retries=0
    ) as client:
        # It asks for base64, and reads it.
        embedded = await client.embeddings.create(
            model="nomic-ai/nomic-embed-text-v1.5", input=["a", "b"], dimensions=4
        )
        assert [len(row.embedding) for row in embedded.data] == [4, 4]
        assert all(isinstance(row.embedding[0], float) for row in embedded.data)
        heard = await client.audio.transcriptions.create(
            model="whisper-v3", file=("a.wav", wav(1.0)), response_format="verbose_json"
        )
        assert (heard.duration, len(heard.text.split())) == (1.0, 2)
        models = [model.id async for model in client.models.list()]
        assert MODEL in models
        assert (await client.models.retrieve(MODEL)).id == MODEL
    await _sweep()


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl():
    body = json.dumps({"model": MODEL, "messages": HELLO, "stream": True})
    with serve_in_thread(Simulator(gap=0.01)) as sim:
        ran = subprocess.run(
            [
                *("curl", "-sN", "--fail", "--noproxy", "*"),
                *("-H", "Authorization: Bearer fw_test"),
                *("-H", "Content-Type: application/json"),
                *("-d", body, f"{sim.base_url}/chat/completions"),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    events = ran.stdout.split("\n\n")
    assert len(events) == 1 + 16 + 1 + 1 + 1
    assert events[-2:] == ["data: [DONE]", ""]
