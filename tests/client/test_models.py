import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.errors import APIError, NotFoundError, PermissionDeniedError
from fireworks_async.simulator import Simulator
from tests.support.calls import failure
from tests.support.catalogue import catalogue_as_shipped
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


@pytest.fixture
def changeable():
    with catalogue_as_shipped():
        yield


@pytest.mark.usefixtures("changeable")
class TestWhatIsKnown:
    def test_facts_need_no_server(self, mocked_client):
        facts = mocked_client.models.facts("fireworks_ai/kimi-k2p6")
        assert facts.id == "accounts/fireworks/models/kimi-k2p6"
        assert facts.vision
        assert facts.prices.input > 0
        assert mocked_client.models.facts(MINE) is None
        with pytest.raises(ValueError, match="model"):
            mocked_client.models.facts("")

    async def test_what_is_registered_is_used(self, sim, client):
        facts = client.models.register(
            MINE, vision=False, prices={"input": 1, "output": 2}
        )
        assert client.models.facts(MINE) is facts
        picture = {"type": "image_url", "image_url": {"url": "https://h/a.pdf"}}
        completion = await client.chat.completions.create(
            model=MINE, messages=[{"role": "user", "content": [picture]}]
        )
        sent = sim.requests[-1].body["messages"][0]["content"][0]["image_url"]["url"]
        assert sent == "https://h/a.pdf#transform=inline"
        assert completion.cost().status == "priced"

    async def test_refreshing_takes_over_what_the_lists_say(self, api, mocked_client):
        new, known = "accounts/fireworks/models/new-1", "deepseek-v4-flash"
        full = f"accounts/fireworks/models/{known}"
        rows = [
            {
                "id": new,
                "kind": "EMBEDDING_MODEL",
                "context_length": 4096,
                "supports_image_input": False,
                "supports_tools": False,
            },
            {"id": full, "context_length": None, "supports_image_input": True},
        ]
        listed = [
            {"name": full, "contextLength": 77, "supportsTools": False, "price": "?"}
        ]
        api.answers(json={"data": rows}, url=f"{BASE_URL}/models", to="GET")
        api.answers(json=listed, url=f"{BASE_URL}/serverless/models", to="GET")
        before = mocked_client.models.facts(known)
        facts = await mocked_client.models.refresh()
        assert facts == (
            mocked_client.models.facts(new),
            mocked_client.models.facts(known),
        )
        assert facts[0].kind == "embedding"
        assert (facts[0].context_length, facts[0].vision) == (4096, False)
        assert (facts[1].context_length, facts[1].vision) == (77, True)
        assert not facts[1].tools
        assert (facts[1].kind, facts[1].prices) == (before.kind, before.prices)

    async def test_a_host_without_the_public_catalogue_has_its_list(
        self, api, mocked_client
    ):
        rows = [{"id": MINE, "context_length": 4096}]
        api.answers(json={"data": rows}, url=f"{BASE_URL}/models", to="GET")
        api.answers(404, url=f"{BASE_URL}/serverless/models", to="GET")
        [facts] = await mocked_client.models.refresh(timeout=5)
        assert (facts.id, facts.context_length) == (MINE, 4096)
