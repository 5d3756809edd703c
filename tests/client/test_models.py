import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.errors import APIError, NotFoundError, PermissionDeniedError
from fireworks_async.simulator import Simulator
from tests.support.calls import failure
from tests.support.mocked import BASE_URL, MockedAPI, mocked_api

MINE = "accounts/me/models/mine"


@pytest.fixture
async def sim():
    async with Simulator(models=[MINE], api_keys=["fw_test"]) as simulator:
        yield simulator


@pytest.fixture
async def client(sim):
    async with AsyncFireworks(base_url=sim.base_url, api_key="fw_test") as client:
        yield client


@pytest.fixture
def api():
    with mocked_api() as mocked:
        yield MockedAPI(mocked)


@pytest.fixture
async def mocked_client():
    async with AsyncFireworks(
        base_url=BASE_URL, api_key="fw_mocked", max_retries=0
    ) as client:
        yield client


async def test_the_list(client):
    [model] = (await client.models.list()).data
    assert (model.id, model.owned_by, model.context_length) == (MINE, "me", 131_072)


async def test_one_model(client, sim):
    assert (await client.models.retrieve(MINE)).id == MINE
    assert [request.path for request in sim.requests] == [f"/v1/models/{MINE}"]
    assert sim.requests[0].body == b""


async def test_a_model_that_is_not_there(client):
    error = await failure(client.models.retrieve("nothing"), NotFoundError)
    assert error.message.startswith("Model not found")


async def test_a_server_without_the_path_is_asked_for_its_list(api, mocked_client):
    name = "accounts/fireworks/models/m"
    api.answers(404, url=f"{BASE_URL}/models/{name}", to="GET")
    api.answers(json={"data": [{"id": name}]}, url=f"{BASE_URL}/models", to="GET")
    assert (await mocked_client.models.retrieve("m")).id == name


async def test_a_wrong_key(sim):
    async with AsyncFireworks(base_url=sim.base_url, api_key="fw_bad") as client:
        error = await failure(client.models.list(), PermissionDeniedError)
    assert error.message == "unauthorized"


@pytest.mark.parametrize("base", ["/v1", "/inference/v1"])
async def test_the_public_catalogue_is_beside_the_inference_api(sim, base):
    root = sim.base_url.removesuffix("/v1")
    async with AsyncFireworks(base_url=root + base, api_key="fw_test") as client:
        rows = await client.models.serverless()
    assert rows[0].id == "accounts/fireworks/models/deepseek-v3p1"
    assert rows[0].details["pricing"]["cached_input"] > 0
    assert sim.requests[0].path == "/v1/serverless/models"


async def test_options(client, sim):
    await client.models.list(extra_query={"a": "b"}, extra_headers={"X-One": "1"})
    assert sim.requests[0].path == "/v1/models?a=b"
    assert sim.requests[0].headers["x-one"] == "1"
    with pytest.raises(TypeError, match="'timeout'"):
        await client.models.list(timeoutt=5)
    with pytest.raises(TypeError, match="extra_body"):
        await client.models.retrieve(MINE, extra_body={})


async def test_an_answer_that_is_none(api, mocked_client):
    api.answers(json={"data": [{}]}, url=f"{BASE_URL}/models", to="GET")
    await failure(mocked_client.models.list(), APIError)
