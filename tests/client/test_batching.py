import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.simulator import Rejection, Simulator
from tests.support.batches import MODEL, line


@pytest.fixture
async def simulator():
    async with Simulator(tokens=3) as simulator:
        yield simulator


@pytest.fixture
async def client(simulator):
    url = simulator.base_url
    async with AsyncFireworks(base_url=url, api_key="fw_test") as client:
        yield client


async def test_each_request_has_its_result(client):
    requests = [{"messages": [{"role": "user", "content": str(n)}]} for n in range(5)]
    results = [each async for each in client.batch(requests, model=MODEL)]
    assert sorted(each.custom_id for each in results) == [
        f"row-{n}" for n in range(1, 6)
    ]
    assert all(each.response.choices[0].message.content for each in results)
    assert client.statistics().in_flight == 0


async def test_what_fails_is_a_result_too(client, simulator):
    simulator.script(Rejection.invalid("no"))
    (result,) = [each async for each in client.batch([line("a")])]
    assert (result.custom_id, result.cause, result.response) == ("a", "refused", None)


async def test_an_unknown_option_is_refused_before_anything_is_sent(client):
    with pytest.raises(TypeError, match="did you mean 'concurrency'"):
        client.batch([], concurency=3)
