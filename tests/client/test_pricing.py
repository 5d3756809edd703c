import pytest

from fireworks_async import AsyncFireworks, Usage
from fireworks_async._client.pricing import cost_of
from fireworks_async._policy.catalogue import lookup, register
from fireworks_async.simulator import Simulator
from fireworks_async.types import PromptTokensDetails
from tests.support.catalogue import catalogue_as_shipped

EMBEDDER = "WhereIsAI/UAE-Large-V1"


def usage(prompt=1000, completion=0, cached=None):
    details = None if cached is None else PromptTokensDetails(cached_tokens=cached)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        prompt_tokens_details=details,
    )


@pytest.fixture
def priced():
    """A model of the catalogue that has every price."""
    name = "accounts/fireworks/models/glm-5p2"
    prices = lookup(name).prices
    assert prices.cached_input
    return name, prices


def test_cached_tokens_have_their_own_price(priced):
    name, prices = priced
    cost = cost_of(name, usage(1_000_000, 1_000_000, cached=500_000), None)
    assert cost.status == "priced"
    assert cost.usd == pytest.approx(
        prices.input / 2 + prices.cached_input / 2 + prices.output
    )


def test_only_the_priority_tier_has_other_prices(priced):
    name, prices = priced
    usual = cost_of(name, usage(), None)
    assert cost_of(name, usage(), "default") == usual
    priority = cost_of(name, usage(), "priority")
    assert priority.usd == pytest.approx(prices.priority_input / 1000)
    assert priority.usd > usual.usd


@pytest.mark.parametrize(
    ("model", "used", "reason"),
    [
        (EMBEDDER, None, "no usage"),
        (EMBEDDER, Usage(), "no usage"),
        ("accounts/me/models/mine", usage(), "no price of accounts/me/models/mine"),
        ("", usage(), "no price of a nameless model"),
        (f"{EMBEDDER}#accounts/me/deployments/d", usage(), "billed by time"),
        ("accounts/me/deployments/d", usage(), "billed by time"),
    ],
)
def test_what_is_not_known_is_unknown_and_never_free(model, used, reason):
    cost = cost_of(model, used, None)
    assert (cost.status, cost.usd) == ("unknown", None)
    assert reason in cost.reason


def test_short_names_of_embedding_models():
    cost = cost_of("fireworks/qwen3-embedding-8b", usage(1_000_000), None)
    prices = lookup("accounts/fireworks/models/qwen3-embedding-8b").prices
    assert cost.usd == pytest.approx(prices.input)


async def test_answers_know_their_cost():
    async with (
        Simulator() as sim,
        AsyncFireworks(base_url=sim.base_url, api_key="fw_test") as client,
    ):
        completion = await client.chat.completions.create(
            model="deepseek-v3p1", messages=[{"role": "user", "content": "hi"}]
        )
        embedded = await client.embeddings.create(model=EMBEDDER, input="hi")
        unknown = await client.embeddings.create(model="me/mine", input="hi")
    assert completion.cost().usd > 0
    assert embedded.cost().usd == pytest.approx(0.016 / 1_000_000)
    assert unknown.cost().status == "unknown"


def test_a_price_that_was_told_counts_for_deployments_too():
    mine = "accounts/me/models/mine"
    deployment = f"{mine}#accounts/me/deployments/d"
    with catalogue_as_shipped():
        register(mine, {"prices": {"input": 1, "output": 2}})
        assert cost_of(mine, usage(1_000_000, 1_000_000), None).usd == 3
        assert cost_of(deployment, usage(), None).status == "unknown"
        register(deployment, {"prices": {"input": 4, "output": 5}})
        assert cost_of(deployment, usage(1_000_000), None).usd == 4


async def test_a_rerank_knows_its_cost():
    async with (
        Simulator() as sim,
        AsyncFireworks(base_url=sim.base_url, api_key="fw_test") as client,
    ):
        ranked = await client.rerank.create(
            model="qwen3-reranker-8b", query="city", documents=["Paris."]
        )
    prices = lookup("fireworks/qwen3-reranker-8b").prices
    assert ranked.cost().usd == pytest.approx(
        ranked.usage.prompt_tokens * prices.input / 1_000_000
    )
