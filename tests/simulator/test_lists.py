from fireworks_async.simulator import Simulator
from tests.support.simulated import MODEL, ask


async def get(sim, path, **more):
    return await ask(sim, method="GET", path=path, **more)


async def test_a_few_models_are_listed(sim):
    rows = {row["id"]: row for row in (await get(sim, "/models")).json["data"]}
    assert rows[MODEL]["kind"] == "HF_BASE_MODEL"
    # As seen from the API: only the kind tells.
    embedding = rows["accounts/fireworks/models/qwen3-embedding-8b"]
    assert (embedding["kind"], embedding["supports_chat"]) == ("EMBEDDING_MODEL", True)


async def test_one_model(sim):
    answer = await get(sim, f"/models/{MODEL}")
    assert (answer.status, answer.json["id"]) == (200, MODEL)
    assert (await get(sim, "/models/nothing")).status == 404
    assert (await get(sim, f"/models/{MODEL}", key=None)).status == 403


async def test_one_of_the_given_models():
    async with Simulator(models=["mine"]) as sim:
        assert (await get(sim, "/models/mine")).json["owned_by"] == "fireworks"
        assert (await get(sim, f"/models/{MODEL}")).status == 404


async def test_the_public_catalogue_needs_no_key(sim):
    answer = await get(sim, "/serverless/models", key=None)
    assert MODEL in [row["id"] for row in answer.json["data"]]
    path = "/../inference/v1/serverless/models"
    assert (await get(sim, path)).status == 404
