"""One call through the client against a simulator, as a record."""

import time

import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.errors import APIStatusError
from fireworks_async.loadtest._caller import ClientCaller
from fireworks_async.loadtest._probe import Probe
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._workload import Item
from fireworks_async.simulator import Rejection, Simulator

MODEL = "accounts/fireworks/models/llama-v3p3-70b-instruct"
EMBEDDER = "nomic-ai/nomic-embed-text-v1.5"
RERANKER = "fireworks/qwen3-reranker-8b"
HELLO = [{"role": "user", "content": "Hello"}]


async def ask(simulator, item, endpoint="chat", model=MODEL):
    record = Record(index=0, intended_at=0.0)
    probe = Probe(record, origin=time.monotonic())
    async with AsyncFireworks(
        api_key="fw_test", base_url=simulator.base_url, max_retries=0
    ) as client:
        caller = ClientCaller(
            client, model=model, endpoint=endpoint, now=time.monotonic
        )
        probe.start(time.monotonic())
        answer = await caller(item, probe)
        assert client.statistics().in_flight == 0
    return record, answer


async def test_chat():
    params = {"perf_metrics_in_response": True, "temperature": 0.5}
    item = Item(messages=HELLO, output_tokens=5, params=params, follow_ups=["And?"])
    async with Simulator() as simulator:
        record, answer = await ask(simulator, item)
        [request] = simulator.requests
    assert request.body["max_tokens"] == 5
    assert request.body["temperature"] == 0.5
    assert (record.completion_tokens, record.finish_reason) == (5, "length")
    assert record.counted_by == "events"
    assert record.server["server_processing_time"] == 0
    assert 0 < record.sent_at < record.headers_at <= record.first_token_at
    assert record.is_good
    assert len(answer.split()) == 5


async def test_the_text_is_kept_only_for_a_next_turn():
    async with Simulator() as simulator:
        _, answer = await ask(simulator, Item(messages=HELLO))
    assert answer == ""


@pytest.mark.usefixtures("stillness")
async def test_leaving_in_the_middle():
    item = Item(messages=HELLO, output_tokens=500, cancel_after=3)
    async with Simulator(gap=0.002) as simulator:
        record, _ = await ask(simulator, item)
        await simulator.until(lambda: simulator.in_flight == 0)
        assert simulator.requests[0].left_at is not None
    assert record.cancelled
    assert not record.is_good
    assert record.error is None


async def test_embeddings_and_rerank_have_an_end_and_no_tokens():
    async with Simulator() as simulator:
        embedded, _ = await ask(simulator, Item(text="a b"), "embeddings", EMBEDDER)
        item = Item(text="a", documents=["b", "c"])
        ranked, _ = await ask(simulator, item, "rerank", RERANKER)
    for record in (embedded, ranked):
        assert record.is_good
        assert record.prompt_tokens > 0
        assert record.first_token_at is None


async def test_failures_come_out():
    async with Simulator() as simulator:
        simulator.script(Rejection.overloaded())
        with pytest.raises(APIStatusError):
            await ask(simulator, Item(messages=HELLO))


@pytest.mark.parametrize(
    ("endpoint", "model"),
    [
        ("chat", MODEL),
        ("completions", MODEL),
        ("embeddings", EMBEDDER),
        ("rerank", RERANKER),
    ],
)
async def test_prompts_are_counted_by_the_server(endpoint, model):
    async with (
        Simulator() as simulator,
        AsyncFireworks(api_key="fw_test", base_url=simulator.base_url) as client,
    ):
        caller = ClientCaller(
            client, model=model, endpoint=endpoint, now=time.monotonic
        )
        few = await caller.count_tokens("the and for", {})
        many = await caller.count_tokens("the and for " * 10, {})
        assert {r.path.partition("/v1/")[2] for r in simulator.requests} == {
            {"chat": "chat/completions"}.get(endpoint, endpoint)
        }
    assert few < many
