"""Budgets by the minute, on a clock that the tests move."""

import pytest

from fireworks_async.simulator import Limits, Simulator
from fireworks_async.simulator._limits import RateLimits
from fireworks_async.simulator._replies import ErrorReply
from tests.support.simulated import MODEL, ask

OWN = f"{MODEL}#accounts/me/deployments/d"


class Account:
    """One account that asks one model, and the clock."""

    def __init__(self, **limits):
        self.now = 0.0
        self.rates = RateLimits(Limits(**limits), lambda: self.now)
        self.told = {}

    def asks(self, prompt=10, cached=0, generated=0, model=MODEL, key="a"):
        """Ask, and have it answered at once; tell whether it was let in."""
        answer = self.rates.admit(
            key, model, prompt_tokens=prompt, cached_tokens=cached
        )
        refused = isinstance(answer, ErrorReply)
        self.told = answer.headers if refused else answer
        if not refused:
            self.rates.settle(key, model, generated)
        return not refused

    def header(self, name):
        return self.told[f"x-ratelimit-{name}"]


def test_requests_are_counted():
    account = Account(requests=3)
    assert [account.asks() for _ in range(5)] == [True, True, True, False, False]
    assert account.header("limit-requests") == "3"
    assert account.header("remaining-requests") == "0"
    assert account.header("over-limit") == "yes"


def test_a_budget_is_refilled_all_the_time_up_to_a_minutes_worth():
    account = Account(requests=60)
    while account.asks():
        pass
    account.now += 2.5
    assert [account.asks() for _ in range(3)] == [True, True, False]
    account.now += 3600
    assert account.asks()
    assert account.header("remaining-requests") == "59"


def test_prompts_are_charged_when_they_are_let_in_even_beyond_what_is_left():
    account = Account(prompt_tokens=100)
    assert account.asks(prompt=99)
    assert account.header("remaining-tokens-prompt") == "1"
    assert account.asks(prompt=1000)
    assert account.header("over-limit") == "no"
    assert not account.asks(prompt=1)
    # 999 too many, at 100 a minute.
    account.now += 60 * 9.99
    assert not account.asks()
    account.now += 1
    assert account.asks()


def test_what_is_cached_is_charged_only_as_prompt():
    account = Account(prompt_tokens=100, uncached_prompt_tokens=50)
    assert account.asks(prompt=40, cached=40)
    assert account.header("remaining-tokens-prompt") == "60"
    assert account.header("remaining-tokens-cache-adjusted-prompt") == "50"
    assert account.asks(prompt=50)
    assert not account.asks()


def test_generated_tokens_are_charged_when_they_have_come():
    account = Account(generated_tokens=100)
    assert account.asks(generated=300)
    assert account.header("remaining-tokens-generated") == "100"
    assert not account.asks()
    account.now += 121
    assert account.asks()


def test_accounts_and_models_have_their_own_budgets():
    account = Account(requests=1)
    assert account.asks()
    assert account.asks(key="b")
    assert account.asks(model="accounts/fireworks/models/other")
    assert not account.asks()


def test_deployments_of_ones_own_have_no_limits():
    account = Account(requests=1)
    assert all(account.asks(model=OWN) for _ in range(5))
    assert account.told == {}


def test_some_excess_can_be_tolerated_and_is_told_of():
    account = Account(requests=2, tolerance=2.0)
    flags = []
    while account.asks():
        flags.append(account.header("over-limit"))
    assert flags == ["no", "no", "yes", "yes"]


@pytest.mark.parametrize("retry_after", [True, False])
def test_a_refusal_says_how_long_to_wait_if_it_is_to(retry_after):
    account = Account(requests=60, generated_tokens=60, retry_after=retry_after)
    account.asks(generated=100)
    assert not account.asks()
    assert account.told.get("retry-after") == ("41" if retry_after else None)
    account.now += 41
    assert account.asks()


def test_a_budget_of_nothing_lets_nothing_in():
    account = Account(requests=0, retry_after=True)
    assert not account.asks()
    assert "retry-after" not in account.told


def test_a_limit_that_is_used_doubles_in_its_time_and_shrinks_when_it_is_not():
    account = Account(requests=20, doubles_in=3600, most=3)

    def use(share, hours):
        """Ask so often for so long; give the limit then."""
        end = account.now + hours * 3600
        while account.now < end:
            limit = int(account.header("limit-requests")) if account.told else 20
            account.now += 60 / (limit * share)
            account.asks()
        return int(account.header("limit-requests"))

    assert 36 <= use(0.95, 1) <= 40
    assert use(0.95, 2) == 60
    assert 36 <= use(0.65, 1) <= 60
    assert use(0.2, 3) == 20


def test_limits_can_change_while_it_runs():
    account = Account(requests=10, prompt_tokens=100)
    account.asks()
    account.rates.limits = Limits(requests=2)
    assert [account.asks() for _ in range(3)] == [True, True, False]
    assert "x-ratelimit-limit-tokens-prompt" not in account.told
    # What was used stays used, and is given back faster.
    account.rates.limits = Limits(requests=600)
    assert not account.asks()
    account.now += 1
    assert account.asks()
    account.rates.limits = None
    assert account.asks()
    assert account.header("remaining-requests") == "1000000"
    account.rates.limits = Limits(requests=1)
    assert account.asks()


async def test_the_simulator_keeps_to_its_limits_and_says_so():
    now = 0.0
    limits = Limits(requests=2, prompt_tokens=1000, generated_tokens=1000)
    async with Simulator(limits=limits, clock=lambda: now) as sim:
        first = await ask(sim, stream=True)
        assert first.headers["x-ratelimit-remaining-requests"] == "1"
        assert first.headers["x-ratelimit-limit-tokens-generated"] == "1000"
        second = await ask(sim, {"model": MODEL, "prompt": "a"}, path="/completions")
        assert second.headers["x-ratelimit-remaining-tokens-prompt"] == "990"
        assert second.headers["x-ratelimit-remaining-tokens-generated"] == "984"
        refused = await ask(sim)
        assert refused.status == 429
        assert refused.message == "rate limit exceeded, please try again later"
        assert "retry-after" not in refused.headers
        assert sim.requests[-1].generated_tokens == 0
        now += 30
        assert (await ask(sim)).status == 200
        sim.limits = None
        assert (await ask(sim)).status == 200
        assert sim.limits is None


async def test_embeddings_are_limited_too():
    body = {"model": MODEL, "input": "one two"}
    async with Simulator(limits=Limits(prompt_tokens=2)) as sim:
        answer = await ask(sim, body, path="/embeddings")
        assert answer.headers["x-ratelimit-remaining-tokens-prompt"] == "0"
        assert (await ask(sim, body, path="/embeddings")).status == 429


async def test_what_is_invalid_or_scripted_costs_nothing():
    async with Simulator(limits=Limits(requests=1)) as sim:
        assert (await ask(sim, n=0)).status == 400
        assert (await ask(sim, key=None)).status == 401
        assert (await ask(sim)).status == 200
        assert (await ask(sim, n=0)).status == 400
