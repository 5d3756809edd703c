import random

import pytest

from fireworks_async._policy.catalogue import Prices
from fireworks_async._protocol.completions import PromptTokensDetails, Usage
from fireworks_async.batch._cost import Budget, PriceBook
from fireworks_async.batch._rows import RowReader
from fireworks_async.errors import StreamTruncatedError
from tests.support.batches import (
    FakeSender,
    answered,
    failed,
    line,
    refused,
    row,
    run,
    write_lines,
)

OWN = Prices(input=1.0, output=10.0, cached_input=0.5)


def usage(prompt, generated, cached=None):
    details = None if cached is None else PromptTokensDetails(cached)
    return Usage(prompt, prompt + generated, generated, details)


def other(**body):
    return RowReader().read(1, {"body": {"model": "m", **body}})


def test_tokens_are_priced_by_the_list():
    cost = PriceBook().cost(row(), usage(1_000_000, 500_000))
    assert cost == pytest.approx(0.56 + 0.84)


def test_own_prices_win():
    cost = PriceBook(OWN).cost(row(), usage(1_000_000, 1_000_000, 400_000))
    assert cost == pytest.approx(0.6 + 0.2 + 10)


def test_a_cached_token_without_a_price_costs_no_less():
    prices = Prices(input=1.0, output=0.0)
    assert PriceBook(prices).cost(row(), usage(1_000_000, 0, 1_000_000)) == 1.0


def test_the_priority_tier_has_its_prices():
    prices = Prices(input=1.0, output=1.0, priority_input=3.0, priority_output=4.0)
    priority = row(service_tier="priority")
    assert PriceBook(prices).cost(priority, usage(1_000_000, 1_000_000)) == 7.0


@pytest.mark.parametrize("model", ["nobody/knows", "x#accounts/a/deployments/d", " "])
def test_what_is_not_known_has_no_cost(model):
    book = PriceBook()
    assert book.cost(row(model=model), usage(1, 1)) is None
    assert book.most(row(model=model)) is None


def test_without_usage_there_is_no_cost():
    assert PriceBook().cost(row(), None) is None


def test_the_bound_holds_for_every_token_a_byte():
    each = row(max_tokens=8, n=2)
    most = PriceBook(OWN).most(each)
    assert most == pytest.approx((each.prompt_bytes + 1024 + 160) / 1e6)


def test_a_long_prompt_is_bounded_by_the_context():
    most = PriceBook(OWN).most(row(text="x" * 500_000, max_tokens=0))
    assert most == pytest.approx(0.128)


def test_without_max_tokens_the_models_longest_answer_counts():
    each = row(max_tokens=None)
    assert PriceBook(OWN).most(each) == pytest.approx(
        (each.prompt_bytes + 1024 + 10 * 8192) / 1e6
    )


def test_media_are_bounded_by_the_context_only():
    image = [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]
    messages = [{"role": "user", "content": image}]
    assert PriceBook(OWN).most(row(messages=messages)) == pytest.approx(0.12808)
    unknown = RowReader().read(
        1, {"model": "nobody/knows", "messages": messages, "max_tokens": 1}
    )
    assert PriceBook(OWN).most(unknown) is None


def test_what_may_ask_for_more_has_no_bound():
    assert PriceBook(OWN).most(row()) is not None
    assert PriceBook(OWN).most(row(extra_body={"max_tokens": 10**6})) is None


def test_embeddings_generate_nothing():
    each = other(input="text")
    assert PriceBook(OWN).most(each) == pytest.approx((each.prompt_bytes + 1024) / 1e6)
    known = RowReader().read(1, {"model": "qwen3-embedding-8b", "input": "x"})
    assert PriceBook().cost(known, usage(1_000_000, 0)) > 0


class TestBudget:
    def test_what_is_set_aside_is_not_given_twice(self):
        budget = Budget(1.0, spent=0.5)
        assert budget.reserve(0.3)
        assert not budget.reserve(0.3)
        budget.settle(0.3, 0.1)
        assert (budget.spent, budget.reserved) == (0.6, 0.0)
        assert budget.reserve(0.4)
        assert not budget.reserve(0.001)

    def test_without_a_limit_everything_is_afforded(self):
        budget = Budget(None)
        assert budget.reserve(1e9)
        budget.settle(1e9, 1.0)
        assert (budget.spent, budget.reserved) == (1.0, 0.0)


class Bill:
    """A server that bills what it generates, also for answers that break off."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self.usd = 0.0

    def answer(self, each):
        dice = self._random.random()
        if dice < 0.1:
            return refused(self._random.choice([400, 429, 500]))
        prompt = self._random.randint(1, each.prompt_bytes)
        generated = self._random.randint(0, each.max_tokens)
        self.usd += (prompt + 10 * generated) / 1e6
        if dice < 0.2:
            return failed(StreamTruncatedError("cut"), has_begun=True)
        return answered(prompt=prompt, generated=generated)


async def simulated(folder, seed, monkeypatch):
    """A job under a ceiling of chance; gives the ceiling, the bill, and what was said."""
    from fireworks_async.batch import _retries

    quick = {
        cause: _retries.Schedule(each.most, 0.0, 0.0, each.price)
        for cause, each in _retries.SCHEDULES.items()
    }
    monkeypatch.setattr(_retries.Retries.__init__, "__defaults__", (quick,))
    dice = random.Random(seed)
    rows = [
        line(str(n), "x" * dice.randint(1, 2000), max_tokens=dice.randint(1, 500))
        for n in range(dice.randint(5, 40))
    ]
    write_lines(folder / "in.jsonl", rows)
    ceiling = dice.uniform(0.001, 0.12)
    bill = Bill(seed)
    places = dice.choice([1, 4, 50])
    while True:
        summary = await run(
            folder,
            FakeSender(bill.answer),
            places=places,
            max_cost=ceiling,
            prices=OWN,
            retry=_all() if dice.random() < 0.5 else _none(),
        )
        if summary.stopped is not None or dice.random() < 0.5:
            return ceiling, bill.usd, summary


def _all():
    from fireworks_async.batch._causes import Selector

    return Selector(["all"])


def _none():
    from fireworks_async.batch._causes import Selector

    return Selector([])


async def never_exceeded(tmp_path, monkeypatch, seeds):
    reached = 0
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        ceiling, billed, summary = await simulated(folder, seed, monkeypatch)
        assert billed <= ceiling, seed
        assert summary.spent <= ceiling + 1e-9, seed
        assert billed <= summary.spent + 1e-9, seed
        reached += summary.stopped == "cost"
    assert reached > len(seeds) / 10


async def test_the_ceiling_is_never_exceeded(tmp_path, monkeypatch):
    await never_exceeded(tmp_path, monkeypatch, range(25))


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_the_ceiling_is_not_exceeded_in_a_thousand_runs(tmp_path, monkeypatch):
    await never_exceeded(tmp_path, monkeypatch, range(1000, 2000))
