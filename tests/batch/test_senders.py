import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.batch._rows import RowReader
from fireworks_async.batch._senders import ClientSender
from fireworks_async.errors import StreamTruncatedError
from fireworks_async.simulator import Cut, Rejection, Simulator
from tests.support.batches import MODEL, row

EMBEDDER = "nomic-ai/nomic-embed-text-v1.5"
RERANKER = "fireworks/qwen3-reranker-8b"


@pytest.fixture
async def simulator():
    async with Simulator(tokens=4) as simulator:
        yield simulator


@pytest.fixture
async def sender(simulator):
    async with AsyncFireworks(base_url=simulator.base_url, api_key="fw_test") as client:
        yield ClientSender(client)


def other(**body):
    return RowReader().read(1, {"body": body})


async def test_a_chat_is_collected(sender):
    attempt = await sender.send(row())
    assert attempt.response.choices[0].finish_reason == "stop"
    assert (attempt.cause, attempt.error) == (None, None)
    assert attempt.usage.completion_tokens == 4
    assert attempt.e2e >= attempt.ttft > 0
    assert attempt.status == 200
    assert attempt.headers["content-type"].startswith("text/event-stream")
    assert attempt.request_id


@pytest.mark.parametrize(
    "body",
    [
        {"model": MODEL, "prompt": "Once", "max_tokens": 4},
        {"model": EMBEDDER, "input": ["a", "b"]},
        {"model": RERANKER, "query": "a", "documents": ["b", "c"]},
    ],
    ids=["completions", "embeddings", "rerank"],
)
async def test_each_endpoint_answers(sender, body):
    attempt = await sender.send(other(**body))
    assert attempt.error is None
    assert attempt.response is not None
    assert attempt.usage.prompt_tokens > 0


async def test_what_the_client_refuses_is_not_sent(sender, simulator):
    for fields in ({"temprature": 1}, {"messages": "Hi"}):
        attempt = await sender.send(row(**fields))
        assert (attempt.cause, attempt.has_begun) == ("invalid", False)
        assert attempt.status is None
    assert (
        "did you mean 'temperature'"
        in (await sender.send(row(temprature=1))).error.message
    )
    assert list(simulator.requests) == []


async def test_a_refusal_is_not_retried_here(sender, simulator):
    simulator.script(Rejection.overloaded())
    attempt = await sender.send(row())
    assert (attempt.cause, attempt.has_begun) == ("overloaded", False)
    assert len(simulator.requests) == 1
    assert attempt.status == 503


async def test_a_cut_answer_may_have_been_billed(sender, simulator):
    simulator.script(Cut(after=3))
    attempt = await sender.send(row())
    assert attempt.cause in ("truncated", "connection")
    assert isinstance(attempt.error, StreamTruncatedError)
    assert attempt.has_begun
    assert attempt.error.partial.choices[0].message.content


async def test_a_word_keeps_rows_on_one_replica(sender, simulator):
    await sender.send(row(), affinity="abc")
    (request,) = simulator.requests
    assert request.headers["x-session-affinity"] == "abc"
