import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.errors import APIError, NotFoundError
from fireworks_async.simulator import Simulator
from tests.support.calls import failure
from tests.support.mocked import BASE_URL, MockedAPI, mocked_api

DOCUMENTS = [
    "France is a country in Western Europe.",
    "Paris is the capital of France.",
    "Python is a language.",
]


@pytest.fixture
async def sim():
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def client(sim):
    async with AsyncFireworks(base_url=sim.base_url, api_key="fw_test") as client:
        yield client


async def test_the_best_come_first(client, sim):
    answer = await client.rerank.create(
        model="fireworks_ai/fireworks/qwen3-reranker-8b",
        query="What is the capital of France?",
        documents=DOCUMENTS,
        top_n=2,
        return_documents=True,
        task="Find the answer.",
    )
    assert [row.index for row in answer.data] == [1, 0]
    assert [row.document for row in answer.data] == [DOCUMENTS[1], DOCUMENTS[0]]
    assert answer.usage.total_tokens > 0
    assert sim.requests[0].body == {
        "model": "fireworks/qwen3-reranker-8b",
        "query": "What is the capital of France?",
        "documents": DOCUMENTS,
        "top_n": 2,
        "return_documents": True,
        "task": "Find the answer.",
    }


async def test_texts_may_be_left_out(client):
    answer = await client.rerank.create(
        model="qwen3-reranker-8b",
        query="q",
        documents=DOCUMENTS,
        return_documents=False,
    )
    assert [row.document for row in answer.data] == [None] * 3


@pytest.mark.parametrize(
    ("given", "error", "named"),
    [
        ({"rank_fields": ["a"]}, TypeError, "rank_fields"),
        ({"documents": []}, ValueError, "documents"),
        ({"query": 5}, TypeError, "query"),
    ],
)
async def test_bad_input_fails_before_anything_is_sent(
    client, sim, given, error, named
):
    usual = {"model": "qwen3-reranker-8b", "query": "q", "documents": DOCUMENTS}
    with pytest.raises(error, match=named):
        await client.rerank.create(**{**usual, **given})
    assert not sim.requests


async def test_an_unknown_model(sim):
    async with (
        Simulator(models=["fireworks/other"]) as strict,
        AsyncFireworks(base_url=strict.base_url, api_key="fw_test") as client,
    ):
        call = client.rerank.create(model="x", query="q", documents=["d"])
        await failure(call, NotFoundError)


@pytest.mark.parametrize(
    ("said", "document"),
    [
        ({"results": [{"index": 0, "relevance_score": 1, "text": "A"}]}, "A"),
        (
            {"data": [{"index": 0, "relevance_score": 1, "document": {"text": "A"}}]},
            "A",
        ),
    ],
)
async def test_other_forms_of_the_answer(said, document):
    with mocked_api() as mocked:
        MockedAPI(mocked).answers(json=said, url=f"{BASE_URL}/rerank")
        async with AsyncFireworks(base_url=BASE_URL, api_key="fw_mocked") as client:
            answer = await client.rerank.create(model="m", query="q", documents=["d"])
    assert answer.data[0].document == document


async def test_an_answer_that_is_none():
    with mocked_api() as mocked:
        MockedAPI(mocked).answers(json={"data": [{}]}, url=f"{BASE_URL}/rerank")
        async with AsyncFireworks(base_url=BASE_URL, api_key="fw_mocked") as client:
            call = client.rerank.create(model="m", query="q", documents=["d"])
            await failure(call, APIError)
