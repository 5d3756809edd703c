import asyncio
import sys

import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.errors import APIError, BadRequestError, RateLimitError
from fireworks_async.simulator import Rejection, Simulator
from tests.support.calls import failure
from tests.support.mocked import BASE_URL, MockedAPI, mocked_api

MODEL = "nomic-ai/nomic-embed-text-v1.5"


@pytest.fixture
async def sim():
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def client(sim):
    async with AsyncFireworks(base_url=sim.base_url, api_key="fw_test") as client:
        yield client


async def test_one_text(client, sim):
    answer = await client.embeddings.create(model=MODEL, input="hi")
    [row] = answer.data
    assert (row.index, len(row.embedding)) == (0, 768)
    assert answer.usage.prompt_tokens == 1
    assert sim.requests[0].body == {"model": MODEL, "input": "hi"}


async def test_every_field_goes_out(client, sim):
    fields = {
        "dimensions": 4,
        "normalize": True,
        "prompt_template": "{{a}}",
        "return_logits": [1, 2],
    }
    answer = await client.embeddings.create(
        model="qwen3-embedding-8b", input=[{"a": "b"}], **fields
    )
    assert sum(answer.data[0].embedding) == pytest.approx(1)
    assert sim.requests[0].body == {
        "model": "fireworks/qwen3-embedding-8b",
        "input": [{"a": "b"}],
        **fields,
    }


async def test_many_inputs_come_back_in_order(client, sim):
    texts = [f"text number {number}" for number in range(50)]
    whole = await client.embeddings.create(model=MODEL, input=texts, dimensions=8)
    parts = await client.embeddings.create(
        model=MODEL, input=texts, dimensions=8, batch_size=7
    )
    assert parts == whole
    assert len(sim.requests) == 1 + 8
    assert client.statistics().in_flight == 0


async def test_arrays(client):
    answer = await client.embeddings.create(
        model=MODEL, input=["a", "b"], output="numpy", batch_size=1
    )
    assert [row.embedding.dtype for row in answer.data] == ["float32", "float32"]


async def test_base64_is_decoded(client):
    plain, packed = [
        await client.embeddings.create(
            model=MODEL,
            input="a",
            dimensions=4,
            extra_body={"encoding_format": form},
        )
        for form in ("float", "base64")
    ]
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding)


async def test_numpy_is_loaded_by_who_asks_for_it(sim):
    code = (
        "import asyncio, sys\n"
        "from fireworks_async import AsyncFireworks\n"
        "async def main():\n"
        f"    async with AsyncFireworks(base_url='{sim.base_url}', api_key='k') as c:\n"
        f"        await c.embeddings.create(model='{MODEL}', input='a')\n"
        "        assert 'numpy' not in sys.modules\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0


async def test_without_numpy_nothing_is_sent(client, sim, monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.setattr(
        "fireworks_async._client.embeddings.find_spec", lambda name: None
    )
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        await client.embeddings.create(model=MODEL, input="a", output="numpy")
    assert not sim.requests


@pytest.mark.parametrize(
    ("given", "error", "named"),
    [
        ({"encoding_format": "float"}, TypeError, "encoding_format"),
        ({"dimension": 4}, TypeError, "'dimensions'"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"output": "torch"}, ValueError, "output"),
        ({"input": [[1, 2]]}, TypeError, r"input\[0\]"),
        ({"model": ""}, ValueError, "model"),
    ],
)
async def test_bad_input_fails_before_anything_is_sent(
    client, sim, given, error, named
):
    with pytest.raises(error, match=named):
        await client.embeddings.create(**{"model": MODEL, "input": "a", **given})
    assert not sim.requests


async def test_a_refusal(client):
    call = client.embeddings.create(model=MODEL, input="a", dimensions=0)
    error = await failure(call, BadRequestError)
    assert error.fields == ("dimensions",)


async def test_one_part_that_fails_fails_the_call(client, sim):
    sim.always(
        Rejection.rate_limited(retry_after=100),
        when=lambda request: request.body["input"] == ["c"],
    )
    call = client.embeddings.create(model=MODEL, input=list("abcde"), batch_size=1)
    error = await failure(call, RateLimitError)
    assert error.retry_after == 100
    await sim.until(lambda: sim.in_flight == 0)
    assert client.statistics().in_flight == 0


async def test_a_part_is_repeated_alone(client, sim, dice):
    dice[:] = [0.0]
    sim.script(Rejection.overloaded(retry_after=0))
    answer = await client.embeddings.create(model=MODEL, input=["a", "b"], batch_size=1)
    assert len(answer.data) == 2
    assert sorted(request.status for request in sim.requests) == [200, 200, 503]


@pytest.mark.parametrize("said", [{"data": []}, {"object": "list"}, {"data": [{}]}])
async def test_an_answer_without_the_vector_is_an_error(said):
    with mocked_api() as mocked:
        MockedAPI(mocked).answers(json=said, url=f"{BASE_URL}/embeddings")
        async with AsyncFireworks(base_url=BASE_URL, api_key="fw_mocked") as client:
            await failure(client.embeddings.create(model=MODEL, input="a"), APIError)
